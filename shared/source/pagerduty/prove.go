package pagerduty

import (
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Prove implements source.Prover.
func (s Source) Prove(h http.Header, body []byte, secret config.Secret, now time.Time) {
	if s.bearer {
		source.Shown{}.Prove(h, body, secret, now)
		return
	}
	h.Set(HeaderSignature, version+sign.SignHex(secret, body))
}
