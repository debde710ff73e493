package analyst_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/llm/analyst"
	"github.com/firefinder/firefinder/shared/llm/llmtest"
	"github.com/firefinder/firefinder/shared/skill"
)

var t0 = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// brief is an analysis that blames a change of checkout; cases change it.
func brief(change ...func(*evidence.Brief)) evidence.Brief {
	b := evidence.Brief{
		Window: evidence.Window{From: t0.Add(-3 * time.Hour), To: t0.Add(time.Hour), Start: t0}, Outcome: incident.Likely, Confidence: 0.8, Onset: t0.Add(-time.Minute),
		Onsets: []evidence.Onset{{Component: "checkout", Metric: "5xx", Statistic: "Sum", At: t0, Direction: "up", Before: 1, After: 120, Ref: "obs-4"}},
		Causes: []evidence.Cause{{
			Component: "checkout", Category: evidence.ConnectionExhaustion, Change: "dep-1", Onset: t0.Add(-2 * time.Minute), Mechanism: "its pool is dry, so requests wait and fail",
			Reasons: []evidence.Reason{{Name: "first", Detail: "it moved first", Refs: []string{"obs-4"}}}, CascadesTo: []string{"storefront"},
		}},
		Changes: []evidence.ChangeVerdict{{
			Change: evidence.Change{ID: "dep-1", Kind: "deployment", Component: "checkout", Revision: "v41", Previous: "v40", Time: t0.Add(-3 * time.Minute), Ref: "obs-3",
				Parameters: []evidence.Parameter{{Name: "DB_POOL_MAX", Old: "40", New: "5"}}},
			Verdict: evidence.Culprit, Reasons: []evidence.Reason{{Name: "names", Detail: "it lowers the pool", Weight: 1, Refs: []string{"obs-3"}}},
		}},
		Patterns: []evidence.Pattern{{Component: "checkout", Template: "no connection within <num> ms", Kind: "new", Severe: true, After: 30, First: t0, Refs: []string{"obs-5"}}},
	}
	for _, c := range change {
		c(&b)
	}
	return b
}

