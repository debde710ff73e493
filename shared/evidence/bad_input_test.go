package evidence

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// Telemetry that says nothing gives no cause that it does not support, and the gap that it leaves is named.
func TestWhatSaysNothingIsANamedGap(t *testing.T) {
	series := func(values ...float64) []Series {
		s := Series{Component: "web", Metric: "latency"}
		for i, v := range values {
			s.Times, s.Values = append(s.Times, clock(float64(i-len(values)/2)).UnixMilli()), append(s.Values, v)
		}
		return []Series{s}
	}
	nan := math.NaN()
	cases := []struct {
		name    string
		metrics []Series
		gap     string
	}{
		{"nothing", nil, "no metrics were given"},
		{"no number", series(nan, math.Inf(1), nan, math.Inf(-1)), "series without data in the window: 1 of 1"},
		{"one sample", series(5), "samples on one side of the start only"},
		{"constant", series(5, 5, 5, 5, 5, 5, 5, 5), "series that never change, and so tell nothing: 1 of 1"},
		{"times without values", []Series{{Component: "web", Metric: "latency", Times: []int64{1, 2, 3}}}, "series without data in the window: 1 of 1"},
	}
	for _, c := range cases {
		in := shop()
		in.Window.Start = clock(0)
		in.Metrics = c.metrics
		b := Analyze(in)
		text := ""
		for _, g := range b.Gaps {
			text += g.Text + "\n"
		}
		if !strings.Contains(text, c.gap) {
			t.Errorf("%s: gaps\n%swant %q", c.name, text, c.gap)
		}
		if b.Outcome == incident.Confirmed || len(b.Onsets) > 0 {
			t.Errorf("%s: outcome %s, onsets %+v", c.name, b.Outcome, b.Onsets)
		}
	}
}

// Holes in the data change neither the cause nor its onset by more than the holes.
func TestGapsDoNotMoveTheCause(t *testing.T) {
	in := shop()
	in.Metrics = []Series{wave("orders-db", "QueueDepth", "Average", 30, constant(95)), wave("web", "CPUUtilization", "Average", 20, nil)}
	want := Analyze(in)
	s := &in.Metrics[0]
	for i := range s.Values {
		if i%3 == 1 {
			s.Values[i] = math.NaN()
		}
	}
	got := Analyze(in)
	if len(got.Causes) == 0 || got.Causes[0].Component != want.Causes[0].Component || got.Causes[0].Onset.Sub(want.Causes[0].Onset).Abs() > 2*time.Minute {
		t.Errorf("with holes %+v, without %+v", got.Causes, want.Causes)
	}
}

// A log source whose clock is minutes off does not move the blame, and the difference is told when it can be seen.
func TestSkewedClocks(t *testing.T) {
	const line = "timeout acquiring connection from pool (max=5)"
	want := Analyze(incidentOf(line)).Causes[0]
	for _, skew := range []time.Duration{-5 * time.Minute, -2 * time.Minute, 2 * time.Minute, 5 * time.Minute} {
		in := incidentOf(line)
		for i := range in.Logs {
			in.Logs[i].Time = in.Logs[i].Time.Add(skew)
		}
		b := Analyze(in)
		if len(b.Causes) == 0 || b.Causes[0].Component != want.Component || b.Causes[0].Category != want.Category {
			t.Errorf("logs %s off: %+v", skew, b.Causes)
		}
		told := false
		for _, g := range b.Gaps {
			told = told || strings.Contains(g.Text, "clocks")
		}
		if seen := skew.Abs() > 3*time.Minute; told != seen {
			t.Errorf("logs %s off: told %v, gaps %+v", skew, told, b.Gaps)
		}
	}
}

// Binary junk among the lines, and in the names, neither hides the cause nor steers a terminal.
func TestJunkInLogs(t *testing.T) {
	in := incidentOf("timeout acquiring connection from pool (max=5)")
	junk := "\x00\xff\xfe\x1b[2J" + strings.Repeat("\x80A\n", 4000)
	for i := range 200 {
		in.Logs = append(in.Logs, LogLine{Time: minute(float64(i) / 3), Component: "billing", Message: fmt.Sprint(i) + junk})
	}
	b := Analyze(in)
	if len(b.Causes) == 0 || b.Causes[0].Component != "billing" || b.Causes[0].Category != ConnectionExhaustion {
		t.Errorf("%+v", b.Causes)
	}
	var out strings.Builder
	if err := b.Text(&out); err != nil || strings.ContainsAny(out.String(), "\x00\x1b") {
		t.Errorf("the brief holds control characters: %v", err)
	}
}

// What a brief keeps grows with its series, not with their points.
func TestBriefDoesNotGrowWithPoints(t *testing.T) {
	kept := func(points int) int64 {
		in := madeUp(points, 0)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		b := Analyze(in)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(b)
		runtime.KeepAlive(in)
		return int64(after.HeapAlloc) - int64(before.HeapAlloc)
	}
	small, big := kept(20_000), kept(400_000)
	t.Logf("kept of 20,000 points %d bytes, of 400,000 %d", small, big)
	if big > max(3*small, 1<<20) {
		t.Errorf("twenty times the points keep %d bytes in place of %d", big, small)
	}
}

// Ten million points (a hundredth of that without PROOF), in and out of order and each tenth twice, give the cause that a
// few give.
func TestManyPoints(t *testing.T) {
	points := 100_000
	if os.Getenv("PROOF") != "" {
		points = 10_000_000
	}
	in := madeUp(points, 0)
	for c := range in.Metrics {
		s := &in.Metrics[c]
		n := len(s.Times)
		for i := 0; i+10 < n; i += 10 {
			s.Times[i], s.Times[i+7] = s.Times[i+7], s.Times[i]
			s.Values[i], s.Values[i+7] = s.Values[i+7], s.Values[i]
			s.Times[i+3], s.Values[i+3] = s.Times[i+2], s.Values[i+2]
		}
	}
	began := time.Now()
	b := Analyze(in)
	want := Analyze(madeUp(5_000, 0))
	t.Logf("%d points: %v, %s", points, time.Since(began).Round(time.Millisecond), b.Outcome)
	if len(b.Causes) == 0 || b.Causes[0].Component != want.Causes[0].Component || b.Causes[0].Onset.Sub(in.Window.Start).Abs() > time.Minute {
		t.Errorf("causes %+v, of few points %+v", b.Causes, want.Causes)
	}
}
