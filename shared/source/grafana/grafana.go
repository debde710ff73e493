// Package grafana hears Grafana: unified alerting (version 8 on), whose bodies are Alertmanager's with additions, and the
// legacy alerting before it.
package grafana

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Kind is the source's name in the space file and in the path.
const Kind = "grafana"

// Source hears Grafana under one of two schemes: Grafana's HMAC (default; version 12 on), or bearer.
type Source struct {
	space  config.Space
	bearer bool
}

// New makes the source with the scheme that the space chose.
func New(space config.Space) Source {
	return Source{space: space, bearer: source.Choice(space, Kind).Scheme == "bearer"}
}

// Rules implements source.Source.
func (s Source) Rules() source.Rules {
	least := config.HMACKey
	if s.bearer {
		least = source.Shown{}.Least()
	}
	return source.Rules{Kind: Kind, MaxBody: source.VendorBody, LeastSecret: least}
}
