package boltkv_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/firefinder/firefinder/shared/embedded/boltkv"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/kv/kvtest"
)

func open(t testing.TB, path string, opts boltkv.Options) *boltkv.Store {
	t.Helper()
	s, err := boltkv.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	for _, opts := range []boltkv.Options{{}, {NoSync: true}} {
		t.Run(fmt.Sprintf("%+v", opts), func(t *testing.T) {
			kvtest.Run(t, func(t *testing.T) kv.Store { return open(t, filepath.Join(t.TempDir(), "space.db"), opts) })
		})
	}
}

func TestReopen(t *testing.T) {
	for _, opts := range []boltkv.Options{{}, {NoSync: true}} {
		path := filepath.Join(t.TempDir(), "space.db")
		s := open(t, path, opts)
		key := kv.Key{PK: "p", SK: "a"}
		for i := range 3 {
			if err := s.Commit(t.Context(), kv.Put(key, i, kv.Version(int64(i)))); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		item, err := open(t, path, opts).Get(t.Context(), key)
		if err != nil || item.Version != 3 || string(item.Body) != "2" {
			t.Errorf("%+v: after reopening: %+v, %v", opts, item, err)
		}
	}
}

func TestDurabilityIsVisible(t *testing.T) {
	dir := t.TempDir()
	synced := open(t, filepath.Join(dir, "a"), boltkv.Options{})
	quick := open(t, filepath.Join(dir, "b"), boltkv.Options{NoSync: true})
	if !synced.Durable() || quick.Durable() {
		t.Errorf("durable: synced %v, quick %v", synced.Durable(), quick.Durable())
	}
	if strings.Contains(synced.String(), "not synced") || !strings.Contains(quick.String(), "not synced") {
		t.Errorf("names: %s, %s", synced, quick)
	}
}

func TestSecondProcessIsTurnedAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "space.db")
	open(t, path, boltkv.Options{})
	if _, err := boltkv.Open(path, boltkv.Options{}); !incident.Is(err, incident.Unavailable) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
}

// TestNeighbours looks for keys of one partition that leak into another: partitions are told apart by length first.
func TestNeighbours(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "space.db"), boltkv.Options{NoSync: true})
	for _, pk := range []string{"a", "ab", "b", strings.Repeat("\xff", 3), strings.Repeat("x", kv.MaxPK)} {
		if err := s.Commit(t.Context(), kv.Put(kv.Key{PK: pk, SK: "bsk"}, 1, kv.Absent()), kv.Put(kv.Key{PK: pk, SK: "\xff\xff"}, 1, kv.Absent())); err != nil {
			t.Fatal(err)
		}
	}
	for _, desc := range []bool{false, true} {
		for pk, want := range map[string]int{"a": 2, "ab": 2, "": 0, "\xff\xff\xff": 2, strings.Repeat("x", kv.MaxPK): 2, "c": 0} {
			items, err := s.Query(t.Context(), pk, "", kv.Page{Desc: desc})
			if err != nil || len(items) != want {
				t.Errorf("partition %.10q desc=%v: %d items, %v", pk, desc, len(items), err)
			}
		}
		items, err := s.Query(t.Context(), "a", "\xff", kv.Page{Desc: desc})
		if err != nil || len(items) != 1 {
			t.Errorf("prefix 0xff desc=%v: %d items, %v", desc, len(items), err)
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, opts := range []boltkv.Options{{}, {NoSync: true}} {
		b.Run(fmt.Sprintf("%+v", opts), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "space.db"), opts)
			body := strings.Repeat("x", 1000)
			for i := 0; b.Loop(); i++ {
				if err := s.Commit(b.Context(), kv.Put(kv.Key{PK: "p", SK: fmt.Sprintf("%09d", i)}, body, kv.Absent())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Commits that share a write keep their own results: of each pair on one item exactly one is the first, and what fails
// leaves nothing behind.
func TestSharedWrites(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "space.db"), boltkv.Options{})
	const pairs = 100
	var group sync.WaitGroup
	won := make([]atomic.Int64, pairs)
	for i := range 2 * pairs {
		group.Go(func() {
			item := kv.Key{PK: "item", SK: fmt.Sprint(i / 2)}
			side := kv.Key{PK: "side", SK: fmt.Sprint(i)}
			err := s.Commit(t.Context(), kv.Put(side, i, kv.Always()), kv.Put(item, i, kv.Absent()))
			_, missing := s.Get(t.Context(), side)
			switch {
			case err == nil && missing == nil:
				won[i/2].Add(1)
			case incident.Is(err, incident.Conflict) && incident.Is(missing, incident.NotFound):
			default:
				t.Errorf("commit %d: %v, its other item: %v", i, err, missing)
			}
		})
	}
	group.Wait()
	for i := range won {
		if n := won[i].Load(); n != 1 {
			t.Errorf("pair %d: %d commits were first", i, n)
		}
	}
}

// BenchmarkConcurrentCommits shows what sharing saves when commits come together.
func BenchmarkConcurrentCommits(b *testing.B) {
	for _, opts := range []boltkv.Options{{}, {NoSync: true}} {
		b.Run(fmt.Sprintf("%+v", opts), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "space.db"), opts)
			body, next := strings.Repeat("x", 1000), atomic.Int64{}
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Commit(b.Context(), kv.Put(kv.Key{PK: "p", SK: fmt.Sprintf("%09d", next.Add(1))}, body, kv.Absent())); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
