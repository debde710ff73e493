package evidence

import (
	"cmp"
	"slices"
)

// suspectsOf turns ranked causes into weights in 0..1 by rank: scores of different rankings do not compare.
func suspectsOf(causes []Cause) map[string]float64 {
	out := map[string]float64{}
	for i, c := range causes {
		if _, have := out[c.Component]; !have {
			out[c.Component] = 0.9 / (1 + 0.5*float64(i))
		}
	}
	return out
}

// enrich tells causes what kind of trouble they are in, adds components that only states, events or logs speak of, and says
// which change explains the first one. The order of causes that conditions do not speak of stays.
func (c correlation) enrich(causes []Cause) []Cause {
	out := slices.Clone(causes)
	for i := range out {
		for _, k := range c.conditions {
			if k.Component != out[i].Component || k.Score < 0.3 {
				continue
			}
			out[i].Category, out[i].Mechanism = k.Category, k.Mechanism
			out[i].Reasons = append(slices.Clone(out[i].Reasons), k.Reasons...)
			break
		}
	}
	return out
}

// leading is the condition that explains the trouble best, if one holds at all.
func (c correlation) leading() (condition, bool) {
	if len(c.conditions) == 0 || c.conditions[0].Score < faultyCondition {
		return condition{}, false
	}
	best := slices.MaxFunc(c.conditions, func(a, b condition) int { return cmp.Compare(a.Score, b.Score) })
	return best, true
}
