// Package generic hears any sender that speaks our webhook contract, which is that of AWS DevOps Agent's webhooks.
package generic

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Kind is the source's name in the space file and in the path.
const Kind = "generic"

// Source hears the webhook contract under one of three schemes: our HMAC (default), bearer, Standard Webhooks.
type Source struct {
	space  config.Space
	scheme string
}

// New makes the source with the scheme that the space chose.
func New(space config.Space) Source {
	s := Source{space: space, scheme: "hmac"}
	for _, c := range space.Sources {
		if c.Kind == Kind && c.Scheme != "" {
			s.scheme = c.Scheme
		}
	}
	return s
}

// Rules implements source.Source.
func (s Source) Rules() source.Rules {
	least := config.HMACKey
	if s.scheme == "bearer" {
		least = sign.LeastBearer
	}
	return source.Rules{Kind: Kind, MaxBody: source.OurBody, LeastSecret: least, Fields: source.ContractFields}
}
