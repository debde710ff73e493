package logs_test

import (
	"strings"
	"testing"
)

func TestLevelAndTrace(t *testing.T) {
	id := "4bf92f3577b34da6a3ce929d0e0e4736"
	cases := []struct{ message, level, trace string }{
		{"nothing said", "", ""},
		{"ERROR it broke", "ERROR", ""},
		{"2026-01-31 10:00:00,123 [main] WARN  c.e.Pool - slow", "WARN", ""},
		{"2026-01-31T10:00:00.000Z\t0f0f0f0f-0000-1111-2222-333344445555\tINFO\thello", "INFO", ""},
		{"[error] upstream timed out", "error", ""},
		{"error: no such table", "error", ""},
		{"Error handling is on", "", ""},
		{"trace the path of an error", "", ""},
		{"INFORMED people", "", ""},
		{`time=x level=warning msg="disk full" trace_id=` + id, "warning", id},
		{strings.Repeat("x", 90) + " ERROR far away", "", ""},
		{`{"level":"error","msg":"INFO is a word","trace_id":"` + id + `"}`, "error", id},
		{`{"severity":"WARNING","traceId":"` + id + `"}`, "WARNING", id},
		{`{"lvl":"dbug","Level":"Debug"}`, "Debug", ""},
		{`{"level":50,"msg":"ERROR"}`, "", ""},
		{`{"user":{"level":"error"},"msg":"gold"}`, "", ""},
		{`{"level":"gold"}`, "", ""},
		{`{broken ERROR`, "ERROR", ""},
		{"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678;Sampled=1", "", "1-67891233-abcdef012345678912345678"},
		{"REPORT RequestId: 1 Duration: 3 ms XRAY TraceId: 1-67891233-abcdef012345678912345678 SegmentId: 2", "", "1-67891233-abcdef012345678912345678"},
		{"chRoot=1-67891233-abcdef012345678912345678", "", ""},
	}
	var all []string
	for _, c := range cases {
		all = append(all, c.message)
	}
	s := store{ownReader: {"/ecs/checkout": lines(1e9, append(all, "\n", " ")...)}}
	got, _, err := ask(t, shop, cloud(t, s.answer).Accounts(ownReader), `{"components":["checkout"]}`)
	if err != nil || len(got.Logs) != len(cases) {
		t.Fatalf("%d lines of %d (blank ones are left out), %v", len(got.Logs), len(cases), err)
	}
	for i, c := range cases {
		if l := got.Logs[i]; l.Message != c.message || l.Level != c.level || l.Trace != c.trace {
			t.Errorf("%q: level %q, trace %q; want %q, %q", l.Message, l.Level, l.Trace, c.level, c.trace)
		}
	}
}
