package cloudwatch

import (
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Prove implements source.Prover as the signer does it. Only SNS can sign for SNS.
func (s Source) Prove(h http.Header, body []byte, secret config.Secret, now time.Time) {
	stamp := sign.Stamp(now)
	h.Set(sign.HeaderTimestamp, stamp)
	h.Set(sign.HeaderSignature, sign.Sign(secret, stamp, body))
}
