package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

func TestWilson(t *testing.T) {
	cases := []struct{ hits, n, low, high float64 }{
		{0, 10, 0, 0.2775},
		{10, 10, 0.7225, 1},
		{33, 34, 0.8508, 0.9948},
		{5, 10, 0.2366, 0.7634},
	}
	for _, c := range cases {
		got := wilson(c.hits, c.n)
		if math.Abs(got.low-c.low) > 1e-3 || math.Abs(got.high-c.high) > 1e-3 {
			t.Errorf("wilson(%v, %v) = %.4f..%.4f, want %.4f..%.4f", c.hits, c.n, got.low, got.high, c.low, c.high)
		}
	}
}

func TestIntervalOf(t *testing.T) {
	share := intervalOf(score.Result{Value: 0.5, Cases: 10})
	mean := intervalOf(score.Result{Value: 2, Cases: 4, Parts: []float64{1, 2, 2, 3}})
	none := intervalOf(score.Result{Value: 0.333, Cases: 10})
	if !share.known || !mean.known || none.known {
		t.Fatalf("known: share %v, mean %v, neither %v", share.known, mean.known, none.known)
	}
	if mean.low < 1 || mean.low > 2 || mean.high < 2 || mean.high > 3 {
		t.Errorf("bootstrap %v..%v around 2", mean.low, mean.high)
	}
	if pooled := intervalOf(score.Result{Value: 1, Cases: 10, Pooled: true}); pooled.known {
		t.Errorf("a pooled number has the interval %v", pooled)
	}
	if again := intervalOf(score.Result{Value: 2, Cases: 4, Parts: []float64{1, 2, 2, 3}}); again != mean {
		t.Errorf("the same parts gave %v, then %v", mean, again)
	}
}

func TestReliability(t *testing.T) {
	var outcomes []score.Outcome
	for i := range 10 {
		outcomes = append(outcomes, score.Outcome{Hit: i < 9, Confidence: 0.9}, score.Outcome{Hit: i < 2, Confidence: 0.3})
	}
	r := reliabilityOf(outcomes)
	if math.Abs(r.ece-0.05) > 1e-9 { // half the cases are right about themselves, half off by 0.1
		t.Errorf("expected calibration error %v, want 0.05", r.ece)
	}
	if want := (9*8 + 0.5*(9*1+2*8)) / (11 * 9.0); math.Abs(r.auroc-want) > 1e-9 {
		t.Errorf("AUROC %v, want %v", r.auroc, want)
	}
	if len(r.bins) != 2 || r.bins[0].cases != 10 || r.bins[1].hits != 0.9 {
		t.Errorf("bins %+v", r.bins)
	}
	if alone := reliabilityOf([]score.Outcome{{Hit: true, Confidence: 1}}); !math.IsNaN(alone.auroc) || alone.bins[0].high != 1 {
		t.Errorf("one hit: %+v", alone)
	}
}

