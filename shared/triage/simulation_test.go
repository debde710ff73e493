package triage_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
)

// The simulation: a space's alarms of three outages reach several workers over an at-least-once queue, 30 % twice, 20 % up
// to 100 minutes late, in any order, while 5 % of the store's answers are faults (half of them after the effect) and some
// workers stall until their messages have been given to others. Time is virtual. Afterwards nothing may be lost, doubled
// or left unstarted, and the decisions must be linearizable: Porcupine looks for an order of the alarms in which one
// decision after the other, by the rules of docs/triage.md, gives exactly what was decided.
//
// PROOF=full runs 100 seeds of 10,000 alarms each; the default is a small part of it, PROOF=short lies between.

const (
	alarmsPerSpace = 200 // Porcupine wants many small histories
	outages        = 3
	workers        = 3
	visibility     = 30 * time.Second
)

func proof(full, short, fast int) int {
	switch os.Getenv("PROOF") {
	case "full":
		return full
	case "short":
		return short
	}
	return fast
}

// handlerOf makes a triage over a store; the real one, or a naive one that must fail.
type handlerOf func(store kv.Store, start triage.Starter) (handle queue.Handler, sweep func(context.Context) error)

func protocol(store kv.Store, start triage.Starter) (queue.Handler, func(context.Context) error) {
	s := triage.New(triage.Deps{
		Store: store, Space: config.Space{Name: "sim", Budget: config.Budget{Concurrent: 1000}}, Start: start, Dead: discard{}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	return s.Handle, s.Sweep
}

type discard struct{}

func (discard) Bury(context.Context, []byte, string) error { return nil }

// world is one simulated space.
type world struct {
	rng     *lockedRand
	memory  *kv.Memory
	handler handlerOf
	faults  float64
	mutate  func(kv.Op) kv.Op // takes a guard away; nil: none

	mu      sync.Mutex
	started map[string]bool
	refuse  int              // starts that fail, whatever chance says
	call    map[string]int64 // event id -> when its first delivery began
	ret     map[string]int64 // event id -> when it was first done
	counts
}

type counts struct{ deliveries, faulty, requests int }

// lockedRand is a source of chance that goroutines share. Which of them comes first is up to the scheduler, so a seed
// gives the same workload, not the same history.
type lockedRand struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (l *lockedRand) chance(p float64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Float64() < p
}

func (l *lockedRand) upTo(d time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(l.r.Int64N(int64(d) + 1))
}

// faulty is a store that throttles, fails before or after the effect, and is slow.
type faulty struct{ *world }

func (f faulty) trouble() (before error, after bool) {
	f.mu.Lock()
	f.requests++
	f.mu.Unlock()
	time.Sleep(time.Millisecond + f.rng.upTo(9*time.Millisecond))
	if f.rng.chance(0.002) {
		time.Sleep(2 * visibility) // a zombie: its messages have been given to somebody else meanwhile
	}
	if !f.rng.chance(f.faults) {
		return nil, false
	}
	f.mu.Lock()
	f.faulty++
	f.mu.Unlock()
	switch {
	case f.rng.chance(0.5):
		return nil, true
	case f.rng.chance(0.5):
		return incident.Errorf(incident.Throttled, "simulated throttling"), false
	}
	return incident.Errorf(incident.Unavailable, "simulated fault before the effect"), false
}

func (f faulty) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	err, after := f.trouble()
	if err != nil {
		return kv.Item{}, err
	}
	item, err := f.memory.Get(ctx, key)
	if after {
		return kv.Item{}, incident.Errorf(incident.Unavailable, "simulated lost answer")
	}
	return item, err
}

func (f faulty) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	err, after := f.trouble()
	if err != nil {
		return nil, err
	}
	items, err := f.memory.Query(ctx, pk, prefix, page)
	if after {
		return nil, incident.Errorf(incident.Unavailable, "simulated lost answer")
	}
	return items, err
}

func (f faulty) Commit(ctx context.Context, ops ...kv.Op) error {
	err, after := f.trouble()
	if err != nil {
		return err
	}
	if f.mutate != nil {
		ops = slices.Clone(ops)
		for i := range ops {
			ops[i] = f.mutate(ops[i])
		}
	}
	err = f.memory.Commit(ctx, ops...)
	if after && err == nil {
		return incident.Errorf(incident.Unavailable, "simulated fault after the effect")
	}
	return err
}

// Start implements triage.Starter, with faults of its own.
func (w *world) Start(_ context.Context, name string, _ workflow.Input) error {
	if w.rng.chance(w.faults / 2) {
		return incident.Errorf(incident.Unavailable, "simulated fault before the start")
	}
	w.mu.Lock()
	if w.refuse > 0 {
		w.refuse--
		w.mu.Unlock()
		return incident.Errorf(incident.Unavailable, "refused")
	}
	w.started[name] = true
	w.mu.Unlock()
	if w.rng.chance(w.faults / 2) {
		return incident.Errorf(incident.Unavailable, "simulated fault after the start")
	}
	return nil
}

