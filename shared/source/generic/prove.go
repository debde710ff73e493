package generic

import (
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Prove implements source.Prover with the scheme that the space chose.
func (s Source) Prove(h http.Header, body []byte, secret config.Secret, now time.Time) {
	source.Shown{Scheme: s.scheme}.Prove(h, body, secret, now)
}
