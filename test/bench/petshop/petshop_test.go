package petshop

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

const target = `{"target":{"node":"door","metric":"latency","agg":"Average","timestamp":1700000600},"root_cause":{"node":"mill","metric":null},"metadata":{"note":"x"}}`

// table is a metrics file in which the mill becomes slow from the third row on.
func metrics() string {
	b := "microservice,door,mill\nmetric,latency (seconds),latency (seconds)\nstatistic,Average,Average\n"
	for i := range 5 {
		b += fmt.Sprintf("%d,0.2,%g\n", 1700000000+300*i, []float64{.1, .1, 9, 9, 9}[i])
	}
	return b
}

func folder(t *testing.T, archives ...map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for i, files := range archives {
		if err := archive.Write(filepath.Join(dir, fmt.Sprintf("part%d.zip", i)), files); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The same data in another shape is the same input: spread over archives, below another folder, with a byte order mark, line
// ends of another system and columns in another order.
func TestShapeDoesNotMatter(t *testing.T) {
	graph := ",door,mill\ndoor,0.0,1.0\nmill,,0.0\n"
	plain := folder(t, map[string]string{"calm/graph.csv": graph, "calm/noissue/metrics.csv": metrics(), "calm/train/issue_0/target.json": target, "calm/train/issue_0/metrics.csv": metrics()})
	other := folder(t, map[string]string{"data/calm/graph.csv": "\ufeff" + strings.ReplaceAll(graph, "\n", "\r\n"), "data/calm/noissue/metrics.csv": metrics()},
		map[string]string{"data/calm/train/issue_0/target.json": target, "data/calm/train/issue_0/metrics.csv": "\ufeff" + strings.ReplaceAll(metrics(), "\n", "\r\n")})
	want, _, err := load(plain)
	if err != nil {
		t.Fatal(err)
	}
	got, scenarios, err := load(other)
	if err != nil || len(got) != 1 || len(scenarios) != 1 || len(want) != 1 {
		t.Fatalf("%d and %d issues, %v", len(want), len(got), err)
	}
	if diff := cmp.Diff(want[0].input, got[0].input, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if len(got[0].input.Dependencies) != 1 || got[0].input.Reference == nil || got[0].cause != "mill" || len(got[0].input.Metrics) != 2 {
		t.Errorf("%+v", got[0])
	}
}

// What is damaged or missing is a miss, by name; the rest is scored.
func TestEveryIssueCounts(t *testing.T) {
	dir := folder(t, map[string]string{
		"s/test/issue_0/target.json": target, "s/test/issue_0/metrics.csv": metrics(), // no graph, no fault-free data
		"s/test/issue_1/target.json": target, "s/test/issue_2/target.json": `{"target":`,
		"s/test/issue_3/target.json": target, "s/test/issue_3/metrics.csv": "microservice,door\nmetric\nstatistic,Average\n1700000000\n"})
	results, err := Run(dir, func(in evidence.Input) evidence.Brief {
		b := evidence.Brief{}
		if len(in.Metrics) > 0 {
			b.Causes = []evidence.Cause{{Component: "mill"}}
		}
		return b
	})
	for _, name := range []string{"issue_1", "issue_2"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
	if len(results) == 0 || results[0].Cases != 4 || results[0].Value != 0.25 {
		t.Errorf("%+v", results)
	}
	for _, r := range results {
		if math.IsNaN(r.Value) {
			t.Errorf("%s %s is no number", r.Split, r.Metric)
		}
	}
	if _, err := Run(folder(t, map[string]string{"readme": ""}), evidence.Analyze); err == nil {
		t.Error("no issue is no error")
	}
}
