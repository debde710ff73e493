// Package gitlab hears GitLab: deployments, pipelines that deploy, pushes to default branches and releases become changes,
// never alarms.
package gitlab

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Kind is the source's name in the space file and in the path.
const Kind = "gitlab"

// Source hears GitLab under one of two schemes: its secret token (default), or its signing token (standard).
type Source struct {
	space  config.Space
	signed bool
}

// New makes the source with the scheme that the space chose.
func New(space config.Space) Source {
	return Source{space: space, signed: source.Choice(space, Kind).Scheme == "standard"}
}

// Rules implements source.Source.
func (s Source) Rules() source.Rules {
	return source.Rules{Kind: Kind, MaxBody: source.VendorBody, LeastSecret: sign.LeastBearer}
}