// asked is the conversation in which the analyst is asked about a brief, with what it looked up since.
func asked(t testing.TB, b evidence.Brief, looked ...map[string]any) llm.Request {
	t.Helper()
	raw := func(v any) json.RawMessage {
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	req := llm.Request{MaxTokens: 100, Tools: []llm.ToolSpec{{Name: "logs"}, {Name: "metrics"}, {Name: investigate.BriefTool}, {Name: investigate.ConcludeTool}}}
	brief := llmtest.Use("brief", investigate.BriefTool, struct{}{})
	req.Messages = []llm.Message{
		{Role: llm.User, Blocks: []llm.Block{{Text: "go"}}}, {Role: llm.Assistant, Blocks: []llm.Block{{ToolUse: &brief}}},
		{Role: llm.User, Blocks: []llm.Block{{ToolResult: &llm.ToolResult{ID: "brief", Content: raw(b)}}}},
	}
	for i, l := range looked {
		use := llmtest.Use(fmt.Sprint("u", i), "logs", struct{}{})
		req.Messages = append(req.Messages, llm.Message{Role: llm.Assistant, Blocks: []llm.Block{{ToolUse: &use}}},
			llm.Message{Role: llm.User, Blocks: []llm.Block{{ToolResult: &llm.ToolResult{ID: use.ID, Content: raw(l), Failed: l["failed"] == true}}}})
	}
	return req
}

func answer(t testing.TB, req llm.Request) []llm.ToolUse {
	t.Helper()
	res, err := analyst.Analyst{}.Converse(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if res.Model != analyst.Name || res.Usage != (llm.Usage{}) || len(res.ToolUses()) == 0 {
		t.Fatalf("%+v", res)
	}
	return res.ToolUses()
}

// concluded is the conclusion after one look that brought nothing.
func concluded(t testing.TB, b evidence.Brief, looked ...map[string]any) incident.Draft {
	t.Helper()
	if len(looked) == 0 {
		looked = []map[string]any{{"failed": true}}
	}
	uses := answer(t, asked(t, b, looked...))
	var d incident.Draft
	if err := json.Unmarshal(uses[0].Args, &d); err != nil || len(uses) != 1 || uses[0].Name != investigate.ConcludeTool {
		t.Fatalf("%+v, %v", uses, err)
	}
	return d
}

func TestItLooksCloserBeforeItConcludes(t *testing.T) {
	uses := answer(t, asked(t, brief()))
	if len(uses) != 2 || uses[0].Name != "logs" || uses[1].Name != "metrics" {
		t.Fatalf("%+v", uses)
	}
	var args struct {
		Components []string
		From, To   time.Time
	}
	if err := json.Unmarshal(uses[1].Args, &args); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(args.Components, []string{"checkout", "storefront"}) || !args.From.Equal(t0.Add(-7*time.Minute)) || !args.To.Equal(t0.Add(time.Hour)) {
		t.Errorf("%+v", args)
	}
	req := asked(t, brief())
	req.Tools = req.Tools[2:] // nothing to look with
	if uses := answer(t, req); uses[0].Name != investigate.ConcludeTool {
		t.Errorf("%+v", uses)
	}
	if uses := answer(t, asked(t, brief(func(b *evidence.Brief) { b.Causes = nil }))); uses[0].Name != investigate.ConcludeTool {
		t.Errorf("nothing to test, yet it asks for %+v", uses)
	}
}

// Other evidence, other answer.
func TestTheAnswerFollowsTheBrief(t *testing.T) {
	tests := []struct {
		name    string
		brief   evidence.Brief
		outcome incident.Outcome
		cause   string // component, change, condition of the root cause; empty: there is none
		summary string
	}{
		{"as it is", brief(), incident.Likely, "checkout dep-1 ", "Deployment v41 of checkout at 02:57:00Z set DB_POOL_MAX from 40 to 5"},
		{"surer", brief(func(b *evidence.Brief) { b.Outcome = incident.Confirmed }), incident.Confirmed, "checkout dep-1 ", "set DB_POOL_MAX"},
		{"another component", brief(func(b *evidence.Brief) { b.Causes[0].Component = "cart" }), incident.Likely, "cart dep-1 ", "Its pool is dry"},
		{"another mechanism", brief(func(b *evidence.Brief) { b.Causes[0].Mechanism = "its disk is full" }), incident.Likely, "checkout dep-1 ", "ts disk is full"},
		{"another value", brief(func(b *evidence.Brief) { b.Changes[0].Change.Parameters[0].New = "7" }), incident.Likely, "checkout dep-1 ", "from 40 to 7"},
		{"no change", brief(func(b *evidence.Brief) { b.Causes[0].Change, b.Changes = "", nil }), incident.Likely, "checkout  connection exhaustion", "Its pool is dry"},
		{"a change that is not recorded", brief(func(b *evidence.Brief) { b.Changes = nil }), incident.Likely, "checkout dep-1 ", "Its pool is dry"},
		{"nothing is wrong", brief(func(b *evidence.Brief) { b.Outcome, b.Causes, b.Onsets = incident.NoFault, nil, nil }), incident.NoFault, "", "Nothing is wrong"},
		{"nothing is wrong, with a lead", brief(func(b *evidence.Brief) { b.Outcome = incident.NoFault }), incident.NoFault, "", "Nothing is wrong"},
		{"not to be told", brief(func(b *evidence.Brief) { b.Outcome = incident.Inconclusive }), incident.Inconclusive, "", "The best lead is this: checkout: its pool is dry"},
		{"nothing at all", evidence.Brief{}, incident.Inconclusive, "", "does not single out a cause."},
		{"blame without a cause", brief(func(b *evidence.Brief) { b.Causes = nil }), incident.Likely, "", "does not single out a cause."},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			d := concluded(t, tc.brief)
			cause := ""
			for _, rc := range d.RootCauses {
				cause += rc.Component + " " + rc.Change + " " + rc.Condition
			}
			if d.Outcome != tc.outcome || cause != tc.cause || !strings.Contains(d.Summary, tc.summary) || d.Confidence != tc.brief.Confidence {
				t.Errorf("%s (%v): %q, root cause %q", d.Outcome, d.Confidence, d.Summary, cause)
			}
		})
	}
}

