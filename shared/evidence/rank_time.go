package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Constants of timeArgument.
const (
	spansSeen = 4    // an operation must have been seen this often before
	timeTrim  = 0.25 // share of the slowest and fastest that is left out: every system has outliers
	timeZ     = 1.0  // scales by which the mean must move
	timeHalf  = 0.2  // added time, as a share of all normal time, that says half of what it can
)

// timing is where time is spent: in an operation itself (peer empty) or on the way to a callee.
type timing struct{ component, peer, operation string }

func (t timing) compare(o timing) int {
	return cmp.Or(cmp.Compare(t.component, o.component), cmp.Compare(t.peer, o.peer), cmp.Compare(t.operation, o.operation))
}

// pace is how long a timing normally takes, in seconds.
type pace struct {
	baseline
	values  []float64
	trimmed float64
	count   float64
}

// timings calls f with every place where a call spent time, in seconds. Own time belongs to the callee's operation; the
// difference between what the caller waited and what the callee worked is the way between them.
func timings(calls []Call, f func(t timing, seconds, count float64)) {
	for i := range calls {
		c := &calls[i]
		n := float64(max(c.Count, 1))
		if c.Own > 0 {
			f(timing{component: c.Callee, operation: c.Operation}, c.Own.Seconds(), n)
		}
		if c.Seen > 0 && c.Caller != "" && c.Caller != c.Callee {
			f(timing{c.Callee, c.Caller, c.Operation}, max(0, c.Seen-c.Duration).Seconds(), n)
		}
	}
}

// timeArgument finds where requests spend more time than they used to: in a component itself, or on the way to and from
// it. Time on the way counts for both ends, by the share of their calls that are slow: the network of the end whose every
// connection is slow is at fault, not that of a caller with one slow callee. Own time excludes
// the time of callees, so that a caller that waits is not blamed. Self time as in MonitorRank and TraceRank (Yu et al.,
// J. Softw. Evol. Process 2021).
func timeArgument(sc *scene) argument {
	a := newArgument("time")
	before := map[timing]*pace{}
	learn := func(t timing, s, _ float64) {
		p := before[t]
		if p == nil {
			p = &pace{}
			before[t] = p
		}
		p.values = append(p.values, s)
	}
	now := sc.in.Calls
	if sc.in.Reference != nil {
		timings(sc.in.Reference.Calls, learn)
	} else if !sc.start.IsZero() {
		early := slices.DeleteFunc(slices.Clone(now), func(c Call) bool { return !c.Time.Before(sc.start) })
		timings(early, learn)
	}
	if !sc.start.IsZero() {
		now = slices.DeleteFunc(slices.Clone(now), func(c Call) bool { return c.Time.Before(sc.start) })
	}
	if len(before) == 0 {
		return a
	}
	for _, p := range before {
		p.baseline = baselineOf(p.values)
		p.trimmed = trimmedMean(p.values, timeTrim)
	}
	normal, own, way := map[string]float64{}, map[string]float64{}, map[string]float64{}
	calls, delayed := map[string]float64{}, map[string]float64{}
	after := map[timing]*pace{}
	timings(now, func(t timing, s, n float64) {
		if p := before[t]; p == nil || p.n < spansSeen {
			return
		}
		p := after[t]
		if p == nil {
			p = &pace{}
			after[t] = p
		}
		p.values = append(p.values, s)
		p.count += n
	})
	for _, t := range slices.SortedFunc(maps.Keys(after), timing.compare) {
		p := after[t]
		was := before[t]
		n := p.count
		normal[t.component] += n * was.center
		added := trimmedMean(p.values, timeTrim) - was.trimmed
		if math.Abs(added) < timeZ*was.scale {
			added = 0
		}
		if t.peer == "" {
			own[t.component] += n * added
			continue
		}
		slow := 0.0
		if added > 0 {
			slow = n
		}
		for _, end := range []string{t.component, t.peer} {
			way[end] += n * added
			calls[end] += n
			delayed[end] += slow
		}
	}
	allNormal, allAdded := 0.0, 0.0
	for _, c := range slices.Sorted(maps.Keys(normal)) {
		if calls[c] > 0 {
			way[c] *= delayed[c] / calls[c]
		}
		allNormal += normal[c]
		sum := max(own[c], 0) + max(way[c], 0)
		if sum <= 0 {
			continue
		}
		a.mass[c] = sum
		allAdded += sum
		a.detail[c] = fmt.Sprintf("requests spent %s more in it and %s more on the way to and from it than they used to",
			seconds(own[c]), seconds(way[c]))
	}
	a.force = saturate(allAdded/max(allNormal, 1e-9), timeHalf)
	a.sure = a.force > 0.5
	return a
}

// seconds writes a time that may be negative as nothing.
func seconds(s float64) string {
	return time.Duration(max(s, 0) * float64(time.Second)).Round(time.Millisecond).String()
}
