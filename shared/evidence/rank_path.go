package evidence

import (
	"slices"
	"strings"
)

// role is what a metric measures of a component's service to its callers.
type role int

const (
	resource role = iota // anything about the component itself: processor, memory, connections, queue length, ...
	latency              // how long requests take
	waiting              // how long requests to others take
	failures             // requests that fail: a count or a rate
	success              // the complement of failures, as a share or in percent
	traffic              // how many requests arrive
)

// roleWords are looked for in this order in a metric's words; they are common names, not those of a vendor.
var roleWords = []struct {
	role  role
	words []string
}{
	{success, []string{"availability", "success", "successful"}},
	{failures, []string{"error", "errors", "fault", "faults", "5xx", "5xxerror", "4xx", "failure", "failures", "failed", "exception", "exceptions", "rejected"}},
	{latency, []string{"latency", "duration", "responsetime", "elapsed", "lat", "rt", "mrt"}},
	{traffic, []string{"requests", "request", "invocations", "workload", "throughput", "qps", "rps", "ops", "calls", "load", "lod"}},
}

// badWhenHigh says whether only a rise of such a metric is trouble. A success track counts failures by then.
func (r role) badWhenHigh() bool {
	return r == latency || r == waiting || r == failures || r == success
}

// roleOf reads a metric's name.
func roleOf(metric string) role {
	words := splitIdentifier(metric)
	for i := range words {
		words[i] = strings.ToLower(words[i])
	}
	outward := slices.ContainsFunc(words, func(w string) bool { return w == "client" || w == "outbound" || w == "upstream" })
	for _, r := range roleWords {
		for _, w := range words {
			if !slices.Contains(r.words, w) {
				continue
			}
			if r.role == latency && outward {
				return waiting
			}
			return r.role
		}
	}
	return resource
}

// meanFirst orders statistics by how well they add up: means do, percentiles do not.
func meanFirst(statistic string) int {
	switch strings.ToLower(statistic) {
	case "average", "avg", "mean", "":
		return 0
	case "p50":
		return 1
	case "p90":
		return 2
	}
	return 3
}

// served is how a component served its callers: one track for each role, where there is one.
type served struct{ latency, failing, traffic *track }

// servedOf picks the tracks of each component that add up along the call graph.
func servedOf(sc *scene) map[string]*served {
	out := map[string]*served{}
	better := func(old, t *track) bool { return old == nil || meanFirst(t.Statistic) < meanFirst(old.Statistic) }
	for i := range sc.tracks {
		t := &sc.tracks[i]
		s := out[t.Component]
		if s == nil {
			s = &served{}
			out[t.Component] = s
		}
		switch t.role {
		case latency:
			if better(s.latency, t) {
				s.latency = t
			}
		case failures, success:
			if better(s.failing, t) {
				s.failing = t
			}
		case traffic:
			if better(s.traffic, t) {
				s.traffic = t
			}
		}
	}
	return out
}

// excess is how much of something a component gave its callers beyond normal, summed over the requests after the start.
type excess struct {
	mass     float64
	sustains bool // beyond a moment
	z        float64
	known    bool // it existed before
}

// excessOf compares each sample after the start with the typical value before, and weighs it with the requests of its time.
func excessOf(t, requests *track) excess {
	if t == nil || len(t.after) == 0 {
		return excess{}
	}
	if len(t.before) == 0 {
		return excess{}
	}
	count := requestsAt(requests)
	e := excess{known: true}
	first := len(t.values) - len(t.after)
	for i, v := range t.after {
		n := count(t.times[first+i])
		e.mass += n * (v - t.baseline.center)
	}
	e.mass = max(e.mass, 0)
	e.sustains, e.z = t.sustains()
	return e
}

