package evidence

import (
	"cmp"
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

// onsetsOf lists the signals that left their normal range beyond doubt, strongest first, and when each began.
func onsetsOf(tracks []track) []Onset {
	var out []Onset
	for i := range tracks {
		t := &tracks[i]
		d := t.move
		if !d.sure() {
			continue
		}
		o := Onset{Component: t.Component, Metric: t.Metric, Statistic: t.Statistic, Unit: t.Unit, Ref: t.Ref,
			Before: t.shown(t.baseline.center), After: t.shown(d.level), Strength: d.z, Direction: "down"}
		if o.After > o.Before {
			o.Direction = "up"
		}
		o.At, o.Recovered = t.course(d.up)
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b Onset) int { return cmp.Compare(b.Strength, a.Strength) })
	return out
}

// shown is a value as its source gave it.
func (t *track) shown(v float64) float64 {
	if t.role == success {
		return t.full * (1 - v)
	}
	return v
}

// course walks from the first deviating sample after the start back to the first of its run, and forward to where the
// signal came back for good.
func (t *track) course(up bool) (begin, recovered time.Time) {
	side := 1.0
	if !up {
		side = -1
	}
	deviates := func(v float64) bool { return t.zOf(v)*side >= onsetZ }
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

// estimateStart is used when nobody says when trouble began: the earliest alarm, else the time at which most components
// change their course together.
func estimateStart(in Input, tracks []track) time.Time {
	start := reportedAt(in)
	if start.IsZero() && in.Reference == nil {
		start = jointStart(tracks)
	}
	return start
}

const noticedWithin = time.Hour // from the first symptom to the alarm about it: alarms over several long periods are late

// begun moves a start that most series do not go beyond back to where the symptoms began: an alarm that is looked at the
// moment it fires speaks of the minutes before it. The start stays where it is when samples follow it, or none tells.
func begun(in Input, tracks []track, start time.Time) time.Time {
	on := 0
	for _, t := range tracks {
		if n := len(t.times); n > 1 && t.times[n-2] >= start.UnixMilli() {
			on++
		}
	}
	if start.IsZero() || 2*on >= len(tracks) {
		return start
	}
	t := trouble{departures: departuresOf(in), step: stepOf(in)}
	if at := t.startOf(in, nil); at.Before(start) && start.Sub(at) <= noticedWithin {
		return at
	}
	return start
}