var epoch = time.Date(2026, 3, 1, 2, 40, 0, 0, time.UTC)

// alarms are the events of a space: three outages some hours apart, around the turn of an hour, on minute ticks.
func (w *world) alarms() []incident.Event {
	var out []incident.Event
	for i := range alarmsPerSpace {
		outage := i % outages
		spread := 70 * time.Minute
		if w.rng.chance(0.4) {
			spread = 2 * time.Minute // most things break at once
		}
		at := epoch.Add(time.Duration(outage)*5*time.Hour + w.rng.upTo(spread).Truncate(time.Minute))
		out = append(out, incident.Event{
			EventType: incident.EventType, IncidentID: fmt.Sprint("alarm-", i), Rule: fmt.Sprint("alarm-", i), Action: incident.Created, Priority: incident.High,
			Title: fmt.Sprint("alarm ", i), Service: "checkout", Source: "cloudwatch", Account: "1", Region: "eu-central-1", Timestamp: at,
		})
	}
	return out
}

// envelope is a message in the queue.
type envelope struct {
	event    incident.Event
	visible  time.Time
	receives int
}

// run delivers all alarms and waits until everything is settled. It must run in a bubble.
func (w *world) run(t *testing.T) []incident.Event {
	events := w.alarms()
	var mu sync.Mutex
	var pending []*envelope // in any order
	base := time.Now()
	for _, e := range events {
		copies := 1
		if w.rng.chance(0.3) {
			copies++
		}
		for range copies {
			delay := w.rng.upTo(500 * time.Millisecond)
			if w.rng.chance(0.2) {
				delay = w.rng.upTo(100 * time.Minute)
			}
			pending = append(pending, &envelope{event: e, visible: base.Add(e.Timestamp.Sub(epoch) + delay)})
		}
	}
	take := func() (batch []*envelope, wait time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		wait = visibility
		most := 1 + int(w.rng.upTo(9))
		for _, m := range pending {
			switch until := time.Until(m.visible); {
			case until > 0:
				wait = min(wait, until)
			case len(batch) < most:
				m.visible = time.Now().Add(visibility)
				m.receives++
				batch = append(batch, m)
			}
		}
		return batch, wait
	}
	settle := func(done map[*envelope]bool) {
		mu.Lock()
		defer mu.Unlock()
		pending = slices.DeleteFunc(pending, func(m *envelope) bool { return done[m] })
	}
	left := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(pending)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group, sweeper sync.WaitGroup
	for range workers {
		handle, _ := w.handler(faulty{w}, w)
		group.Go(func() {
			for left() > 0 {
				batch, wait := take()
				if len(batch) == 0 {
					time.Sleep(wait)
					if w.rng.chance(0.3) {
						time.Sleep(w.rng.upTo(time.Second)) // a queue gathers batches now and then
					}
					continue
				}
				settle(w.deliver(ctx, handle, batch))
			}
		})
	}
	_, sweep := w.handler(faulty{w}, w)
	sweeper.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(time.Minute)
			_ = sweep(ctx) // it comes again in a minute
		}
	})
	group.Wait()
	time.Sleep(15 * time.Minute) // sweep finishes what is left
	cancel()
	sweeper.Wait()
	return events
}

func (w *world) deliver(ctx context.Context, handle queue.Handler, batch []*envelope) map[*envelope]bool {
	var messages []queue.Message
	w.mu.Lock()
	for i, m := range batch {
		body, _ := json.Marshal(m.event)
		messages = append(messages, queue.Message{ID: fmt.Sprint(i), Body: body, Receives: m.receives})
		id := m.event.EventID()
		if _, ok := w.call[id]; !ok {
			w.call[id] = time.Now().UnixNano()
		}
		w.deliveries++
	}
	w.mu.Unlock()
	failed := handle(ctx, messages)
	done := map[*envelope]bool{}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, m := range batch {
		if failed[fmt.Sprint(i)] != nil {
			continue
		}
		done[m] = true
		id := m.event.EventID()
		if _, ok := w.ret[id]; !ok {
			w.ret[id] = time.Now().UnixNano()
		}
	}
	return done
}

// verdict is what went wrong in one space.
type verdict struct{ lost, doubled, unstarted, unlinear int }

func (v verdict) bad() bool { return v != verdict{} }

func (v *verdict) add(o verdict) {
	v.lost += o.lost
	v.doubled += o.doubled
	v.unstarted += o.unstarted
	v.unlinear += o.unlinear
}

