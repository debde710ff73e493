// Package blob is the port for large documents, addressed by the SHA-256 of their bytes: plans, reports, tool results,
// oversized payloads.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/firefinder/firefinder/shared/incident"
)

// Store keeps documents. Put returns the document's hash (lower-case hex); putting the same bytes again is free of
// effect. Get verifies the hash and fails with NotFound for an unknown document.
type Store interface {
	Put(ctx context.Context, data []byte, contentType string) (hash string, err error)
	Get(ctx context.Context, hash string) ([]byte, error)
}

// Hash is the address of a document.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Memory is a Store in memory for tests.
type Memory struct{ docs sync.Map }

// Put implements Store.
func (m *Memory) Put(_ context.Context, data []byte, _ string) (string, error) {
	hash := Hash(data)
	m.docs.Store(hash, append([]byte(nil), data...))
	return hash, nil
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, hash string) ([]byte, error) {
	if doc, ok := m.docs.Load(hash); ok {
		return append([]byte(nil), doc.([]byte)...), nil
	}
	return nil, incident.Errorf(incident.NotFound, "document %s: not stored", hash)
}
