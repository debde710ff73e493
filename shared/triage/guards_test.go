package triage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/triage"
)

// unguarded takes the condition off every operation on keys with the prefix.
func unguarded(kind kv.Kind, prefixes ...string) func(kv.Op) kv.Op {
	return func(op kv.Op) kv.Op {
		for _, prefix := range prefixes {
			if op.Kind == kind && strings.HasPrefix(op.Key.PK, prefix) {
				op.Cond = kv.Always()
			}
		}
		return op
	}
}

// withoutSweep is the protocol without its outbox.
func withoutSweep(store kv.Store, start triage.Starter) (queue.Handler, func(context.Context) error) {
	handle, _ := protocol(store, start)
	return handle, noSweep
}

// T28: every guard of the protocol is needed. Each is taken away in turn, and the named check must then fail; with all of
// them in place it must pass. What decides on one alarm (threshold, reach, skip rules, storm) is pure; its table is
// docs/triage.md, checked by TestWorkedExamples.
func TestGuardsAreNeeded(t *testing.T) {
	simulation := func(handler handlerOf, mutate func(kv.Op) kv.Op) func(t *testing.T, guarded bool) string {
		return func(t *testing.T, guarded bool) string {
			use, m, spaces := handler, mutate, 25
			if guarded {
				use, m, spaces = protocol, nil, 5
			}
			if v, _ := simulate(t, 7, spaces, 0.05, use, m); v.bad() {
				return fmt.Sprintf("%+v", v)
			}
			return ""
		}
	}
	rounds := func(n int, mutate func(kv.Op) kv.Op, check func(*testing.T, uint64, func(kv.Op) kv.Op) string) func(*testing.T, bool) string {
		return func(t *testing.T, guarded bool) string {
			m := mutate
			if guarded {
				m = nil
			}
			for i := range n {
				if fault := check(t, uint64(i), m); fault != "" {
					return fault
				}
			}
			return ""
		}
	}
	for _, g := range []struct {
		guard string
		check func(t *testing.T, guarded bool) (fault string)
	}{
		{"windows change only if nobody changed them meanwhile", simulation(protocol, unguarded(kv.KindPut, "WINDOWS#"))},
		{"an opening looks at the hours beside its own", rounds(40, unguarded(kv.KindCheck, "WINDOWS#"), midnight)},
		{"one decision for one state change", simulation(protocol, unguarded(kv.KindPut, "ALARM#", "KEY#"))},
		{"starts are finished by sweep", simulation(withoutSweep, nil)},
		{"an alarm's history changes only if nobody changed it meanwhile", rounds(40, unguarded(kv.KindPut, "KEY#"), flapping)},
		{"a decision is kept although the alarm's history is gone", rounds(1, unguarded(kv.KindPut, "ALARM#"), forgotten)},
		{"one place under the cap is given once", rounds(40, unguarded(kv.KindPut, "ADMISSION"), capped)},
	} {
		t.Run(g.guard, func(t *testing.T) {
			if fault := g.check(t, true); fault != "" {
				t.Errorf("fails with the guard in place: %s", fault)
			}
			fault := g.check(t, false)
			if fault == "" {
				t.Error("passes without the guard")
			}
			t.Logf("without it: %s", fault)
		})
	}
}

func newWorld(seed uint64, faults float64, mutate func(kv.Op) kv.Op) *world {
	return &world{
		rng: &lockedRand{r: rand.New(rand.NewPCG(seed, 0))}, memory: kv.NewMemory(), handler: protocol, faults: faults, mutate: mutate,
		started: map[string]bool{}, call: map[string]int64{}, ret: map[string]int64{},
	}
}

func messages(events ...incident.Event) []queue.Message {
	var out []queue.Message
	for i, e := range events {
		body, _ := json.Marshal(e)
		out = append(out, queue.Message{ID: fmt.Sprint(i), Body: body, Receives: 1})
	}
	return out
}

