package rcaalerts

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
)

// pair is an overlaid pair as GroupAlarms sees it.
type pair struct {
	alerts   []tagged
	incident []int
	sure     []bool
	open     []unsure // the alerts that are not sure
}

// unsure is an alert with clues to whose it is. They are better than any engine's: they know the storm of every other alert
// of the pair, and how every other fault of the system went.
type unsure struct {
	older bool
	clues []float64 // positive: the older storm's
}

var clueNames = []string{"components", "neighbours in time", "usual age", "missing companions"}

// ceiling prints how well overlaid pairs are grouped, what more knowledge would bring, and what the best clues bring.
func ceiling(t *testing.T, s system) {
	var all []pair
	var open []unsure
	late, older := 0, 0
	half := len(s.faults) / 2
	for i := range half {
		p := pair{alerts: overlay(s, i, i+half, delay)}
		p.incident, p.sure = evidence.GroupAlarms(alarmsOf(p.alerts), s.graph)
		p.open = unsures(s, i, i+half, p)
		all, open = append(all, p), append(open, p.open...)
		for _, x := range p.alerts {
			if p.late(x) {
				late++
			}
		}
	}
	for _, o := range open {
		if o.older {
			older++
		}
	}
	for _, told := range []struct {
		what  string
		group func(p pair) []int
	}{
		{"nothing, all one incident", func(p pair) []int { return make([]int, len(p.alerts)) }},
		{"the second start, from which on all is the second's", func(p pair) []int { return p.truthWhere(func(x tagged) bool { return !p.late(x) }) }},
		{"that, and whose each alert is that both ring", func(p pair) []int {
			rings := map[evidence.Alarm]int{}
			for _, x := range p.alerts {
				rings[timeless(x.alarm)]++
			}
			return p.truthWhere(func(x tagged) bool { return !p.late(x) || rings[timeless(x.alarm)] > 1 })
		}},
		{"what GroupAlarms finds", func(p pair) []int { return p.incident }},
	} {
		var sum pairs
		for _, p := range all {
			sum.add(p.alerts, told.group(p))
		}
		t.Logf("told %s: F1 %.3f", told.what, sum.f1())
	}
	if len(open) == 0 {
		return
	}
	t.Logf("of %d alerts after the second start %d are not sure, %.3f of them the older storm's", late, len(open), float64(older)/float64(len(open)))
	for _, share := range []float64{.5, .6, .7, .8, .9, 1} {
		random := rand.New(rand.NewPCG(1, 2))
		t.Logf("told %.1f of the unsure right: F1 %.3f", share, decide(all, func(int) bool { return random.Float64() < share }))
	}
	for c, name := range clueNames {
		right, f1 := judge(all, open, func(o unsure) float64 { return o.clues[c] })
		t.Logf("unsure ones by %s, with the best threshold in hindsight: %.3f right, F1 %.3f", name, right, f1)
	}
	w := fit(open)
	right, f1 := judge(all, open, func(o unsure) float64 { return logit(w, o.clues) })
	t.Logf("unsure ones by all these clues, fitted to the answers: %.3f right, F1 %.3f", right, f1)
}

func (p pair) late(x tagged) bool { return x.alarm.Time.Sub(p.alerts[0].alarm.Time) >= delay }

// truthWhere is the truth where it is known, and the second storm elsewhere.
func (p pair) truthWhere(known func(x tagged) bool) []int {
	out := make([]int, len(p.alerts))
	for i, x := range p.alerts {
		if out[i] = 1; known(x) {
			out[i] = x.fault
		}
	}
	return out
}

// decide is the F1 when the nth unsure alert is told right as right says, and the sure ones are as GroupAlarms says.
func decide(all []pair, right func(n int) bool) float64 {
	var sum pairs
	n := 0
	for _, p := range all {
		incident := slices.Clone(p.incident)
		for i, x := range p.alerts {
			if !p.sure[i] {
				if incident[i] = x.fault; !right(n) {
					incident[i] = 1 - x.fault
				}
				n++
			}
		}
		sum.add(p.alerts, incident)
	}
	return sum.f1()
}

// judge gives the unsure alerts above a threshold to the older storm; of 40 thresholds the one with the best F1 counts.
func judge(all []pair, open []unsure, score func(unsure) float64) (right, f1 float64) {
	scores := make([]float64, len(open))
	for i, o := range open {
		scores[i] = score(o)
	}
	sorted := slices.Sorted(slices.Values(scores))
	for q := range 40 {
		threshold, hits := sorted[(q+1)*(len(sorted)-1)/40], 0
		f := decide(all, func(n int) bool {
			ok := (scores[n] > threshold) == open[n].older
			if ok {
				hits++
			}
			return ok
		})
		if f > f1 {
			right, f1 = float64(hits)/float64(len(open)), f
		}
	}
	return right, f1
}

