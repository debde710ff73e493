package source

import (
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Shown is how deliveries prove themselves whose vendor does not sign: the sender shows the secret (bearer, the default),
// or, where the vendor runs a script of ours or its own, signs with our scheme (hmac) or Standard Webhooks (standard).
type Shown struct{ Scheme string }

// Least is the length of the shortest secret that is accepted, in bytes.
func (s Shown) Least() int {
	if s.Scheme == "hmac" {
		return config.HMACKey
	}
	return sign.LeastBearer
}

// Verify checks the one scheme that the space chose.
func (s Shown) Verify(r Request, secrets []config.Secret) (time.Time, error) {
	switch s.Scheme {
	case "hmac":
		return sign.Verify(r.Received, r.One(sign.HeaderTimestamp), r.Joined(sign.HeaderSignature), r.Body, secrets)
	case "standard":
		return sign.Standard(r.Received, r.One(sign.StandardID), r.One(sign.StandardTimestamp), r.One(sign.StandardSignature), r.Body, secrets)
	}
	return time.Time{}, sign.Presented(r.Header, secrets)
}

// Prove sets the headers that Verify asks for.
func (s Shown) Prove(h http.Header, body []byte, secret config.Secret, now time.Time) {
	switch s.Scheme {
	case "hmac":
		stamp := sign.Stamp(now)
		h.Set(sign.HeaderTimestamp, stamp)
		h.Set(sign.HeaderSignature, sign.Sign(secret, stamp, body))
	case "standard":
		ProveStandard(h, body, secret, now)
	default:
		h.Set("Authorization", "Bearer "+string(secret.Reveal()))
	}
}

// ProveStandard sets the headers of Standard Webhooks. A secret of another form proves nothing and leaves them out.
func ProveStandard(h http.Header, body []byte, secret config.Secret, now time.Time) {
	id := "msg_" + now.UTC().Format("20060102T150405000000000")
	stamp, signature, err := sign.SignStandard(secret, id, now, body)
	if err != nil {
		return
	}
	h.Set(sign.StandardID, id)
	h.Set(sign.StandardTimestamp, stamp)
	h.Set(sign.StandardSignature, signature)
}
