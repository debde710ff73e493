package report_test

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/budget"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/report"
)

var update = flag.Bool("update", false, "write the goldens again")

var t0 = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// full is a report in which every part exists; hostile text stands in every free field.
func full(hostile string) report.Report {
	brief := evidence.Brief{
		Window:  evidence.Window{From: t0.Add(-time.Hour), To: t0.Add(time.Hour)},
		Onsets:  []evidence.Onset{{Component: "checkout", Metric: "5xx", At: t0, Direction: "up", Recovered: t0.Add(20 * time.Minute)}},
		Changes: []evidence.ChangeVerdict{{Change: evidence.Change{ID: "d-1", Kind: "deployment", Component: "checkout", Time: t0.Add(-2 * time.Minute), Title: "v413" + hostile}, Verdict: evidence.Culprit}},
	}
	alarms := []record.Alarm{{
		Event:    incident.Event{Title: "checkout-5xx" + hostile, Service: "checkout", Timestamp: t0.Add(time.Minute), Action: incident.Created, Priority: incident.High},
		Decision: incident.Decision{Outcome: incident.Proceed, Reasons: []incident.Reason{{Name: "no_open_window", Detail: "nothing was open" + hostile}}},
	}}
	approval := &incident.Approval{State: incident.Approved, Votes: []incident.Vote{{Decision: incident.Approved, By: incident.Person{Subject: "lena@example.com", Name: "Lena" + hostile, Method: "possession of mailbox"}, At: t0.Add(9 * time.Minute), Comment: "go" + hostile}}}
	return report.Report{
		Investigation: incident.Investigation{ID: "inv-1", Space: "shop", Title: "checkout-5xx" + hostile, Priority: incident.High, Service: "checkout", State: incident.Completed, OpenedAt: t0.Add(time.Minute), Ticket: "INC0010001", PlanHash: strings.Repeat("ab", 32)},
		Alarms:        alarms,
		Conclusion: &incident.Conclusion{
			Outcome: incident.Confirmed, Confidence: 0.91, Summary: "The pool is dry." + hostile, Analyst: "offline analyst",
			Symptoms:   []incident.Finding{{ID: "s-1", Text: "5xx rose" + hostile, Cites: []string{"obs-1"}}},
			Findings:   []incident.Finding{{ID: "f-1", Text: "DB_POOL_MAX went from 40 to 5" + hostile, Cites: []string{"obs-2"}}},
			RootCauses: []incident.RootCause{{ID: "cause-1", Component: "checkout", Change: "d-1", Mechanism: "the pool is used up" + hostile, Cites: []string{"f-1"}, CascadesTo: []string{"storefront"}}},
			Rejected:   []incident.Hypothesis{{Text: "the flag did it" + hostile, Against: "nothing ties it to the symptoms", Cites: []string{"obs-2"}}},
			Gaps:       []incident.Gap{{Text: "no traces" + hostile, Fix: "switch tracing on"}},
			Dropped:    []string{"root cause cause-2 cites nothing" + hostile},
		},
		Observations: []incident.Observation{{ID: "obs-1", Tool: "metrics", Summary: "33 series"}, {ID: "obs-2", Tool: "changes", Summary: "4 changes" + hostile}, {ID: "obs-3", Tool: "logs", Summary: "access denied", Failed: true}},
		Timeline:     report.Timeline(alarms, brief, approval),
		Plan: &incident.Plan{
			Summary: "Roll back." + hostile, Risk: incident.RiskMedium, BlastRadius: "checkout only",
			Actions:  []incident.PlanAction{{Phase: incident.Prepare, Text: "tell people" + hostile, Risk: incident.RiskLow}, {Phase: incident.Apply, Text: "roll back", Command: "aws ecs update-service \\\n  --service checkout" + hostile, Risk: incident.RiskMedium, Expected: "steady"}},
			Rollback: []incident.PlanAction{{Phase: incident.Apply, Text: "roll forward", Risk: incident.RiskLow}},
			Success:  []incident.Criterion{{Text: "alarms are OK" + hostile}},
			Spec:     &incident.Spec{Problem: "pool too small" + hostile, Repository: "github.com/example/checkout", Files: []string{"pool.go"}, Change: "set it back", Tests: []string{"a test fails below 40"}},
		},
		Approval: approval,
		Spent:    budget.Spent{Turns: 2, Tools: 9, Calls: 2, TokensIn: 12000, TokensOut: 800, Dollars: 0.048},
		Journal:  report.Journal{Records: 21, Head: strings.Repeat("cd", 32)},
		Charts: report.Charts([]evidence.Series{{Component: "checkout", Metric: "5xx", Unit: "Count", Times: []int64{t0.Add(-10 * time.Minute).UnixMilli(), t0.UnixMilli(), t0.Add(5 * time.Minute).UnixMilli(), t0.Add(10 * time.Minute).UnixMilli()},
			Values: evidence.Values{0, 1, math.NaN(), 190}}}, brief),
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (run with -update to accept):\n%s", name, diff)
	}
}

