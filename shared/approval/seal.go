package approval

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"
	"io"

	"github.com/firefinder/firefinder/shared/incident"
)

// Tokens seals task tokens at rest. record names what the token belongs to and is bound to the sealed bytes (KMS: the
// encryption context), so that a token moved to another approval cannot be opened. Open fails with Invalid for bytes that
// were changed.
type Tokens interface {
	Seal(ctx context.Context, plain []byte, record map[string]string) ([]byte, error)
	Open(ctx context.Context, sealed []byte, record map[string]string) ([]byte, error)
}

// about is the record of an approval's token.
func about(id string) map[string]string { return map[string]string{"approval": id} }

// LocalKey seals with AES-256-GCM under one key, for a space that runs in one process. Safe for concurrent use if rand is.
type LocalKey struct {
	aead cipher.AEAD
	rand io.Reader
}

// NewLocalKey takes a key of 32 bytes and a source of nonces, crypto/rand.Reader outside tests.
func NewLocalKey(key []byte, rand io.Reader) (*LocalKey, error) {
	if len(key) != 32 {
		return nil, incident.Errorf(incident.Invalid, "token key: %d bytes, need 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("token key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("token key: %w", err)
	}
	return &LocalKey{aead: aead, rand: rand}, nil
}

// Seal implements Tokens.
func (k *LocalKey) Seal(_ context.Context, plain []byte, record map[string]string) ([]byte, error) {
	nonce := make([]byte, k.aead.NonceSize())
	if _, err := io.ReadFull(k.rand, nonce); err != nil {
		return nil, incident.Errorf(incident.Unavailable, "seal token: read randomness: %w", err)
	}
	return k.aead.Seal(nonce, nonce, plain, binding(record)), nil
}

// Open implements Tokens.
func (k *LocalKey) Open(_ context.Context, sealed []byte, record map[string]string) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, incident.Errorf(incident.Invalid, "open token: %d bytes are too short", len(sealed))
	}
	plain, err := k.aead.Open(nil, sealed[:n], sealed[n:], binding(record))
	if err != nil {
		return nil, incident.Errorf(incident.Invalid, "open token: it was sealed with another key, for another approval, or changed")
	}
	return plain, nil
}

// binding is the record as bytes; equal records give equal bytes.
func binding(record map[string]string) []byte {
	raw, _ := json.Marshal(record) // sorted keys; strings always encode
	return raw
}
