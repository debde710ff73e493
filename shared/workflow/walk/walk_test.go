package walk_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/shared/workflow/walk"
)

// machine parses the shipped document.
func machine(t *testing.T) *walk.Machine {
	t.Helper()
	m, err := walk.Parse(workflow.Definition)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type tokens struct{ answers chan json.RawMessage }

func (tokens) Issue() string { return "token-1" }
func (tk tokens) Wait(ctx context.Context, _ string) (json.RawMessage, error) {
	select {
	case a := <-tk.answers:
		return a, nil
	case <-ctx.Done():
		return nil, incident.Errorf(incident.Unavailable, "no answer: %w", ctx.Err())
	}
}

func TestShippedMachine(t *testing.T) {
	boom := incident.Errorf(incident.Invalid, "boom")
	slow := incident.Errorf(incident.Unavailable, "slow")
	tests := []struct {
		name   string
		input  string
		script map[string][]any // function -> answers in order; the last repeats
		answer string           // to the task token; empty: nobody answers
		want   []string
		fails  bool
	}{
		{
			name: "two slices, plan approved", input: `{"id":"inv-1"}`, answer: `{"id":"inv-1","decision":"APPROVED"}`,
			script: map[string][]any{
				"investigate": {`{"id":"inv-1","done":false}`, `{"id":"inv-1","done":true}`},
				"rootcause":   {`{"id":"inv-1","plan":true}`}, "deliver": {`{"id":"inv-1"}`},
				"mitigate": {`{"id":"inv-1","approve":true}`}, "propose": {`{}`},
			},
			want: []string{"Phase", "Investigate", "Investigated", "Investigate", "Investigated", "RootCause", "DeliverFindings", "PlanWanted", "Mitigate", "ApprovalNeeded", "Propose", "DeliverDecision", "Completed"},
		},
		{
			name: "nobody decides in time", input: `{"id":"inv-1","phase":"plan"}`,
			script: map[string][]any{"deliver": {`{"id":"inv-1"}`}, "mitigate": {`{"id":"inv-1","approve":true}`}, "propose": {`{}`}},
			want:   []string{"Phase", "Mitigate", "ApprovalNeeded", "Propose", "DeliverDecision", "Completed"},
		},
		{
			name: "a late alarm is told", input: `{"id":"inv-1","phase":"note","event":"evt-1"}`,
			script: map[string][]any{"deliver": {`{"id":"inv-1"}`}},
			want:   []string{"Phase", "DeliverNote", "Completed"},
		},
		{
			name: "no plan wanted, one retry", input: `{"id":"inv-1"}`,
			script: map[string][]any{"investigate": {slow, `{"id":"inv-1","done":true}`}, "rootcause": {`{"id":"inv-1","plan":false}`}, "deliver": {`{"id":"inv-1"}`}},
			want:   []string{"Phase", "Investigate", "Investigated", "RootCause", "DeliverFindings", "PlanWanted", "Completed"},
		},
		{
			name: "a permanent error is told and fails", input: `{"id":"inv-1"}`, fails: true,
			script: map[string][]any{"investigate": {boom}, "deliver": {`{"id":"inv-1"}`}},
			want:   []string{"Phase", "Investigate", "DeliverFailure"},
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := make(chan json.RawMessage, 1)
				if tc.answer != "" {
					answers <- json.RawMessage(tc.answer)
				}
				var states []string
				calls := map[string]int{}
				r := walk.Runner{Machine: machine(t), Tokens: tokens{answers}, Observe: func(s walk.Step) {
					states = append(states, s.State)
					if len(s.Output) > workflow.MaxState {
						t.Errorf("state %s: %d bytes", s.State, len(s.Output))
					}
				}}
				r.Invoke = func(_ context.Context, fn string, _ json.RawMessage) (json.RawMessage, error) {
					answers := tc.script[fn]
					if len(answers) == 0 {
						t.Fatalf("unexpected call of %s", fn)
					}
					a := answers[min(calls[fn], len(answers)-1)]
					calls[fn]++
					if err, ok := a.(error); ok {
						return nil, err
					}
					return json.RawMessage(a.(string)), nil
				}
				_, err := r.Run(t.Context(), "inv-1", json.RawMessage(tc.input))
				if (err != nil) != tc.fails {
					t.Fatalf("err = %v, want failure %v", err, tc.fails)
				}
				if diff := cmp.Diff(tc.want, states); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ from, to, want string }{
		"unknown field":    {`"StartAt": "Phase"`, `"StartAt": "Phase", "Extra": 1`, "Extra"},
		"unknown type":     {`"Type": "Succeed"`, `"Type": "Map"`, `type "Map"`},
		"missing target":   {`"Default": "Completed"`, `"Default": "Done"`, `"Done"`},
		"unreachable":      {`"Completed": {`, `"Orphan": { "Type": "Succeed" }, "Completed": {`, "Orphan is unreachable"},
		"other resource":   {`"arn:aws:states:::lambda:invoke.waitForTaskToken"`, `"arn:aws:states:::sqs:sendMessage"`, "not supported"},
		"other language":   {`"JSONata"`, `"JSONPath"`, "QueryLanguage"},
		"literal function": {`"${MitigateFunction}"`, `"mitigate"`, "placeholder"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := strings.Replace(workflow.Definition, tc.from, tc.to, 1)
			if doc == workflow.Definition {
				t.Fatal("the test's replacement no longer matches the document")
			}
			_, err := walk.Parse(doc)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("err = %v, want one naming %q", err, tc.want)
			}
		})
	}
}
