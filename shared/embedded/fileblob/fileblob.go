// Package fileblob is blob.Store in a directory: one file per document, named by its hash. A file appears whole or not
// at all, so readers and crashes never meet half a document.
package fileblob

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/incident"
)

// Store implements blob.Store. It is safe for concurrent use, by several processes too. Content types are not kept:
// whoever holds a hash knows what it stands for.
type Store struct {
	dir    string
	noSync bool
}

var _ blob.Store = (*Store)(nil)

// Options of a store.
type Options struct {
	NoSync bool // leave writing to disk to the operating system: faster, but a power cut may lose or damage documents
}

// Open creates the directory if needed.
func Open(dir string, opts Options) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, incident.Errorf(incident.Unavailable, "open documents: %w", err)
	}
	return &Store{dir, opts.NoSync}, nil
}

// Durable reports whether a document that was put survives a power cut.
func (s *Store) Durable() bool { return !s.noSync }

// Put implements blob.Store. A damaged file of the same hash is replaced.
func (s *Store) Put(ctx context.Context, data []byte, _ string) (string, error) {
	hash := blob.Hash(data)
	if _, err := s.Get(ctx, hash); err == nil {
		return hash, nil
	}
	if err := ctx.Err(); err != nil {
		return "", incident.Errorf(incident.Unavailable, "store document: %w", err)
	}
	if err := s.write(s.path(hash), data); err != nil {
		return "", incident.Errorf(incident.Unavailable, "store document: %w", err)
	}
	return hash, nil
}

// Get implements blob.Store. A file whose bytes do not have its hash fails Internal: it was changed on disk.
func (s *Store) Get(ctx context.Context, hash string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, incident.Errorf(incident.Unavailable, "document %s: %w", hash, err)
	}
	if len(hash) != len(blob.Hash(nil)) || strings.Trim(hash, "0123456789abcdef") != "" {
		return nil, incident.Errorf(incident.NotFound, "document %q: not a document hash", hash)
	}
	data, err := os.ReadFile(s.path(hash))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, incident.Errorf(incident.NotFound, "document %s: not stored", hash)
	case err != nil:
		return nil, incident.Errorf(incident.Unavailable, "document %s: %w", hash, err)
	case blob.Hash(data) != hash:
		return nil, incident.Errorf(incident.Internal, "document %s: file %s was changed, its bytes have another hash", hash, s.path(hash))
	}
	return data, nil
}

// path spreads files over 256 directories, which keeps listings quick.
func (s *Store) path(hash string) string { return filepath.Join(s.dir, hash[:2], hash) }

// write puts the bytes beside their place, makes them durable and moves them there in one step.
func (s *Store) write(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(data)
	if err == nil && s.Durable() {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), path); err != nil || s.noSync {
		return err
	}
	return errors.Join(syncDir(dir), syncDir(s.dir)) // the names are durable only with their directories
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
