package rcaalerts

import (
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

// delay by which the second fault of an overlaid pair starts after the first; the dataset's README fixes it.
const delay = 120 * time.Second

// tagged is an alert with the fault it belongs to.
type tagged struct {
	alarm evidence.Alarm
	fault int
}

// stream merges alerts that have a time, in order of time.
func stream(parts ...[]tagged) []tagged {
	var out []tagged
	for _, p := range parts {
		for _, t := range p {
			if !t.alarm.Time.IsZero() {
				out = append(out, t)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b tagged) int { return a.alarm.Time.Compare(b.alarm.Time) })
	return out
}

// tag marks the alerts of a fault, moved in time by d.
func tag(f fault, id int, d time.Duration) []tagged {
	out := make([]tagged, len(f.input.Alarms))
	for i, a := range f.input.Alarms {
		if !a.Time.IsZero() {
			a.Time = a.Time.Add(d)
		}
		out[i] = tagged{a, id}
	}
	return out
}

// pairs counts pairs of alerts: same group predicted, same group in truth, both.
type pairs struct{ predicted, truth, both float64 }

func (p *pairs) add(ts []tagged, group []int) {
	type cell struct{ group, fault int }
	byGroup, byFault, byBoth := map[int]float64{}, map[int]float64{}, map[cell]float64{}
	for i, t := range ts {
		byGroup[group[i]]++
		byFault[t.fault]++
		byBoth[cell{group[i], t.fault}]++
	}
	for _, n := range byGroup {
		p.predicted += n * (n - 1) / 2
	}
	for _, n := range byFault {
		p.truth += n * (n - 1) / 2
	}
	for _, n := range byBoth {
		p.both += n * (n - 1) / 2
	}
}

func (p *pairs) f1() float64 {
	if p.predicted+p.truth == 0 {
		return 0
	}
	return 2 * p.both / (p.predicted + p.truth)
}

// grouping scores the whole stream, and every overlaid pair (fault i with fault i + n/2, delayed) on its own, pooled.
func grouping(s system) []score.Result {
	var all [][]tagged
	for i, f := range s.faults {
		all = append(all, tag(f, i, 0))
	}
	var whole, overlaid pairs
	began := time.Now()
	group(stream(all...), s.graph, &whole)
	spent := time.Since(began)
	half := len(s.faults) / 2
	began = time.Now()
	for i := range half {
		group(overlay(s, i, i+half, delay), s.graph, &overlaid)
	}
	per := time.Since(began).Seconds() / float64(max(1, half))
	return []score.Result{
		{Dataset: "rca-alerts", Split: s.name, Metric: "grouping F1, whole stream", Value: whole.f1(), Cases: len(s.faults), SecondsPerCase: spent.Seconds(), Pooled: true},
		{Dataset: "rca-alerts", Split: s.name, Metric: "grouping F1, two overlaid", Value: overlaid.f1(), Cases: half, SecondsPerCase: per, Pooled: true},
	}
}

// overlay is the stream of two faults, 0 and 1, the second of which begins later by the delay.
func overlay(s system, i, j int, delay time.Duration) []tagged {
	a, b := s.faults[i], s.faults[j]
	return stream(tag(a, 0, 0), tag(b, 1, first(a.input.Alarms).Add(delay).Sub(first(b.input.Alarms))))
}

func group(ts []tagged, graph []evidence.Dependency, into *pairs) {
	incident, _ := evidence.GroupAlarms(alarmsOf(ts), graph)
	into.add(ts, incident)
}

func alarmsOf(ts []tagged) []evidence.Alarm {
	alarms := make([]evidence.Alarm, len(ts))
	for i, t := range ts {
		alarms[i] = t.alarm
	}
	return alarms
}
