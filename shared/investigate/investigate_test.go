package investigate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/llm/analyst"
	"github.com/firefinder/firefinder/shared/llm/llmtest"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/redact"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/tool"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/skills"
)

var t0 = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// bench is an investigation over a memory store, with a scripted model and one telemetry tool.
type bench struct {
	t      *testing.T
	store  kv.Store
	docs   blob.Store
	deps   investigate.Deps
	mu     sync.Mutex
	looked []string
}

type args struct {
	Contains string    `json:"contains,omitempty"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
}

func newBench(t *testing.T, steps ...llmtest.Step) (*bench, *llmtest.Script) {
	t.Helper()
	b := &bench{t: t, store: kv.NewMemory(), docs: &blob.Memory{}}
	script := &llmtest.Script{Steps: steps}
	lib, err := skill.Load(skills.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	space, err := config.ParseSpace("space.yaml", []byte("name: shop\nservices: [{name: checkout}]\nbudget: {turns: 6}\n"))
	if err != nil {
		t.Fatal(err)
	}
	logs := tool.New("logs", "Log lines.", func(_ context.Context, s tool.Scope, a args) (evidence.Telemetry, string, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.looked = append(b.looked, a.Contains)
		if a.Contains == "denied" {
			return evidence.Telemetry{}, "", incident.Errorf(incident.Denied, "logs: access denied")
		}
		return evidence.Telemetry{Logs: []evidence.LogLine{{Time: t0, Component: "checkout", Level: "ERROR", Message: "cannot log in with password=hunter2hunter2"}}}, "1 log line", nil
	})
	var ticks atomic.Int64 // tools run in parallel and may ask for the time
	b.deps = investigate.Deps{
		Store: b.store, Blob: b.docs, Space: space, Skills: lib, Model: script, ModelID: "scripted", Offline: analyst.Analyst{}, Tools: []tool.Tool{logs},
		Redact: redact.New([]byte("k")), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return t0.Add(time.Duration(ticks.Add(1)) * time.Second) },
	}
	b.deps.Ledger = budget.Ledger{Store: b.store, Ceiling: 10, Prices: map[string]config.Price{"scripted": {In: 3, Out: 15}}, Now: func() time.Time { return t0 }}
	e := incident.Event{EventType: "incident", IncidentID: "a", Action: incident.Created, Priority: incident.High, Title: "5xx", Service: "checkout", Timestamp: t0}
	inv := incident.Investigation{ID: "inv-1", Space: "shop", Title: "5xx", Service: "checkout", Priority: incident.High, State: incident.Opened, OpenedAt: t0}
	if err := b.store.Commit(t.Context(), append(record.Open(inv), record.Member("inv-1", record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey()}))...); err != nil {
		t.Fatal(err)
	}
	return b, script
}

func (b *bench) advance() workflow.Progress {
	b.t.Helper()
	p, err := investigate.New(b.deps).Advance(b.t.Context(), workflow.Input{ID: "inv-1"})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) conclude() incident.Conclusion {
	b.t.Helper()
	if _, err := investigate.New(b.deps).Conclude(b.t.Context(), workflow.Input{ID: "inv-1"}); err != nil {
		b.t.Fatal(err)
	}
	c, found, err := record.Conclusion(b.t.Context(), b.store, "inv-1")
	if err != nil || !found {
		b.t.Fatalf("found %v, err %v", found, err)
	}
	return c
}

func (b *bench) records() []journal.Record {
	b.t.Helper()
	records, err := journal.Read(b.t.Context(), b.store, "inv-1")
	if err != nil {
		b.t.Fatal(err)
	}
	return records
}

func draft(outcome incident.Outcome, cites ...string) incident.Draft {
	return incident.Draft{
		Outcome: outcome, Confidence: 0.8, Summary: "the pool is dry", Symptoms: []incident.Finding{},
		Findings:   []incident.Finding{{ID: "f-1", Text: "errors", Cites: cites}},
		RootCauses: []incident.RootCause{{ID: "cause-1", Component: "checkout", Mechanism: "pool", Cites: []string{"f-1"}}},
		Rejected:   []incident.Hypothesis{}, Gaps: []incident.Gap{},
	}
}

func concludeStep(d incident.Draft) llmtest.Step {
	return llmtest.Step{Uses: []llm.ToolUse{llmtest.Use("c", investigate.ConcludeTool, d)}}
}

func TestAModelLooksFurtherAndConcludes(t *testing.T) {
	b, script := newBench(t,
		llmtest.Step{Text: "look", Uses: []llm.ToolUse{llmtest.Use("u1", "logs", args{Contains: "pool"}), llmtest.Use("u2", "logs", args{Contains: "denied"})}},
		concludeStep(draft(incident.Likely, "obs-1", "obs-99")),
	)
	if p := b.advance(); !p.Done {
		t.Fatal("not done")
	}
	c := b.conclude()
	if c.Outcome != incident.Likely || c.Analyst != "scripted" || len(c.RootCauses) != 1 || !cmp.Equal(c.Findings[0].Cites, []string{"obs-1"}) {
		t.Errorf("%+v", c)
	}
	last := script.Requests[1]
	results := last.Messages[len(last.Messages)-1].Blocks
	if len(results) != 2 || results[0].ToolResult == nil || !results[1].ToolResult.Failed {
		t.Errorf("the second call sees %+v", results)
	}
	raw, _ := json.Marshal(last)
	for _, rec := range b.records() {
		body, _ := json.Marshal(rec)
		raw = append(raw, body...)
	}
	if strings.Contains(string(raw), "hunter2hunter2") {
		t.Error("a secret reached the model or the journal")
	}
	spent, _ := investigate.Spent(t.Context(), b.docs, b.records())
	if spent.Calls != 2 || spent.Turns != 2 || spent.Dollars < 0.0089 || spent.Dollars > 0.0091 {
		t.Errorf("%+v", spent)
	}
}

// Tools know what the investigation is about: the components of its alarms, then those that the space file or earlier
// traces put beside them, and which rules raised the alarms.
func TestToolsKnowWhatItIsAbout(t *testing.T) {
	b, _ := newBench(t, concludeStep(draft(incident.Inconclusive, "obs-1")))
	space, err := config.ParseSpace("space.yaml", []byte("name: shop\nservices: [{name: checkout, depends_on: [orders-db]}, {name: orders-db}, {name: mail}, {name: batch}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	b.deps.Space = space
	late := incident.Event{EventType: "incident", IncidentID: "b", Action: incident.Created, Title: "slow", Service: "orders-db", Rule: "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:slow", Timestamp: t0}
	if err := b.store.Commit(t.Context(), record.Member("inv-1", record.Alarm{Event: late, ID: late.EventID(), Key: late.AlarmKey()})); err != nil {
		t.Fatal(err)
	}
	known := func(string) bool { return true }
	if err := triage.Learn(t.Context(), b.store, known, []evidence.Dependency{{Caller: "batch", Callee: "orders-db"}}, t0); err != nil {
		t.Fatal(err)
	}
	var got tool.Scope
	b.deps.Tools = []tool.Tool{tool.New("metrics", "Metrics.", func(_ context.Context, s tool.Scope, _ args) (evidence.Telemetry, string, error) {
		got = s
		return evidence.Telemetry{}, "none", nil
	})}
	b.advance()
	if want := []string{"checkout", "orders-db", "batch"}; !cmp.Equal(got.Components, want) {
		t.Errorf("components %v, want %v", got.Components, want)
	}
	if want := map[string]string{late.Rule: "orders-db"}; !cmp.Equal(got.Rules, want) {
		t.Errorf("rules %v, want %v", got.Rules, want)
	}
}

func TestClaimsWithoutCitationsAreDroppedAndListed(t *testing.T) {
	b, _ := newBench(t, concludeStep(draft(incident.Confirmed, "obs-77")))
	b.advance()
	c := b.conclude()
	if c.Outcome != incident.Inconclusive || len(c.RootCauses) != 0 || len(c.Findings) != 0 || len(c.Dropped) != 2 {
		t.Errorf("%+v", c)
	}
}

func TestAWrongShapeIsRefusedWithReasons(t *testing.T) {
	bad := draft("certain", "obs-1")
	b, script := newBench(t, concludeStep(bad), concludeStep(draft(incident.Likely, "obs-1")))
	b.advance()
	if c := b.conclude(); c.Outcome != incident.Likely {
		t.Errorf("%+v", c)
	}
	last := script.Requests[1]
	if r := last.Messages[len(last.Messages)-1].Blocks[0].ToolResult; r == nil || !r.Failed || !strings.Contains(string(r.Content), "outcome must be") {
		t.Errorf("the refusal is %+v", r)
	}
}

func TestWithoutTheModelTheAnalystAnswersAndSaysSo(t *testing.T) {
	away := llmtest.Step{Err: incident.Errorf(incident.Unavailable, "bedrock is away")}
	b, _ := newBench(t, away, away, away)
	if p := b.advance(); !p.Done {
		t.Fatal("not done")
	}
	if c := b.conclude(); c.Analyst != analyst.Name || !strings.Contains(c.Partial, "bedrock is away") {
		t.Errorf("analyst %q, partial %q", c.Analyst, c.Partial)
	}
}

func TestTheBudgetEndsAModelThatNeverStops(t *testing.T) {
	var steps []llmtest.Step
	for i := range 50 {
		steps = append(steps, llmtest.Step{Uses: []llm.ToolUse{llmtest.Use(fmt.Sprint("u", i), "logs", args{Contains: fmt.Sprint(i)})}})
	}
	b, script := newBench(t, steps...)
	if p := b.advance(); !p.Done {
		t.Fatal("not done")
	}
	c := b.conclude()
	if len(script.Requests) != 6 || !strings.Contains(c.Partial, "budget for turns") {
		t.Errorf("%d model calls, partial %q", len(script.Requests), c.Partial)
	}
	raw, _ := json.Marshal(script.Requests[5])
	if !strings.Contains(string(raw), "Call conclude now") {
		t.Error("the model was not told to conclude at 80 percent")
	}
}

// mute never concludes in a usable way, whoever is asked.
type mute struct{}

func (mute) Converse(_ context.Context, req llm.Request) (llm.Response, error) {
	use := llmtest.Use(fmt.Sprint("c", len(req.Messages)), investigate.ConcludeTool, map[string]string{"outcome": "perhaps"})
	return llm.Response{Model: "mute", Message: llm.Message{Role: llm.Assistant, Blocks: []llm.Block{{ToolUse: &use}}}}, nil
}

func TestAnInvestigationAlwaysEnds(t *testing.T) {
	b, _ := newBench(t)
	b.deps.Model, b.deps.Offline = mute{}, mute{}
	if p := b.advance(); !p.Done {
		t.Fatal("not done")
	}
	if c := b.conclude(); c.Outcome != incident.Inconclusive || len(c.Gaps) != 1 {
		t.Errorf("%+v", c)
	}
}

func TestTheDaysCeilingStopsModelCalls(t *testing.T) {
	b, script := newBench(t, concludeStep(draft(incident.Likely, "obs-1")))
	b.deps.Ledger.Ceiling = 0.001
	b.advance()
	if c := b.conclude(); len(script.Requests) != 0 || !strings.Contains(c.Partial, "ceiling") {
		t.Errorf("%d calls, partial %q", len(script.Requests), c.Partial)
	}
}

func TestTheSameCallIsRefusedTheThirdTime(t *testing.T) {
	same := llmtest.Step{Uses: []llm.ToolUse{llmtest.Use("u", "logs", args{Contains: "pool"})}}
	three := []llmtest.Step{same, same, same}
	for i := range three {
		three[i].Uses = []llm.ToolUse{llmtest.Use(fmt.Sprint("u", i), "logs", args{Contains: "pool"})}
	}
	b, _ := newBench(t, append(three, concludeStep(draft(incident.Likely, "obs-1")))...)
	b.advance()
	n := 0
	for _, c := range b.looked {
		if c == "pool" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("the same call was made %d times", n)
	}
}

func TestALateAlarmSteersTheLoop(t *testing.T) {
	b, script := newBench(t, concludeStep(draft(incident.Likely, "obs-1")))
	note := kv.Put(kv.Key{PK: record.Partition("inv-1"), SK: "STEER#2026#evt"}, map[string]string{"text": "Another alarm was linked: db cpu"}, kv.Absent())
	if err := b.store.Commit(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	b.advance()
	raw, _ := json.Marshal(script.Requests[0].Messages)
	if !strings.Contains(string(raw), "Another alarm was linked: db cpu") {
		t.Error("the model did not hear of the alarm")
	}
}

func TestTextAloneIsAnsweredWithARequestForToolCalls(t *testing.T) {
	b, script := newBench(t, llmtest.Step{Text: "I think it is DNS."}, concludeStep(draft(incident.Likely, "obs-1")))
	b.advance()
	if len(script.Requests) != 2 || b.conclude().Outcome != incident.Likely {
		t.Errorf("%d calls", len(script.Requests))
	}
}

// A zombie that wakes up after another worker took over writes nothing.
func TestAnInvestigationHasOneWorker(t *testing.T) {
	b, _ := newBench(t, concludeStep(draft(incident.Likely, "obs-1")))
	zombie, err := journal.Open(t.Context(), b.store, b.docs, "inv-1", b.deps.Now)
	if err != nil {
		t.Fatal(err)
	}
	b.advance()
	if _, _, err := zombie.Append(t.Context(), journal.Drafted, "draft", "zombie"); err == nil || incident.ClassOf(err) != incident.Conflict {
		t.Errorf("zombie wrote: %v", err)
	}
}

func TestPlanChecks(t *testing.T) {
	good := incident.PlanDraft{
		Summary: "roll back", Risk: incident.RiskLow, Cites: []string{"cause-1"}, Success: []incident.Criterion{},
		Actions:  []incident.PlanAction{{Phase: incident.Apply, Text: "undo", Risk: incident.RiskHigh}},
		Rollback: []incident.PlanAction{{Phase: incident.Apply, Text: "redo", Risk: incident.RiskLow}},
	}
	without := good
	without.Rollback = []incident.PlanAction{}
	uncited := good
	uncited.Cites = []string{"cause-9"}
	tests := []struct {
		name    string
		plan    incident.PlanDraft
		analyst string
		risk    incident.Risk
	}{
		{"a model's plan is at least as risky as its riskiest action", good, "scripted", incident.RiskHigh},
		{"without a rollback the analyst plans instead", without, analyst.Name, ""},
		{"without a citation the analyst plans instead", uncited, analyst.Name, ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			b, _ := newBench(t, concludeStep(draft(incident.Likely, "obs-1")), llmtest.Step{Uses: []llm.ToolUse{llmtest.Use("p", investigate.PlanTool, tc.plan)}})
			b.advance()
			b.conclude()
			svc := investigate.New(b.deps)
			first, err := svc.Plan(t.Context(), workflow.Input{ID: "inv-1"})
			if err != nil {
				t.Fatal(err)
			}
			again, err := svc.Plan(t.Context(), workflow.Input{ID: "inv-1"})
			if err != nil || first != again {
				t.Errorf("a repeat planned anew: %+v, %+v, %v", first, again, err)
			}
			var p incident.Plan
			if err := record.ReadJSON(t.Context(), b.store, b.docs, "inv-1", "plan.json", &p); err != nil {
				t.Fatal(err)
			}
			if p.Analyst != tc.analyst || (tc.risk != "" && p.Risk != tc.risk) {
				t.Errorf("plan by %s, risk %s", p.Analyst, p.Risk)
			}
		})
	}
}
