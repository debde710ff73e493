package kvtest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

func testGet(t *testing.T, s suite) {
	key := s.key("p", "a")
	if _, err := s.Get(t.Context(), key); !incident.Is(err, incident.NotFound) {
		t.Fatalf("get of a missing item: got %v, want class NotFound", err)
	}
	s.commit(kv.Put(key, doc{7}, kv.Absent()))
	item, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if item.Key != key || item.Version != 1 || string(item.Body) != `{"N":7}` || !item.Expires.IsZero() {
		t.Fatalf("get: %+v", item)
	}
	item.Body[1] = 'X'
	s.want(key, 7, 1) // what a reader does to its copy changes nothing
	if _, err := s.Get(t.Context(), s.key("p", "b")); !incident.Is(err, incident.NotFound) {
		t.Fatalf("get beside an item: got %v, want class NotFound", err)
	}
	s.commit()
	s.commit(kv.Delete(s.key("p", "never was"), kv.Always()))
}

func testBytes(t *testing.T, s suite) {
	for i, body := range [][]byte{
		[]byte(`{"text":"Überlast, 火, \u0000 and \"quotes\"","n":12345678901234567890.10}`),
		[]byte("{\"not\":\"utf-8 \xff\xfe\"}"), // a vendor's bytes come back as they were sent
		[]byte(` {"b" : 1 , "a": 2 }`),         // no re-encoding: hashes are taken over these bytes
	} {
		key := s.key("p", fmt.Sprint(i))
		sent := bytes.Clone(body)
		s.commit(kv.Op{Kind: kv.KindPut, Key: key, Body: sent})
		sent[0] = '!'
		item, err := s.Get(t.Context(), key)
		if err != nil || !bytes.Equal(item.Body, body) {
			t.Errorf("body %d: got %q, %v", i, item.Body, err)
		}
	}
}

func testVersions(t *testing.T, s suite) {
	key := s.key("p", "a")
	s.commit(kv.Put(key, doc{1}, kv.Absent()))
	s.want(key, 1, 1)
	s.commit(kv.Put(key, doc{2}, kv.Version(1)))
	s.want(key, 2, 2)
	s.commit(kv.Put(key, doc{3}, kv.Always()))
	s.want(key, 3, 3)
	s.commit(kv.Put(key, doc{4}, kv.Present()))
	s.want(key, 4, 4)
	// Inside a commit of several operations versions grow in the same way.
	other := s.key("q", "b")
	s.commit(kv.Put(key, doc{5}, kv.Always()), kv.Put(other, doc{1}, kv.Always()))
	s.want(key, 5, 5)
	s.want(other, 1, 1)
	s.commit(kv.Put(key, doc{6}, kv.Version(5)), kv.Put(other, doc{2}, kv.Present()))
	s.want(key, 6, 6)
	s.want(other, 2, 2)
	// A deleted item that is written again is a new item.
	s.commit(kv.Delete(key, kv.Version(6)))
	s.want(key, 0, 0)
	s.commit(kv.Put(key, doc{9}, kv.Version(0)))
	s.want(key, 9, 1)
}

// testConditions tries every kind of operation under every condition on a missing and on an existing item, alone and
// beside another operation, because adapters send these in different ways.
func testConditions(t *testing.T, s suite) {
	conds := []struct {
		name string
		cond kv.Cond
	}{{"always", kv.Always()}, {"absent", kv.Absent()}, {"present", kv.Present()}, {"version 2", kv.Version(2)}, {"version 3", kv.Version(3)}}
	kinds := []struct {
		name string
		op   func(kv.Key, kv.Cond) kv.Op
	}{
		{"put", func(k kv.Key, c kv.Cond) kv.Op { return kv.Put(k, doc{9}, c) }},
		{"delete", kv.Delete},
		{"check", kv.Check},
	}
	for _, kind := range kinds {
		for _, c := range conds {
			for _, exists := range []bool{false, true} {
				for _, alone := range []bool{true, false} {
					name := fmt.Sprintf("%s %s exists=%v alone=%v", kind.name, c.name, exists, alone)
					t.Run(name, func(t *testing.T) {
						s := s
						s.t = t
						conditionCase(s, kind.op(s.key(name, "a"), c.cond), exists, alone)
					})
				}
			}
		}
	}
}

