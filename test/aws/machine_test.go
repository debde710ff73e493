package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/aws/stepfn"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/workflow"
)

// machine deploys shared/workflow/investigation.asl.json with the substitutions that infra makes.
func machine(t *testing.T) (*sfn.Client, string) {
	t.Helper()
	definition := workflow.Definition
	for _, f := range []string{"Investigate", "Rootcause", "Mitigate", "Propose", "Deliver", "Watch"} {
		definition = strings.ReplaceAll(definition, "${"+f+"Function}", strings.ToLower(f))
	}
	if strings.Contains(definition, "${") {
		t.Fatal("the definition has a placeholder that this lane does not know")
	}
	c := sfn.NewFromConfig(load(t))
	out, err := c.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: sdk.String(unique("investigation")), Definition: &definition, RoleArn: sdk.String("arn:aws:iam::" + account + ":role/machine")})
	if err != nil {
		t.Fatal(err)
	}
	return c, *out.StateMachineArn
}

// steps are functions that answer as told and record how they were called.
type steps struct {
	mu     sync.Mutex
	calls  []string
	tokens chan string
	wants  map[string]func(n int) (any, error) // by function and delivery kind; n counts its calls from 1
}

func (s *steps) functions() map[string]function {
	out := map[string]function{}
	for _, name := range []string{"investigate", "rootcause", "mitigate", "propose", "deliver"} {
		out[name] = func(_ context.Context, payload []byte) (any, error) { return s.call(name, payload) }
	}
	return out
}

func (s *steps) call(name string, payload []byte) (any, error) {
	var in struct{ ID, Kind, Token, Error string }
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, err
	}
	if len(payload) > workflow.MaxState {
		return nil, incident.Errorf(incident.Internal, "payload of %d bytes", len(payload))
	}
	if in.Kind != "" {
		name += " " + in.Kind
	}
	if in.Error != "" {
		name += " " + in.Error
	}
	s.mu.Lock()
	s.calls = append(s.calls, name)
	n := 0
	for _, c := range s.calls {
		if c == name {
			n++
		}
	}
	s.mu.Unlock()
	if in.Token != "" {
		s.tokens <- in.Token
	}
	if want := s.wants[name]; want != nil {
		return want(n)
	}
	return map[string]any{"id": in.ID}, nil
}

func always(out any) func(int) (any, error) { return func(int) (any, error) { return out, nil } }

// start runs an execution and returns what ends it.
func (s *steps) start(t *testing.T, input workflow.Input) (m *stepfn.Machine, finish func() (types.ExecutionStatus, []string)) {
	t.Helper()
	s.tokens = make(chan string, 4)
	t.Cleanup(gate.serve(s.functions()))
	c, arn := machine(t)
	m = stepfn.New(load(t), arn)
	name := unique(input.ID)
	if err := m.Start(t.Context(), name, input); err != nil {
		t.Fatal(err)
	}
	if err := m.Start(t.Context(), name, input); err != nil {
		t.Errorf("starting an execution that exists: %v", err)
	}
	execution := strings.Replace(arn, ":stateMachine:", ":execution:", 1) + ":" + name
	return m, func() (status types.ExecutionStatus, calls []string) {
		t.Helper()
		eventually(t, "the execution ends", func() bool {
			out, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &execution})
			if err != nil {
				t.Fatal(err)
			}
			status = out.Status
			return status != types.ExecutionStatusRunning
		})
		s.mu.Lock()
		defer s.mu.Unlock()
		return status, slices.Clone(s.calls)
	}
}

