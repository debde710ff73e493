// Package kv is the storage port: JSON items under (partition, sort key) with versions, consistent reads, queries by
// sort-key prefix, and commits of conditional writes that happen all or not at all.
//
// The port has DynamoDB's limits on purpose (100 operations and one operation per item in a commit, 400 KB an item), so
// that what runs on a laptop runs there. kvtest.Run is the law for every implementation.
package kv

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// Limits of one commit and one item, in bytes where not said otherwise: DynamoDB's, less what it counts for attribute
// names, version and expiry.
const (
	MaxOps    = 100             // operations of one commit
	MaxItem   = 400<<10 - 128   // keys and body of one item
	MaxCommit = 4<<20 - 128<<10 // keys and bodies of one commit
	MaxPK     = 2048
	MaxSK     = 1024
)

// Key addresses an item. Items of one partition are ordered by the bytes of SK.
type Key struct{ PK, SK string }

// Item is a stored document. Version starts at 1 and grows by one with every write; it is set by the store.
type Item struct {
	Key
	Body    []byte // JSON
	Version int64
	Expires time.Time // zero: never. An expired item may still be returned: expiry is always also a condition
}

// Decode unmarshals the body.
func (i Item) Decode(into any) error {
	if err := json.Unmarshal(i.Body, into); err != nil {
		return fmt.Errorf("decode item %s/%s: %w", i.PK, i.SK, err)
	}
	return nil
}

// Cond is the condition of one operation.
type Cond struct {
	kind    condKind
	version int64
}

type condKind int

const (
	always condKind = iota
	absent
	version
	present
)

// Always has no condition: last writer wins.
func Always() Cond { return Cond{} }

// Absent requires that the item does not exist.
func Absent() Cond { return Cond{kind: absent} }

// Present requires that the item exists.
func Present() Cond { return Cond{kind: present} }

// Version requires that the item exists with exactly this version; Version(0) is Absent.
func Version(v int64) Cond {
	if v == 0 {
		return Absent()
	}
	return Cond{kind: version, version: v}
}

// Holds reports whether the condition is met by the current item (nil: no such item).
func (c Cond) Holds(current *Item) bool {
	switch c.kind {
	case absent:
		return current == nil
	case present:
		return current != nil
	case version:
		return current != nil && current.Version == c.version
	}
	return true
}

// Match calls the function for the condition's kind; adapters translate with it.
func (c Cond) Match(onAlways, onAbsent, onPresent func(), onVersion func(v int64)) {
	switch c.kind {
	case absent:
		onAbsent()
	case present:
		onPresent()
	case version:
		onVersion(c.version)
	default:
		onAlways()
	}
}

// Kind of an operation.
type Kind int

// The kinds of operation.
const (
	KindPut Kind = iota
	KindDelete
	KindCheck
)

// Op is one operation of a commit.
type Op struct {
	Kind    Kind
	Key     Key
	Body    []byte
	Expires time.Time
	Cond    Cond
}

// Put writes a value as JSON under a condition. It panics if the value cannot be encoded: that is a programming error.
func Put(key Key, value any, cond Cond) Op {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("kv: encode %s/%s: %v", key.PK, key.SK, err))
	}
	return Op{Kind: KindPut, Key: key, Body: body, Cond: cond}
}

// Until sets when the item may be removed.
func (o Op) Until(t time.Time) Op {
	o.Expires = t
	return o
}

// Delete removes an item under a condition; deleting what does not exist succeeds under Always.
func Delete(key Key, cond Cond) Op { return Op{Kind: KindDelete, Key: key, Cond: cond} }

// Check writes nothing but makes the commit fail unless the condition holds.
func Check(key Key, cond Cond) Op { return Op{Kind: KindCheck, Key: key, Cond: cond} }

// Page bounds a query.
type Page struct {
	Limit int    // 0: all
	Desc  bool   // highest sort key first
	After string // exclusive sort key to continue from
}

// Store is the port. Errors carry a class: NotFound (Get), Conflict (a condition failed or a concurrent commit won:
// re-read and decide again; nothing was written), Invalid (limits), Throttled and Unavailable (a commit that ends
// Unavailable may or may not have happened; repeat it with conditions that make the repeat safe).
type Store interface {
	// Get reads one item, consistently.
	Get(ctx context.Context, key Key) (Item, error)
	// Query reads the items of one partition whose sort key has the prefix, consistently, in sort-key order.
	Query(ctx context.Context, pk, prefix string, page Page) ([]Item, error)
	// Commit applies all operations or none. An empty commit does nothing.
	Commit(ctx context.Context, ops ...Op) error
}

// CheckLimits returns an Invalid error if the operations break the port's limits; every adapter calls it first.
func CheckLimits(ops []Op) error {
	if len(ops) > MaxOps {
		return incident.Errorf(incident.Invalid, "commit of %d operations: at most %d", len(ops), MaxOps)
	}
	seen := make(map[Key]bool, len(ops))
	total := 0
	for _, op := range ops {
		if op.Key.PK == "" || op.Key.SK == "" {
			return incident.Errorf(incident.Invalid, "commit: empty key %q/%q", op.Key.PK, op.Key.SK)
		}
		if seen[op.Key] {
			return incident.Errorf(incident.Invalid, "commit: two operations on %s/%s", op.Key.PK, op.Key.SK)
		}
		seen[op.Key] = true
		if len(op.Key.PK) > MaxPK || len(op.Key.SK) > MaxSK {
			return incident.Errorf(incident.Invalid, "commit: key %.64s.../%.64s... is too long: at most %d and %d bytes", op.Key.PK, op.Key.SK, MaxPK, MaxSK)
		}
		size := len(op.Key.PK) + len(op.Key.SK) + len(op.Body)
		if total += size; total > MaxCommit {
			return incident.Errorf(incident.Invalid, "commit of %d operations is larger than %d bytes; put large documents into blob", len(ops), MaxCommit)
		}
		if size > MaxItem {
			return incident.Errorf(incident.Invalid, "commit: item %s/%s has %d bytes, at most %d; put large documents into blob", op.Key.PK, op.Key.SK, size, MaxItem)
		}
	}
	return nil
}

// Read gets an item and decodes it. A missing item is (0, nil) with found false.
func Read(ctx context.Context, s Store, key Key, into any) (ver int64, found bool, err error) {
	item, err := s.Get(ctx, key)
	if incident.Is(err, incident.NotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	return item.Version, true, item.Decode(into)
}
