// Package opsgenie hears the webhook integration of Opsgenie and of Jira Service Management, which kept its form.
package opsgenie

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Kind is the source's name in the space file and in the path.
const Kind = "opsgenie"

// Source hears Opsgenie.
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
