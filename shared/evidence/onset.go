package evidence

import (
	"math"
	"slices"
	"time"
)

// Onset constants. They are stated once, for every source of telemetry.
const (
	onsetZ       = 3.0   // the classical three-sigma rule, on robust scale
	levelShare   = 0.05  // a level that moves by less than three times this share of itself is no onset
	failureFloor = 0.002 // and a share of failures below three times this is none
	runPrior     = 0.25  // runs that a normal signal is assumed to have shown had one looked longer,
	runArea      = 10    // of this area; larger ones are rarer in proportion
	runExposure  = 10    // samples by which the look is assumed longer
	runRare      = 0.1   // a run is news when fewer than this many are expected
	fewSamples   = 5     // fewer baseline samples say little about scatter
)

// level compares the level of a track before and after the start.
type level struct {
	before, after float64 // medians
	scale         float64
	z             float64 // (after - before) / scale
	ok            bool    // both sides have samples
}

// levelOf is the robust shift of Hampel's identifier: difference of medians over scaled MAD (Pham et al., "BARO", FSE
// 2024, use median and IQR likewise). The scale has a floor so that a flat baseline does not make noise infinite.
func levelOf(before, after []float64) level {
	if len(before) == 0 || len(after) == 0 {
		return level{}
	}
	b := baselineOf(before)
	floor := levelShare
	if len(before) < fewSamples {
		floor *= 2
	}
	b.scale = max(b.scale, floor*math.Abs(b.center))
	l := level{before: b.center, after: median(after), scale: b.scale, ok: true}
	l.z = b.z(l.after)
	return l
}

// onsetsOf finds the signals whose level changed and when each began, strongest first.
func onsetsOf(tracks []track) []Onset {
	var out []Onset
	for i := range tracks {
		t := &tracks[i]
		s := levelOf(t.before, t.after)
		if !s.ok || math.Abs(s.z) < onsetZ {
			continue
		}
		o := Onset{Component: t.Component, Metric: t.Metric, Statistic: t.Statistic, Unit: t.Unit, Ref: t.Ref,
			Direction: "up", Before: s.before, After: s.after, Strength: math.Abs(s.z)}
		if s.z < 0 {
			o.Direction = "down"
		}
		o.At, o.Recovered = t.course(s)
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b Onset) int {
		switch {
		case a.Strength > b.Strength:
			return -1
		case a.Strength < b.Strength:
			return 1
		}
		return 0
	})
	return out
}

// course walks from the start of the after part back to the first sample of the deviating run, and forward to where the
// signal returned to its old level for good.
func (t *track) course(s level) (begin, recovered time.Time) {
	deviates := func(v float64) bool { return (v-s.before)/s.scale*sign(s.z) >= onsetZ }
	first := len(t.values) - len(t.after)
	for first < len(t.values) && !deviates(t.values[first]) {
		first++
	}
	if first == len(t.values) {
		return time.Time{}, time.Time{}
	}
	for first > 0 && deviates(t.values[first-1]) {
		first--
	}
	begin = time.UnixMilli(t.times[first]).UTC()
	last := len(t.values) - 1
	for last > first && !deviates(t.values[last]) {
		last--
	}
	if last < len(t.values)-1 {
		recovered = time.UnixMilli(t.times[last+1]).UTC()
	}
	return begin, recovered
}

func sign(v float64) float64 {
	if v < 0 {
		return -1
	}
	return 1
}

// estimateStart is used when nobody says when trouble began: the earliest alarm, else the time at which most signals
// leave their level at once.
func estimateStart(in Input, tracks []track) time.Time {
	var start time.Time
	for _, a := range in.Alarms {
		if !a.Time.IsZero() && (start.IsZero() || a.Time.Before(start)) {
			start = a.Time
		}
	}
	return start
}
