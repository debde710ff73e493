// Package sign is our own webhook signature, which is also that of AWS DevOps Agent's webhooks: base64 of HMAC-SHA256
// over "timestamp:body" in the header x-amzn-event-signature, the timestamp in x-amzn-event-timestamp.
//
// The timestamp contains colons, so "timestamp:body" alone does not say where the body begins: a signature would stay
// valid when the border moves. Only the strict grammar of the timestamp settles it.
package sign

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// The headers of the scheme.
const (
	HeaderTimestamp = "x-amzn-event-timestamp"
	HeaderSignature = "x-amzn-event-signature"
)

// Limits of the scheme.
const (
	Tolerance  = 300 * time.Second // between the sender's clock and ours, both ways, ends included
	MaxValues  = 4                 // signatures in one header, for rotation on the sender's side
	ValueBytes = 44                // characters of one signature: 32 bytes in base64
)

// Stamp writes a time in the scheme's grammar.
func Stamp(t time.Time) string { return t.UTC().Format(withMillis) }

const (
	withMillis = "2006-01-02T15:04:05.000Z"
	withoutAny = "2006-01-02T15:04:05Z"
)

// ParseStamp reads YYYY-MM-DDTHH:MM:SS[.mmm]Z and nothing else.
func ParseStamp(s string) (time.Time, bool) {
	layout := withoutAny
	if len(s) == len(withMillis) {
		layout = withMillis
	}
	t, err := time.Parse(layout, s)
	return t, err == nil && t.Format(layout) == s // the round trip refuses every spelling that time.Parse is lenient about
}

// Sign returns the signature of a body at a timestamp.
func Sign(secret config.Secret, timestamp string, body []byte) string {
	return base64.StdEncoding.EncodeToString(mac(secret.Reveal(), []byte(timestamp+":"), body))
}

// Verify proves that the holder of one of the secrets signed body at timestamp, within Tolerance of now. signatures is
// the header: at most MaxValues values joined by commas. Every value is compared with every secret, without early exit.
// It returns the signed time. All errors are Denied and none holds a computed value.
func Verify(now time.Time, timestamp, signatures string, body []byte, secrets []config.Secret) (time.Time, error) {
	at, ok := ParseStamp(timestamp)
	if !ok {
		return time.Time{}, incident.Errorf(incident.Denied, "timestamp is not of the form YYYY-MM-DDTHH:MM:SS.mmmZ")
	}
	if off := now.Sub(at); off > Tolerance || off < -Tolerance {
		return time.Time{}, incident.Errorf(incident.Denied, "timestamp is more than %s away from this clock", Tolerance)
	}
	given, err := decode(signatures)
	if err != nil {
		return time.Time{}, err
	}
	if !fits(given, secrets, []byte(timestamp+":"), body) {
		return time.Time{}, incident.Errorf(incident.Denied, "signature does not match")
	}
	return at, nil
}

// decode splits and decodes the header strictly: one malformed value spoils all.
func decode(header string) ([][]byte, error) {
	values := strings.Split(header, ",")
	if len(values) > MaxValues {
		return nil, incident.Errorf(incident.Denied, "more than %d signatures", MaxValues)
	}
	out := make([][]byte, len(values))
	for i, v := range values {
		if len(v) != ValueBytes || strings.ContainsAny(v, "\r\n") { // the decoder would skip line breaks
			return nil, incident.Errorf(incident.Denied, "a signature is not %d base64 characters", ValueBytes)
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(v)
		if err != nil || len(raw) != sha256.Size {
			return nil, incident.Errorf(incident.Denied, "a signature is not strict base64 of %d bytes", sha256.Size)
		}
		out[i] = raw
	}
	return out, nil
}