func TestWhatSpeaksAgainstIsSaid(t *testing.T) {
	decoy := evidence.ChangeVerdict{
		Change:  evidence.Change{ID: "flag-1", Kind: "flag", Component: "storefront", Time: t0.Add(-9 * time.Minute), Ref: "obs-3"},
		Verdict: evidence.Decoy, Reasons: []evidence.Reason{{Detail: "it is near in time", Weight: 0.4}, {Detail: "storefront moved later", Weight: -1, Refs: []string{"obs-4"}}},
	}
	silent := decoy
	silent.Change.ID, silent.Reasons = "flag-2", decoy.Reasons[:1]
	d := concluded(t, brief(func(b *evidence.Brief) {
		b.Changes = append(b.Changes, decoy, silent)
		b.Hypotheses = []evidence.Hypothesis{
			{Text: "traffic rose", Rejected: true, Against: []evidence.Reason{{Detail: "requests are level", Refs: []string{"obs-4"}}}},
			{Text: "the flag", Change: "flag-1", Rejected: true, Against: []evidence.Reason{{Detail: "said above", Refs: []string{"obs-4"}}}},
			{Text: "still open", Against: []evidence.Reason{{Detail: "x", Refs: []string{"obs-4"}}}},
			{Text: "uncited", Rejected: true, Against: []evidence.Reason{{Detail: "x"}}},
		}
		b.Gaps = []evidence.Gap{{Text: "no traces", Fix: "connect X-Ray"}}
	}))
	var said []string
	for _, h := range d.Rejected {
		said = append(said, h.Against)
	}
	if want := []string{"storefront moved later", "nothing ties it to the symptoms but its time", "requests are level"}; !cmp.Equal(said, want) {
		t.Errorf("%s", cmp.Diff(want, said))
	}
	if !cmp.Equal(d.Gaps, []incident.Gap{{Text: "no traces", Fix: "connect X-Ray"}}) {
		t.Errorf("%+v", d.Gaps)
	}
}

func TestALookIsAFinding(t *testing.T) {
	lines := []evidence.LogLine{
		{Time: t0, Component: "checkout", Level: "INFO", Message: "fine"}, {Time: t0.Add(2 * time.Second), Component: "checkout", Level: "error", Message: "second", Count: 4},
		{Time: t0.Add(time.Second), Component: "checkout", Level: "FATAL", Message: "first"},
	}
	for _, tc := range []struct {
		logs []evidence.LogLine
		want string
	}{
		{append([]evidence.LogLine{{Time: t0, Component: "cart", Level: "ERROR", Message: "of another"}}, lines...), `shows 5 error lines, the first at 03:00:01Z: "first"`}, {lines[:1], "shows no error lines"}, {[]evidence.LogLine{{Component: "cart", Level: "ERROR"}}, ""}, {nil, ""},
	} {
		d := concluded(t, brief(), map[string]any{"observation": "obs-9", "result": evidence.Telemetry{Logs: tc.logs}})
		i := slices.IndexFunc(d.Findings, func(f incident.Finding) bool { return slices.Contains(f.Cites, "obs-9") })
		if (i >= 0) != (tc.want != "") || i >= 0 && !strings.Contains(d.Findings[i].Text, tc.want) {
			t.Errorf("%q: %+v", tc.want, d.Findings)
		}
	}
}

// Whatever the brief holds, every claim cites, and what it cites is in the brief or was looked up.
func TestEveryClaimCitesWhatExists(t *testing.T) {
	ref := rapid.SampledFrom([]string{"", "obs-1", "obs-2", "obs-3"})
	text := rapid.SampledFrom([]string{"", "a", "b", "c"})
	reasons := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) evidence.Reason {
		return evidence.Reason{Detail: text.Draw(t, "detail"), Weight: rapid.Float64Range(-1, 1).Draw(t, "weight"), Refs: rapid.SliceOfN(ref, 0, 2).Draw(t, "refs")}
	}), 0, 3)
	rapid.Check(t, func(rt *rapid.T) {
		b := evidence.Brief{Outcome: rapid.SampledFrom([]incident.Outcome{"", incident.Confirmed, incident.Likely, incident.Inconclusive, incident.NoFault}).Draw(rt, "outcome")}
		for range rapid.IntRange(0, 10).Draw(rt, "n") {
			b.Onsets = append(b.Onsets, evidence.Onset{Component: text.Draw(rt, "c"), Ref: ref.Draw(rt, "ref")})
			b.Causes = append(b.Causes, evidence.Cause{Component: text.Draw(rt, "c"), Change: text.Draw(rt, "change"), Reasons: reasons.Draw(rt, "reasons")})
			b.Changes = append(b.Changes, evidence.ChangeVerdict{
				Change:  evidence.Change{ID: text.Draw(rt, "id"), Ref: ref.Draw(rt, "ref")},
				Verdict: rapid.SampledFrom([]evidence.Verdict{evidence.Culprit, evidence.Decoy}).Draw(rt, "verdict"), Reasons: reasons.Draw(rt, "reasons"),
			})
			b.Patterns = append(b.Patterns, evidence.Pattern{Kind: "new", Severe: true, Template: text.Draw(rt, "t"), Refs: rapid.SliceOfN(ref, 0, 2).Draw(rt, "refs")})
			b.Hypotheses = append(b.Hypotheses, evidence.Hypothesis{Text: text.Draw(rt, "h"), Rejected: true, Against: reasons.Draw(rt, "against")})
		}
		d := concluded(t, b, map[string]any{"observation": "obs-9", "result": evidence.Telemetry{Logs: []evidence.LogLine{{Level: "ERROR"}}}})
		seen := []incident.Observation{{ID: "obs-1"}, {ID: "obs-2"}, {ID: "obs-3"}, {ID: "obs-9"}}
		c := investigate.Check(d, seen)
		if bare := slices.ContainsFunc(c.Dropped, func(s string) bool { return !strings.HasPrefix(s, "root cause") }); bare {
			rt.Fatalf("claims without a citation: %v", c.Dropped)
		}
		for i, f := range slices.Concat(d.Symptoms, d.Findings) {
			if kept := slices.Concat(c.Symptoms, c.Findings)[i]; !cmp.Equal(kept.Cites, f.Cites) {
				rt.Fatalf("%s cites %v, of which only %v exist", f.ID, f.Cites, kept.Cites)
			}
		}
		if len(d.RootCauses) > 0 && d.Outcome != incident.Confirmed && d.Outcome != incident.Likely {
			rt.Fatalf("%s with a root cause", d.Outcome)
		}
	})
}

