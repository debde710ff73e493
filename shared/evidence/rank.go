package evidence

import (
	"cmp"
	"slices"
)

// rank orders the components as causes.
func rank(sc *scene) []Cause {
	best := map[string]Onset{}
	for _, o := range sc.onsets {
		if have, ok := best[o.Component]; !ok || o.Strength > have.Strength {
			best[o.Component] = o
		}
	}
	var out []Cause
	for c, o := range best {
		out = append(out, Cause{Component: c, Score: o.Strength, Category: Unknown, Metric: o.Metric, Onset: o.At})
	}
	slices.SortFunc(out, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Component, b.Component))
	})
	return out
}
