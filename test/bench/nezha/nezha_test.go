package nezha

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

const (
	labels = `[{"system":"Mills","day":"2026-01-05","inject_time":"2026-01-05 08:10:04","inject_pod":"mill-7f-x1","inject_type":"return","note":1}]`
	traces = "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n" +
		"t,a,root,door-7f-x1,GET,1767600660000000000,1767600661000000000,1000000\nt,b,a,mill-7f-x1,grind,1767600660100000000,1767600660900000000,800000\n"
	logs  = "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log\n2026-01-05T08:11:00Z,1767600660000000000,n1,mill-7f-x1,mill,t,b,\"{\"\"log\"\":\"\"ground\\n\"\"}\"\n"
	turns = "SpanID,TraceID,extra,ParentID,EndTimeUnixNano,PodName,OperationName,StartTimeUnixNano\n" +
		"a,t,?,root,1767600661000000000,door-7f-x1,GET,1767600660000000000\nb,t,?,a,1767600660900000000,mill-7f-x1,grind,1767600660100000000\n"
)

func table(pod string) string {
	b := "Time,TimeStamp,PodName,CpuUsage(m)\n"
	for i := range 30 {
		b += fmt.Sprintf("2026-01-05 08:%02d:00 +0000 UTC,1,%s,%d\n", i, pod, i)
	}
	return b
}

func folder(t *testing.T, labels string, archives ...map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	err := os.WriteFile(filepath.Join(dir, "anything.json"), []byte(labels), 0o644)
	for i, files := range archives {
		if err == nil {
			err = archive.Write(filepath.Join(dir, fmt.Sprintf("part%d.zip", i)), files)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func input(t *testing.T, dir string) evidence.Input {
	t.Helper()
	in, _, err := Case(dir, "Mills 2026-01-05 08:10:04")
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestShapeDoesNotMatter(t *testing.T) {
	plain := input(t, folder(t, labels, map[string]string{"metric/mill_metric.csv": table("mill-7f-x1"), "trace/08_11_trace.csv": traces, "log/08_11_log.csv": logs, "normal/trace/07_00_trace.csv": traces}))
	rows := strings.Split(strings.TrimSuffix(table("mill-7f-x1"), "\n"), "\n")
	unordered := strings.Join(append([]string{rows[0]}, append(rows[10:], rows[1:10]...)...), "\r\n") + "\r\n"
	other := input(t, folder(t, "\ufeff"+labels,
		map[string]string{"rec/2026-01-05/metric/mill_metric.csv": "\ufeff" + unordered, "rec/2026-01-05/trace/08_11_trace.csv": turns, "rec/2026-01-05/log/08_11_log.csv": logs,
			"rec/2026-01-05/normal/trace/07_00_trace.csv": traces, "rec/2026-01-06/trace/08_11_trace.csv": traces},
		map[string]string{"metric/late_metric.csv": strings.ReplaceAll(table("mill-7f-x1"), "2026-01-05", "2026-02-05")}))
	if diff := cmp.Diff(plain, other, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if len(plain.Metrics) != 1 || len(plain.Metrics[0].Times) != 17 || len(plain.Calls) != 2 || len(plain.Logs) != 1 || plain.Logs[0].Message != "ground" || plain.Reference == nil {
		t.Errorf("%+v", plain)
	}
}

// Without metrics the traces of the day are still looked at.
func TestWithoutMetrics(t *testing.T) {
	in := input(t, folder(t, labels, map[string]string{"trace/08_11_trace.csv": traces, "normal/trace/07_00_trace.csv": traces}))
	if len(in.Calls) != 2 || in.Reference == nil {
		t.Errorf("%+v", in)
	}
}

func TestEveryFaultCounts(t *testing.T) {
	more := `[{"system":"Mills","inject_time":"2026-01-05 08:10:04","inject_pod":"mill-7f-x1"},{"system":"Mills","inject_time":"2026-01-05 08:20:04","inject_pod":"door-7f-x1"},
		{"system":"Mills","inject_time":"2027-01-05 08:10:04","inject_pod":"mill-7f-x1"},{"system":"Mills","inject_time":"soon","inject_pod":""}]`
	dir := folder(t, more, map[string]string{"metric/mill_metric.csv": table("mill-7f-x1"), "trace/08_20_trace.csv": "SpanID\n\"torn", "trace/08_11_trace.csv": traces})
	results, err := Run(dir, func(in evidence.Input) evidence.Brief {
		b := evidence.Brief{}
		if len(in.Metrics) > 0 {
			b.Causes = []evidence.Cause{{Component: "mill"}}
		}
		return b
	})
	for _, want := range []string{"no archive covers Mills 2027", "08_20_trace.csv", "soon"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if len(results) != 3 || results[0].Cases != 4 || results[0].Value != 0.25 {
		t.Errorf("%+v", results)
	}
}
