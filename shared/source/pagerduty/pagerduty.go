// Package pagerduty hears PagerDuty: webhooks of version 3, those of version 2 that are still in use, and lists of alerts
// as its REST API writes them.
package pagerduty

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Kind is the source's name in the space file and in the path.
const Kind = "pagerduty"

// Source hears PagerDuty under one of two schemes: its signature (default; version 3), or bearer, by a custom header.
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
