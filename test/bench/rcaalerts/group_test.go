package rcaalerts

import (
	"flag"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
)

var data = flag.String("data", "", "folder with the public datasets, to measure what keeps two overlaid storms from being told apart")

// An overlaid pair is one stream in which the second fault begins 120 s after the first. With -data the public datasets are
// overlaid in other ways too, and it is measured what stands in the way:
//
//	go test ./test/bench/rcaalerts -run TestOverlay -v -args -data /absolute/path/to/bench
func TestOverlay(t *testing.T) {
	day := time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC)
	storm := func(service string, at time.Time) (f fault) {
		for i := range 5 {
			f.input.Alarms = append(f.input.Alarms, evidence.Alarm{Kind: "metric", Component: service, Metric: fmt.Sprint("m", i), Time: at.Add(time.Duration(i) * 40 * time.Second)})
		}
		f.input.Alarms = append(f.input.Alarms, evidence.Alarm{Kind: "log", Component: service}) // without a time: no part of a stream
		return f
	}
	s := system{faults: []fault{storm("web", day), storm("api", day.Add(17*time.Hour))}}
	ts := overlay(s, 0, 1, delay)
	var truth []int
	for i, x := range ts {
		truth = append(truth, x.fault)
		if i > 0 && x.alarm.Time.Before(ts[i-1].alarm.Time) {
			t.Errorf("alert %d comes before the one ahead of it", i)
		}
	}
	if got := fmt.Sprint(truth); got != "[0 0 0 0 1 0 1 1 1 1]" || ts[4].alarm.Time.Sub(ts[0].alarm.Time) != delay {
		t.Errorf("faults %s, the second begins after %s", got, ts[4].alarm.Time.Sub(ts[0].alarm.Time))
	}
	var all pairs
	all.add(ts, make([]int, len(ts))) // 45 pairs predicted, 20 true, all of those found
	if got, want := all.f1(), 2*20.0/(45+20); math.Abs(got-want) > 1e-9 {
		t.Errorf("one incident scores %.3f, want %.3f", got, want)
	}
	if *data != "" {
		measure(t)
	}
}

// measure prints grouping of overlaid pairs by delay and pairing, then the ceiling.
func measure(t *testing.T) {
	systems, err := load(filepath.Join(*data, "rca-alerts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range systems {
		n := len(s.faults)
		f1 := func(from, to, step int, delay time.Duration) float64 {
			var sum pairs
			for i := from; i < to; i++ {
				group(overlay(s, i, i+step, delay), s.graph, &sum)
			}
			return sum.f1()
		}
		t.Log(s.name)
		for _, d := range []time.Duration{30 * time.Second, 60 * time.Second, delay, 180 * time.Second, 300 * time.Second} {
			t.Logf("delay %s: F1 %.3f (halves %.3f, %.3f); each fault with the next but 6 %.3f, but 16 %.3f", d,
				f1(0, n/2, n/2, d), f1(0, n/4, n/2, d), f1(n/4, n/2, n/2, d), f1(0, n-7, 7, d), f1(0, n-17, 17, d))
		}
		ceiling(t, s)
	}
}
