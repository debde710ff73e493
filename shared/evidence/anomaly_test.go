package evidence

import (
	"math"
	"math/rand/v2"
	"testing"
)

// alarms runs a series through a detector and returns the samples that are anomalous.
func alarms(values []float64) []int {
	a := NewAnomalies()
	var out []int
	for i, v := range values {
		if a.Next(v) >= Anomalous {
			out = append(out, i)
		}
	}
	return out
}

func TestAnomalies(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 9))
	day := func(n int, change func(i int, v float64) float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = change(i, 100+30*math.Sin(float64(i)/288*2*math.Pi)+2*random.NormFloat64())
		}
		return out
	}
	cases := []struct {
		name   string
		values []float64
		from   int // alarms are expected only at from..from+width-1; -1: none at all
		width  int
	}{
		{"constant", make([]float64, 400), -1, 0},
		{"missing", []float64{math.NaN(), math.Inf(1), math.Inf(-1)}, -1, 0},
		{"outage that stays", day(1000, func(i int, v float64) float64 {
			if i >= 700 {
				return 0
			}
			return v
		}), 700, 1},
		{"one spike", day(1000, func(i int, v float64) float64 {
			if i == 700 {
				return 400
			}
			return v
		}), 700, 1},
		{"slow rise of the level", day(1000, func(i int, v float64) float64 {
			return v + max(0, float64(i-700))
		}), 700, 300},
	}
	for _, c := range cases {
		got := alarms(c.values)
		if c.from < 0 {
			if len(got) > 0 {
				t.Errorf("%s: alarms at %v, want none", c.name, got)
			}
			continue
		}
		if len(got) == 0 || got[0] < c.from || got[len(got)-1] >= c.from+c.width {
			t.Errorf("%s: alarms at %v, want them within %d..%d", c.name, got, c.from, c.from+c.width-1)
		}
	}
}

// The memory of a detector does not grow with the series, whatever its shape.
func TestAnomaliesForget(t *testing.T) {
	a := NewAnomalies()
	for i := range 20 * anomalyMemory {
		a.Next(float64(i)) // a rising series fills the queue of minima, the worst case
	}
	for _, s := range a.scales {
		if len(s.low.v) > anomalyMemory || len(s.high.v) > anomalyMemory {
			t.Errorf("length %d: %d and %d values kept, at most %d", s.length, len(s.low.v), len(s.high.v), anomalyMemory)
		}
	}
}

func BenchmarkAnomalies(b *testing.B) {
	a := NewAnomalies()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if a.Next(math.Sin(float64(i)/50)) < 0 {
			b.Fatal("a score is never negative")
		}
	}
}
