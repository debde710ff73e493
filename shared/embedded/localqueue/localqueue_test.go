package localqueue_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/embedded/localqueue"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
)

// consumer remembers what it was handed and fails what refuse says.
type consumer struct {
	mu       sync.Mutex
	batches  []int
	received map[string][]int // body -> Receives of each delivery
	refuse   func(queue.Message) error
}

func (c *consumer) handle(_ context.Context, batch []queue.Message) map[string]error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches = append(c.batches, len(batch))
	failed := map[string]error{}
	for _, m := range batch {
		if c.received == nil {
			c.received = map[string][]int{}
		}
		c.received[string(m.Body)] = append(c.received[string(m.Body)], m.Receives)
		if c.refuse != nil && c.refuse(m) != nil {
			failed[m.ID] = c.refuse(m)
		}
	}
	return failed
}

// open makes a queue with one worker: a second would wait for a mutex, and no bubble's time passes while one does.
func open(t *testing.T, store kv.Store, opt localqueue.Options) *localqueue.Queue {
	t.Helper()
	opt.Workers = 1
	q, err := localqueue.Open(t.Context(), store, "triage", opt)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func send(t *testing.T, q *localqueue.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if err := q.Send(t.Context(), "shop", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
}

// run consumes for a while; within a synctest bubble that takes no time.
func run(t *testing.T, q *localqueue.Queue, c *consumer, span time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	q.Run(ctx, c.handle)
}

func left(t *testing.T, store kv.Store) int {
	t.Helper()
	items, err := store.Query(t.Context(), "QUEUE#triage", "", kv.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return len(items)
}

func counted(t *testing.T, store kv.Store) int {
	t.Helper()
	items, err := store.Query(t.Context(), "QUEUE#triage#RECEIVES", "", kv.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return len(items)
}

func TestWhatFailedComesAgainAndWhatSucceededDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory()
		q := open(t, store, localqueue.Options{})
		send(t, q, "good", "late")
		c := &consumer{refuse: func(m queue.Message) error {
			if string(m.Body) == "late" && m.Receives < 3 {
				return errors.New("not yet")
			}
			return nil
		}}
		run(t, q, c, time.Minute)
		if want := map[string][]int{"good": {1}, "late": {1, 2, 3}}; !cmp.Equal(c.received, want) {
			t.Error(cmp.Diff(want, c.received))
		}
		if n := left(t, store); n != 0 {
			t.Errorf("%d acknowledged messages are still stored", n)
		}
	})
}

func TestWhatAlwaysFailsIsBuriedWithTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory()
		q := open(t, store, localqueue.Options{MaxReceives: 3})
		send(t, q, "poison")
		c := &consumer{refuse: func(queue.Message) error { return errors.New("no such alarm") }}
		run(t, q, c, time.Hour)
		if want := []int{1, 2, 3}; !slices.Equal(c.received["poison"], want) {
			t.Errorf("deliveries %v", c.received["poison"])
		}
		dead, err := q.Dead(t.Context())
		if err != nil || !strings.Contains(dead["poison"], "3 times") || !strings.Contains(dead["poison"], "no such alarm") {
			t.Errorf("buried %v, %v", dead, err)
		}
		if n := left(t, store); n != 0 {
			t.Errorf("a buried message is still queued: %d", n)
		}
	})
}

func TestBuryIsSafeToRepeat(t *testing.T) {
	q := open(t, kv.NewMemory(), localqueue.Options{})
	for _, reason := range []string{"first", "second"} {
		if err := q.Bury(t.Context(), []byte("x"), reason); err != nil {
			t.Fatal(err)
		}
	}
	if dead, err := q.Dead(t.Context()); err != nil || !cmp.Equal(dead, map[string]string{"x": "second"}) {
		t.Errorf("%v, %v", dead, err)
	}
}

func TestMessagesSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory()
		first := open(t, store, localqueue.Options{})
		send(t, first, "done", "failed")
		run(t, first, &consumer{refuse: func(m queue.Message) error {
			if string(m.Body) == "failed" {
				return errors.New("the process is about to end")
			}
			return nil
		}}, time.Millisecond) // less than the wait before the second delivery
		send(t, first, "never handed out")

		second := open(t, store, localqueue.Options{})
		send(t, second, "new")
		c := &consumer{}
		run(t, second, c, time.Second)
		if want := map[string][]int{"failed": {2}, "never handed out": {1}, "new": {1}}; !cmp.Equal(c.received, want) {
			t.Error(cmp.Diff(want, c.received))
		}
		if n := left(t, store); n != 0 {
			t.Errorf("%d messages left", n)
		}
	})
}

// A handler that never returns, as when its process is killed: what it had is counted, what it had beside is not blamed.
func TestWhatEndsTheProcessIsBuried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory()
		send(t, open(t, store, localqueue.Options{}), "poison", "beside", "beside too")
		c := &consumer{}
		killed := func(ctx context.Context, batch []queue.Message) map[string]error {
			failed := c.handle(ctx, batch)
			if slices.ContainsFunc(batch, func(m queue.Message) bool { return string(m.Body) == "poison" }) {
				runtime.Goexit()
			}
			return failed
		}
		for range 7 {
			q := open(t, store, localqueue.Options{})
			var process sync.WaitGroup
			process.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				q.Run(ctx, killed)
			})
			process.Wait()
		}
		if want := map[string][]int{"poison": {1, 2, 3, 4, 5}, "beside": {1, 2}, "beside too": {1, 2}}; !cmp.Equal(c.received, want) {
			t.Error(cmp.Diff(want, c.received))
		}
		dead, err := open(t, store, localqueue.Options{}).Dead(t.Context())
		if err != nil || len(dead) != 1 || !strings.Contains(dead["poison"], "5 times") {
			t.Errorf("buried %v, %v", dead, err)
		}
		if n := left(t, store) + counted(t, store); n != 0 {
			t.Errorf("%d items left", n)
		}
	})
}

// A handler that the end of the queue interrupts has not tried.
func TestAnOrderlyEndIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, c := kv.NewMemory(), &consumer{}
		send(t, open(t, store, localqueue.Options{}), "slow")
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			open(t, store, localqueue.Options{}).Run(ctx, func(ctx context.Context, batch []queue.Message) map[string]error {
				c.handle(ctx, batch)
				<-ctx.Done()
				return map[string]error{batch[0].ID: ctx.Err()}
			})
			cancel()
		}
		if want := []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}; !slices.Equal(c.received["slow"], want) || left(t, store) != 1 {
			t.Errorf("deliveries %v, %d left", c.received["slow"], left(t, store))
		}
	})
}

// A queue opens with more messages than it takes; then it takes none, and says so before it stores one.
func TestABacklogOpensAndAFullQueueStoresNothing(t *testing.T) {
	const backlog = 200_000
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory()
		two := []*localqueue.Queue{open(t, store, localqueue.Options{}), open(t, store, localqueue.Options{})} // one would not take them all
		for _, q := range two {
			for i := range backlog / 2 {
				send(t, q, strconv.Itoa(i))
			}
		}
		q := open(t, store, localqueue.Options{Batch: 100})
		if err := q.Send(t.Context(), "shop", []byte("one more")); !incident.Is(err, incident.Throttled) {
			t.Errorf("a full queue: %v", err)
		}
		if n := left(t, store); n != backlog {
			t.Errorf("%d messages stored, want %d", n, backlog)
		}
		c := &consumer{}
		run(t, q, c, time.Minute)
		if n := left(t, store) + counted(t, store); n != 0 || len(c.received) != backlog/2 || len(c.batches) != backlog/100 {
			t.Errorf("%d left, %d bodies in %d batches", n, len(c.received), len(c.batches))
		}
		send(t, q, "room again")
	})
}

// A message that cannot be counted is not handed out; it comes once the store is back.
func TestNothingIsHandedOutUncounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &away{Store: kv.NewMemory()}
		q := open(t, store, localqueue.Options{MaxReceives: 2})
		send(t, q, "a")
		store.until = time.Now().Add(10 * time.Second)
		c := &consumer{}
		run(t, q, c, 9*time.Second)
		if len(c.received) != 0 {
			t.Errorf("handed out: %v", c.received)
		}
		run(t, open(t, store, localqueue.Options{MaxReceives: 2}), c, 9*time.Second)
		if want := map[string][]int{"a": {1}}; !cmp.Equal(c.received, want) {
			t.Error(cmp.Diff(want, c.received))
		}
	})
}