// A model may have looked into a log before it went away, although the analysis had no lead.
func TestALookWithoutALead(t *testing.T) {
	look := map[string]any{"observation": "obs-9", "result": evidence.Telemetry{Logs: []evidence.LogLine{{Component: "cart", Level: "ERROR"}}}}
	if d := concluded(t, evidence.Brief{}, look); d.Outcome != incident.Inconclusive || len(d.Findings) > 0 {
		t.Errorf("%+v", d)
	}
}

func TestItNeedsSomethingToAnswerFrom(t *testing.T) {
	req := asked(t, brief())
	req.Messages = req.Messages[:1]
	if _, err := (analyst.Analyst{}).Converse(t.Context(), req); !incident.Is(err, incident.Invalid) {
		t.Errorf("%v", err)
	}
	req = asked(t, brief())
	req.Messages[2].Blocks[0].ToolResult.Content = json.RawMessage(`[1]`)
	if _, err := (analyst.Analyst{}).Converse(t.Context(), req); err == nil {
		t.Error("something that is no brief was taken for one")
	}
}

// offered is the conversation in which a plan is asked for.
func offered(t testing.TB, o investigate.Offer) incident.PlanDraft {
	t.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	use := llmtest.Use("offer", investigate.OfferTool, struct{}{})
	uses := answer(t, llm.Request{MaxTokens: 1, Messages: []llm.Message{
		{Role: llm.User, Blocks: []llm.Block{{Text: "plan"}}}, {Role: llm.Assistant, Blocks: []llm.Block{{ToolUse: &use}}},
		{Role: llm.User, Blocks: []llm.Block{{ToolResult: &llm.ToolResult{ID: "offer", Content: body}}}},
	}})
	var d incident.PlanDraft
	if err := json.Unmarshal(uses[0].Args, &d); err != nil || uses[0].Name != investigate.PlanTool {
		t.Fatalf("%+v, %v", uses, err)
	}
	return d
}

func block(name, text string) skill.Block {
	return skill.Block{
		Skill: "s", Name: name, Summary: "do " + name, Risk: incident.RiskMedium, Success: []incident.Criterion{{Text: "{metric} of {component} falls", Component: "{component}", Metric: "{metric}"}},
		Actions:  []incident.PlanAction{{Phase: incident.Apply, Text: text, Command: "aws ecs update-service --service {component}", Risk: incident.RiskMedium}},
		Rollback: []incident.PlanAction{{Phase: incident.Apply, Text: "undo", Risk: incident.RiskLow}},
		Spec:     &incident.Spec{Problem: "{unknown}", Change: "raise {parameter}", Tests: []string{"{component}"}},
	}
}

