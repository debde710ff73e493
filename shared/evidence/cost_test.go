package evidence

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"
)

// madeUp is an incident of the given size: 50 components in a chain of calls, one of which slows down halfway, with as many
// log lines as asked for.
func madeUp(points, lines int) Input {
	const components = 50
	n := points / components
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	start := begin.Add(time.Duration(n/2) * time.Second)
	in := Input{Window: Window{From: begin, To: begin.Add(time.Duration(n) * time.Second), Start: start}}
	for c := range components {
		s := Series{Component: fmt.Sprintf("component-%d", c), Metric: "latency", Unit: "ms", Times: make([]int64, n), Values: make(Values, n)}
		for i := range n {
			s.Times[i] = begin.Add(time.Duration(i) * time.Second).UnixMilli()
			s.Values[i] = 100 + 5*math.Sin(float64(i*(c+1)))
			if i >= n/2 && c < 5 {
				s.Values[i] += 400
			}
		}
		in.Metrics = append(in.Metrics, s)
		if c > 0 {
			in.Dependencies = append(in.Dependencies, Dependency{Caller: in.Metrics[c-1].Component, Callee: s.Component})
		}
	}
	for i := range lines {
		l := LogLine{Component: in.Metrics[i%components].Component, Message: fmt.Sprintf("order %d accepted in %d ms", i, i%97)}
		l.Time = begin.Add(time.Duration(i%max(n, 1)) * time.Second)
		if l.Time.After(start) && i%components == 4 {
			l.Message = fmt.Sprintf("pool exhausted: active=%d waiting=%d", i%50, i%7)
		}
		in.Logs = append(in.Logs, l)
	}
	return in
}

// BenchmarkAnalyze shows that a whole analysis costs the same per point and per line at three sizes.
func BenchmarkAnalyze(b *testing.B) {
	for _, size := range [][2]int{{5_000, 0}, {50_000, 0}, {500_000, 0}, {5_000, 1_000}, {5_000, 10_000}, {5_000, 100_000}} {
		in := madeUp(size[0], size[1])
		b.Run(fmt.Sprintf("points=%d/lines=%d", size[0], size[1]), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(Analyze(in).Causes) == 0 {
					b.Fatal("the slow component was not seen")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size[0]+size[1]), "ns/fact")
		})
	}
}

// BenchmarkOnsets measures finding the signals that changed, without ranking.
func BenchmarkOnsets(b *testing.B) {
	for _, points := range []int{5_000, 50_000, 500_000} {
		tracks := stage(madeUp(points, 0)).tracks
		b.Run(fmt.Sprintf("points=%d", points), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(onsetsOf(tracks)) == 0 {
					b.Fatal("the slow component was not seen")
				}
			}
		})
	}
}

// BenchmarkGroupAlarms shows that an alarm costs the same at three sizes: storms that follow each other without a silence, one
// alarm that never stops, and one component that rings all its alarms at once.
func BenchmarkGroupAlarms(b *testing.B) {
	for name, alarm := range map[string]func(i int) Alarm{
		"storms":    func(i int) Alarm { return ringing(i*100, fmt.Sprintf("c%d", i%7), fmt.Sprintf("m%d", i%500)) },
		"flapping":  func(i int) Alarm { return ringing(i*10, "c", "m") },
		"component": func(i int) Alarm { return ringing(i, "c", fmt.Sprintf("m%d", i)) },
	} {
		for _, n := range []int{2_000, 20_000, 200_000} {
			alarms := make([]Alarm, n)
			for i := range alarms {
				alarms[i] = alarm(i)
			}
			b.Run(fmt.Sprintf("%s/alarms=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					GroupAlarms(alarms, nil)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/alarm")
			})
		}
	}
}

// Ten times as many points or lines allocate at most ten times as much, with room for the growth of tables. Bytes are
// counted, not seconds: time is for the benchmarks.
func TestAnalyzeIsLinear(t *testing.T) {
	const most = 14
	allocated := func(points, lines int) float64 {
		in := madeUp(points, lines)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Analyze(in)
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc - before.TotalAlloc)
	}
	cases := []struct {
		name       string
		small, big [2]int
	}{
		{"points", [2]int{50_000, 0}, [2]int{500_000, 0}},
		{"lines", [2]int{5_000, 5_000}, [2]int{5_000, 50_000}},
	}
	for _, c := range cases {
		small, big := allocated(c.small[0], c.small[1]), allocated(c.big[0], c.big[1])
		t.Logf("%s: %.0f bytes, ten times as many %.0f", c.name, small, big)
		if ratio := big / small; ratio > most {
			t.Errorf("%s: ten times as many allocate %.0f times as much", c.name, ratio)
		}
	}
}