// unsures are the unsure alerts of a pair with their clues.
func unsures(s system, older, younger int, p pair) (out []unsure) {
	ages := agesOf(s)
	own := []map[evidence.Alarm]time.Duration{ages[older], ages[younger]}
	others := slices.Concat(ages[:older], ages[older+1:younger], ages[younger+1:])
	for i, x := range p.alerts {
		if p.sure[i] {
			continue
		}
		age := x.alarm.Time.Sub(p.alerts[0].alarm.Time)
		both := []time.Duration{age, age - delay}
		out = append(out, unsure{older: x.fault == 0, clues: []float64{shared(p, x), near(p, x), usual(x, both, others), companions(x, own, both, others)}})
	}
	return out
}

// shared is by how much more the older storm rings at the alert's components than the younger, a second and more away.
func shared(p pair, x tagged) (sum float64) {
	for _, c := range []string{x.alarm.Component, x.alarm.Peer} {
		n := [2]float64{1, 1}
		for _, y := range p.alerts {
			if c != "" && (y.alarm.Component == c || y.alarm.Peer == c) && apart(x, y) > time.Second {
				n[y.fault]++
			}
		}
		sum += math.Log(n[0] / n[1])
	}
	return sum
}

// near is how many more of the alerts within a second, but not of the same request, are the older storm's.
func near(p pair, x tagged) (sum float64) {
	for _, y := range p.alerts {
		if d := apart(x, y); d > 50*time.Millisecond && d <= time.Second {
			sum += 1 - 2*float64(y.fault)
		}
	}
	return sum
}

// usual is by how much more often the alert rang in other faults at the older storm's age than at the younger's.
func usual(x tagged, age []time.Duration, others []map[evidence.Alarm]time.Duration) float64 {
	n := [2]float64{1, 1}
	for _, past := range others {
		for storm := range n {
			if at, ok := past[timeless(x.alarm)]; ok && (at-age[storm]).Abs() < 30*time.Second {
				n[storm]++
			}
		}
	}
	return math.Log(n[0] / n[1])
}

// companions is by how much more the younger storm than the older lacks alerts that in other faults rang no later than x.
func companions(x tagged, own []map[evidence.Alarm]time.Duration, age []time.Duration, others []map[evidence.Alarm]time.Duration) (sum float64) {
	const request = 50 * time.Millisecond
	rang, with := 1.0, map[evidence.Alarm]float64{}
	for _, past := range others {
		at, ok := past[timeless(x.alarm)]
		if !ok {
			continue
		}
		rang++
		for k, then := range past {
			if then <= at+request && k != timeless(x.alarm) {
				with[k]++
			}
		}
	}
	for k, n := range with {
		for storm, sign := range []float64{1, -1} {
			if at, ok := own[storm][k]; !ok || at > age[storm]+request {
				sum += sign * math.Log(1-n/rang)
			}
		}
	}
	return sum
}

// agesOf is how long after the first alert of each fault each alert rang first.
func agesOf(s system) []map[evidence.Alarm]time.Duration {
	out := make([]map[evidence.Alarm]time.Duration, len(s.faults))
	for i, f := range s.faults {
		out[i] = map[evidence.Alarm]time.Duration{}
		for _, x := range stream(tag(f, i, 0)) {
			if _, ok := out[i][timeless(x.alarm)]; !ok {
				out[i][timeless(x.alarm)] = x.alarm.Time.Sub(first(f.input.Alarms))
			}
		}
	}
	return out
}

func timeless(a evidence.Alarm) evidence.Alarm {
	a.Time, a.Host = time.Time{}, ""
	return a
}

func apart(x, y tagged) time.Duration { return x.alarm.Time.Sub(y.alarm.Time).Abs() }

// fit is a logistic regression over the clues by gradient ascent.
func fit(open []unsure) []float64 {
	w := make([]float64, len(clueNames)+1)
	for range 300 {
		grad := make([]float64, len(w))
		for _, o := range open {
			miss := -1 / (1 + math.Exp(-logit(w, o.clues)))
			if o.older {
				miss++
			}
			grad[len(w)-1] += miss
			for c, v := range o.clues {
				grad[c] += miss * v
			}
		}
		for i := range w {
			w[i] += grad[i] / float64(len(open)) / 20
		}
	}
	return w
}

func logit(w, clues []float64) float64 {
	sum := w[len(w)-1]
	for c, v := range clues {
		sum += w[c] * v
	}
	return sum
}
