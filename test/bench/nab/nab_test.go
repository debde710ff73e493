package nab

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/test/bench/archive"
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

// folder writes a dataset of one good and one damaged series; folders are named otherwise than in the labels.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	good := "\ufeffnote,value,timestamp\r\n"
	for i := range 600 {
		good += fmt.Sprintf("x,%d,%s\r\n", 10+i%3, time.Date(2026, 1, 5, 0, 5*i, 0, 0, time.UTC).Format(layout))
	}
	err := archive.Write(filepath.Join(dir, "any.zip"), map[string]string{"other/good.csv": good, "other/bad.csv": "timestamp,value\n2026-01-05 00:00:00,\n2026-01-05 00:05:00,much\nyesterday,1\n"})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "windows.json"), []byte(`{"group/good.csv":[["2026-01-06 20:00:00","2026-01-06 22:00:00"]],"group/bad.csv":[["2026-02-01 00:00:00","2026-02-02 00:00:00"]]}`), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDamagedSeriesCounts(t *testing.T) {
	results, err := Run(folder(t))
	if err == nil || !strings.Contains(err.Error(), "bad.csv") {
		t.Errorf("error %v, want one that names bad.csv", err)
	}
	if len(results) != 3 || results[0].Split != "group" || results[0].Cases != 2 || results[1].Cases != 2 || results[1].Value != 0 || math.IsNaN(results[0].Value) {
		t.Errorf("%+v", results)
	}
	series, _ := Load(folder(t))
	if len(series) != 2 || len(series[1].Values) != 600 || series[1].Values[1] != 11 || len(series[0].Values) != 2 || !math.IsNaN(series[0].Values[0]) {
		t.Errorf("%d series, %+v", len(series), series[0])
	}
}
