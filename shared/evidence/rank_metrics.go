package evidence

import (
	"fmt"
	"maps"
	"slices"
)

// echoShare is what is left, as evidence against its own component, of a signal that something else explains: latency of a caller
// that waits, load of a host, traffic, and slow calls to a callee that itself waits for others.
const echoShare = 0.3

// metricsArgument compares how far each component's own metrics left their normal range: the strongest signal of each
// counts, for the signals of one component repeat each other (NSigma and BARO, Pham et al., FSE 2024, rank likewise). Signals
// that only pass on what others do are dampened, and slow calls are held against those that are called.
func metricsArgument(sc *scene) argument {
	a := newArgument("metrics")
	best := 0.0
	late := map[string]float64{} // component → strongest latency, failure or waiting signal
	waits := map[string]float64{}
	devs := make([]move, len(sc.tracks))
	for i := range sc.tracks {
		t := &sc.tracks[i]
		d := t.move
		if d.z == 0 || t.role.badWhenHigh() && !d.up {
			continue
		}
		devs[i] = d
		switch t.role {
		case waiting:
			waits[t.Component] = max(waits[t.Component], d.strength())
			fallthrough
		case latency, failures, success:
			late[t.Component] = max(late[t.Component], d.strength())
		}
	}
	hot := map[string]float64{}
	for i := range sc.tracks {
		t, d := &sc.tracks[i], devs[i]
		if d.z == 0 || t.role == waiting {
			continue
		}
		s := d.strength()
		switch t.role {
		case traffic:
			s *= echoShare
		case latency, failures, success:
			if waits[t.Component] > 0 || sc.calleeLate(t.Component, late) {
				s *= echoShare
			}
		}
		if s > hot[t.Component] {
			hot[t.Component] = s
			a.metric[t.Component], a.refs[t.Component] = t.Metric, nonEmpty(t.Ref)
			a.detail[t.Component] = t.story(d)
		}
		if d.sure() {
			best, a.sure = max(best, d.z), true
		}
	}
	for _, c := range slices.Sorted(maps.Keys(hot)) {
		if sc.residentHot(c, hot) {
			hot[c] *= echoShare
		}
		a.mass[c] += hot[c]
	}
	sc.blameCallees(waits, &a)
	a.force = saturate(max(best, onsetZ/2), onsetZ)
	return a
}

// calleeLate says whether a callee shows latency or failures too.
func (sc *scene) calleeLate(c string, late map[string]float64) bool {
	return slices.ContainsFunc(sc.graph.callees[c], func(d string) bool { return late[d] > 0 })
}

// residentHot says whether something that runs on the host deviates as much as the host.
func (sc *scene) residentHot(host string, hot map[string]float64) bool {
	return slices.ContainsFunc(sc.graph.residents[host], func(r string) bool { return hot[r] >= hot[host]/2 })
}

// blameCallees holds slow outbound calls against the callees that explain them best: those of whose callers the largest
// share wait, and that do not wait themselves.
func (sc *scene) blameCallees(waits map[string]float64, a *argument) {
	for _, c := range slices.Sorted(maps.Keys(waits)) {
		if waits[c] <= 0 {
			continue
		}
		callees := sc.graph.callees[c]
		share, sum := make([]float64, len(callees)), 0.0
		for i, d := range callees {
			callers := sc.graph.callers[d]
			waiting := 0.0
			for _, other := range callers {
				if waits[other] > 0 {
					waiting++
				}
			}
			share[i] = waiting / float64(len(callers))
			if waits[d] > 0 {
				share[i] *= echoShare
			}
			sum += share[i]
		}
		if sum == 0 {
			a.mass[c] += waits[c] // nobody to pass it on to
			continue
		}
		for i, d := range callees {
			a.mass[d] += waits[c] * share[i] / sum
			if a.detail[d] == "" {
				a.detail[d] = fmt.Sprintf("calls from %s became slow", c)
			}
		}
	}
}

// story says how the signal moved.
func (t *track) story(d move) string {
	return fmt.Sprintf("%s went from %s to %s", t.Metric, Amount(t.shown(t.baseline.center), t.Unit), Amount(t.shown(d.level), t.Unit))
}
