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
	downstream map[string]map[string]int // cache of below
}

// below lists what a component depends on, directly or not, with the distance.
func (sc *scene) below(c string) map[string]int {
	near, ok := sc.downstream[c]
	if !ok {
		near = reach([]string{c}, sc.graph.callees)
		sc.downstream[c] = near
	}
	return near
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
	role                                    role
	baseline                                baseline // of before
	move                                    move     // how it left its normal range
	full                                    float64  // of a success track: what 100 % was before it became a share of failures
}

// seriesKey says which series are the same signal.
type seriesKey struct{ component, metric, statistic string }

// stage prepares an input. It is linear in samples but for the sorting of series that arrive unsorted.
func stage(in Input) *scene {
	sc := &scene{in: in, downstream: map[string]map[string]int{}, gaps: slices.Clone(in.Gaps)}
	sc.graph = newGraph(in)
	sc.tracks = tracksOf(in)
	sc.start = in.Window.Start
	if sc.start.IsZero() {
		sc.start = estimateStart(in, sc.tracks)
	}
	sc.start = begun(in, sc.tracks, sc.start)
	for i := range sc.tracks {
		t := &sc.tracks[i]
		t.split(sc.start)
		if t.role = roleOf(t.Metric); t.role == success {
			t.invert()
		}
		t.baseline = t.normal()
		t.move = t.deviates()
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

// What is taken for a sample: sums of larger values overflow, and times outside these years cannot be written down.
const (
	maxValue  = 1e150
	firstTime = -62_135_596_800_000 // year 1, in Unix milliseconds
	lastTime  = 253_402_300_799_000 // year 9999
)

// add appends the finite samples of a series.
func (t *track) add(s Series) {
	n := min(len(s.Times), len(s.Values))
	t.times, t.values = slices.Grow(t.times, n), slices.Grow(t.values, n)
	for i := range n {
		if math.IsNaN(s.Values[i]) || math.Abs(s.Values[i]) > maxValue || s.Times[i] < firstTime || s.Times[i] > lastTime {
			t.empty++
			continue
		}
		t.times = append(t.times, s.Times[i])
		t.values = append(t.values, s.Values[i])
	}
}

// refer appends the finite samples of a reference series to the baseline.
func (t *track) refer(s Series) {
	t.before = slices.Grow(t.before, len(s.Values))
	for _, v := range s.Values {
		if !math.IsNaN(v) && math.Abs(v) <= maxValue {
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
	if t.after = t.values[at:]; t.reference == 0 {
		t.before = t.values[:at:at]
		return
	}
	t.before = append(t.before, t.values[:at]...)
}

// invert turns a share of successes, or a percentage, into a share of failures: failures add up along a call graph and
// are rare, so that a small rise of them is seen.
func (t *track) invert() {
	t.full = 1
	for _, v := range [][]float64{t.before, t.values} {
		if len(v) > 0 && slices.Max(v) > 1.5 {
			t.full = 100
		}
	}
	at := len(t.values) - len(t.after)
	invert := func(in []float64) []float64 {
		out := make([]float64, len(in))
		for i, v := range in {
			out[i] = (t.full - v) / t.full
		}
		return out
	}
	t.values = invert(t.values)
	t.after = t.values[at:]
	if t.reference == 0 {
		t.before = t.values[:at:at]
		return
	}
	t.before = invert(t.before)
}

// normal describes the values before. Alarms come after trouble began, so that of very few samples some may be ill already:
// of a signal that is bad only when high, the lowest is then taken as normal, and nothing is concluded from scatter.
func (t *track) normal() baseline {
	b := baselineOf(t.before)
	if b.n > 0 && b.n < fewSamples && t.role.badWhenHigh() {
		b.center = slices.Min(t.before)
		b.scale = scaleFloor
	}
	return b
}

// zOf is how far a value is from the baseline, with a floor on the scale: a level that moves by a few percent of itself is
// no trouble, however steady it was, and few samples say little about scatter.
func (t *track) zOf(v float64) float64 {
	b := t.baseline
	floor := levelShare * math.Abs(b.center)
	if t.role == success {
		floor = max(floor, failureFloor)
	}
	if b.n < fewSamples {
		floor *= 2
	}
	b.scale = max(b.scale, floor)
	return b.z(v)
}

// move is how a signal left its normal range after the start.
type move struct {
	z     float64 // mean |z| of the longest run, 0 for none
	up    bool
	news  float64 // 0..1: how little such a run is to be expected; above 0.5 is beyond doubt
	level float64 // mean of the run
}

func (d move) sure() bool { return d.news > 0.5 }

// strength is what the deviation says, in nats.
func (d move) strength() float64 { return math.Log1p(d.z) * d.news }

// deviates looks for the signal leaving its normal range for more than a moment. Two samples in a row are needed for
// certainty, of many three; a lone sample counts only when it is all there is. It must also be rare: runs of half its area,
// counted before, must not be expected in as long a time as after.
func (t *track) deviates() move {
	if t.baseline.n == 0 || len(t.after) == 0 {
		return move{}
	}
	need := 2
	switch {
	case len(t.after) == 1:
		need = 1
	case len(t.after) >= 6:
		need = 3
	}
	r := longestRun(t.after, t.zOf, 1)
	if r.n == 0 {
		return move{}
	}
	usual := float64(runsAtLeast(t.before, t.zOf, r.area/2)) + runPrior*min(1, runArea/r.area)
	expected := usual * float64(len(t.after)) / float64(len(t.before)+runExposure)
	d := move{z: r.area / float64(r.n), up: r.up, level: r.sum / float64(r.n), news: runRare / (runRare + expected)}
	if r.n < need {
		d.news *= 0.5 * float64(r.n) / float64(need)
	}
	return d
}

// sustains says whether the signal left its normal range beyond doubt, and how far.
func (t *track) sustains() (ok bool, z float64) {
	return t.move.sure(), t.move.z
}

// run is a stretch of samples beyond onsetZ on one side.
type run struct {
	n    int
	area float64 // sum of |z|
	sum  float64
	up   bool
}

// longestRun is the run of at least need samples with the largest area.
func longestRun(values []float64, z func(float64) float64, need int) run {
	var best run
	eachRun(values, z, func(r run) {
		if r.n >= need && r.area > best.area {
			best = r
		}
	})
	return best
}

// runsAtLeast counts the runs of at least the area.
func runsAtLeast(values []float64, z func(float64) float64, area float64) (n int) {
	eachRun(values, z, func(r run) {
		if r.area >= area {
			n++
		}
	})
	return n
}

func eachRun(values []float64, z func(float64) float64, f func(run)) {
	var now run
	side := 0.0
	flush := func() {
		if now.n > 0 {
			f(now)
		}
		now = run{}
	}
	for _, v := range values {
		x := z(v)
		if math.Abs(x) < onsetZ {
			flush()
			continue
		}
		if sign(x) != side {
			flush()
			side = sign(x)
		}
		now.n++
		now.up = x > 0
		now.sum += v
		now.area += math.Abs(x)
	}
	flush()
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
