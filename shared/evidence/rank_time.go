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
	seenBefore = 4    // an operation must have been seen this often before to know what is usual in it
	timeTrim   = 0.25 // share of the slowest and fastest that is left out: every system has outliers
	timeZ      = 1.0  // scales by which the mean must move
	timeHalf   = 0.2  // added time, as a share of all normal time, that says half of what it can
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

// paces learns how long every timing takes in the calls.
func paces(calls []Call, only func(timing) bool) map[timing]*pace {
	out := map[timing]*pace{}
	timings(calls, func(t timing, s, n float64) {
		if only != nil && !only(t) {
			return
		}
		p := out[t]
		if p == nil {
			p = &pace{}
			out[t] = p
		}
		p.values = append(p.values, s)
		p.count += n
	})
	for _, p := range out {
		p.baseline = baselineOf(p.values)
		p.trimmed = trimmedMean(p.values, timeTrim)
	}
	return out
}

// callsAround are the calls before, from the reference when there is one, and from the start on.
func (sc *scene) callsAround() (before, after []Call) {
	after = sc.in.Calls
	if !sc.start.IsZero() {
		after = slices.DeleteFunc(slices.Clone(after), func(c Call) bool { return c.Time.Before(sc.start) })
		before = slices.DeleteFunc(slices.Clone(sc.in.Calls), func(c Call) bool { return !c.Time.Before(sc.start) })
	}
	if sc.in.Reference != nil {
		before = sc.in.Reference.Calls
	}
	return before, after
}

// spent is the time that a component adds, in seconds over all calls after the start.
type spent struct {
	normal         float64 // what they would have taken
	own, way       float64 // added in the component, and on the way to and from it
	calls, delayed float64 // calls to and from it, and those of them whose way became slower
}

// timeArgument finds where requests spend more time than they used to: in a component itself, or on the way to and from
// it. Time on the way counts for both ends, by the share of their calls that are slow: the network of the end whose every
// connection is slow is at fault, not that of a caller with one slow callee. Own time excludes the time of callees, so
// that a caller that waits is not blamed. Self time as in MonitorRank (Kim et al., SIGMETRICS 2013)
// and TraceRank (Yu et al., J. Softw. Evol. Process 2021).
func timeArgument(sc *scene) argument {
	a := newArgument("time")
	earlier, later := sc.callsAround()
	before := paces(earlier, nil)
	if len(before) == 0 {
		return a
	}
	after := paces(later, func(t timing) bool { p := before[t]; return p != nil && p.n >= seenBefore })
	added := addedTime(before, after)
	allNormal, allAdded := 0.0, 0.0
	for _, c := range slices.Sorted(maps.Keys(added)) {
		x := added[c]
		if x.calls > 0 {
			x.way *= x.delayed / x.calls
		}
		allNormal += x.normal
		sum := max(x.own, 0) + max(x.way, 0)
		if sum <= 0 {
			continue
		}
		a.mass[c] = sum
		allAdded += sum
		a.detail[c] = fmt.Sprintf("requests spent %s more in it and %s more on the way to and from it than they used to", seconds(x.own), seconds(x.way))
	}
	a.force = saturate(allAdded/max(allNormal, 1e-9), timeHalf)
	a.sure = a.force > 0.5
	return a
}

// addedTime compares the paces, by component.
func addedTime(before, after map[timing]*pace) map[string]*spent {
	out := map[string]*spent{}
	at := func(c string) *spent {
		if out[c] == nil {
			out[c] = &spent{}
		}
		return out[c]
	}
	for _, t := range slices.SortedFunc(maps.Keys(after), timing.compare) {
		now, was := after[t], before[t]
		at(t.component).normal += now.count * was.center
		added := now.trimmed - was.trimmed
		if math.Abs(added) < timeZ*was.scale {
			added = 0
		}
		if t.peer == "" {
			at(t.component).own += now.count * added
			continue
		}
		for _, end := range []string{t.component, t.peer} {
			x := at(end)
			x.way += now.count * added
			x.calls += now.count
			if added > 0 {
				x.delayed += now.count
			}
		}
	}
	return out
}

// seconds writes a time that may be negative as nothing.
func seconds(s float64) string {
	return time.Duration(max(s, 0) * float64(time.Second)).Round(time.Millisecond).String()
}
