package evidence

import (
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

// FuzzCorrelate feeds hostile texts, values and times through everything that reads changes, logs, states and metrics by
// their wording. Whatever comes in, nothing panics, every change gets one verdict, scores stay in 0..1, and what took effect
// after the onset is never blamed.
func FuzzCorrelate(f *testing.F) {
	f.Add("@@ a/b.go @@\n-\tMaxConns: 50\n+\tMaxConns: 5", "timeout acquiring connection from pool", "DB_POOL_MAX", "40", "5", int64(55), 0.5, 90.0)
	f.Add("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-LIMIT 50\n+", "panic: nil pointer x.go:1", "", "", "", int64(-1), math.NaN(), math.Inf(1))
	f.Add("\x00\xff@@\n+\xf0\x28", "\xff\xfe 503 https://a.b.com", "\x00", "1e999", "-0", int64(math.MaxInt32), -1e300, 1e300)
	f.Fuzz(func(t *testing.T, diff, line, name, old, now string, at int64, calm, bad float64) {
		in := incidentOf(line)
		in.Metrics = append(in.Metrics, shopSeries("billing", name+"_max", calm, bad))
		in.Statuses = []Status{{Component: name, Kind: "provider", Reason: old, Message: line, Fields: map[string]string{"name": now, "x.restart_count": old}},
			{Component: "billing", Kind: "pod", Reason: line, Message: diff, Fields: map[string]string{"phase": old, "a.ready": now}}}
		in.Reference = &Telemetry{Logs: []LogLine{{Component: name, Message: diff}}}
		changed := time.Unix(at%4e9, 0).UTC()
		in.Changes = append(bystanders(), Change{ID: name, Time: changed, Kind: old, Title: line, Files: []string{now, diff}, Diff: diff, Revision: old, Parameters: []Parameter{{name, old, now}}},
			Change{ID: guilty, Time: minute(50), Kind: "commit", Diff: diff, Files: strings.Fields(line)})
		c := correlate(in, newGraph(in), map[string]float64{name: 1}, nil)
		if len(c.changes) != len(in.Changes) {
			t.Fatalf("%d verdicts for %d changes", len(c.changes), len(in.Changes))
		}
		for _, v := range c.changes {
			if math.IsNaN(v.Score) || v.Score < 0 || v.Score > 1 || v.Verdict == "" {
				t.Errorf("%s: %s %v", v.Change.ID, v.Verdict, v.Score)
			}
			if v.Verdict == Culprit && v.Change.Kind == "deployment" && v.Change.Time.After(c.trouble.start.Add(10*time.Minute)) {
				t.Errorf("%s is blamed for what began before it", v.Change.ID)
			}
		}
		for _, k := range c.conditions {
			if math.IsNaN(k.Score) || k.Score < 0 || k.Score > 1 {
				t.Errorf("condition %s %v", k.Category, k.Score)
			}
		}
		if err := Analyze(in).Text(io.Discard); err != nil {
			t.Error(err)
		}
	})
}
