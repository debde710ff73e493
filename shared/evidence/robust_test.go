package evidence

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestQuantile(t *testing.T) {
	cases := []struct {
		values []float64
		q      float64
		want   float64
	}{
		{nil, 0.5, math.NaN()},
		{[]float64{math.NaN(), math.Inf(1)}, 0.5, math.NaN()},
		{[]float64{4}, 0.9, 4},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{1, 2, 3, 4, 5}, 0.25, 2},
		{[]float64{1, 2, 3, 4, 5}, 0.9, 4.6},
		{[]float64{1, 2, 3}, -1, 1},
		{[]float64{1, 2, 3}, 7, 3},
		{[]float64{5, math.NaN(), 1}, 0.5, 3},
	}
	for _, c := range cases {
		before := slices.Clone(c.values)
		got := quantile(c.values, c.q)
		if diff := cmp.Diff(c.want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("quantile(%v, %v): %s", c.values, c.q, diff)
		}
		if diff := cmp.Diff(before, c.values, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("quantile changed its argument: %s", diff)
		}
	}
}

// selectNth must agree with sorting on any order of values, also the ones that make a naive quickselect quadratic.
func TestSelectNth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]func(i int) float64{
		"random":  func(int) float64 { return random.Float64() },
		"equal":   func(int) float64 { return 1 },
		"rising":  func(i int) float64 { return float64(i) },
		"falling": func(i int) float64 { return -float64(i) },
		"organ":   func(i int) float64 { return float64(min(i, 500-i)) },
		"few":     func(i int) float64 { return float64(i % 3) },
	}
	for name, shape := range shapes {
		values := make([]float64, 500)
		for i := range values {
			values[i] = shape(i)
		}
		sorted := slices.Sorted(slices.Values(values))
		for _, n := range []int{0, 1, 249, 250, 498, 499} {
			if got := selectNth(slices.Clone(values), n); got != sorted[n] {
				t.Errorf("%s: %d-th is %v, want %v", name, n, got, sorted[n])
			}
		}
	}
}

func TestBaseline(t *testing.T) {
	cases := []struct {
		name      string
		reference []float64
		x         float64
		low, high float64 // where z must lie
	}{
		{"nothing known", nil, 5, 0, 0},
		{"no number", []float64{1, 2, 3}, math.NaN(), 0, 0},
		{"constant, same", []float64{7, 7, 7}, 7, 0, 0},
		{"constant, a little off", []float64{100, 100, 100}, 100.5, 0.4, 0.6},
		{"constant, far off", []float64{100, 100, 100}, 200, 99, 101},
		{"zeros, then some", []float64{0, 0, 0, 0}, 3, zCap, zCap},
		{"mostly equal", []float64{5, 5, 5, 5, 5, 9}, 9, 1, 10},
		{"one wild sample", []float64{10, 11, 9, 10, 11, 9, 1e6}, 14, 2, 4},
		{"below", []float64{10, 12, 8, 11, 9}, 0, -8, -5},
	}
	for _, c := range cases {
		if z := baselineOf(c.reference).z(c.x); z < c.low || z > c.high {
			t.Errorf("%s: z %v, want %v..%v", c.name, z, c.low, c.high)
		}
	}
}

func TestClean(t *testing.T) {
	in := Series{Component: "api", Times: []int64{30, 10, 20, 20, 40, 50}, Values: Values{3, 1, 2, 22, math.NaN()}}
	want := Series{Component: "api", Times: []int64{10, 20, 30}, Values: Values{1, 22, 3}}
	if diff := cmp.Diff(want, clean(in)); diff != "" {
		t.Error(diff)
	}
	if in.Times[0] != 30 {
		t.Error("clean changed its argument")
	}
}

// nasty makes a series of anything from bytes: NaN, infinities, huge values, repeated and falling times.
func nasty(data []byte) Series {
	s := Series{Component: "c", Metric: "m"}
	for ; len(data) >= 9; data = data[9:] {
		s.Times = append(s.Times, int64(int8(data[0]))*1000)
		s.Values = append(s.Values, math.Float64frombits(binary.LittleEndian.Uint64(data[1:])))
	}
	return s
}

func FuzzSeries(f *testing.F) {
	f.Add([]byte{}, int64(0))
	f.Add([]byte("123456789"), int64(5))
	f.Add(slices.Concat(make([]byte, 900), []byte("\x01\x00\x00\x00\x00\x00\x00\xf0\x7f"), make([]byte, 90)), int64(-3))
	f.Add(slices.Repeat([]byte("\x01\x00\x00\x00\x00\x00\x00\xf8\x7f\x02\x11\x11\x11\x11\x11\x11\xef\x7f"), 40), int64(1))
	f.Fuzz(func(t *testing.T, data []byte, start int64) {
		raw := nasty(data)
		s := clean(raw)
		if !slices.IsSorted(s.Times) || len(s.Times) != len(s.Values) {
			t.Fatalf("clean gave %v", s)
		}
		for _, c := range ChangePoints(raw.Values) {
			if c <= 0 || c >= len(raw.Values) {
				t.Fatalf("change at %d of %d", c, len(raw.Values))
			}
		}
		a, known := NewAnomalies(), baselineOf(s.Values)
		for _, v := range raw.Values {
			if score := a.Next(v); !(score >= 0 && score <= 1) {
				t.Fatalf("score %v", score)
			}
			if z := known.z(v); math.IsNaN(z) {
				t.Fatalf("z of %v is no number", v)
			}
		}
		in := Input{Window: Window{Start: time.UnixMilli(start)}, Telemetry: Telemetry{Metrics: []Series{raw, raw}, Logs: []LogLine{{Message: string(data)}}}}
		if b := Analyze(in); math.IsNaN(b.Confidence) || b.Confidence < 0 || b.Confidence > 1 {
			t.Fatalf("confidence %v", b.Confidence)
		}
	})
}

// BenchmarkBaseline shows that robust statistics cost the same per sample at three sizes.
func BenchmarkBaseline(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		values := steps(rand.New(rand.NewPCG(1, 1)), 1, [2]float64{5, float64(n)})
		b.Run(fmt.Sprintf("points=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if baselineOf(values).n != n {
					b.Fatal("samples were lost")
				}
			}
		})
	}
}
