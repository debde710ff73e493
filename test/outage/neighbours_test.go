package outage_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
)

// slow is a store whose requests take about as long as DynamoDB's; it notes when decisions are committed.
type slow struct {
	kv.Store
	mu      sync.Mutex
	decided map[string]time.Time // event id -> when
}

func newSlow() *slow { return &slow{Store: kv.NewMemory(), decided: map[string]time.Time{}} }

const (
	readTime   = 5 * time.Millisecond
	commitTime = 10 * time.Millisecond
)

func (s *slow) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	time.Sleep(readTime)
	return s.Store.Get(ctx, key)
}

func (s *slow) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	time.Sleep(readTime)
	return s.Store.Query(ctx, pk, prefix, page)
}

func (s *slow) Commit(ctx context.Context, ops ...kv.Op) error {
	time.Sleep(commitTime)
	if err := s.Store.Commit(ctx, ops...); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		if id, ok := strings.CutPrefix(op.Key.PK, "ALARM#"); ok && s.decided[id].IsZero() {
			s.decided[id] = time.Now()
		}
	}
	return nil
}

// town is 50 spaces over a minute. One of them hears noise, so many alarms on one service within a span; each of the others
// hears an alarm every three seconds.
type town struct {
	noise int
	span  time.Duration
	one   bool // all spaces on one pair of queues, as they are not: the control
}

const (
	spaces = 50
	quiet  = 20 // alarms of each quiet space
)

// live lets the minute pass. dwell is the 99th percentile of how long alarms of quiet spaces wait for their decision,
// investigations are those of the noisy space.
func (c town) live(t *testing.T) (dwell time.Duration, investigations int) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var group, senders sync.WaitGroup
		worlds := c.worlds(ctx, &group)
		var mu sync.Mutex
		heard := make([]map[string]time.Time, spaces)
		for i, w := range worlds {
			n, span := quiet, time.Minute
			if i == 0 {
				n, span = c.noise, c.span
			}
			heard[i] = map[string]time.Time{}
			senders.Go(func() {
				time.Sleep(time.Duration(i) * 17 * time.Millisecond) // not all at the same moment
				for k := range n {
					body := alarm(fmt.Sprintf("checkout-5xx-%d", k), time.Now())
					mu.Lock()
					heard[i][w.idOf(t, body)] = time.Now()
					mu.Unlock()
					_ = w.alarms.Send(ctx, w.space.Name, body)
					time.Sleep(span / time.Duration(n))
				}
			})
		}
		senders.Wait()
		time.Sleep(10 * time.Minute)
		cancel()
		group.Wait()
		var waits []time.Duration
		for i, w := range worlds {
			store := w.store.(*slow)
			if len(store.decided) != len(heard[i]) {
				t.Errorf("space %d: %d of %d alarms decided", i, len(store.decided), len(heard[i]))
			}
			for id, at := range heard[i] {
				if i > 0 {
					waits = append(waits, store.decided[id].Sub(at))
				}
			}
		}
		slices.Sort(waits)
		dwell, investigations = waits[len(waits)*99/100], len(worlds[0].machine.executions)
	})
	return dwell, investigations
}

// worlds are the spaces, at work.
func (c town) worlds(ctx context.Context, group *sync.WaitGroup) []*world {
	out := make([]*world, spaces)
	alarms, events := newLine(90*time.Second, 240), newLine(2*time.Minute, 5)
	sign, decide := map[string]queue.Handler{}, map[string]queue.Handler{}
	for i := range out {
		name, store := fmt.Sprint("space-", i), newSlow()
		if c.one {
			out[i] = newWorldOn(name, store, alarms, events)
			sign[name], decide[name] = out[i].signer(), out[i].triage()
			continue
		}
		out[i] = newWorld(name, store)
		out[i].run(ctx, group)
	}
	if c.one {
		alarms.serve(ctx, group, signers, bySpace(sign))
		events.serve(ctx, group, triages, bySpace(decide))
	}
	return out
}

// bySpace hands each message of a batch to its space.
func bySpace(handlers map[string]queue.Handler) queue.Handler {
	return func(ctx context.Context, batch []queue.Message) map[string]error {
		failed := map[string]error{}
		for _, m := range batch {
			space, _, _ := strings.Cut(m.ID, "/")
			maps.Copy(failed, handlers[space](ctx, []queue.Message{m}))
		}
		return failed
	}
}

// T8: 50 spaces, one of them in a storm: 3,000 alarms on one service are one investigation, and the others wait less than
// twice as long as without it. The control, one pair of queues for all, must break that bar.
func TestNoisyNeighbour(t *testing.T) {
	idle, _ := town{noise: quiet, span: time.Minute}.live(t)
	for _, c := range []struct {
		name   string
		town   town
		holds  bool
		opened int
	}{
		{"3,000 within a minute", town{noise: 3000, span: time.Minute}, true, 1},
		{"3,000 within a second", town{noise: 3000, span: time.Second}, true, 1},
		{"control: 3,000 within a second, one pair of queues for all", town{noise: 3000, span: time.Second, one: true}, false, 1},
	} {
		dwell, opened := c.town.live(t)
		t.Logf("%s: p99 from alarm to decision in quiet spaces %v, idle %v; %d investigation of the noisy one", c.name, dwell, idle, opened)
		if (dwell < 2*idle) != c.holds {
			t.Errorf("%s: p99 of quiet spaces %v, idle %v", c.name, dwell, idle)
		}
		if opened != c.opened {
			t.Errorf("%s: %d investigations, want %d", c.name, opened, c.opened)
		}
	}
}
