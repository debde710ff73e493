package triage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
)

// transaction gathers decisions on some events and what they write, to commit it at once.
type transaction struct {
	*Service
	graph          Graph
	look           bool // read alarms' histories; otherwise they are taken to be new, and the commit checks it
	buckets        map[time.Time]*bucket
	touched        map[time.Time]bool // buckets that a new window depends on
	histories      map[incident.AlarmKey]*history
	investigations map[string]incident.Investigation
	listing        bool              // read the list of active investigations before any head
	notes          map[string][]note // by investigation
	ops            []kv.Op
	opened         bool
}

// note is what an investigation at work is told.
type note struct {
	at    time.Time
	event string
	text  string
}

// several events in a batch will ask for several investigations: the list of active ones is read at once.
const several = 5

// begin starts a transaction for n events.
func (s *Service) begin(n int, look bool) *transaction {
	return &transaction{
		Service: s, graph: s.graph.Load().graph, look: look, listing: n >= several, buckets: map[time.Time]*bucket{}, touched: map[time.Time]bool{},
		histories: map[incident.AlarmKey]*history{}, investigations: map[string]incident.Investigation{},
		notes: map[string][]note{},
	}
}

func (t *transaction) takeAll(ctx context.Context, events []incident.Event) error {
	for _, e := range events {
		if err := t.take(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// take decides on one event and adds what that writes.
func (t *transaction) take(ctx context.Context, e incident.Event) error {
	h, err := t.history(ctx, e)
	if err != nil {
		return err
	}
	if h.knows(e.EventID()) {
		return nil // decided before
	}
	var a record.Alarm
	if e.Action.Firing() {
		a, err = t.fire(ctx, e, h)
	} else {
		a, err = t.recover(ctx, e, h)
	}
	if err != nil {
		return err
	}
	h.add(change{At: e.Timestamp, Firing: e.Action.Firing(), Event: a.ID, Investigation: a.Investigation})
	t.ops = append(t.ops, kv.Put(record.AlarmKey(a.ID), a, kv.Absent()))
	if a.Investigation != "" {
		t.ops = append(t.ops, record.Member(a.Investigation, a))
	}
	if a.Decision.Outcome == incident.Skipped {
		t.ops = append(t.ops, record.PutSkipped(a))
	}
	return nil
}

// recover decides on a recovery: it belongs to the investigation of the fire before it.
func (t *transaction) recover(ctx context.Context, e incident.Event, h *history) (record.Alarm, error) {
	a := record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey(), Decision: incident.Decision{DecidedAt: t.Now(), Outcome: incident.Skipped}}
	fire, ok := h.fireBefore(e.Timestamp)
	if !ok || fire.Investigation == "" {
		a.Decision.Reasons = []incident.Reason{{Name: NothingToRecover, Detail: "no investigation knows a fire of this alarm before it"}}
		return a, nil
	}
	a.Decision.Outcome, a.Decision.Investigation, a.Investigation = incident.Linked, fire.Investigation, fire.Investigation
	a.Decision.Reasons = []incident.Reason{{Name: Recovery, Detail: fmt.Sprintf("back to normal %s after it fired", e.Timestamp.Sub(fire.At).Round(time.Second))}}
	inv, err := t.investigation(ctx, fire.Investigation)
	if err != nil {
		return a, err
	}
	t.steer(inv, a, "The alarm "+e.Title+" recovered.")
	return a, nil
}

// steer tells an investigation that is still at work.
func (t *transaction) steer(inv incident.Investigation, a record.Alarm, text string) {
	if !inv.State.Final() && inv.State != incident.AwaitingApproval {
		t.notes[inv.ID] = append(t.notes[inv.ID], note{a.Event.Timestamp, a.ID, text})
	}
}

// mostNotes are spelled out in one message; of more, their number is told.
const mostNotes = 5

// messages are the notes, one item for each investigation.
func (t *transaction) messages() []kv.Op {
	var ops []kv.Op
	for inv, notes := range t.notes {
		texts := make([]string, 0, mostNotes+1)
		for _, n := range notes[:min(len(notes), mostNotes)] {
			texts = append(texts, n.text)
		}
		if more := len(notes) - mostNotes; more > 0 {
			texts = append(texts, fmt.Sprintf("And %d more; the list of alarms has them.", more))
		}
		key := kv.Key{PK: record.Partition(inv), SK: "STEER#" + notes[0].at.UTC().Format("2006-01-02T15:04:05.000Z") + "#" + notes[0].event}
		ops = append(ops, kv.Put(key, map[string]string{"text": strings.Join(texts, "\n"), "event": notes[0].event}, kv.Always()))
	}
	return ops
}

// commit writes everything or nothing. Conflict: somebody else was first; decide again.
func (t *transaction) commit(ctx context.Context) error {
	ops := append(slices.Clone(t.ops), t.messages()...)
	for hour := range t.touched {
		b := t.buckets[hour]
		if b.dirty {
			ops = append(ops, kv.Put(bucketKey(hour), b, kv.Version(b.version)).Until(hour.Add(48*time.Hour)))
		} else {
			ops = append(ops, kv.Check(bucketKey(hour), kv.Version(b.version)))
		}
	}
	for key, h := range t.histories {
		if h.dirty {
			ops = append(ops, kv.Put(historyKey(key), h, kv.Version(h.version)).Until(h.Changes[len(h.Changes)-1].At.Add(historyMemory)))
		}
	}
	return t.Store.Commit(ctx, ops...)
}

func (t *transaction) history(ctx context.Context, e incident.Event) (*history, error) {
	key := e.AlarmKey()
	if h, ok := t.histories[key]; ok {
		return h, nil
	}
	h := &history{Key: key}
	if t.look {
		v, _, err := kv.Read(ctx, t.Store, historyKey(key), h)
		if err != nil {
			return nil, err
		}
		h.version = v
	}
	t.histories[key] = h
	return h, nil
}

// windows returns the windows that an alarm at the time can be compared with.
func (t *transaction) windows(ctx context.Context, hours []time.Time) ([]Window, error) {
	var out []Window
	for _, hour := range hours {
		if t.buckets[hour] == nil {
			if err := t.readDay(ctx, hour); err != nil {
				return nil, err
			}
		}
		out = append(out, t.buckets[hour].Windows...)
	}
	return out, nil
}

// readDay reads the bucket of an hour, with the others of its day that an alarm of that hour may be compared with: one
// request, whether or not the outage turns out to continue an earlier one.
func (t *transaction) readDay(ctx context.Context, hour time.Time) error {
	span := []time.Time{}
	for h := hour.Add(-continueFor); !h.After(hour.Add(time.Hour)); h = h.Add(time.Hour) {
		if bucketKey(h).PK == bucketKey(hour).PK {
			span = append(span, h)
		}
	}
	page := kv.Page{Limit: len(span)}
	if before := span[0].Add(-time.Hour); bucketKey(before).PK == bucketKey(hour).PK {
		page.After = bucketKey(before).SK
	}
	items, err := t.Store.Query(ctx, bucketKey(hour).PK, "", page)
	if err != nil {
		return fmt.Errorf("read windows: %w", err)
	}
	for _, h := range span {
		b := &bucket{hour: h}
		if i := slices.IndexFunc(items, func(item kv.Item) bool { return item.Key == bucketKey(h) }); i >= 0 {
			b.version = items[i].Version
			if err := items[i].Decode(b); err != nil {
				return err
			}
		}
		if t.buckets[h] == nil {
			t.buckets[h] = b
		}
	}
	return nil
}

// addWindow lists a new window; the commit then requires that no bucket in reach has changed since it was read.
func (t *transaction) addWindow(w Window) {
	for _, hour := range hours(w.OpenedAt) {
		t.touched[hour] = true
	}
	b := t.buckets[hourOf(w.OpenedAt)]
	b.Windows = append(b.Windows, w)
	b.dirty = true
}

// investigation reads the head of an investigation, in a storm with one query for all that are not final: their entries in
// the list are written together with their heads.
func (t *transaction) investigation(ctx context.Context, id string) (incident.Investigation, error) {
	if inv, ok := t.investigations[id]; ok {
		return inv, nil
	}
	if t.listing {
		t.listing = false
		active, err := record.Active(ctx, t.Store)
		if err != nil {
			return incident.Investigation{}, err
		}
		for _, h := range active {
			if _, known := t.investigations[h.ID]; !known {
				t.investigations[h.ID] = h.Investigation
			}
		}
		return t.investigation(ctx, id)
	}
	inv, err := record.Get(ctx, t.Store, id)
	if err == nil {
		t.investigations[id] = inv
	}
	return inv, err
}
