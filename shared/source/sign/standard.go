package sign

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// The headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com).
const (
	StandardID        = "webhook-id"
	StandardTimestamp = "webhook-timestamp"
	StandardSignature = "webhook-signature"
)

const (
	standardPrefix = "whsec_"
	standardKey    = 24 // bytes of the shortest key that the specification allows
)

// Standard verifies a Standard Webhooks 1.0 delivery: HMAC-SHA256 over "id.timestamp.body", base64, "v1,<value>"
// separated by spaces. Secrets are "whsec_" and the key in base64. It returns the signed time.
func Standard(now time.Time, id, timestamp, signatures string, body []byte, secrets []config.Secret) (time.Time, error) {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != timestamp || id == "" || strings.Contains(id, ".") {
		return time.Time{}, incident.Errorf(incident.Denied, "webhook-id or webhook-timestamp is missing or malformed")
	}
	at := time.Unix(seconds, 0).UTC()
	if off := now.Sub(at); off > Tolerance || off < -Tolerance {
		return time.Time{}, incident.Errorf(incident.Denied, "timestamp is more than %s away from this clock", Tolerance)
	}
	given := standardValues(signatures)
	keys := make([]config.Secret, len(secrets))
	for i, secret := range secrets {
		key, err := standardSecret(secret)
		if err != nil {
			return time.Time{}, err
		}
		keys[i] = config.NewSecret(key)
	}
	if !fits(given, keys, []byte(id+"."+timestamp+"."), body) {
		return time.Time{}, incident.Errorf(incident.Denied, "signature does not match")
	}
	return at, nil
}

// standardValues takes the v1 values; the specification lets other versions stand beside them.
func standardValues(header string) [][]byte {
	var out [][]byte
	for _, field := range strings.Fields(header) {
		v, ok := strings.CutPrefix(field, "v1,")
		if raw, err := base64.StdEncoding.Strict().DecodeString(v); ok && err == nil && len(v) == ValueBytes && len(out) < MaxValues {
			out = append(out, raw)
		}
	}
	return out
}

func standardSecret(secret config.Secret) ([]byte, error) {
	text, ok := strings.CutPrefix(string(secret.Reveal()), standardPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(key) < standardKey {
		return nil, incident.Errorf(incident.Unavailable, "the secret is not whsec_ and at least %d bytes in base64", standardKey)
	}
	return key, nil
}

// SignStandard signs a body; for sending and for tests.
func SignStandard(secret config.Secret, id string, at time.Time, body []byte) (timestamp, signature string, err error) {
	key, err := standardSecret(secret)
	if err != nil {
		return "", "", err
	}
	timestamp = strconv.FormatInt(at.Unix(), 10)
	return timestamp, "v1," + base64.StdEncoding.EncodeToString(mac(key, []byte(id+"."+timestamp+"."), body)), nil
}
