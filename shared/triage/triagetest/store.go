package triagetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
)

// faulty is a store that throttles, fails before or after the effect, and is slow.
type faulty struct{ *Space }

// Faulty is the space's store with its faults, and without the guard that Mutate takes away.
func (s *Space) Faulty() kv.Store { return faulty{s} }

func (f faulty) trouble(ctx context.Context) (before error, after bool) {
	f.mu.Lock()
	f.did.Requests++
	f.mu.Unlock()
	if f.Pace.Answer > 0 {
		pass(ctx, f.Pace.Answer/10+f.Chance.UpTo(f.Pace.Answer*9/10))
	}
	if f.Chance.Hits(0.002) {
		pass(ctx, 2*f.Pace.Visibility) // a zombie: its messages have been given to somebody else meanwhile
	}
	if !f.Chance.Hits(f.Faults) {
		return nil, false
	}
	f.mu.Lock()
	f.did.Faults++
	f.mu.Unlock()
	switch {
	case f.Chance.Hits(0.5):
		return nil, true
	case f.Chance.Hits(0.5):
		return incident.Errorf(incident.Throttled, "simulated throttling"), false
	}
	return incident.Errorf(incident.Unavailable, "simulated fault before the effect"), false
}

func (f faulty) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	err, after := f.trouble(ctx)
	if err != nil {
		return kv.Item{}, err
	}
	item, err := f.Store.Get(ctx, key)
	if after {
		return kv.Item{}, incident.Errorf(incident.Unavailable, "simulated lost answer")
	}
	return item, err
}

func (f faulty) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	err, after := f.trouble(ctx)
	if err != nil {
		return nil, err
	}
	items, err := f.Store.Query(ctx, pk, prefix, page)
	if after {
		return nil, incident.Errorf(incident.Unavailable, "simulated lost answer")
	}
	return items, err
}

func (f faulty) Commit(ctx context.Context, ops ...kv.Op) error {
	err, after := f.trouble(ctx)
	if err != nil {
		return err
	}
	if f.Mutate != nil {
		ops = slices.Clone(ops)
		for i := range ops {
			ops[i] = f.Mutate(ops[i])
		}
	}
	err = f.Store.Commit(ctx, ops...)
	if err == nil {
		f.note(ctx, ops)
	}
	if after && err == nil {
		return incident.Errorf(incident.Unavailable, "simulated fault after the effect")
	}
	return err
}

// note keeps when the decisions on alarms were made: between the beginning of the delivery whose commit stored them and that
// commit. An alarm that joins is decided when the windows are read, so no span within that would do; what a caller sees, from the
// first delivery to the first that was settled, is wider and leaves the judge more orders than it can try.
func (f faulty) note(ctx context.Context, ops []kv.Op) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, op := range ops {
		if id, ok := strings.CutPrefix(op.Key.PK, "ALARM#"); ok && op.Kind == kv.KindPut && op.Key == record.AlarmKey(id) {
			began, _ := ctx.Value(delivered{}).(time.Time)
			f.decided[id] = span{began, time.Now()}
		}
	}
}

// pass lets simulated time go by.
func pass(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
