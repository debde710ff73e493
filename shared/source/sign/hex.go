package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// MaxHex is how many values a header of hexadecimal signatures may list.
const MaxHex = 8

// Hex proves that one of the comma-separated values of header is prefix and the HMAC-SHA256, in lower-case hexadecimal,
// of the parts, one after another, under one of the secrets. Values with another prefix are versions that we do not know
// and prove nothing; a malformed one with ours spoils all. Every value is compared with every secret, without early exit.
// All errors are Denied and none holds a computed value.
func Hex(header, prefix string, secrets []config.Secret, parts ...[]byte) error {
	values := strings.Split(header, ",")
	if header == "" || len(values) > MaxHex {
		return incident.Errorf(incident.Denied, "there must be 1 to %d signatures", MaxHex)
	}
	var given [][]byte
	for _, v := range values {
		text, ok := strings.CutPrefix(strings.TrimSpace(v), prefix)
		if !ok {
			continue
		}
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != sha256.Size || strings.ToLower(text) != text {
			return incident.Errorf(incident.Denied, "a signature is not %d lower-case hexadecimal characters", 2*sha256.Size)
		}
		given = append(given, raw)
	}
	if !fits(given, secrets, parts...) {
		return incident.Errorf(incident.Denied, "signature does not match")
	}
	return nil
}

// SignHex is the signature that Hex asks for, without prefix; for sending and for tests.
func SignHex(secret config.Secret, parts ...[]byte) string {
	return hex.EncodeToString(mac(secret.Reveal(), parts...))
}
