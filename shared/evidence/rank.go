package evidence

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// argument is one line of reasoning about where the cause is: how much of what it looks at each component accounts for,
// and how much that says. Masses are in the argument's own unit; only their shares count.
type argument struct {
	name   string
	mass   map[string]float64 // component → what it accounts for, never negative
	force  float64            // 0..1: how far what it looks at is from normal
	detail map[string]string  // component → a sentence for the person who reads
	refs   map[string][]string
	metric map[string]string  // component → its most telling metric
	tail   map[string]float64 // component → faint traces that only break ties
	sure   bool               // something is beyond doubt not normal
}

func newArgument(name string) argument {
	return argument{name: name, mass: map[string]float64{}, detail: map[string]string{}, refs: map[string][]string{}, metric: map[string]string{}, tail: map[string]float64{}}
}

// arguments in order of how directly they speak of causes. The names are what an ablation leaves out.
var arguments = []struct {
	name   string
	weight float64
	of     func(sc *scene) argument
}{
	{"path", 1, pathArgument},
	{"flow", 1, flowArgument},
	{"time", 1, timeArgument},
	{"metrics", 1, metricsArgument},
	{"alarms", 1, alarmsArgument},
}

// standing is a component's place in the ranking.
type standing struct {
	component string
	score     float64
	parts     []Reason
	metric    string
}

// ranking is the components as causes, best first, and what the arguments say as a whole.
type ranking struct {
	standings []standing
	sure      map[string]bool    // arguments that found something beyond doubt
	best      map[string]string  // argument → the component it speaks for most
	force     map[string]float64 // argument → how far what it looks at is from normal
}

// rank weighs the arguments: each spreads its weight over components by share of mass, so that an argument that cannot
// tell components apart says little about each.
func rank(sc *scene, skip map[string]bool) ranking {
	r := ranking{sure: map[string]bool{}, best: map[string]string{}, force: map[string]float64{}}
	total := map[string]*standing{}
	at := func(c string) *standing {
		if total[c] == nil {
			total[c] = &standing{component: c}
		}
		return total[c]
	}
	for _, entry := range arguments {
		if skip[entry.name] {
			continue
		}
		a := entry.of(sc)
		sum, most := 0.0, 0.0
		for _, c := range slices.Sorted(maps.Keys(a.mass)) {
			sum += a.mass[c]
			if a.mass[c] > most && c != "" {
				most, r.best[a.name] = a.mass[c], c
			}
		}
		r.sure[a.name], r.force[a.name] = a.sure, a.force
		for _, c := range slices.Sorted(maps.Keys(a.mass)) {
			if c == "" || sum <= 0 || a.mass[c] <= 0 {
				continue
			}
			w := entry.weight * a.force * a.mass[c] / sum
			s := at(c)
			s.score += w
			s.parts = append(s.parts, Reason{Name: a.name, Detail: a.detail[c], Weight: w, Refs: a.refs[c]})
			if s.metric == "" {
				s.metric = a.metric[c]
			}
		}
		for c, t := range a.tail {
			if c == "" {
				continue
			}
			at(c).score += 1e-3 * t
		}
	}
	r.standings = make([]standing, 0, len(total))
	for _, c := range slices.Sorted(maps.Keys(total)) {
		slices.SortStableFunc(total[c].parts, func(a, b Reason) int { return cmp.Compare(b.Weight, a.Weight) })
		r.standings = append(r.standings, *total[c])
	}
	slices.SortStableFunc(r.standings, func(a, b standing) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.component, b.component))
	})
	return r
}

// saturate maps a strength from 0 up to 0..1, half at the given strength.
func saturate(x, half float64) float64 {
	if x <= 0 || math.IsNaN(x) {
		return 0
	}
	return x / (x + half)
}
