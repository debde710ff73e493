package gitlab

import (
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
)

// Prove implements source.Prover.
func (s Source) Prove(h http.Header, body []byte, secret config.Secret, now time.Time) {
	if s.signed {
		source.ProveStandard(h, body, secret, now)
		return
	}
	h.Set(HeaderToken, string(secret.Reveal()))
}
