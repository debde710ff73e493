package triage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
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
	"github.com/firefinder/firefinder/shared/triage/triagetest"
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

// forgetStarts confirms starts that never happened: every investigation is written as started from the beginning.
func forgetStarts(op kv.Op) kv.Op {
	if strings.HasPrefix(op.Key.PK, "INV#") && op.Key.SK == "META" || op.Key.PK == "ACTIVE" {
		op.Body = bytes.ReplaceAll(op.Body, []byte(`"start_confirmed":false`), []byte(`"start_confirmed":true`))
	}
	return op
}

// T28: every guard of the protocol is needed. Each is taken away in turn, and the named check must then fail; with all of
// them in place it must pass. What decides on one alarm (threshold, reach, skip rules, storm) is pure; its table is
// docs/triage.md, checked by TestWorkedExamples.
func TestGuardsAreNeeded(t *testing.T) {
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
		{"windows change only if nobody changed them meanwhile", rounds(40, unguarded(kv.KindPut, "WINDOWS#"), rivals(0, 1, 2))},
		{"an opening looks at the hours beside its own", rounds(40, unguarded(kv.KindCheck, "WINDOWS#"), rivals(-5, 5))},
		{"one decision for one state change", rounds(1, unguarded(kv.KindPut, "ALARM#", "KEY#"), repeated)},
		{"a decision is kept although the alarm's history is gone", rounds(1, unguarded(kv.KindPut, "ALARM#"), forgotten)},
		{"an alarm's history changes only if nobody changed it meanwhile", rounds(40, unguarded(kv.KindPut, "KEY#"), flapping)},
		{"one place under the cap is given once", rounds(1, unguarded(kv.KindPut, "ADMISSION"), capped)},
		{"a start that is not confirmed is tried again", rounds(1, forgetStarts, restarted)},
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

func newSpace(seed uint64, mutate func(kv.Op) kv.Op) *triagetest.Space {
	s := triagetest.New(seed, 0, 0)
	s.Mutate = mutate
	return s
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
	w := newSpace(seed, mutate)
	var events []incident.Event
	for i := range 8 {
		events = append(events, ev("checkout", "5xx", float64(i), []incident.Action{incident.Created, incident.Resolved}[i%2]))
	}
	synctest.Test(t, func(t *testing.T) {
		var group sync.WaitGroup
		for _, e := range events {
			group.Go(func() {
				handle, _ := w.Triage()
				for len(handle(t.Context(), messages(e))) > 0 {
					time.Sleep(time.Second)
				}
			})
		}
		group.Wait()
	})
	listed := 0
	for id := range w.Started() {
		alarms, err := record.Alarms(t.Context(), w.Store, id)
		if err != nil {
			return err.Error()
		}
		listed += len(alarms)
	}
	if len(w.Started()) != 1 || listed != len(events) {
		return fmt.Sprintf("%d investigations list %d of %d state changes", len(w.Started()), listed, len(events))
	}
	return ""
}

// rivals delivers alarms of one service, so many minutes after the hour, at the same moment to as many workers: one
// opens, the others join.
func rivals(minutes ...float64) func(*testing.T, uint64, func(kv.Op) kv.Op) string {
	return func(t *testing.T, seed uint64, mutate func(kv.Op) kv.Op) string {
		w := newSpace(seed, mutate)
		synctest.Test(t, func(t *testing.T) {
			var group sync.WaitGroup
			for i, m := range minutes {
				group.Go(func() {
					handle, _ := w.Triage()
					handle(t.Context(), messages(ev("checkout", fmt.Sprint("r", i), m, incident.Created)))
				})
			}
			group.Wait()
		})
		if len(w.Started()) != 1 {
			return fmt.Sprintf("%d investigations, want 1", len(w.Started()))
		}
		return ""
	}
}

// repeated delivers a batch twice.
func repeated(t *testing.T, _ uint64, mutate func(kv.Op) kv.Op) (fault string) {
	w := newSpace(1, mutate)
	synctest.Test(t, func(t *testing.T) {
		handle, _ := w.Triage()
		batch := messages(ev("checkout", "5xx", 0, incident.Created), ev("checkout", "p99", 1, incident.Created))
		handle(t.Context(), batch)
		handle(t.Context(), batch)
		if a, err := record.GetAlarm(t.Context(), w.Store, ev("checkout", "5xx", 0, incident.Created).EventID()); err != nil || !a.Opener {
			fault = "the opening alarm was decided once more"
		}
	})
	return fault
}

// restarted opens an investigation whose start fails, and lets sweep pass twice.
func restarted(t *testing.T, _ uint64, mutate func(kv.Op) kv.Op) (fault string) {
	w := newSpace(1, mutate)
	w.Refuse = 1
	synctest.Test(t, func(t *testing.T) {
		handle, sweep := w.Triage()
		handle(t.Context(), messages(ev("checkout", "5xx", 0, incident.Created)))
		if len(w.Started()) != 0 {
			fault = "it was started although that was refused"
		}
		_, _ = sweep(t.Context()), sweep(t.Context())
		if len(w.Started()) != 1 {
			fault = "it was never started"
		}
	})
	return fault
}

// forgotten delivers a batch again after the alarms' histories expired.
func forgotten(t *testing.T, _ uint64, mutate func(kv.Op) kv.Op) (fault string) {
	w := newSpace(1, mutate)
	synctest.Test(t, func(t *testing.T) {
		handle, _ := w.Triage()
		first, second := ev("checkout", "5xx", 0, incident.Created), ev("checkout", "p99", 1, incident.Created)
		handle(t.Context(), messages(first, second))
		before, _ := record.GetAlarm(t.Context(), w.Store, second.EventID())
		for _, e := range []incident.Event{first, second} {
			_ = w.Store.Commit(t.Context(), kv.Delete(kv.Key{PK: "KEY#" + incident.ShortHash(string(e.AlarmKey())), SK: "HISTORY"}, kv.Present()))
		}
		time.Sleep(time.Hour)
		handle(t.Context(), messages(first, second))
		after, _ := record.GetAlarm(t.Context(), w.Store, second.EventID())
		if !after.Decision.DecidedAt.Equal(before.Decision.DecidedAt) {
			fault = "the stored decision was replaced"
		}
	})
	return fault
}

// capped lets an investigation end under a cap of 1. While one admission has read who waits and not yet given the place, a more
// urgent investigation comes and is admitted by another.
func capped(t *testing.T, seed uint64, mutate func(kv.Op) kv.Op) (fault string) {
	w := newSpace(seed, mutate)
	over := func(store kv.Store) *triage.Service {
		return triage.New(triage.Deps{
			Store: store, Space: config.Space{Name: "sim", Budget: config.Budget{Concurrent: 1}}, Start: w.Starter(), Dead: triagetest.Discard{}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
	}
	synctest.Test(t, func(t *testing.T) {
		handle := func(service string, p incident.Priority) {
			e := ev(service, service, 0, incident.Created)
			e.Priority = p
			over(w.Faulty()).Handle(t.Context(), messages(e))
		}
		handle("search", incident.High)
		handle("checkout", incident.High)
		for id := range w.Started() {
			if _, err := record.Update(t.Context(), w.Store, time.Now(), id, func(inv *incident.Investigation) error { inv.State = incident.Completed; return nil }); err != nil {
				fault = err.Error()
			}
		}
		if err := over(&interrupted{Store: w.Faulty(), meanwhile: func() { handle("payment", incident.Critical) }}).Admit(t.Context()); err != nil {
			fault = err.Error()
		}
	})
	if n := len(w.Started()) - 1; n != 1 {
		return fmt.Sprintf("%d run, the cap is 1", n)
	}
	return fault
}

// interrupted is a store in which something happens after the first query.
type interrupted struct {
	kv.Store
	meanwhile func()
	once      sync.Once
}

func (s *interrupted) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	items, err := s.Store.Query(ctx, pk, prefix, page)
	s.once.Do(s.meanwhile)
	return items, err
}
