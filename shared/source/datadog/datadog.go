// Package datadog hears Datadog webhooks, whose bodies each customer writes as a template: the default one, ours, and those
// made for other tools are all read by the names of their fields.
package datadog

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Kind is the source's name in the space file and in the path.
const Kind = "datadog"

// Source hears Datadog's webhooks.
type Source struct {
	space config.Space
	proof source.Shown
}

// New makes the source with the scheme that the space chose.
func New(space config.Space) Source {
	return Source{space: space, proof: source.Shown{Scheme: source.Choice(space, Kind).Scheme}}
}

// Rules implements source.Source.
func (s Source) Rules() source.Rules {
	return source.Rules{Kind: Kind, MaxBody: source.VendorBody, LeastSecret: s.proof.Least()}
}
