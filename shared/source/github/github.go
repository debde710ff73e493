// Package github hears GitHub: deployments, pushes to default branches and releases become changes, never alarms.
package github

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Kind is the source's name in the space file and in the path.
const Kind = "github"

// Source hears GitHub.
type Source struct{ space config.Space }

// New makes the source.
func New(space config.Space) Source { return Source{space: space} }

// Rules implements source.Source.
func (s Source) Rules() source.Rules {
	return source.Rules{Kind: Kind, MaxBody: source.VendorBody, LeastSecret: config.HMACKey}
}
