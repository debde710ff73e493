package evidence

import "math"

// metricsArgument compares how far each component's own metrics left their normal range.
func metricsArgument(sc *scene) argument {
	a := newArgument("metrics")
	best := 0.0
	for i := range sc.tracks {
		t := &sc.tracks[i]
		ok, z := t.sustains()
		if !ok {
			continue
		}
		s := math.Log1p(z)
		if s > a.mass[t.Component] {
			a.mass[t.Component] = s
			a.metric[t.Component] = t.Metric
		}
		best = max(best, z)
	}
	a.force = saturate(best, onsetZ)
	return a
}
