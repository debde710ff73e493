package triage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
)

// counting counts what a store is asked for.
type counting struct {
	kv.Store
	reads, commits, writes int
}

func (c *counting) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	c.reads++
	return c.Store.Get(ctx, key)
}

func (c *counting) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	c.reads++
	return c.Store.Query(ctx, pk, prefix, page)
}

func (c *counting) Commit(ctx context.Context, ops ...kv.Op) error {
	c.commits++
	c.writes += len(ops)
	return c.Store.Commit(ctx, ops...)
}

func (c *counting) per(n int) float64 { return float64(c.reads+c.commits) / float64(n) }

// feed delivers events in batches of the size that a queue hands to a function.
func (d *desk) feed(size int, events []incident.Event) {
	d.t.Helper()
	for part := range slices.Chunk(events, size) {
		d.send(part...)
	}
}

// T8: 3,000 alarms on one service within a minute are one investigation, at a cost that does not grow with the storm.
func TestStormCost(t *testing.T) {
	storm := func(n int) (d *desk, count *counting, events []incident.Event) {
		d, count = newCountedDesk(t)
		for i := range n {
			events = append(events, ev("checkout", fmt.Sprint("alarm-", i), float64(i)/float64(n), incident.Created))
		}
		d.feed(10, events)
		return d, count, events
	}
	d, count, events := storm(3000)
	if len(d.started) != 1 {
		t.Fatalf("%d investigations, want 1", len(d.started))
	}
	for id := range d.started {
		if alarms, err := record.Alarms(t.Context(), d.store, id); err != nil || len(alarms) != 3000 {
			t.Errorf("%d alarms listed, %v", len(alarms), err)
		}
	}
	fresh := count.per(3000)
	t.Logf("alarms never seen before: %.2f store requests and %.2f items written for each", fresh, float64(count.writes)/3000)
	if fresh > 0.5 {
		t.Errorf("%.2f store requests for each alarm, want at most 0.5", fresh)
	}
	_, small, _ := storm(300)
	if ratio := fresh / small.per(300); ratio > 1.1 {
		t.Errorf("an alarm costs %.2f times as much in a storm ten times as large", ratio)
	}

	*count = counting{Store: count.Store}
	d.feed(10, events)
	t.Logf("delivered again: %.2f store requests for each", count.per(3000))
	for i := range events {
		events[i].Action, events[i].Timestamp = incident.Resolved, events[i].Timestamp.Add(5*time.Minute)
	}
	*count = counting{Store: count.Store}
	d.feed(10, events)
	t.Logf("recoveries: %.2f store requests for each", count.per(3000))
	if got := count.per(3000); got > 2 {
		t.Errorf("%.2f store requests for each recovery, want at most 2", got)
	}
	for i := range events {
		events[i].Action, events[i].Timestamp = incident.Created, events[i].Timestamp.Add(time.Minute)
	}
	*count = counting{Store: count.Store}
	d.feed(10, events)
	t.Logf("alarms that have fired before: %.2f store requests for each", count.per(3000))
	if got := count.per(3000); got > 2 {
		t.Errorf("%.2f store requests for each alarm that fired before, want at most 2", got)
	}
}

func newCountedDesk(t *testing.T) (*desk, *counting) {
	d := newDesk(t)
	count := &counting{Store: d.store}
	d.service.Store = count
	return d, count
}

// T9: malformed messages among good ones are kept with their reason and hold nobody up; delivered again after they were
// mended, they are decided once.
func TestPoison(t *testing.T) {
	d := newDesk(t)
	var batch []queue.Message
	var good []incident.Event
	for i := range 200 {
		e := ev("checkout", fmt.Sprint("r", i), float64(i)/20, incident.Created)
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if i%20 == 7 {
			body = [][]byte{[]byte("{"), []byte("null"), []byte(`{"eventType":"incident"}`), []byte(`{"timestamp":7}`), body[:len(body)/2]}[i/20%5]
		} else {
			good = append(good, e)
		}
		batch = append(batch, queue.Message{ID: fmt.Sprint(i), Body: body, Receives: 1})
	}
	for part := range slices.Chunk(batch, 10) {
		if failed := d.service.Handle(t.Context(), part); len(failed) != 0 {
			t.Fatalf("failed: %v", failed)
		}
	}
	if len(d.buried) != 10 || slices.Contains(d.buried, "") {
		t.Errorf("buried: %q", d.buried)
	}
	for _, e := range good {
		if a := d.decision(e); a.Investigation == "" {
			t.Errorf("%s: %+v", e.Title, a.Decision)
		}
	}
	mended := ev("checkout", "r7", 7.0/20, incident.Created)
	d.send(mended)
	d.send(mended)
	if a := d.decision(mended); a.Decision.Outcome != incident.Linked || len(d.started) != 1 {
		t.Errorf("redriven: %+v, started %v", a.Decision, d.started)
	}
}