func TestChoose(t *testing.T) {
	all := []score.Dataset{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	got, err := choose(all, "c, a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "c"}, names(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := choose(all, "a,x"); err == nil || !strings.Contains(err.Error(), `"x"`) || !strings.Contains(err.Error(), "a, b, c") {
		t.Errorf("an unknown name gave %v", err)
	}
}

// A folder that is missing is named, one that is broken fails the run, and both leave the others alone.
func TestRunAll(t *testing.T) {
	data := t.TempDir()
	for _, d := range []string{"good", "broken"} {
		if err := os.Mkdir(filepath.Join(data, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	good := func(string) ([]score.Result, error) {
		return []score.Result{{Dataset: "good", Value: 1, Cases: 3}}, nil
	}
	bad := func(string) ([]score.Result, error) { return nil, errors.New("no archive") }
	r := runAll([]score.Dataset{{Name: "broken", Run: bad}, {Name: "missing", Run: good}, {Name: "good", Run: good}}, data, func(string) {})
	if len(r.results) != 1 || len(r.skipped) != 1 || r.skipped[0] != "missing" || len(r.failed) != 1 {
		t.Errorf("%+v", r)
	}
	var out bytes.Buffer
	printTable(&out, r)
	for _, want := range []string{"skipped: missing", "failed: broken: no archive", "good"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// Every dataset must call a folder with the wrong content an error, not a score of nothing.
func TestWrongLayoutIsAnError(t *testing.T) {
	for _, d := range datasets() {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "data.zip"), []byte("no archive"), 0o644); err != nil {
			t.Fatal(err)
		}
		if results, err := d.Run(dir); err == nil {
			t.Errorf("%s: %d results and no error from a broken archive", d.Name, len(results))
		}
		if results, err := d.Run(t.TempDir()); err == nil {
			t.Errorf("%s: %d results and no error from an empty folder", d.Name, len(results))
		}
	}
}

func TestWriteJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	err := writeJSON(file, []score.Result{{Dataset: "d", Split: "s", Metric: "m", Value: 0.5, Cases: 2, SecondsPerCase: 0.25, Outcomes: []score.Outcome{{}}, Parts: []float64{1}}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{"dataset": "d", "split": "s", "metric": "m", "value": 0.5, "cases": 2.0, "seconds_per_case": 0.25, "published": []any{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDocsKeepWhatOthersWrote(t *testing.T) {
	table := "| part | without it |\n|---|---|\n| masking | worse |"
	old := "text\n" + begin(ablation) + "\n" + table + "\n" + end(ablation) + "\nmore"
	var out bytes.Buffer
	page(&out, run{results: []score.Result{{Dataset: "d", Value: 1, Cases: 1}}}, nil, old)
	if got := kept(out.String(), ablation); got != table {
		t.Errorf("after rewriting: %q", got)
	}
	if got := kept(out.String(), remarks); got != nothing {
		t.Errorf("a part that nobody wrote: %q", got)
	}
}

func TestExplain(t *testing.T) {
	at := time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)
	in := evidence.Input{Window: evidence.Window{From: at, To: at.Add(40 * time.Minute), Start: at.Add(20 * time.Minute)}}
	s := evidence.Series{Component: "api", Metric: "latency", Statistic: "p99"}
	for i := range 40 {
		v := 100.0
		if i >= 20 {
			v = 900
		}
		s.Times, s.Values = append(s.Times, at.Add(time.Duration(i)*time.Minute).UnixMilli()), append(s.Values, v+float64(i%3))
	}
	in.Metrics = []evidence.Series{s}
	sets := []score.Dataset{
		{Name: "made-up", Case: func(_, id string) (evidence.Input, []string, error) {
			if id != "one" {
				return evidence.Input{}, []string{"one", "two"}, nil
			}
			return in, nil, nil
		}},
		{Name: "series"},
	}
	var out bytes.Buffer
	if err := explain(sets, "data", "made-up/one", &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"made-up/one", "api latency p99", "▁", "█", "^"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for target, want := range map[string]string{"nothing/x": "choose from made-up, series", "made-up/three": "it has one, two", "made-up": "it has one, two", "series/x": "no incidents"} {
		if err := explain(sets, "data", target, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", target, err, want)
		}
	}
}

func TestSparklineOfAnything(t *testing.T) {
	cases := map[string]evidence.Series{
		"empty":    {},
		"one":      {Times: []int64{5}, Values: evidence.Values{1}},
		"constant": {Times: []int64{0, 50, 99}, Values: evidence.Values{2, 2, 2}},
		"holes":    {Times: []int64{0, 50, 99}, Values: evidence.Values{math.NaN(), math.Inf(1), 2}},
		"uneven":   {Times: []int64{0, 1}, Values: evidence.Values{1}},
	}
	for name, s := range cases {
		_, _, line := sparkline(s, 0, 100)
		if n := len([]rune(line)); n != chartWidth {
			t.Errorf("%s: %d columns", name, n)
		}
	}
}
