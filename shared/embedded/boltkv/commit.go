package boltkv

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// group gathers the commits that come while one is being written, so that they share the next write to disk: forcing a
// page to disk takes as long for a hundred commits as for one. Nobody waits for others to come.
type group struct {
	mu      sync.Mutex
	waiting []*commit
	writing bool
}

// commit waits to be written. It is told once: true, write the group at whose head you stand; false, err is your result.
type commit struct {
	ops   []kv.Op
	err   error
	leads chan bool
}

// together bounds the commits of one write; the rest takes the next.
const together = 256

// Commit implements kv.Store. Once it waits for its turn, the context's end no longer stops it.
func (s *Store) Commit(ctx context.Context, ops ...kv.Op) error {
	if err := kv.CheckLimits(ops); err != nil || len(ops) == 0 {
		return err
	}
	if err := ctx.Err(); err != nil {
		return wrap(err, "commit")
	}
	c := &commit{ops: ops, leads: make(chan bool, 1)}
	if s.join(c) || <-c.leads {
		s.lead()
	}
	return wrap(c.err, "commit")
}

// join puts a commit in line and reports whether it leads, as nothing is being written.
func (g *group) join(c *commit) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, c)
	first := !g.writing
	g.writing = true
	return first
}

// lead writes the commits that wait, hands the next write to whoever came meanwhile, and tells the others their results.
func (s *Store) lead() {
	s.mu.Lock()
	n := min(len(s.waiting), together)
	mine := s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	s.mu.Unlock()
	s.write(mine)
	s.mu.Lock()
	if len(s.waiting) > 0 {
		s.waiting[0].leads <- true
	} else {
		s.waiting, s.writing = nil, false
	}
	s.mu.Unlock()
	for _, c := range mine[1:] { // the first is the one that leads
		c.leads <- false
	}
}

var errNothing = errors.New("nothing to write")

// write applies the commits one after the other. One whose conditions fail leaves nothing behind, for they are checked
// before its first operation. If the write itself fails, it fails for all: each may or may not have happened.
func (s *Store) write(commits []*commit) {
	err := s.db.Update(func(tx *bolt.Tx) error {
		b, wrote := tx.Bucket(items), false
		for _, c := range commits {
			versions, err := check(b, c.ops)
			if c.err = err; err != nil {
				continue
			}
			n, err := apply(b, c.ops, versions)
			if err != nil {
				return err
			}
			wrote = wrote || n > 0
		}
		if !wrote {
			return errNothing
		}
		return nil
	})
	if err == nil && s.flusher != nil {
		s.flusher.wrote()
	}
	for _, c := range commits {
		if err != nil && !errors.Is(err, errNothing) && c.err == nil {
			c.err = err
		}
	}
}

// check returns the versions that the items have, 0 for those that do not exist, if all conditions hold.
func check(b *bolt.Bucket, ops []kv.Op) ([]int64, error) {
	versions := make([]int64, len(ops))
	for i, op := range ops {
		var current *kv.Item
		if value := b.Get(encodeKey(op.Key.PK, op.Key.SK)); len(value) >= header {
			versions[i] = int64(binary.BigEndian.Uint64(value))
			current = &kv.Item{Key: op.Key, Version: versions[i]}
		} else if value != nil {
			return nil, incident.Errorf(incident.Internal, "item %s/%s is damaged: %d bytes", op.Key.PK, op.Key.SK, len(value))
		}
		if !op.Cond.Holds(current) {
			return nil, incident.Errorf(incident.Conflict, "condition on %s/%s failed", op.Key.PK, op.Key.SK)
		}
	}
	return versions, nil
}

// apply writes the operations and returns how many changed something.
func apply(b *bolt.Bucket, ops []kv.Op, versions []int64) (n int, err error) {
	for i, op := range ops {
		switch op.Kind {
		case kv.KindDelete:
			err = b.Delete(encodeKey(op.Key.PK, op.Key.SK))
		case kv.KindPut:
			err = b.Put(encodeKey(op.Key.PK, op.Key.SK), encode(kv.Item{Body: op.Body, Version: versions[i] + 1, Expires: op.Expires}))
		default:
			continue
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