// away is a store that takes nothing for a while.
type away struct {
	kv.Store
	until time.Time
}

func (a *away) Commit(ctx context.Context, ops ...kv.Op) error {
	if time.Now().Before(a.until) {
		return incident.Errorf(incident.Unavailable, "away")
	}
	return a.Store.Commit(ctx, ops...)
}

func TestTwoQueuesInOneStoreAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := kv.NewMemory()
		send(t, open(t, store, localqueue.Options{}), "for triage")
		other, err := localqueue.Open(t.Context(), store, "notify", localqueue.Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		c := &consumer{}
		run(t, other, c, time.Second)
		if len(c.received) != 0 {
			t.Errorf("the other queue got %v", c.received)
		}
	})
}

func TestTheLargestMessageFitsAndOneByteMoreIsRefused(t *testing.T) {
	store := kv.NewMemory()
	q := open(t, store, localqueue.Options{})
	if err := q.Send(t.Context(), "shop", make([]byte, queue.MaxBody+1)); !incident.Is(err, incident.Invalid) {
		t.Errorf("%v", err)
	}
	if n := left(t, store); n != 0 {
		t.Errorf("a refused message was stored")
	}
	if err := q.Send(t.Context(), "shop", make([]byte, queue.MaxBody)); err != nil {
		t.Errorf("the largest message was refused: %v", err)
	}
}

func TestBatchesAreBoundAndFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, kv.NewMemory(), localqueue.Options{Batch: 4})
		for i := range 10 {
			send(t, q, fmt.Sprint(i))
		}
		c := &consumer{}
		run(t, q, c, time.Second)
		if slices.Sort(c.batches); !slices.Equal(c.batches, []int{2, 4, 4}) {
			t.Errorf("batches of %v", c.batches)
		}
		if len(c.received) != 10 {
			t.Errorf("%d of 10 messages came", len(c.received))
		}
	})
}

func TestABatchGathersOnlyWhatComesInTimeAndOnlyInCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, kv.NewMemory(), localqueue.Options{Batch: 10, Gather: 10 * time.Millisecond})
		c := &consumer{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began, handed := time.Now(), []time.Duration{}
		go q.Run(ctx, func(ctx context.Context, batch []queue.Message) map[string]error {
			handed = append(handed, time.Since(began))
			time.Sleep(5 * time.Millisecond)
			return c.handle(ctx, batch)
		})
		for i, at := range []time.Duration{0, 1, 2, 10, 30, 50} { // the second and third find the handler at work, and go together
			time.Sleep(at*time.Millisecond - time.Since(began))
			send(t, q, fmt.Sprint(i))
		}
		<-ctx.Done()
		synctest.Wait()
		if want := []int{1, 3, 1, 1}; !slices.Equal(c.batches, want) {
			t.Errorf("batches of %v, want %v", c.batches, want)
		}
		if want := []time.Duration{0, 15 * time.Millisecond, 40 * time.Millisecond, 50 * time.Millisecond}; !slices.Equal(handed, want) {
			t.Errorf("handed over after %v, want %v", handed, want)
		}
	})
}

func TestAHandlerIsToldWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, kv.NewMemory(), localqueue.Options{Visibility: 20 * time.Second})
		send(t, q, "slow")
		var took []time.Duration
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		q.Run(ctx, func(hctx context.Context, batch []queue.Message) map[string]error {
			start := time.Now()
			if batch[0].Receives == 1 {
				<-hctx.Done()
				took = append(took, time.Since(start))
				return map[string]error{batch[0].ID: hctx.Err()}
			}
			took = append(took, 0)
			return nil
		})
		if want := []time.Duration{20 * time.Second, 0}; !slices.Equal(took, want) {
			t.Errorf("deliveries took %v", took)
		}
	})
}