// requestsAt returns the number of requests at a time; 1 for a component whose traffic nobody measures.
func requestsAt(t *track) func(at int64) float64 {
	if t == nil {
		return func(int64) float64 { return 1 }
	}
	return func(at int64) float64 {
		if i, ok := slices.BinarySearch(t.times, at); ok {
			return max(t.values[i], 0)
		}
		return 0
	}
}

// pathArgument follows slow or failing requests down the call graph: what a component adds beyond what its callees
// already account for is its own. It asks about the violated objective when one is named, else about both latency and
// failures. Related: the deviating-callee traversal of MonitorRank (Kim et al., SIGMETRICS 2013) and MicroRCA (Wu et al.,
// NOMS 2020); here in units that add up along the path, request seconds and failed requests, so that a hundred slow
// requests of a side path do not outweigh a thousand of the main one.
func pathArgument(sc *scene) argument {
	a := newArgument("path")
	if len(sc.graph.callees) == 0 || sc.spansTell() {
		return a
	}
	all := servedOf(sc)
	for _, kind := range []role{latency, failures} {
		roots := sc.symptomsOf(kind)
		if roots == nil {
			continue
		}
		sc.own(kind, roots, all, &a)
	}
	return a
}

// spansTell says whether single calls are known from before and after, with the time spent in each: they show what a
// component adds without averaging, see timeArgument.
func (sc *scene) spansTell() bool {
	own := func(c Call) bool { return c.Own > 0 }
	return sc.in.Reference != nil && slices.ContainsFunc(sc.in.Reference.Calls, own) && slices.ContainsFunc(sc.in.Calls, own)
}

// symptomsOf lists the components whose objective of the given kind is violated; with no symptom stated, those without
// callers; nil when the symptoms speak of something else.
func (sc *scene) symptomsOf(kind role) []string {
	var out []string
	stated := false
	for _, s := range sc.in.Symptoms {
		r := roleOf(s.Metric)
		if r == success {
			r = failures
		}
		if r != latency && r != failures || s.Component == "" {
			continue
		}
		stated = true
		if r == kind {
			out = append(out, s.Component)
		}
	}
	if stated {
		return out
	}
	for _, c := range sc.components {
		if len(sc.graph.callers[c]) == 0 && len(sc.graph.callees[c]) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// own adds each component's own excess of a kind to the argument.
func (sc *scene) own(kind role, roots []string, all map[string]*served, a *argument) {
	near := reach(roots, sc.graph.callees)
	found := map[string]excess{}
	top := 0.0
	for _, c := range sc.components {
		s := all[c]
		if _, ok := near[c]; !ok || s == nil {
			continue
		}
		t := s.latency
		if kind == failures {
			t = s.failing
		}
		e := excessOf(t, s.traffic)
		found[c] = e
		if slices.Contains(roots, c) {
			top += e.mass
		}
	}
	strongest := 0.0
	for _, c := range sc.components {
		e, ok := found[c]
		if !ok || !e.known {
			continue
		}
		own := e.mass - sc.accounted(c, found)
		if own <= 0 || !e.sustains {
			continue
		}
		a.mass[c] += own / max(top, own, 1e-12)
		a.tail[c] += saturate(e.mass, top+1e-12)
		strongest = max(strongest, e.z)
	}
	a.force = max(a.force, saturate(strongest, onsetZ))
	a.sure = a.sure || strongest > 0
}

// accounted is what a component's callees explain of its excess. A callee with several callers is felt by each in
// proportion to the excess that each shows. A callee that did not exist before was chosen by its caller and explains
// nothing.
func (sc *scene) accounted(c string, found map[string]excess) float64 {
	sum := 0.0
	for _, callee := range sc.graph.callees[c] {
		e, ok := found[callee]
		if !ok || !e.known || e.mass <= 0 {
			continue
		}
		var felt float64
		for _, caller := range sc.graph.callers[callee] {
			felt += found[caller].mass
		}
		if felt > 0 {
			sum += e.mass * found[c].mass / felt
		}
	}
	return sum
}