// TestMachine walks the deployed definition, with an execution that waits for a person.
func TestMachine(t *testing.T) {
	id := "inv-1"
	answers := func() map[string]func(int) (any, error) {
		return map[string]func(int) (any, error){
			"investigate": func(n int) (any, error) { return workflow.Progress{ID: id, Done: n == 3}, nil },
			"rootcause":   always(workflow.Caused{ID: id, Plan: true}),
			"mitigate":    always(workflow.Planned{ID: id, Approve: true}),
		}
	}
	for _, c := range []struct {
		name   string
		input  workflow.Input
		change func(map[string]func(int) (any, error))
		decide func(m *stepfn.Machine, token string) error // nil: nobody is asked
		status types.ExecutionStatus
		calls  []string
	}{
		{"approved", workflow.Input{ID: id}, nil,
			func(m *stepfn.Machine, token string) error {
				return m.Succeed(context.Background(), token, workflow.Decision{ID: id, Decision: "APPROVED"})
			},
			types.ExecutionStatusSucceeded,
			[]string{"investigate", "investigate", "investigate", "rootcause", "deliver findings", "mitigate", "propose", "deliver decision"}},
		{"no plan wanted", workflow.Input{ID: id},
			func(w map[string]func(int) (any, error)) { w["rootcause"] = always(workflow.Caused{ID: id}) }, nil,
			types.ExecutionStatusSucceeded,
			[]string{"investigate", "investigate", "investigate", "rootcause", "deliver findings"}},
		{"nothing to approve", workflow.Input{ID: id, Phase: "plan"},
			func(w map[string]func(int) (any, error)) { w["mitigate"] = always(workflow.Planned{ID: id}) }, nil,
			types.ExecutionStatusSucceeded,
			[]string{"mitigate", "deliver decision"}},
		{"a passing fault is repeated", workflow.Input{ID: id, Phase: "plan"},
			func(w map[string]func(int) (any, error)) {
				w["mitigate"] = func(n int) (any, error) {
					if n == 1 {
						return nil, incident.Errorf(incident.Unavailable, "the table did not answer")
					}
					return workflow.Planned{ID: id}, nil
				}
			}, nil,
			types.ExecutionStatusSucceeded,
			[]string{"mitigate", "mitigate", "deliver decision"}},
		{"a fault that stays is told", workflow.Input{ID: id},
			func(w map[string]func(int) (any, error)) {
				w["rootcause"] = func(int) (any, error) { return nil, incident.Errorf(incident.Invalid, "no draft") }
			}, nil,
			types.ExecutionStatusFailed,
			[]string{"investigate", "investigate", "investigate", "rootcause", "deliver failure Invalid"}},
		{"the proposal fails", workflow.Input{ID: id, Phase: "plan"}, nil,
			func(m *stepfn.Machine, token string) error {
				return m.Fail(context.Background(), token, "Denied", "nobody may approve")
			},
			types.ExecutionStatusFailed,
			[]string{"mitigate", "propose", "deliver failure Denied"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &steps{wants: answers()}
			if c.change != nil {
				c.change(s.wants)
			}
			m, finish := s.start(t, c.input)
			if c.decide != nil {
				token := <-s.tokens
				if err := c.decide(m, token); err != nil {
					t.Fatal(err)
				}
			}
			status, calls := finish()
			if status != c.status {
				t.Errorf("status %s, want %s", status, c.status)
			}
			if diff := cmp.Diff(c.calls, calls); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestLateDecisions: an answer to a step that no longer waits has no effect and says so.
func TestLateDecisions(t *testing.T) {
	s := &steps{wants: map[string]func(int) (any, error){"mitigate": always(workflow.Planned{ID: "inv-2", Approve: true})}}
	m, finish := s.start(t, workflow.Input{ID: "inv-2", Phase: "plan"})
	token := <-s.tokens
	approve := workflow.Decision{ID: "inv-2", Decision: "APPROVED"}
	if err := m.Succeed(t.Context(), token, approve); err != nil {
		t.Fatal(err)
	}
	if status, _ := finish(); status != types.ExecutionStatusSucceeded {
		t.Errorf("status %s", status)
	}
	late := m.Succeed(t.Context(), token, approve)
	if !incident.Is(late, differs("a used token", incident.NotFound, incident.Invalid)) || strings.Contains(late.Error(), token) {
		t.Errorf("a second decision: %v (class %s)", late, incident.ClassOf(late))
	}
	for _, token := range []string{"no-such-token", strings.Repeat("x", 3000)} {
		if err := m.Succeed(t.Context(), token, approve); err == nil || strings.Contains(fmt.Sprint(err), token) {
			t.Errorf("a made-up token: %v", err)
		}
	}
	missing := stepfn.New(load(t), "arn:aws:states:"+region+":"+account+":stateMachine:none")
	if err := missing.Start(t.Context(), "x", workflow.Input{ID: "x"}); !incident.Is(err, incident.Unavailable) {
		t.Errorf("a machine that does not exist: %v", err)
	}
}
