// Package dynatrace hears Dynatrace: problem notifications with any template, Davis events and problems from workflows, and
// either of them inside a CloudEvent.
package dynatrace

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Kind is the source's name in the space file and in the path.
const Kind = "dynatrace"

// Source hears Dynatrace.
type Source struct {
	space config.Space
	proof source.Shown
}

// New makes the source with the scheme that the space chose.
func New(space config.Space) Source {
	return Source{space: space, proof: source.Shown{Scheme: source.Choice(space, Kind).Scheme}}
}

// Rules implements source.Source. CloudEvents have a content type of their own.
func (s Source) Rules() source.Rules {
	return source.Rules{Kind: Kind, MaxBody: source.VendorBody, LeastSecret: s.proof.Least(), ContentTypes: []string{"application/json", "application/cloudevents+json"}}
}
