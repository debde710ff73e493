package evidence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// steps is a noisy series with the given levels, each for its length.
func steps(random *rand.Rand, noise float64, levels ...[2]float64) []float64 {
	var out []float64
	for _, l := range levels {
		for range int(l[1]) {
			out = append(out, l[0]+noise*random.NormFloat64())
		}
	}
	return out
}

func near(got, want []int, within int) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if max(got[i]-want[i], want[i]-got[i]) > within {
			return false
		}
	}
	return true
}

func TestChangePoints(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	ramp := make([]float64, 200)
	for i := range ramp {
		ramp[i] = max(float64(i-100), 0) + random.NormFloat64()
	}
	gaps := steps(random, 1, [2]float64{0, 60}, [2]float64{8, 60})
	for i := 10; i < 20; i++ {
		gaps[i] = math.NaN()
	}
	cases := []struct {
		name   string
		values []float64
		want   []int
		within int
	}{
		{"empty", nil, nil, 0},
		{"one sample", []float64{5}, nil, 0},
		{"constant", make([]float64, 100), nil, 0},
		{"all missing", []float64{math.NaN(), math.NaN(), math.Inf(1)}, nil, 0},
		{"smooth, but too short to tell", []float64{1, 1.1, 1.2, 1.4, 1.5, 1.4, 1.2, 1.1, 1, 0.9, 0.8, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3}, nil, 0},
		{"one step", steps(random, 1, [2]float64{10, 60}, [2]float64{16, 60}), []int{60}, 1},
		{"up and back", steps(random, 1, [2]float64{10, 60}, [2]float64{18, 30}, [2]float64{10, 60}), []int{60, 90}, 1},
		{"trend alone", steps(random, 1, [2]float64{0, 1}), nil, 0},
		{"bend", ramp, []int{100}, 6},
		{"step among gaps", gaps, []int{60}, 1},
		{"long", steps(random, 1, [2]float64{0, 31000}, [2]float64{3, 29000}), []int{31000}, 20},
	}
	for _, c := range cases {
		if got := ChangePoints(c.values); !near(got, c.want, c.within) {
			t.Errorf("%s: %v, want %v within %d", c.name, got, c.want, c.within)
		}
	}
}

// What is no change of regime must rarely be called one: independent noise, noise that drifts, a slow wave, a lone spike.
func TestChangePointsStayQuiet(t *testing.T) {
	kinds := []struct {
		name string
		most int // series of runs in which a change is tolerable
		next func(random *rand.Rand, i int, last float64) float64
	}{
		{"white noise", 4, func(random *rand.Rand, _ int, _ float64) float64 { return random.NormFloat64() }},
		{"drifting", 15, func(random *rand.Rand, _ int, last float64) float64 { return 0.8*last + random.NormFloat64() }},
		{"lone spikes", 4, func(random *rand.Rand, i int, _ float64) float64 {
			if i == 40 || i == 90 {
				return 50
			}
			return random.NormFloat64()
		}},
		{"slow wave", 4, func(random *rand.Rand, i int, _ float64) float64 {
			return 3*math.Sin(float64(i)/12*2*math.Pi) + random.NormFloat64()
		}},
	}
	const runs = 200
	for _, k := range kinds {
		random := rand.New(rand.NewPCG(11, 3))
		alarmed := 0
		for range runs {
			values := make([]float64, 120)
			last := 0.0
			for i := range values {
				last = k.next(random, i, last)
				values[i] = last
			}
			if len(ChangePoints(values)) > 0 {
				alarmed++
			}
		}
		t.Logf("%s: %d of %d series", k.name, alarmed, runs)
		if alarmed > k.most {
			t.Errorf("%s: changes in %d of %d series, at most %d are tolerable", k.name, alarmed, runs, k.most)
		}
	}
}

func TestChangePointsIgnoreScale(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	values := steps(random, 1, [2]float64{10, 50}, [2]float64{16, 50})
	scaled := make([]float64, len(values))
	for i, v := range values {
		scaled[i] = v*1e6 + 1e9
	}
	if diff := cmp.Diff(ChangePoints(values), ChangePoints(scaled)); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkChangePoints shows cost at three sizes: bounded by binning, so linear in the end.
func BenchmarkChangePoints(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		random := rand.New(rand.NewPCG(1, 1))
		values := steps(random, 1, [2]float64{0, float64(n / 2)}, [2]float64{3, float64(n / 2)})
		b.Run(fmt.Sprintf("points=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(ChangePoints(values)) == 0 {
					b.Fatal("the step was not found")
				}
			}
		})
	}
}
