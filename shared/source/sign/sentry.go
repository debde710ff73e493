package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// HeaderSentry carries Sentry's signature.
const HeaderSentry = "Sentry-Hook-Signature"

// Sentry verifies a delivery of Sentry: HMAC-SHA256 of the body under the integration's client secret, in hexadecimal. It
// covers no time; repeats are recognised by the event that they carry.
// https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
func Sentry(header string, body []byte, secrets []config.Secret) error {
	given, err := hex.DecodeString(header)
	if err != nil || len(given) != sha256.Size {
		return incident.Errorf(incident.Denied, "the signature is not %d hexadecimal digits", 2*sha256.Size)
	}
	matched := false
	for _, secret := range secrets {
		h := hmac.New(sha256.New, secret.Reveal())
		h.Write(body)
		matched = hmac.Equal(given, h.Sum(nil)) || matched
	}
	if !matched {
		return incident.Errorf(incident.Denied, "signature does not match")
	}
	return nil
}
