package dynatrace

import (
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
)

// Prove implements source.Prover.
func (s Source) Prove(h http.Header, body []byte, secret config.Secret, now time.Time) {
	s.proof.Prove(h, body, secret, now)
}
