package evidence

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestJointStart(t *testing.T) {
	begin := time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(4, 4))
	on := func(component string, levels ...[2]float64) track {
		tr := track{Component: component, Metric: "latency", values: steps(random, 1, levels...)}
		for i := range tr.values {
			tr.times = append(tr.times, begin.Add(time.Duration(i)*time.Minute).UnixMilli())
		}
		return tr
	}
	quiet := [2]float64{50, 120}
	cases := []struct {
		name   string
		tracks []track
		want   time.Duration // after begin; negative: nothing
	}{
		{"nothing there", nil, -1},
		{"all quiet", []track{on("a", quiet), on("b", quiet)}, -1},
		{"one shifts", []track{on("a", quiet), on("b", [2]float64{50, 70}, [2]float64{90, 50})}, 70 * time.Minute},
		{"two together, one earlier alone", []track{
			on("a", [2]float64{50, 80}, [2]float64{90, 40}), on("b", [2]float64{10, 81}, [2]float64{60, 39}), on("c", [2]float64{5, 30}, [2]float64{14, 90})}, 80 * time.Minute},
		{"the start, not the recovery", []track{
			on("a", [2]float64{50, 50}, [2]float64{90, 30}, [2]float64{50, 40}), on("b", [2]float64{10, 50}, [2]float64{60, 30}, [2]float64{10, 40})}, 50 * time.Minute},
	}
	for _, c := range cases {
		got := jointStart(c.tracks)
		if c.want < 0 {
			if !got.IsZero() {
				t.Errorf("%s: %v, want none", c.name, got)
			}
			continue
		}
		if d := got.Sub(begin) - c.want; d < -2*time.Minute || d > 2*time.Minute {
			t.Errorf("%s: %v after the beginning, want %v", c.name, got.Sub(begin), c.want)
		}
	}
}
