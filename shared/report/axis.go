package report

import (
	"math"
	"time"
)

// round ticks at round values from at or below lo to at or above hi, three to six of them.
func round(lo, hi float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/2)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if (hi-lo)/(factor*step) <= 4 {
			step *= factor
			break
		}
	}
	var out []float64
	first := math.Floor(lo / step)
	for i := 0.0; i < 8; i++ {
		v := (first + i) * step
		out = append(out, v)
		if v >= hi {
			break
		}
	}
	return out
}

// hours are the moments between two times, in Unix milliseconds, that a clock shows as round; at most seven. Layout
// prints them.
func hours(from, to int64) (at []int64, layout string) {
	span := time.Duration(to-from) * time.Millisecond
	layout = "15:04"
	step := span/6 + 1
	for _, s := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
		30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour} {
		if span/s <= 6 {
			step = s
			break
		}
	}
	switch {
	case step < time.Minute:
		layout = "15:04:05"
	case span > 20*time.Hour:
		layout = "2 Jan 15:04"
	}
	for t := time.UnixMilli(from).UTC().Truncate(step); t.UnixMilli() <= to; t = t.Add(step) {
		if t.UnixMilli() >= from {
			at = append(at, t.UnixMilli())
		}
	}
	return at, layout
}
