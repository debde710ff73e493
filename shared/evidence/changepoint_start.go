package evidence

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

const (
	startShare  = 0.7 // the earliest moment with this share of the strongest moment's weight is the start
	startSpread = 50  // changes within this fraction of the span, or two samples, belong to one moment
)

// moment is one change of one component.
type moment struct {
	at        int64 // Unix milliseconds
	component string
	weight    float64
}

// jointStart is the moment at which most components change their course together: where trouble began when nobody says so.
// Each component counts once, by the logarithm of how far it moved. Of moments about as strong the earliest is taken, for
// recovery is a joint change too. Zero when nothing changes. Time is linear in samples.
func jointStart(tracks []track) time.Time {
	moments, span := momentsOf(tracks)
	slices.SortFunc(moments, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.component, b.component))
	})
	weights := make([]float64, len(moments))
	most := 0.0
	for i := range moments {
		if i > 0 && moments[i].at == moments[i-1].at {
			continue // the first of several at one time saw them all
		}
		weights[i] = together(moments[i:], span)
		most = max(most, weights[i])
	}
	for i, w := range weights {
		if w > 0 && w >= startShare*most {
			return time.UnixMilli(moments[i].at).UTC()
		}
	}
	return time.Time{}
}

// momentsOf collects the changes of all tracks, and how far apart two may be to count as one.
func momentsOf(tracks []track) (all []moment, span int64) {
	for _, t := range tracks {
		if len(t.times) == 0 {
			continue
		}
		span = max(span, (t.times[len(t.times)-1]-t.times[0])/startSpread)
		from := 0
		found := ChangePoints(t.values)
		for i, c := range found {
			to := len(t.values)
			if i+1 < len(found) {
				to = found[i+1]
			}
			z := baselineOf(t.values[from:c]).z(median(t.values[c:to]))
			all = append(all, moment{t.times[c], t.Component, math.Log1p(math.Abs(z))})
			if step := 2 * (t.times[c] - t.times[c-1]); step > span {
				span = step
			}
			from = c
		}
	}
	return all, span
}

// together is the weight of the moments within span of the first: the largest of each component. The number looked at is
// bounded by the changes within span.
func together(moments []moment, span int64) float64 {
	best := map[string]float64{}
	for _, m := range moments {
		if m.at > moments[0].at+span {
			break
		}
		best[m.component] = max(best[m.component], m.weight)
	}
	sum := 0.0
	for _, name := range slices.Sorted(maps.Keys(best)) { // in order, so that rounding is the same every time
		sum += best[name]
	}
	return sum
}
