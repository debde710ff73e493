package github

import (
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Prove implements source.Prover.
func (s Source) Prove(h http.Header, body []byte, secret config.Secret, _ time.Time) {
	h.Set(HeaderSignature, prefix+sign.SignHex(secret, body))
}
