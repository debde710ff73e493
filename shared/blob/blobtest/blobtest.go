// Package blobtest is the law for every blob.Store.
package blobtest

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
)

// Run checks the contract of blob.Store on the stores that open returns; they may be shared between tests.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	t.Run("round trip", func(t *testing.T) {
		s := open(t)
		for _, doc := range [][]byte{{}, []byte("plan"), {0, 255, 10, 13}, bytes.Repeat([]byte("large "), 200_000)} {
			for range 2 { // putting the same bytes again is free of effect
				hash, err := s.Put(t.Context(), doc, "application/octet-stream")
				if err != nil || hash != blob.Hash(doc) {
					t.Fatalf("put of %d bytes: %s, %v", len(doc), hash, err)
				}
			}
			got, err := s.Get(t.Context(), blob.Hash(doc))
			if err != nil || !bytes.Equal(got, doc) {
				t.Fatalf("get of %d bytes: %d bytes, %v", len(doc), len(got), err)
			}
		}
	})
	t.Run("copies", func(t *testing.T) {
		s := open(t)
		doc := []byte("kept as it was")
		hash, err := s.Put(t.Context(), doc, "text/plain")
		if err != nil {
			t.Fatal(err)
		}
		doc[0] = 'X'
		got, _ := s.Get(t.Context(), hash)
		got[1] = 'X'
		if got, err = s.Get(t.Context(), hash); err != nil || string(got) != "kept as it was" {
			t.Fatalf("got %q, %v", got, err)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		s := open(t)
		for _, hash := range []string{blob.Hash([]byte("never stored")), "", "abc", "../../etc/passwd", strings.Repeat("/", 64), strings.Repeat("A", 64)} {
			if _, err := s.Get(t.Context(), hash); !incident.Is(err, incident.NotFound) {
				t.Errorf("get %q: got %v, want class NotFound", hash, err)
			}
		}
	})
	t.Run("together", func(t *testing.T) {
		s := open(t)
		doc := bytes.Repeat([]byte("same "), 10_000)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				hash, err := s.Put(t.Context(), doc, "text/plain")
				if err != nil {
					t.Errorf("put: %v", err)
					return
				}
				if got, err := s.Get(t.Context(), hash); err != nil || !bytes.Equal(got, doc) {
					t.Errorf("get: %d bytes, %v", len(got), err)
				}
			})
		}
		wg.Wait()
	})
}