func conditionCase(s suite, op kv.Op, exists, alone bool) {
	var current *kv.Item
	if exists {
		s.commit(kv.Put(op.Key, doc{1}, kv.Absent()))
		s.commit(kv.Put(op.Key, doc{2}, kv.Version(1)))
		current = &kv.Item{Key: op.Key, Version: 2}
	}
	beside := kv.Key{PK: op.Key.PK, SK: "beside"}
	ops := []kv.Op{op}
	if !alone {
		ops = append(ops, kv.Put(beside, doc{5}, kv.Absent()))
	}
	if !op.Cond.Holds(current) {
		s.refuse(incident.Conflict, ops...)
		s.want(beside, 0, 0)
		if exists {
			s.want(op.Key, 2, 2)
		} else {
			s.want(op.Key, 0, 0)
		}
		return
	}
	s.commit(ops...)
	if !alone {
		s.want(beside, 5, 1)
	}
	switch {
	case op.Kind == kv.KindPut && exists:
		s.want(op.Key, 9, 3)
	case op.Kind == kv.KindPut:
		s.want(op.Key, 9, 1)
	case op.Kind == kv.KindCheck && exists:
		s.want(op.Key, 2, 2)
	default:
		s.want(op.Key, 0, 0)
	}
}

func testAtomic(t *testing.T, s suite) {
	a, b, c := s.key("p", "a"), s.key("q", "b"), s.key("p", "c")
	s.commit(kv.Put(a, doc{1}, kv.Absent()), kv.Put(b, doc{1}, kv.Absent()))
	for _, failing := range []kv.Op{
		kv.Put(b, doc{2}, kv.Absent()),
		kv.Put(b, doc{2}, kv.Version(7)),
		kv.Delete(b, kv.Version(7)),
		kv.Check(b, kv.Absent()),
	} {
		s.refuse(incident.Conflict, kv.Put(a, doc{2}, kv.Version(1)), kv.Put(c, doc{2}, kv.Absent()), failing)
		s.refuse(incident.Conflict, failing, kv.Delete(a, kv.Always()), kv.Put(c, doc{2}, kv.Absent()))
		s.want(a, 1, 1)
		s.want(b, 1, 1)
		s.want(c, 0, 0)
	}
	s.commit(kv.Put(a, doc{2}, kv.Version(1)), kv.Delete(b, kv.Present()), kv.Put(c, doc{2}, kv.Absent()))
	s.want(a, 2, 2)
	s.want(b, 0, 0)
	s.want(c, 2, 1)
}

func testCheck(t *testing.T, s suite) {
	lease, work := s.key("p", "lease"), s.key("p", "work")
	s.commit(kv.Put(lease, doc{1}, kv.Absent()))
	s.commit(kv.Check(lease, kv.Version(1)), kv.Put(work, doc{1}, kv.Always()))
	s.want(lease, 1, 1) // a check leaves the version alone
	s.commit(kv.Put(lease, doc{2}, kv.Version(1)))
	s.refuse(incident.Conflict, kv.Check(lease, kv.Version(1)), kv.Put(work, doc{2}, kv.Always()))
	s.want(work, 1, 1)
	s.commit(kv.Check(s.key("p", "nothing"), kv.Always())) // asks nothing, so it holds
}

