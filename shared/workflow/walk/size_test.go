package walk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/shared/workflow/walk"
)

// Events that Step Functions writes into an execution's history, by the kind of state: a task is entered, scheduled,
// started, succeeds and is exited; waiting for a token adds its submission; others are entered and exited.
func history(states []string) int {
	events := 2 // the execution starts and ends
	for _, s := range states {
		switch s {
		case "Phase", "Investigated", "PlanWanted", "ApprovalNeeded", "Completed":
			events += 2
		case "Propose":
			events += 6
		default:
			events += 5
		}
	}
	return events
}

// T14: over 60 slices, with answers as large as an id may be, no state grows beyond 8 KiB and the history stays at a
// fraction of the 25,000 events at which Step Functions ends an execution. What a function returns besides ids does not
// get into the state.
func TestStateAndHistoryStaySmall(t *testing.T) {
	id, padding := "inv-"+strings.Repeat("x", 26), strings.Repeat("evidence ", 1000)
	r := walk.Runner{Machine: machine(t), Tokens: tokens{make(chan json.RawMessage, 1)}}
	r.Tokens.(tokens).answers <- json.RawMessage(fmt.Sprintf(`{"id":%q,"decision":"APPROVED","comment":%q}`, id, padding))
	var states []string
	largest := 0
	r.Observe = func(s walk.Step) {
		states = append(states, s.State)
		largest = max(largest, len(s.Input), len(s.Output))
	}
	slices := 0
	r.Invoke = func(_ context.Context, fn string, _ json.RawMessage) (json.RawMessage, error) {
		if fn == "investigate" {
			slices++
		}
		return json.RawMessage(fmt.Sprintf(`{"id":%q,"done":%v,"plan":true,"approve":true,"extra":%q}`, id, slices == 60, padding)), nil
	}
	if _, err := r.Run(t.Context(), id, json.RawMessage(fmt.Sprintf(`{"id":%q}`, id))); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d slices, %d states, largest state %d bytes, %d events of history", slices, len(states), largest, history(states))
	if slices != 60 || largest > workflow.MaxState || history(states) > 600 {
		t.Errorf("%d slices, largest state %d bytes (at most %d), %d events (at most 600)", slices, largest, workflow.MaxState, history(states))
	}
}

// An error's text does not get into the state either: its class alone does.
func TestErrorsInStateAreClasses(t *testing.T) {
	long := strings.Repeat("detail ", 5000)
	r := walk.Runner{Machine: machine(t), Tokens: tokens{make(chan json.RawMessage, 1)}}
	r.Observe = func(s walk.Step) {
		if strings.Contains(string(s.Input)+string(s.Output), "detail") {
			t.Errorf("%s carries the error's text", s.State)
		}
	}
	r.Invoke = func(_ context.Context, fn string, in json.RawMessage) (json.RawMessage, error) {
		if fn == "rootcause" {
			return nil, incident.Errorf(incident.Invalid, "%s", long)
		}
		return json.RawMessage(`{"id":"inv-1","done":true}`), nil
	}
	_, _ = r.Run(t.Context(), "inv-1", json.RawMessage(`{"id":"inv-1"}`)) // ends as failed
}
