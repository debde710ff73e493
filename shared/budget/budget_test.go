package budget_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/llm"
)

func ledger(s kv.Store) budget.Ledger {
	return budget.Ledger{Store: s, Ceiling: 1, Prices: map[string]config.Price{"m": {In: 10, Out: 50}, "free": {}},
		Now: func() time.Time { return time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC) }}
}

// However many investigations run at once, the sum of what is spent and reserved never passes the ceiling.
func TestCeilingHoldsUnderConcurrency(t *testing.T) {
	l := ledger(kv.NewMemory())
	most := llm.Usage{In: 10_000} // $0.10
	var granted atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			res, err := l.Reserve(context.Background(), "m", most)
			if err == nil {
				granted.Add(1)
				if _, err := l.Settle(context.Background(), res, "m", most); err != nil {
					t.Error(err)
				}
			} else if !incident.Is(err, incident.Denied) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	day, err := l.Today(t.Context())
	if err != nil || day.Spent > 1+1e-9 || day.Reserved > 1e-9 || granted.Load() != 10 || day.Calls != 10 {
		t.Fatalf("granted %d, day %+v, err %v", granted.Load(), day, err)
	}
}

func TestSettleReturnsWhatWasNotUsed(t *testing.T) {
	l := ledger(kv.NewMemory())
	res, err := l.Reserve(t.Context(), "m", llm.Usage{In: 40_000, Out: 10_000}) // $0.90
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Reserve(t.Context(), "m", llm.Usage{In: 20_000}); !incident.Is(err, incident.Denied) {
		t.Fatalf("second reservation: %v, want Denied", err)
	}
	cost, err := l.Settle(t.Context(), res, "m", llm.Usage{In: 1000, Out: 1000})
	if err != nil || cost < 0.0599 || cost > 0.0601 {
		t.Fatalf("cost %v, err %v", cost, err)
	}
	if _, err := l.Reserve(t.Context(), "m", llm.Usage{In: 20_000}); err != nil {
		t.Fatal(err)
	}
}

type broken struct{ kv.Store }

func (broken) Get(context.Context, kv.Key) (kv.Item, error) {
	return kv.Item{}, incident.Errorf(incident.Unavailable, "store is away")
}

func TestFailsClosed(t *testing.T) {
	if _, err := ledger(broken{kv.NewMemory()}).Reserve(t.Context(), "m", llm.Usage{In: 1}); err == nil {
		t.Fatal("a reservation that could not be checked was granted")
	}
	if _, err := ledger(kv.NewMemory()).Reserve(t.Context(), "unpriced", llm.Usage{In: 1}); !incident.Is(err, incident.Invalid) {
		t.Fatalf("unpriced model: %v", err)
	}
	if _, err := ledger(broken{kv.NewMemory()}).Reserve(t.Context(), "free", llm.Usage{In: 1}); err != nil {
		t.Fatalf("a free model needs no money: %v", err)
	}
}

func TestShareNamesTheTightestBound(t *testing.T) {
	share, bound := budget.Share(config.Budget{Turns: 10, Tools: 10, Wall: time.Minute}, budget.Spent{Turns: 3, Tools: 9, Wall: 30 * time.Second})
	if share != 0.9 || bound != "tool calls" {
		t.Fatalf("%v %s", share, bound)
	}
}
