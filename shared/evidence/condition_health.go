package evidence

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Constants of health.
const (
	faultyCondition = 0.45 // a condition this strong is a fault
	materialChange  = 1.5  // a level that moved by less than this factor is ordinary variation
	tellingZ        = 6.0
	blipShare       = 0.15 // and one that stayed away for less than this share of the samples was a blip
)

// health says how sure the data are that nothing is wrong, 0..1, with the reasons: no condition holds, the platform's present
// states are good, logs show no new errors, and the metrics stay inside their ordinary variation or have returned to it. It is
// 0 when there is too little data to say so: missing telemetry is no health.
func health(in Input, t *trouble, found []Pattern, conditions []condition, onsets []Onset) (float64, []Reason) {
	if !sighted(in) || slices.ContainsFunc(onsets, func(o Onset) bool { return telling(o) && !calmLoad(o) }) {
		return 0, nil
	}
	if faultyAmong(conditions) {
		return 0, nil
	}
	sure := 0.0
	var reasons []Reason
	say := func(weight float64, name, detail string) {
		sure = 1 - (1-sure)*(1-weight)
		reasons = append(reasons, Reason{Name: name, Detail: detail, Weight: weight})
	}
	if n, bad := statesHealth(in); n > 0 {
		if bad > 0 {
			return 0, nil
		}
		say(0.7, "states_healthy", fmt.Sprintf("all %d platform states are good now", n))
	}
	if slices.ContainsFunc(found, func(p Pattern) bool { return p.Severe && (p.Kind == patternNew || p.Kind == patternMore) }) {
		return 0, nil
	}
	if len(in.Logs) > 0 {
		say(0.4, "logs_quiet", "logs show no errors that were not there before")
	}
	if len(in.Metrics) > 0 {
		switch moved := movedSignals(in, t); {
		case len(moved) == 0:
			say(normalWeight(in), "metrics_normal", fmt.Sprintf("all %d metric series stay inside their ordinary variation", len(in.Metrics)))
		case onlyLoad(in, moved):
			say(normalWeight(in)-0.1, "only_load_moved", fmt.Sprintf("%s of %s moved, but nothing that hurts: no latency, error, queue or lag did", moved[0].metric, moved[0].component))
		default:
			return 0, nil
		}
	}
	if sure < 0.5 {
		return 0, nil
	}
	if len(in.Alarms) > 0 {
		say(0, "alarm_contradicted", "the alarm is not borne out by the data")
	}
	return sure, reasons
}

// normalWeight is what calm metrics are worth: much against an alarm on a component that they measure, and in a check-up that
// nothing prompted; little when somebody reports trouble that they may simply not show.
func normalWeight(in Input) float64 {
	measured := slices.ContainsFunc(in.Alarms, func(a Alarm) bool {
		return slices.ContainsFunc(in.Metrics, func(s Series) bool { return s.Component == a.Component })
	})
	if measured || len(in.Alarms) == 0 && len(in.Symptoms) == 0 && in.Window.Start.IsZero() {
		return 0.75
	}
	return 0.4
}

// telling says whether an onset is more than ordinary variation: far outside the scatter, large against its level, and not over.
func telling(o Onset) bool {
	low, high := min(math.Abs(o.Before), math.Abs(o.After)), max(math.Abs(o.Before), math.Abs(o.After))
	return o.Strength >= tellingZ && high >= materialChange*low && o.Recovered.IsZero()
}

// calmLoad says whether an onset shows load, not harm.
func calmLoad(o Onset) bool {
	return !painName.MatchString(metricWords(o.Metric)) && !(percentUnit.MatchString(o.Metric+o.Unit) && max(o.Before, o.After) > 80)
}

// sighted says whether the data could contradict the alarms: every component that an alarm is about, or one of its parts, has
// metrics, logs or states of its own, and its metrics are there up to the alarm. Health cannot be claimed for what nobody
// looked at, nor from samples that end before what they should contradict.
func sighted(in Input) bool {
	seen, latest := map[string]bool{}, map[string]int64{}
	for _, s := range in.Metrics {
		seen[s.Component] = true
		if len(s.Times) > 0 {
			latest[s.Component] = max(latest[s.Component], slices.Max(s.Times))
		}
	}
	step := stepOf(in)
	if slices.ContainsFunc(in.Alarms, func(a Alarm) bool {
		last, measured := latest[a.Component]
		return measured && !a.Recovered && !reaches(last, a.Time, step)
	}) {
		return false
	}
	for _, l := range in.Logs {
		seen[l.Component] = true
	}
	for _, s := range in.Statuses {
		seen[s.Component] = true
	}
	return !slices.ContainsFunc(in.Alarms, func(a Alarm) bool { return !a.Recovered && a.Component != "" && !seen[a.Component] && !seen[a.Host] })
}

// reaches reports whether samples go on until a complaint; times are no finer than a step. A complaint without a time is
// reached by all.
func reaches(last int64, complaint time.Time, step time.Duration) bool {
	return complaint.IsZero() || last >= complaint.Add(-step).UnixMilli()
}

// statesHealth counts present states and the bad ones among them.
func statesHealth(in Input) (n, bad int) {
	for _, s := range in.Statuses {
		switch s.Kind {
		case "pod":
			n++
			if !leaving(s) && !podHealthy(s) {
				bad++
			}
		case "node":
			if r := field(s, "ready"); r != "" {
				n++
				if !isTrue(r) {
					bad++
				}
			}
		case "deployment":
			if d := field(s, "desired", "replicas"); d != "" {
				n++
				if a := field(s, "available", "ready"); a != "" && a != d {
					bad++
				}
			}
		}
	}
	return n, bad
}

// movedSignals are the departures that matter: large against their level, long enough, and not over.
func movedSignals(in Input, t *trouble) []departure {
	type signal struct{ component, metric string }
	series := map[signal]Series{}
	for _, s := range in.Metrics {
		series[signal{s.Component, s.Metric}] = s
	}
	var out []departure
	for _, d := range t.departures {
		if material(clean(series[signal{d.component, d.metric}]), d) {
			out = append(out, d)
		}
	}
	return out
}

// painName are metrics that show harm; others show load.
var painName = expr(`latency|duration|error|fail|5xx|4xx|lag|queue|wait|timeout|throttl|restart|unhealthy|oom|swap|delay|age|depth|crash|reject|drop|slow|burn|availab|ready|healthy|free|p9\d`)

// onlyLoad says whether nothing but load moved, while something that would show harm is measured and stayed calm.
func onlyLoad(in Input, moved []departure) bool {
	for _, d := range moved {
		name := metricWords(d.metric)
		if painName.MatchString(name) || percentUnit.MatchString(d.metric) && max(d.after, d.before) > 80 {
			return false
		}
	}
	return slices.ContainsFunc(in.Metrics, func(s Series) bool { return painName.MatchString(metricWords(s.Metric)) })
}

func material(s Series, d departure) bool {
	low, high := min(math.Abs(d.before), math.Abs(d.after)), max(math.Abs(d.before), math.Abs(d.after))
	if high < materialChange*low {
		return false
	}
	if len(s.Values) == 0 {
		return false
	}
	half := (d.before + d.after) / 2
	away := 0
	for _, v := range s.Values {
		if (v-half)*sign(d.after-d.before) > 0 {
			away++
		}
	}
	if float64(away) < max(blipShare*float64(len(s.Values)), 2) {
		return false
	}
	last := s.Values[len(s.Values)-max(1, len(s.Values)/5):]
	return (median(last)-half)*sign(d.after-d.before) > 0
}