func testLimits(t *testing.T, s suite) {
	key := s.key("p", "a")
	s.refuse(incident.Invalid, kv.Put(key, doc{1}, kv.Always()), kv.Check(key, kv.Always()))
	s.refuse(incident.Invalid, kv.Put(kv.Key{PK: key.PK}, doc{1}, kv.Always()))
	s.refuse(incident.Invalid, kv.Put(kv.Key{SK: "a"}, doc{1}, kv.Always()))
	s.refuse(incident.Invalid, kv.Put(s.key("p", strings.Repeat("k", kv.MaxSK+1)), doc{1}, kv.Always()))
	s.refuse(incident.Invalid, kv.Put(kv.Key{PK: strings.Repeat("k", kv.MaxPK+1), SK: "a"}, doc{1}, kv.Always()))

	room := kv.MaxItem - len(key.PK) - len(key.SK)
	body := func(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }
	s.refuse(incident.Invalid, kv.Op{Kind: kv.KindPut, Key: key, Body: body(room + 1)})
	s.want(key, 0, 0)
	s.commit(kv.Op{Kind: kv.KindPut, Key: key, Body: body(room)}.Until(time.Unix(2_000_000_000, 0)))
	if item, err := s.Get(t.Context(), key); err != nil || !bytes.Equal(item.Body, body(room)) {
		t.Fatalf("the largest item did not come back whole: %d bytes, %v", len(item.Body), err)
	}

	var ops, large []kv.Op
	for i := range kv.MaxOps + 1 {
		ops = append(ops, kv.Put(s.key("many", fmt.Sprintf("%03d", i)), doc{i}, kv.Absent()))
	}
	for i := range kv.MaxCommit/(300<<10) + 1 {
		large = append(large, kv.Op{Kind: kv.KindPut, Key: s.key("large", fmt.Sprint(i)), Body: body(300 << 10)})
	}
	s.refuse(incident.Invalid, ops...)
	s.refuse(incident.Invalid, large...)
	if got := s.query("many", "", kv.Page{}); len(got) != 0 {
		t.Fatalf("a refused commit wrote %d items", len(got))
	}
	s.commit(ops[:kv.MaxOps]...)
	if got := s.query("many", "", kv.Page{}); len(got) != kv.MaxOps {
		t.Fatalf("a commit of %d wrote %d items", kv.MaxOps, len(got))
	}
}

func testExpiry(t *testing.T, s suite) {
	key, future := s.key("p", "a"), time.Date(2091, 2, 3, 4, 5, 6, 700_000_000, time.UTC)
	s.commit(kv.Put(key, doc{1}, kv.Absent()).Until(future))
	item, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	// Stores may round up to whole seconds, never down: nothing goes before its time.
	if item.Expires.Before(future) || item.Expires.Sub(future) >= time.Second {
		t.Fatalf("expiry %s: got %s", future, item.Expires)
	}
	s.commit(kv.Put(key, doc{2}, kv.Version(1))) // a write without expiry keeps the item
	if item, err = s.Get(t.Context(), key); err != nil || !item.Expires.IsZero() {
		t.Fatalf("expiry was not cleared: %v, %v", item.Expires, err)
	}
	old := s.key("p", "old")
	s.commit(kv.Put(old, doc{1}, kv.Absent()).Until(time.Unix(1_000_000_000, 0)))
	item, err = s.Get(t.Context(), old)
	if gone := incident.Is(err, incident.NotFound); !gone && (err != nil || !item.Expires.Equal(time.Unix(1_000_000_000, 0))) {
		t.Fatalf("an expired item is gone or says when it expired: %+v, %v", item, err)
	}
}

func testCancelled(t *testing.T, s suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	key := s.key("p", "a")
	if err := s.Commit(ctx, kv.Put(key, doc{1}, kv.Absent())); !incident.Is(err, incident.Unavailable) {
		t.Errorf("commit: got %v, want class Unavailable", err)
	}
	if _, err := s.Get(ctx, key); !incident.Is(err, incident.Unavailable) {
		t.Errorf("get: got %v, want class Unavailable", err)
	}
	if _, err := s.Query(ctx, key.PK, "", kv.Page{}); !incident.Is(err, incident.Unavailable) {
		t.Errorf("query: got %v, want class Unavailable", err)
	}
}
