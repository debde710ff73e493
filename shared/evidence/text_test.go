package evidence

import (
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/incident"
)

var updateText = flag.Bool("update", false, "rewrite the goldens")

func TestTextGoldens(t *testing.T) {
	full := Brief{Window: Window{From: minute(0), To: minute(80), Start: minute(63)}, Outcome: incident.Likely, Confidence: 0.874, Onset: minute(60),
		Causes: []Cause{{Component: "billing", Score: 0.91, Category: ConnectionExhaustion, Onset: minute(60), Change: "deploy-77",
			Mechanism:  "the connections or the pool of billing are used up, so that requests wait for one and fail: its log says \"timeout acquiring connection from pool\"",
			Reasons:    []Reason{{Name: "log_wording", Detail: "its log says \"timeout acquiring connection from pool\"", Refs: []string{"obs-2"}}},
			CascadesTo: []string{"web"}}, {Component: "web", Score: 0.2, Category: Slowdown}},
		Changes: []ChangeVerdict{{Verdict: Culprit, Change: Change{ID: "deploy-77", Kind: "deployment", Component: "billing", Title: "tidy settings", Time: minute(58)},
			Reasons: []Reason{{Detail: "\"DB_POOL_MAX 40 -> 5\" brings about what is seen", Refs: []string{"obs-4", "obs-2"}}}},
			{Verdict: Decoy, Change: Change{ID: strings.Repeat("ab", 20), Kind: "commit", Time: minute(-2000)}, Reasons: []Reason{{Detail: "it touches styling and templates only"}}}},
		Onsets:     []Onset{{Component: "billing", Metric: "p99", Statistic: "Maximum", At: minute(60), Direction: "up", Before: 0.12, After: 900, Recovered: minute(75)}},
		Patterns:   []Pattern{{Template: "timeout acquiring connection from pool (max=<*>)", Component: "billing", Kind: patternNew, After: 12.5}},
		Hypotheses: []Hypothesis{{Text: "more traffic overloads billing", Rejected: true, Against: []Reason{{Detail: "requests stayed at 300 a minute"}}}, {Text: "kept", Rejected: false}},
		Gaps:       []Gap{{Text: "no traces", Fix: "grant xray:BatchGetTraces"}}}
	for name, b := range map[string]Brief{
		"culprit":  full,
		"no_fault": {Outcome: incident.NoFault, Confidence: 0.82, Window: Window{From: minute(0), To: minute(30)}},
		"nothing":  {Outcome: incident.Inconclusive, Gaps: []Gap{{Text: "no metrics"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := b.Text(&out); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "text", name+".txt")
			if *updateText {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A terminal must not be steered by telemetry.
func TestTextShowsControlCharacters(t *testing.T) {
	var out strings.Builder
	b := Brief{Outcome: incident.Likely, Causes: []Cause{{Component: "a\x1b[2Jb\u202ec", Mechanism: "x\x07\u200by"}}, Patterns: []Pattern{{Template: "\x1b]0;title\x07", Before: math.NaN()}}}
	if err := b.Text(&out); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\x07\u202e\u200b") {
		t.Errorf("control characters reach the terminal: %q", out.String())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTextReportsWriteErrors(t *testing.T) {
	if err := (Brief{}).Text(brokenPipe{}); err == nil {
		t.Error("a failed write was swallowed")
	}
}

// A field that says that there was no error is none.
func TestFieldsWithoutAnError(t *testing.T) {
	for text, want := range map[string]bool{
		`{"level":"info","msg":"request done","error":null}`:                       false,
		`{"level": "info", "msg": "request done", "error": "", "failed": false}`:   false,
		`{"msg":"batch done","errors":[],"exception":null}`:                        false,
		`{"level":"info","msg":"request done","error":"connection reset by peer"}`: true,
		`{"msg":"request failed","error":null}`:                                    true,
		`{"msg":"batch done","errors":["timeout"]}`:                                true,
	} {
		if got := severeText(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
