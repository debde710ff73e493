package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// LeastBearer is the least length of a bearer token, in bytes.
const LeastBearer = 24

// Bearer proves that the Authorization header carries one of the secrets. It protects neither body nor time.
func Bearer(header string, secrets []config.Secret) error {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return incident.Errorf(incident.Denied, "no bearer token")
	}
	return Token(token, secrets)
}

// Token proves that a token is one of the secrets. Hashing first hides the secrets' length.
func Token(token string, secrets []config.Secret) error {
	given := sha256.Sum256([]byte(token))
	matched := false
	for _, secret := range secrets {
		want := sha256.Sum256(secret.Reveal())
		matched = hmac.Equal(given[:], want[:]) || matched
	}
	if !matched {
		return incident.Errorf(incident.Denied, "token does not match")
	}
	return nil
}