func TestGoldens(t *testing.T) {
	r := full("")
	html, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	js, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "full.md", []byte(r.Markdown()))
	golden(t, "full.html", html)
	golden(t, "full.json", js)
	early := report.Report{Investigation: r.Investigation}
	golden(t, "early.md", []byte(early.Markdown()))
	quiet := full("")
	quiet.Conclusion = &incident.Conclusion{Outcome: incident.NoFault, Confidence: 0.85, Summary: "Nothing is wrong.", Analyst: "offline analyst"}
	quiet.Plan, quiet.Approval = &incident.Plan{Summary: "No change required.", NoChange: "Nothing is wrong."}, nil
	golden(t, "no_fault.md", []byte(quiet.Markdown()))
}

// Text from outside makes no markup, link or image of its own, in any field, and nothing in it is invisible.
func TestHostileTextStaysText(t *testing.T) {
	const hostile = "<img src=x onerror=alert(1)> [click](https://evil.example) ![i](https://evil.example/i.png) `code` \u202egnp.exe\u200b\nDecision\n========"
	r := full(hostile)
	html, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	r.Plan.Actions[1].Command = "echo\n```\n# broken out"
	if md := r.Markdown(); strings.Count(md, "```") != 2 {
		t.Error("a command ends its own block")
	}
	r.Plan.Actions[1].Command = ""
	md := r.Markdown()
	for name, text := range map[string]string{"html": string(html), "markdown": md} {
		for _, bad := range []string{"<img", "\u202e", "\u200b"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
	for _, bad := range []string{"[click](", "\n========"} {
		if strings.Contains(md, bad) {
			t.Errorf("markdown holds %q", bad)
		}
	}
	if strings.Contains(string(html), `href="https://evil`) {
		t.Error("the HTML links to a place from outside")
	}
}

// What begins a line, an address or a name in Markdown is text like the rest, also where a report shows a name.
func TestMarkdownIsInert(t *testing.T) {
	for _, c := range []struct{ hostile, want string }{
		{"# Approved", `\# Approved`}, {"- [x] done", `\- \[x\] done`}, {"======", `\======`}, {"see https://x.example/a", `see https\://x.example/a`},
		{"www.x.example", `www\.x.example`}, {"a\u3164b\U000e0041", "a&lt;U+3164&gt;b&lt;U+E0041&gt;"}, {"<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"},
	} {
		r := full("title")
		r.Conclusion.Summary, r.Investigation.Service, r.Observations[0].Tool = c.hostile, c.hostile, c.hostile
		if md := r.Markdown(); strings.Count(md, c.want) < 3 || strings.Contains(md, "\n"+c.hostile+"\n") {
			t.Errorf("%q is not %q three times in\n%s", c.hostile, c.want, md)
		}
	}
}

func TestCharts(t *testing.T) {
	cases := map[string]report.Chart{
		"empty":    {Title: "a"},
		"one":      {Title: "a", Times: []int64{1}, Vals: evidence.Values{1}},
		"constant": {Title: "a", Times: []int64{1, 2}, Vals: evidence.Values{5, 5}},
		"nan":      {Title: "a", Times: []int64{1, 2, 3}, Vals: evidence.Values{math.NaN(), math.NaN(), math.NaN()}},
		"uneven":   {Title: "a", Times: []int64{1, 2, 3}, Vals: evidence.Values{1}},
		"tiny":     {Title: "a", Times: []int64{1, 2}, Vals: evidence.Values{1e-9, 2e-9}},
		"huge":     {Title: "a", Times: []int64{1, 2}, Vals: evidence.Values{-1e300, 1e300}},
		"days":     {Title: "a", Times: []int64{1, 4e10}, Vals: evidence.Values{1, 2}},
		"hostile":  {Title: "<script>", Times: []int64{1, 2}, Vals: evidence.Values{1, 2}, Marks: []report.Mark{{At: time.UnixMilli(1), Label: "<script>"}}},
	}
	for name, c := range cases {
		svg := c.SVG()
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") || strings.Contains(svg, "<script>") {
			t.Errorf("%s: %s", name, svg)
		}
		if drawn := strings.HasPrefix(svg, "<svg"); drawn != (name != "empty" && name != "one" && name != "uneven") {
			t.Errorf("%s: drawn %v", name, drawn)
		}
	}
}

func TestCites(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "f-1": "f-1", "f-1 f-2": "f-1, f-2", "f-1 f-2 f-3": "f-1 to f-3", "f-9 f-10 f-11 f-13": "f-9 to f-11, f-13",
		"f-1 obs-2 obs-3": "f-1, obs-2, obs-3", "odd f-x f-2": "odd, f-x, f-2",
	} {
		if got := report.Cites(strings.Fields(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
