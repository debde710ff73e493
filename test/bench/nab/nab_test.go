package nab

import (
	"math"
	"testing"
	"time"
)

// line is a series of n rows, five minutes apart, with one window.
func line(n, first, last int) (Series, []Span) {
	s := Series{Name: "s"}
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for i := range n {
		s.Times, s.Values = append(s.Times, at.Add(time.Duration(i)*5*time.Minute)), append(s.Values, 1)
	}
	return s, []Span{{s.Times[first], s.Times[last]}}
}

func TestRate(t *testing.T) {
	s, windows := line(1000, 500, 599)
	cases := []struct {
		name      string
		at        []int
		low, high float64 // normalised
		found     int
		false_    int
	}{
		{"nothing", nil, 0, 0, 0, 0},
		{"at the start of the window", []int{500}, 99.9, 100, 1, 0},
		{"in the middle", []int{550}, 90, 95, 1, 0},
		{"at its end", []int{599}, 50, 52, 1, 0},
		{"twice in it counts once", []int{500, 560}, 99.9, 100, 1, 0},
		{"in probation", []int{100}, 0, 0, 0, 0},
		{"false alarm before", []int{300}, -5.51, -5.49, 0, 1},
		{"false alarm right after", []int{601}, -1, 0, 0, 1},
	}
	for _, c := range cases {
		scores := make([]float64, 1000)
		for _, i := range c.at {
			scores[i] = 1
		}
		r := Rate(s, windows, scores, 0.5)
		if n := Normal(r.Score, r.Windows); n < c.low || n > c.high || r.Found != c.found || r.False != c.false_ {
			t.Errorf("%s: %.3f found %d false %d, want %.2f..%.2f, %d and %d", c.name, n, r.Found, r.False, c.low, c.high, c.found, c.false_)
		}
	}
}

func TestSigmoid(t *testing.T) {
	for position, want := range map[float64]float64{0: 0, -1: 0.98661, 1: -0.98661, 4: -1} {
		if got := sigmoid(position); math.Abs(got-want) > 1e-4 {
			t.Errorf("sigmoid(%v) = %v, want %v", position, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	s, err := parse("timestamp,value\n2014-02-14 14:30:00,0.132\n2014-02-14 14:35:00,0.134\n")
	if err != nil || len(s.Values) != 2 || s.Values[1] != 0.134 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"timestamp,value\nyesterday,1\n", "timestamp,value\n2014-02-14 14:30:00,much\n"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}
