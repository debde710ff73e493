package evidence

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// scene is an Input prepared for reading: series sorted, deduplicated and joined with their reference, components listed,
// dependencies as a graph, and the start of trouble fixed. It shares no memory that it writes with the Input.
type scene struct {
	in         Input
	start      time.Time // the boundary between before and after; zero when nothing tells it
	tracks     []track   // by component, metric, statistic
	components []string  // every component anything speaks of, sorted
	graph      graph
	onsets     []Onset
	patterns   []Pattern
	gaps       []Gap
}

// track is one prepared series. Before holds the values to compare with (reference first, then the window up to the
// start), after the values from the start on; both are finite and in order of time.
type track struct {
	Component, Metric, Statistic, Unit, Ref string
	times                                   []int64 // of the window, finite values only
	values                                  []float64
	before, after                           []float64
	reference                               int // how many of before come from the reference
	duplicates, empty                       int
}

// seriesKey says which series are the same signal.
type seriesKey struct{ component, metric, statistic string }

// stage prepares an input. It is linear in samples but for the sorting of series that arrive unsorted.
func stage(in Input) *scene {
	sc := &scene{in: in, gaps: slices.Clone(in.Gaps)}
	sc.graph = newGraph(in)
	sc.tracks = tracksOf(in)
	sc.start = in.Window.Start
	if sc.start.IsZero() {
		sc.start = estimateStart(in, sc.tracks)
	}
	for i := range sc.tracks {
		sc.tracks[i].split(sc.start)
	}
	sc.components = componentsOf(in, sc.graph)
	return sc
}

// tracksOf merges the series of one signal and puts its reference in front.
func tracksOf(in Input) []track {
	index := map[seriesKey]int{}
	var out []track
	for _, s := range in.Metrics {
		k := seriesKey{s.Component, s.Metric, s.Statistic}
		at, ok := index[k]
		if !ok {
			at = len(out)
			index[k] = at
			out = append(out, track{Component: s.Component, Metric: s.Metric, Statistic: s.Statistic, Unit: s.Unit, Ref: s.Ref})
		}
		out[at].add(s)
	}
	if in.Reference != nil {
		for _, s := range in.Reference.Metrics {
			if at, ok := index[seriesKey{s.Component, s.Metric, s.Statistic}]; ok {
				out[at].refer(s)
			}
		}
	}
	for i := range out {
		out[i].tidy()
	}
	slices.SortStableFunc(out, func(a, b track) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Statistic, b.Statistic))
	})
	return out
}

// add appends the finite samples of a series.
func (t *track) add(s Series) {
	n := min(len(s.Times), len(s.Values))
	for i := range n {
		if math.IsNaN(s.Values[i]) || math.IsInf(s.Values[i], 0) {
			t.empty++
			continue
		}
		t.times = append(t.times, s.Times[i])
		t.values = append(t.values, s.Values[i])
	}
}

// refer appends the finite samples of a reference series to the baseline.
func (t *track) refer(s Series) {
	for _, v := range s.Values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			t.before = append(t.before, v)
		}
	}
	t.reference = len(t.before)
}

// tidy sorts by time and keeps the last of samples with the same time.
func (t *track) tidy() {
	if !slices.IsSorted(t.times) {
		order := make([]int, len(t.times))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.times[a], t.times[b]) })
		times, values := make([]int64, len(order)), make([]float64, len(order))
		for i, o := range order {
			times[i], values[i] = t.times[o], t.values[o]
		}
		t.times, t.values = times, values
	}
	kept := 0
	for i := range t.times {
		if kept > 0 && t.times[kept-1] == t.times[i] {
			t.values[kept-1] = t.values[i]
			t.duplicates++
			continue
		}
		t.times[kept], t.values[kept] = t.times[i], t.values[i]
		kept++
	}
	t.times, t.values = t.times[:kept], t.values[:kept]
}

// split divides the window at start. With no start everything is "after" when there is a reference, else "before".
func (t *track) split(start time.Time) {
	at := 0
	switch {
	case !start.IsZero():
		at, _ = slices.BinarySearch(t.times, start.UnixMilli())
	case t.reference == 0:
		at = len(t.times)
	}
	t.before = append(t.before, t.values[:at]...)
	t.after = t.values[at:]
}

// componentsOf lists every component that anything speaks of.
func componentsOf(in Input, g graph) []string {
	seen := map[string]bool{}
	add := func(names ...string) {
		for _, n := range names {
			if n != "" {
				seen[n] = true
			}
		}
	}
	for _, s := range in.Metrics {
		add(s.Component)
	}
	for _, l := range in.Logs {
		add(l.Component)
	}
	for _, a := range in.Alarms {
		add(a.Component, a.Host, a.Peer)
	}
	for _, s := range in.Statuses {
		add(s.Component)
	}
	for _, c := range in.Changes {
		add(c.Component)
	}
	for n := range g.nodes {
		add(n)
	}
	out := make([]string, 0, len(seen))
	for n := range seen {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