// judge checks the outcome of one space.
func (w *world) judge(events []incident.Event) (v verdict) {
	ctx := context.Background()
	var ops []porcupine.Operation
	opened := map[string]bool{}
	for _, e := range events {
		a, err := record.GetAlarm(ctx, w.memory, e.EventID())
		if err != nil || a.Investigation == "" {
			v.lost++
			continue
		}
		if _, err := w.memory.Get(ctx, record.MemberKey(a.Investigation, e)); err != nil {
			v.lost++ // decided, but on nobody's list
		}
		if a.Opener {
			opened[a.Investigation] = true
		}
		ops = append(ops, porcupine.Operation{Input: e, Output: outcome{a.Investigation, a.Opener}, Call: w.call[a.ID], Return: w.ret[a.ID]})
	}
	for id := range opened {
		if inv, err := record.Get(ctx, w.memory, id); err != nil || !inv.StartConfirmed || !w.started[id] {
			v.unstarted++
		}
	}
	for id := range w.started {
		if !opened[id] {
			v.doubled++ // an execution that no alarm opened
		}
	}
	v.doubled += max(0, len(opened)-legal(events))
	if porcupine.CheckOperationsTimeout(model, ops, time.Minute) != porcupine.Ok {
		v.unlinear++
	}
	return v
}

// legal is the most investigations that any order of the alarms may open: within an outage, windows that were opened
// backwards in time, by late alarms, cannot be joined to one investigation.
func legal(events []incident.Event) int {
	n := 0
	for i := range outages {
		first, last := time.Time{}, time.Time{}
		for j, e := range events {
			if j%outages != i {
				continue
			}
			if first.IsZero() || e.Timestamp.Before(first) {
				first = e.Timestamp
			}
			if e.Timestamp.After(last) {
				last = e.Timestamp
			}
		}
		n += 1 + int(last.Sub(first)/triage.Reach)
	}
	return n
}

type outcome struct {
	investigation string
	opener        bool
}

// specWindow is a window in the specification.
type specWindow struct {
	at            time.Time
	id            string
	investigation string
}

// model is triage as a person would do it, one alarm after the other: join the nearest window within 20 minutes; else
// continue the latest investigation of the four hours before; else open one.
var model = porcupine.Model{
	Init: func() any { return []specWindow(nil) },
	Step: func(state, input, output any) (bool, any) {
		windows, e, got := state.([]specWindow), input.(incident.Event), output.(outcome)
		next, want := step(windows, e)
		return want == got, next
	},
	Equal: func(a, b any) bool { return slices.Equal(a.([]specWindow), b.([]specWindow)) },
}

func step(windows []specWindow, e incident.Event) ([]specWindow, outcome) {
	away := func(w specWindow) time.Duration { return e.Timestamp.Sub(w.at).Abs() }
	var near *specWindow
	for i, w := range windows {
		if away(w) <= triage.Reach && (near == nil || cmp.Or(cmp.Compare(away(w), away(*near)), strings.Compare(w.id, near.id)) < 0) {
			near = &windows[i]
		}
	}
	if near != nil {
		return windows, outcome{near.investigation, false}
	}
	investigation, opener := e.InvestigationID("sim"), true
	var latest time.Time
	for _, w := range windows {
		if age := e.Timestamp.Sub(w.at); age > triage.Reach && age <= 4*time.Hour && w.at.After(latest) {
			latest, investigation, opener = w.at, w.investigation, false
		}
	}
	added := specWindow{e.Timestamp, "win-" + incident.ShortHash(investigation, e.EventID()), investigation}
	next := append(slices.Clone(windows), added)
	slices.SortFunc(next, func(a, b specWindow) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id)) })
	return next, outcome{investigation, opener}
}

// simulate runs spaces of one seed.
func simulate(t *testing.T, seed uint64, spaces int, faults float64, handler handlerOf, mutate func(kv.Op) kv.Op) (total verdict, sum counts) {
	t.Helper()
	for i := range spaces {
		w := &world{
			rng: &lockedRand{r: rand.New(rand.NewPCG(seed, uint64(i)))}, memory: kv.NewMemory(), handler: handler, faults: faults, mutate: mutate,
			started: map[string]bool{}, call: map[string]int64{}, ret: map[string]int64{},
		}
		var events []incident.Event
		synctest.Test(t, func(t *testing.T) { events = w.run(t) })
		v := w.judge(events)
		total.add(v)
		sum.deliveries, sum.faulty, sum.requests = sum.deliveries+w.deliveries, sum.faulty+w.faulty, sum.requests+w.requests
	}
	return total, sum
}

// T6: nothing is lost, doubled, left unstarted or out of order, whatever queue and store do.
func TestSimulation(t *testing.T) {
	seeds, spaces := proof(100, 4, 1), proof(50, 25, 10)
	began := time.Now()
	var total verdict
	deliveries, faults, requests := 0, 0, 0
	for seed := range seeds {
		v, w := simulate(t, uint64(seed), spaces, 0.05, protocol, nil)
		if v.bad() {
			t.Errorf("seed %d: %+v", seed, v)
		}
		total.add(v)
		deliveries, faults, requests = deliveries+w.deliveries, faults+w.faulty, requests+w.requests
	}
	alarms := seeds * spaces * alarmsPerSpace
	t.Logf("%d alarms in %d deliveries, %d faults among %d store requests: lost %d, doubled %d, never started %d, spaces not linearizable %d of %d; %s",
		alarms, deliveries, faults, requests, total.lost, total.doubled, total.unstarted, total.unlinear, seeds*spaces, time.Since(began).Round(time.Millisecond))
}
