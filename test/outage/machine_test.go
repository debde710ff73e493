package outage_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
)

// machine starts executions as Step Functions does: of one name there is one. Asked for it again with the same input, it
// answers with the execution that is there; with another input it refuses, which the adapter takes for success too, so
// that would go unnoticed. Triage asks again whenever it finds a start that is not confirmed yet: after a crash, and when
// two workers admit at the same moment.
type machine struct {
	mu         sync.Mutex
	executions map[string]workflow.Input
	asked      int
	refused    int // a name that was started with another input
}

func newMachine() *machine { return &machine{executions: map[string]workflow.Input{}} }

func (m *machine) Start(_ context.Context, name string, in workflow.Input) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	switch before, known := m.executions[name]; {
	case !known:
		m.executions[name] = in
	case before != in:
		m.refused++
	}
	return nil
}

// verdict is what went wrong with the alarms of a world.
type verdict struct {
	lost      int // alarms without a decision, or on no investigation's list
	doubled   int // executions that no alarm opened, and investigations of one service opened within reach of another
	unstarted int // investigations without a confirmed execution
	refused   int // starts under a name whose execution has another input
}

// judge compares the alarms of these ids with the executions that run, after everything has settled.
func (w *world) judge(t *testing.T, ids []string) verdict {
	t.Helper()
	v := verdict{refused: w.machine.refused}
	opened, openings := map[string]bool{}, map[string][]time.Time{}
	for _, id := range ids {
		a, err := record.GetAlarm(t.Context(), w.store, id)
		if err != nil || a.Investigation == "" {
			v.lost++
			continue
		}
		if _, err := w.store.Get(t.Context(), record.MemberKey(a.Investigation, a.Event)); err != nil {
			v.lost++
		}
		if a.Opener {
			opened[a.Investigation] = true
			openings[a.Event.Service] = append(openings[a.Event.Service], a.Event.Timestamp)
		}
	}
	for id := range opened {
		if inv, err := record.Get(t.Context(), w.store, id); err != nil || !inv.StartConfirmed || w.machine.executions[id].ID != id {
			v.unstarted++
		}
	}
	for name := range w.machine.executions {
		if !opened[name] {
			v.doubled++
		}
	}
	for _, times := range openings {
		slices.SortFunc(times, time.Time.Compare)
		for i := range times[1:] {
			if times[i+1].Sub(times[i]) <= triage.Reach {
				v.doubled++
			}
		}
	}
	return v
}

// Whoever admits while another has not confirmed its start yet asks for it once more: one execution, two requests. A
// machine that started another for each request would be noticed.
func TestTwoRequestsAreOneExecution(t *testing.T) {
	for _, c := range []struct {
		name                string
		again               workflow.Input
		executions, refused int
	}{
		{"the same request", workflow.Input{ID: "inv-1"}, 1, 0},
		{"another input", workflow.Input{ID: "inv-1", Phase: "plan"}, 1, 1},
	} {
		m := newMachine()
		for _, in := range []workflow.Input{{ID: "inv-1"}, c.again} {
			if err := m.Start(t.Context(), "inv-1", in); err != nil {
				t.Fatal(err)
			}
		}
		if len(m.executions) != c.executions || m.refused != c.refused || m.asked != 2 {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
}
