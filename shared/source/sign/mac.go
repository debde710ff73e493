package sign

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/firefinder/firefinder/shared/config"
)

// mac is the HMAC-SHA256 of the parts, one after another: what all schemes of this package rest on.
func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// fits reports whether one of the given values is the MAC of the parts under one of the secrets. Every value is compared
// with every secret, without early exit.
func fits(given [][]byte, secrets []config.Secret, parts ...[]byte) bool {
	matched := false
	for _, secret := range secrets {
		want := mac(secret.Reveal(), parts...)
		for _, g := range given {
			matched = hmac.Equal(g, want) || matched
		}
	}
	return matched
}
