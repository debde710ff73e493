package source

import (
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
)

// Prover is a Source that can make the proof that its Verify asks for, as the vendor would: for trying a space out.
type Prover interface {
	// Prove sets the headers that prove who sent the body.
	Prove(h http.Header, body []byte, secret config.Secret, now time.Time)
}
