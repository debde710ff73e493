// Package kvtest is the law for every kv.Store: Run passes on the memory store, on boltkv and on DynamoDB, so keys,
// transactions and protocols are one code everywhere. What it does not demand is as deliberate: an expired item may
// still be there, and a commit that ends Unavailable may have happened.
package kvtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// Opener returns a store for one test. The store may be shared between tests: every test uses partitions of its own.
type Opener func(t *testing.T) kv.Store

// Run checks the whole contract of kv.Store.
func Run(t *testing.T, open Opener) {
	for _, c := range []struct {
		name string
		test func(*testing.T, suite)
	}{
		{"get", testGet},
		{"bytes", testBytes},
		{"versions", testVersions},
		{"conditions", testConditions},
		{"atomic", testAtomic},
		{"check", testCheck},
		{"limits", testLimits},
		{"expiry", testExpiry},
		{"query", testQuery},
		{"order", testOrder},
		{"pages", testPages},
		{"many", testMany},
		{"cancelled", testCancelled},
		{"increments", testIncrements},
		{"one winner", testOneWinner},
		{"transfers", testTransfers},
		{"model", testModel},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.test(t, suite{Store: open(t), t: t, run: fmt.Sprintf("%s/%d", t.Name(), nextRun())})
		})
	}
}

// suite is a store with the few verbs that read well in tests.
type suite struct {
	kv.Store
	t   *testing.T
	run string // makes partitions unique when stores are shared
}

// doc is the document of the tests.
type doc struct{ N int }

func (s suite) key(pk, sk string) kv.Key { return kv.Key{PK: s.run + "/" + pk, SK: sk} }

func (s suite) commit(ops ...kv.Op) {
	s.t.Helper()
	if err := s.Commit(context.Background(), ops...); err != nil {
		s.t.Fatalf("commit: %v", err)
	}
}

func (s suite) refuse(class incident.Class, ops ...kv.Op) {
	s.t.Helper()
	if err := s.Commit(context.Background(), ops...); !incident.Is(err, class) {
		s.t.Fatalf("commit: got %v (class %q), want class %s", err, incident.ClassOf(err), class)
	}
}

// want checks the number stored under a key and its version; version 0 means that there must be no item.
func (s suite) want(key kv.Key, n int, version int64) {
	s.t.Helper()
	var got doc
	ver, found, err := kv.Read(context.Background(), s.Store, key, &got)
	if err != nil {
		s.t.Fatalf("read %s: %v", key.SK, err)
	}
	if found != (version > 0) || ver != version || got.N != n {
		s.t.Fatalf("%s: got n=%d version=%d found=%v, want n=%d version=%d", key.SK, got.N, ver, found, n, version)
	}
}

func (s suite) query(pk, prefix string, page kv.Page) []string {
	s.t.Helper()
	items, err := s.Query(context.Background(), s.key(pk, "").PK, prefix, page)
	if err != nil {
		s.t.Fatalf("query %q: %v", prefix, err)
	}
	keys := make([]string, 0, len(items))
	for _, item := range items {
		keys = append(keys, item.SK)
	}
	return keys
}
