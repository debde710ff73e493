package kvtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

var runs atomic.Int64 // tells apart repeated runs of one test (-count) on a shared store

func nextRun() int64 { return runs.Add(1) }

// together runs n workers and reports the first error of each.
func together(t *testing.T, n int, work func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := work(i); err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// until repeats a read-decide-write until it commits; Conflict is the only error that may be repeated here.
func until(step func() error) error {
	for {
		if err := step(); !incident.Is(err, incident.Conflict) {
			return err
		}
	}
}

func testIncrements(t *testing.T, s suite) {
	const workers, each = 6, 8
	key := s.key("p", "counter")
	ctx := t.Context()
	together(t, workers, func(int) error {
		for range each {
			err := until(func() error {
				var d doc
				ver, _, err := kv.Read(ctx, s.Store, key, &d)
				if err != nil {
					return err
				}
				return s.Commit(ctx, kv.Put(key, doc{d.N + 1}, kv.Version(ver)))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	s.want(key, workers*each, workers*each) // no lost update, no version skipped or used twice
}

// testOneWinner lets many put the same item if absent, alone and in a commit of two: exactly one may.
func testOneWinner(t *testing.T, s suite) {
	for round := range 5 {
		for _, size := range []int{1, 2} {
			var won atomic.Int64
			key := s.key("p", fmt.Sprintf("%d-%d", round, size))
			together(t, 6, func(i int) error {
				ops := []kv.Op{kv.Put(key, doc{i}, kv.Absent()), kv.Put(s.key("q", fmt.Sprintf("%d-%d", round, i)), doc{i}, kv.Absent())}
				err := s.Commit(context.Background(), ops[:size]...)
				if err == nil {
					won.Add(1)
				}
				if incident.Is(err, incident.Conflict) {
					return nil
				}
				return err
			})
			if won.Load() != 1 {
				t.Fatalf("round %d, %d operations: %d winners", round, size, won.Load())
			}
		}
		if got := s.query("q", fmt.Sprintf("%d-", round), kv.Page{}); len(got) != 1 {
			t.Fatalf("round %d: losers left traces: %v", round, got)
		}
	}
}

// testTransfers moves amounts between accounts in commits of two: the sum holds whatever the interleaving.
func testTransfers(t *testing.T, s suite) {
	const accounts, start = 4, 100
	ctx := t.Context()
	key := func(i int) kv.Key { return s.key("bank", fmt.Sprint(i)) }
	for i := range accounts {
		s.commit(kv.Put(key(i), doc{start}, kv.Absent()))
	}
	together(t, 4, func(w int) error {
		r := rand.New(rand.NewPCG(uint64(w), 1))
		for range 6 {
			from := r.IntN(accounts)
			to := (from + 1 + r.IntN(accounts-1)) % accounts
			err := until(func() error {
				var a, b doc
				va, _, err := kv.Read(ctx, s.Store, key(from), &a)
				if err != nil {
					return err
				}
				vb, _, err := kv.Read(ctx, s.Store, key(to), &b)
				if err != nil {
					return err
				}
				return s.Commit(ctx, kv.Put(key(from), doc{a.N - 5}, kv.Version(va)), kv.Put(key(to), doc{b.N + 5}, kv.Version(vb)))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	sum, writes := 0, int64(0)
	for i := range accounts {
		var d doc
		ver, _, err := kv.Read(ctx, s.Store, key(i), &d)
		if err != nil {
			t.Fatal(err)
		}
		sum, writes = sum+d.N, writes+ver-1
	}
	if sum != accounts*start || writes != 4*6*2 {
		t.Fatalf("sum %d after %d writes, want %d after %d", sum, writes, accounts*start, 4*6*2)
	}
}

// testModel runs random commits against the store and the memory store and compares every answer.
func testModel(t *testing.T, s suite) {
	r, model := rand.New(rand.NewPCG(1, 2)), kv.NewMemory()
	accepted := 0
	for step := range 120 {
		ops := randomOps(r, s)
		got, want := s.Commit(t.Context(), ops...), model.Commit(t.Context(), ops...)
		if incident.ClassOf(got) != incident.ClassOf(want) {
			t.Fatalf("step %d: %+v: got %v, want %v", step, ops, got, want)
		}
		if want == nil {
			accepted++
		}
		page := kv.Page{Limit: r.IntN(4), Desc: r.IntN(2) == 0}
		a, err := s.Query(t.Context(), s.key("p", "").PK, "", page)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := model.Query(t.Context(), s.key("p", "").PK, "", page)
		if diff := cmp.Diff(b, a); diff != "" {
			t.Fatalf("step %d: after %+v: %s", step, ops, diff)
		}
	}
	if accepted < 20 || accepted > 110 {
		t.Fatalf("%d of 120 random commits were accepted: the mix tests nothing", accepted)
	}
}

func randomOps(r *rand.Rand, s suite) []kv.Op {
	var ops []kv.Op
	for _, i := range r.Perm(5)[:1+r.IntN(3)] {
		key := s.key("p", fmt.Sprint(i))
		cond := []kv.Cond{kv.Always(), kv.Absent(), kv.Present(), kv.Version(1), kv.Version(2)}[r.IntN(5)]
		switch r.IntN(4) {
		case 0:
			ops = append(ops, kv.Delete(key, cond))
		case 1:
			ops = append(ops, kv.Check(key, cond))
		default:
			ops = append(ops, kv.Put(key, doc{r.IntN(1000)}, cond))
		}
	}
	return ops
}
