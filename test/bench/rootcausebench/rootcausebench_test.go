package rootcausebench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

const sha = "0123456789abcdef0123456789abcdef01234567"

// write makes an archive in the dataset's layout with made-up content.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	if err := archive.Write(filepath.Join(dir, "any-name.zip"), files); err != nil {
		t.Fatal(err)
	}
}

func metrics(service string) string {
	var b strings.Builder
	b.WriteString("timestamp,service,metric,value\n")
	for i := range 60 {
		v := 0.01
		if i >= 45 {
			v = 0.7
		}
		fmt.Fprintf(&b, "2026-01-05T08:%02d:00Z,%s,error_ratio,%g\n", i, service, v)
	}
	return b.String()
}

func files(name, log string) map[string]string {
	return map[string]string{
		name + "/alert.json":  `{"service":"mill","metric":"error_ratio","fired_at":"2026-01-05T08:47:00Z","summary":"errors high"}`,
		name + "/metrics.csv": metrics("mill"),
		name + "/logs.ndjson": `{"timestamp":"2026-01-05T08:01:00Z","service":"mill","severity_text":"INFO","msg":"ground"}` + "\n" +
			`{"timestamp":"2026-01-05T08:46:00Z","service":"mill","severity_text":"ERROR","msg":"` + log + `","pool.max":5}`,
		name + "/traces.json": `[{"trace_id":"t","span_id":"a","parent_id":null,"service":"door","name":"GET /","start":"2026-01-05T08:46:00Z","duration_ms":12.5,"status":"ERROR"},
			{"trace_id":"t","span_id":"b","parent_id":"a","service":"mill","name":"grind","start":"2026-01-05T08:46:00Z","duration_ms":10,"status":"ERROR","error":"grind failed"}]`,
		name + "/context/commits.json": `[{"sha":"` + sha + `","timestamp":"2026-01-05T08:40:00Z","message":"tidy","files_changed":["services/mill/pool.yaml"],"diff":"@@ services/mill/pool.yaml @@\n-  max_connections: 50\n+  max_connections: 5"}]`,
		name + "/context/deploys.json": `[{"timestamp":"2026-01-05T08:43:00Z","service":"mill","commit_sha":"` + sha + `","version":"v2"}]`,
		name + "/context/flags.json":   `[]`,
	}
}

func TestRunScoresDiscoveredScenarios(t *testing.T) {
	dir := t.TempDir()
	all := files("pool", "timeout acquiring connection from pool")
	for k, v := range files("outside", "POST https://api.grainmarket.com/v1 returned 503") {
		all[k] = v
	}
	write(t, dir, all)
	labels := `{"pool":{"root_cause_commit":"` + sha + `","first_failing_service":"mill","decoy_deploy_commits":[]},
		"outside":{"root_cause_commit":"none","first_failing_service":"mill","decoy_deploy_commits":["` + sha + `"]}}`
	if err := os.WriteFile(filepath.Join(dir, "labels.json"), []byte(labels), 0o600); err != nil {
		t.Fatal(err)
	}
	results, err := New().Run(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, r := range results {
		got[r.Metric] = r.Value
	}
	if got["pass rate"] != 1 || got["decoy hits"] != 0 || got["none recognised"] != 1 || got["graded reward"] != 1 {
		t.Errorf("results %v", got)
	}
}

func TestCaseTranslatesWithoutLabels(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files("pool", "timeout"))
	in, _, err := New().Case(dir, "pool")
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Metrics) != 1 || len(in.Changes) != 2 || len(in.Alarms) != 1 || len(in.Calls) != 2 || in.Calls[1].Caller != "door" {
		t.Errorf("input %+v", in)
	}
	if len(in.Logs) != 3 || in.Logs[1].Message != "timeout pool.max=5" || in.Logs[2].Message != "grind: grind failed" {
		t.Errorf("logs %+v", in.Logs)
	}
	if _, names, err := New().Case(dir, "?"); err != nil || len(names) != 1 {
		t.Errorf("names %v, %v", names, err)
	}
}

func TestAnswerPrefersTheCommit(t *testing.T) {
	b := evidence.Brief{Changes: []evidence.ChangeVerdict{{Verdict: evidence.Culprit, Change: evidence.Change{Kind: "deployment", ID: "d", Revision: sha}}}}
	if got := Answer(b); got != sha {
		t.Errorf("answer %s", got)
	}
	if got := Answer(evidence.Brief{}); got != "none" {
		t.Errorf("answer %s", got)
	}
	if !same(sha[:7], sha) || same("none", sha) || same("", sha) || same(sha[:6], sha) {
		t.Error("commit prefixes are compared wrongly")
	}
}

// Scenarios that are damaged, spread over archives or without a label are counted, by name.
func TestEveryScenarioCounts(t *testing.T) {
	dir := t.TempDir()
	good, torn := files("good", "timeout acquiring connection from pool (max=5)"), files("torn", "x")
	good["good/metrics.csv"] = "\ufeff" + strings.ReplaceAll(good["good/metrics.csv"], "\n", "\r\n")
	torn["torn/logs.ndjson"] = "{\"timestamp\":\n" + torn["torn/logs.ndjson"]
	torn["torn/context/commits.json"] = "[{"
	delete(torn, "torn/alert.json")
	write(t, dir, good)
	if err := archive.Write(filepath.Join(dir, "more.zip"), torn); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.zip"), []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "labels.json"), []byte("\ufeff"+`{"good":{"root_cause_commit":"`+sha+`","extra":1}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	results, err := New().Run(dir)
	for _, want := range []string{"broken.zip", "torn/logs.ndjson: line 1", "torn/context/commits.json", "torn: no label"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if len(results) != 5 || results[0].Cases != 2 || results[0].Value != 0.5 || results[2].Cases != 0 || results[2].Value != 0 {
		t.Errorf("%+v", results)
	}
	in, _, err := New().Case(dir, "torn")
	if err == nil || len(in.Logs) != 3 || len(in.Metrics) != 1 || len(in.Changes) != 1 || len(in.Alarms) != 0 {
		t.Errorf("%d logs, %d metrics, %d changes, %d alarms, %v", len(in.Logs), len(in.Metrics), len(in.Changes), len(in.Alarms), err)
	}
}
