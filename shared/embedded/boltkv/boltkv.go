// Package boltkv is kv.Store in one file, over go.etcd.io/bbolt, for a whole space in one process. Commits are
// serialised, those that come at the same time share one write to disk; reads are snapshots. Both are stronger than kv
// asks for.
package boltkv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

var items = []byte("items") // the one bucket: every item under partition and sort key

// Options of a store.
type Options struct {
	// NoSync leaves writing to disk to the operating system: many times faster commits that survive a crash
	// of the process but not of the machine. For demonstrations and tests; Durable tells it apart.
	NoSync bool
}

// Store implements kv.Store. It is safe for concurrent use; one process at a time can have the file open.
type Store struct {
	db *bolt.DB
	group
	flusher *flusher // of a store that does not sync
}

var _ kv.Store = (*Store)(nil)

// Open opens or creates the file. It waits a second for another process to let go of it, then fails Unavailable.
func Open(path string, opts Options) (*Store, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, NoSync: opts.NoSync, NoFreelistSync: true, FreelistType: bolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, incident.Errorf(incident.Unavailable, "open store %s: another process has it open; stop it or choose another directory: %w", path, err)
	}
	if err != nil {
		return nil, incident.Errorf(incident.Unavailable, "open store %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(items)
		return err
	})
	if err != nil {
		return nil, errors.Join(incident.Errorf(incident.Unavailable, "open store %s: %w", path, err), db.Close())
	}
	s := &Store{db: db}
	if opts.NoSync {
		s.flusher = flush(db)
	}
	return s, nil
}

// Durable reports whether a commit that returned nil survives a power cut.
func (s *Store) Durable() bool { return !s.db.NoSync }

// String names the file and says when commits are not durable.
func (s *Store) String() string {
	if s.Durable() {
		return s.db.Path()
	}
	return s.db.Path() + " (not synced to disk)"
}

// Close writes what was not synced and closes the file. Running reads and commits end first.
func (s *Store) Close() error {
	if s.flusher != nil {
		return errors.Join(s.flusher.end(), s.db.Close())
	}
	return s.db.Close()
}

// Get implements kv.Store.
func (s *Store) Get(ctx context.Context, key kv.Key) (item kv.Item, err error) {
	err = s.view(ctx, func(b *bolt.Bucket) error {
		found, err := get(b, key)
		if found != nil {
			item = *found
		}
		if err == nil && found == nil {
			err = incident.Errorf(incident.NotFound, "no such item")
		}
		return err
	})
	return item, wrap(err, "get %s/%s", key.PK, key.SK)
}

// Query implements kv.Store.
func (s *Store) Query(ctx context.Context, pk, prefix string, page kv.Page) (out []kv.Item, err error) {
	err = s.view(ctx, func(b *bolt.Bucket) error {
		for k, v := range scan(b.Cursor(), pk, prefix, page) {
			item, err := decode(kv.Key{PK: pk, SK: string(k)}, v)
			if err != nil {
				return err
			}
			if out = append(out, *item); len(out) == page.Limit {
				break
			}
		}
		return nil
	})
	return out, wrap(err, "query %s/%s", pk, prefix)
}

func (s *Store) view(ctx context.Context, read func(*bolt.Bucket) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.db.View(func(tx *bolt.Tx) error { return read(tx.Bucket(items)) })
}

// get returns nil without an error for a missing item.
func get(b *bolt.Bucket, key kv.Key) (*kv.Item, error) {
	value := b.Get(encodeKey(key.PK, key.SK))
	if value == nil {
		return nil, nil
	}
	return decode(key, value)
}

// scan yields sort key and value of the items that a query asks for, in its order and without its limit.
func scan(c *bolt.Cursor, pk, prefix string, page kv.Page) func(yield func(sk, value []byte) bool) {
	head, within := len(encodeKey(pk, "")), encodeKey(pk, prefix)
	return func(yield func(sk, value []byte) bool) {
		k, v := first(c, within, pk, page)
		for k != nil && bytes.HasPrefix(k, within) && yield(k[head:], v) {
			if page.Desc {
				k, v = c.Prev()
			} else {
				k, v = c.Next()
			}
		}
	}
}

// first moves the cursor to where a query begins. What it finds may lie outside the prefix: then there is nothing.
func first(c *bolt.Cursor, within []byte, pk string, page kv.Page) (k, v []byte) {
	after := encodeKey(pk, page.After)
	if !page.Desc {
		if page.After == "" || bytes.Compare(after, within) < 0 {
			return c.Seek(within)
		}
		if k, v = c.Seek(after); bytes.Equal(k, after) {
			k, v = c.Next()
		}
		return k, v
	}
	end := successor(within)
	if page.After != "" && bytes.Compare(after, end) < 0 {
		end = after
	}
	if k, _ = c.Seek(end); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// successor is the smallest key above every key with the prefix. Encoded prefixes begin with a length below 0xff, so
// there always is one.
func successor(prefix []byte) []byte {
	end := bytes.TrimRight(prefix, "\xff")
	end = bytes.Clone(end)
	end[len(end)-1]++
	return end
}

// encodeKey keeps a partition's items together and in the order of their sort keys: length of pk, pk, sk.
func encodeKey(pk, sk string) []byte {
	key := make([]byte, 0, 2+len(pk)+len(sk))
	key = binary.BigEndian.AppendUint16(key, uint16(len(pk)))
	return append(append(key, pk...), sk...)
}

const header = 16 // version and expiry before the body

func encode(item kv.Item) []byte {
	value := make([]byte, 0, header+len(item.Body))
	value = binary.BigEndian.AppendUint64(value, uint64(item.Version))
	var expires int64 // nanoseconds since 1970; 0 is never
	if !item.Expires.IsZero() {
		expires = item.Expires.UnixNano()
	}
	value = binary.BigEndian.AppendUint64(value, uint64(expires))
	return append(value, item.Body...)
}

func decode(key kv.Key, value []byte) (*kv.Item, error) {
	if len(value) < header {
		return nil, incident.Errorf(incident.Internal, "item %s/%s is damaged: %d bytes", key.PK, key.SK, len(value))
	}
	item := kv.Item{Key: key, Version: int64(binary.BigEndian.Uint64(value)), Body: bytes.Clone(value[header:])}
	if ns := int64(binary.BigEndian.Uint64(value[8:])); ns != 0 {
		item.Expires = time.Unix(0, ns).UTC()
	}
	return &item, nil
}

// wrap keeps the class of our own errors; whatever else fails is the disk's or the context's doing.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	class := incident.Unavailable
	if own := (*incident.Error)(nil); errors.As(err, &own) {
		class = own.Class
	}
	return incident.Errorf(class, "%s: %w", fmt.Sprintf(format, args...), err)
}
