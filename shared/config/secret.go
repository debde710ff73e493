package config

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"

	"github.com/firefinder/firefinder/shared/incident"
)

// Secret is a value that no print, log line or JSON document shows. The zero value is empty.
type Secret struct{ value []byte }

// NewSecret keeps a copy of the bytes.
func NewSecret(value []byte) Secret { return Secret{bytes.Clone(value)} }

// Reveal returns a copy of the bytes, for the one place that needs them.
func (s Secret) Reveal() []byte { return bytes.Clone(s.value) }

const hidden = "[secret]"

// String returns "[secret]".
func (Secret) String() string { return hidden }

// Format writes "[secret]" for every verb.
func (Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, hidden) }

// LogValue is "[secret]" in log lines.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText is "[secret]" in documents.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// HMACKey is the least length of a key for HMAC-SHA256, in bytes.
const HMACKey = 32

// Check refuses, as Invalid, a secret that was mangled on its way in or is shorter than least bytes: empty, ending in a
// line break, or ending in NUL (HMAC pads keys with zeros, so a key with and without it are the same key). The message
// never holds the value.
func (s Secret) Check(least int) error {
	switch {
	case len(s.value) == 0:
		return incident.Errorf(incident.Invalid, "the secret is empty; store a value of at least %d bytes", max(1, least))
	case bytes.HasSuffix(s.value, []byte("\n")) || bytes.HasSuffix(s.value, []byte("\r")):
		return incident.Errorf(incident.Invalid, "the secret ends in a line break; store it again without (printf instead of echo)")
	case s.value[len(s.value)-1] == 0:
		return incident.Errorf(incident.Invalid, "the secret ends in a NUL byte; store it again without")
	case len(s.value) < least:
		return incident.Errorf(incident.Invalid, "the secret has %d bytes; store one of at least %d", len(s.value), least)
	}
	return nil
}