func TestPlan(t *testing.T) {
	blamed := incident.Conclusion{Outcome: incident.Likely, RootCauses: []incident.RootCause{{ID: "cause-1", Component: "checkout", Category: "connection_exhaustion", Cites: []string{"f-1", "f-2"}}}}
	facts := map[string]string{"component": "checkout", "metric": "5xx", "parameter": "DB_POOL_MAX", "old": "40", "repository": "github.com/shop/checkout", "files": "a.go, b.go"}
	tests := []struct {
		name    string
		offer   investigate.Offer
		blocks  []string
		summary string
	}{
		{"the first block that can be filled", investigate.Offer{Conclusion: blamed, Facts: facts, Blocks: []skill.Block{block("undo", "back to {previous}"), block("raise", "{parameter} to {old}"), block("restart", "restart")}}, []string{"s/raise"}, "do raise"},
		{"other facts, other block", investigate.Offer{Conclusion: blamed, Facts: map[string]string{"component": "checkout", "metric": "5xx", "previous": "v40"}, Blocks: []skill.Block{block("undo", "back to {previous}"), block("raise", "{parameter} to {old}")}}, []string{"s/undo"}, "do undo"},
		{"no block can be filled", investigate.Offer{Conclusion: blamed, Facts: map[string]string{"component": "checkout"}, Blocks: []skill.Block{block("undo", "back to {previous}")}}, nil, "No plan: no mitigation block is for connection exhaustion (checkout)."},
		{"no block", investigate.Offer{Conclusion: blamed, Facts: facts}, nil, "no mitigation block is for"},
		{"nothing is wrong", investigate.Offer{Conclusion: incident.Conclusion{Outcome: incident.NoFault, Summary: "all is well", RootCauses: blamed.RootCauses}, Facts: facts, Blocks: []skill.Block{block("raise", "x")}}, nil, "No change required."},
		{"no cause", investigate.Offer{Conclusion: incident.Conclusion{Outcome: incident.Inconclusive}, Facts: facts, Blocks: []skill.Block{block("raise", "x")}}, nil, "did not single out a cause"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			d := offered(t, tc.offer)
			if !cmp.Equal(d.Blocks, tc.blocks) || !strings.Contains(d.Summary, tc.summary) {
				t.Fatalf("%+v", d)
			}
			if len(d.Actions) == 0 {
				if d.NoChange == "" || len(d.Rollback) > 0 || d.Risk != incident.RiskLow {
					t.Errorf("a plan without actions says why: %+v", d)
				}
				return
			}
			all, _ := json.Marshal(d)
			if strings.Contains(string(all), "{") && strings.Contains(string(all), "{component}") || !cmp.Equal(d.Cites, []string{"cause-1", "f-1", "f-2"}) || d.Success[0].Text != "5xx of checkout falls" {
				t.Errorf("%s", all)
			}
			if d.Spec.Problem != "(not known)" || d.Spec.Repository != tc.offer.Facts["repository"] {
				t.Errorf("%+v", d.Spec)
			}
		})
	}
}

// Facts come from telemetry: in a command that a person copies, they are names or they are left to the person.
func TestFactsDoNotCommand(t *testing.T) {
	cause := incident.Conclusion{Outcome: incident.Likely, RootCauses: []incident.RootCause{{ID: "cause-1"}}}
	for value, want := range map[string]string{
		"checkout": "checkout", "arn:aws:ecs:eu-west-1:1:service/shop/checkout": "arn:aws:ecs:eu-west-1:1:service/shop/checkout", "zahlung-süd": "zahlung-süd",
		"x; rm -rf /": "<component>", "$(id)": "<component>", "`id`": "<component>", "a|b": "<component>", "a\nb": "<component>", "a' --force '": "<component>", "a&b": "<component>", "a > b": "<component>", "--force": "<component>", "a --force": "<component>", "-rf": "<component>",
	} {
		d := offered(t, investigate.Offer{Conclusion: cause, Facts: map[string]string{"component": value, "metric": "m"}, Blocks: []skill.Block{block("b", "look at {component}")}})
		if got := d.Actions[0].Command; got != "aws ecs update-service --service "+want {
			t.Errorf("%q became %q", value, got)
		}
		if d.Actions[0].Text != "look at "+value {
			t.Errorf("text: %q", d.Actions[0].Text)
		}
	}
}

// What a block can do without stands in a command where it is known, and is left to the person where it is not.
func TestFactsThatABlockCanDoWithout(t *testing.T) {
	cause := incident.Conclusion{Outcome: incident.Likely, RootCauses: []incident.RootCause{{ID: "cause-1"}}}
	b := block("b", "look at {component}")
	b.Actions[0].Command = "aws ecs update-service --cluster {cluster?} --service {component}"
	for cluster, want := range map[string]string{"shop": "shop", "": "<cluster>", "x; id": "<cluster>"} {
		d := offered(t, investigate.Offer{Conclusion: cause, Facts: map[string]string{"component": "checkout", "metric": "m", "cluster": cluster}, Blocks: []skill.Block{b}})
		if got := d.Actions[0].Command; got != "aws ecs update-service --cluster "+want+" --service checkout" {
			t.Errorf("%q became %q", cluster, got)
		}
	}
}