// flapping delivers the state changes of one alarm at the same moment to many workers: all must end on the list of its
// one investigation.
func flapping(t *testing.T, seed uint64, mutate func(kv.Op) kv.Op) (fault string) {
	w := newWorld(seed, 0, mutate)
	var events []incident.Event
	for i := range 8 {
		events = append(events, ev("checkout", "5xx", float64(i), []incident.Action{incident.Created, incident.Resolved}[i%2]))
	}
	synctest.Test(t, func(t *testing.T) {
		var group sync.WaitGroup
		for _, e := range events {
			group.Go(func() {
				handle, _ := protocol(faulty{w}, w)
				for len(handle(t.Context(), messages(e))) > 0 {
					time.Sleep(time.Second)
				}
			})
		}
		group.Wait()
	})
	listed := 0
	for id := range w.started {
		alarms, err := record.Alarms(t.Context(), w.memory, id)
		if err != nil {
			return err.Error()
		}
		listed += len(alarms)
	}
	if len(w.started) != 1 || listed != len(events) {
		return fmt.Sprintf("%d investigations list %d of %d state changes", len(w.started), listed, len(events))
	}
	return ""
}

// midnight delivers two alarms at the same moment that lie ten minutes apart around the turn of an hour: one opens, the
// other joins.
func midnight(t *testing.T, seed uint64, mutate func(kv.Op) kv.Op) (fault string) {
	w := newWorld(seed, 0, mutate)
	synctest.Test(t, func(t *testing.T) {
		var group sync.WaitGroup
		for i, minutes := range []float64{-5, 5} {
			group.Go(func() {
				handle, _ := protocol(faulty{w}, w)
				handle(t.Context(), messages(ev("checkout", fmt.Sprint("r", i), minutes, incident.Created)))
			})
		}
		group.Wait()
	})
	if len(w.started) != 1 {
		return fmt.Sprintf("%d investigations, want 1", len(w.started))
	}
	return ""
}

// forgotten delivers a batch again after the alarms' histories expired.
func forgotten(t *testing.T, _ uint64, mutate func(kv.Op) kv.Op) (fault string) {
	w := newWorld(1, 0, mutate)
	synctest.Test(t, func(t *testing.T) {
		handle, _ := protocol(faulty{w}, w)
		first, second := ev("checkout", "5xx", 0, incident.Created), ev("checkout", "p99", 1, incident.Created)
		handle(t.Context(), messages(first, second))
		before, _ := record.GetAlarm(t.Context(), w.memory, second.EventID())
		for _, e := range []incident.Event{first, second} {
			_ = w.memory.Commit(t.Context(), kv.Delete(kv.Key{PK: "KEY#" + incident.ShortHash(string(e.AlarmKey())), SK: "HISTORY"}, kv.Present()))
		}
		time.Sleep(time.Hour)
		handle(t.Context(), messages(first, second))
		after, _ := record.GetAlarm(t.Context(), w.memory, second.EventID())
		if !after.Decision.DecidedAt.Equal(before.Decision.DecidedAt) {
			fault = "the stored decision was replaced"
		}
	})
	return fault
}

// capped lets many workers admit at the same moment from a line that more urgent ones join, under a cap of 3.
func capped(t *testing.T, seed uint64, mutate func(kv.Op) kv.Op) (fault string) {
	w := newWorld(seed, 0, mutate)
	service := func(store kv.Store, cap int) *triage.Service {
		return triage.New(triage.Deps{
			Store: store, Space: config.Space{Name: "sim", Budget: config.Budget{Concurrent: cap}}, Start: w, Dead: discard{}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
	}
	synctest.Test(t, func(t *testing.T) {
		for i := range 12 {
			service(w.memory, 0).Handle(t.Context(), messages(ev(fmt.Sprint("s", i), fmt.Sprint("r", i), 0, incident.Created)))
		}
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() { _ = service(faulty{w}, 3).Admit(t.Context()) }) // whoever loses leaves it to the others
			group.Go(func() {
				e := ev(fmt.Sprint("critical", i), fmt.Sprint("critical", i), 0, incident.Created)
				e.Priority = incident.Critical
				time.Sleep(w.rng.upTo(100 * time.Millisecond))
				service(faulty{w}, 3).Handle(t.Context(), messages(e))
			})
		}
		group.Wait()
	})
	if len(w.started) != 3 {
		return fmt.Sprintf("%d run, the cap is 3", len(w.started))
	}
	return ""
}
