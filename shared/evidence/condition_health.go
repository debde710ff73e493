package evidence

import (
	"fmt"
	"math"
	"slices"
)

// Constants of health.
const (
	faultyCondition = 0.45 // a condition this strong is a fault
	materialChange  = 1.5  // a level that moved by less than this factor is ordinary variation
	blipShare       = 0.15 // and one that stayed away for less than this share of the samples was a blip
)

// health says how sure the data are that nothing is wrong, 0..1, with the reasons: no condition holds, the platform's present
// states are good, logs show no new errors, and the metrics stay inside their ordinary variation or have returned to it. It is
// 0 when there is too little data to say so: missing telemetry is no health.
func health(in Input, t *trouble, found []Pattern, conditions []condition) (float64, []Reason) {
	if len(conditions) > 0 && conditions[0].Score >= faultyCondition {
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
		moved := movedSignals(in, t)
		if len(moved) > 0 {
			return 0, nil
		}
		say(0.75, "metrics_normal", fmt.Sprintf("all %d metric series stay inside their ordinary variation", len(in.Metrics)))
	}
	if sure < 0.5 {
		return 0, nil
	}
	if len(in.Alarms) > 0 {
		say(0, "alarm_contradicted", "the alarm is not borne out by the data")
	}
	return sure, reasons
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
	var out []departure
	for _, d := range t.departures {
		for _, s := range in.Metrics {
			if s.Component == d.component && s.Metric == d.metric && material(clean(s), d) {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

func material(s Series, d departure) bool {
	low, high := min(math.Abs(d.before), math.Abs(d.after)), max(math.Abs(d.before), math.Abs(d.after))
	if high < materialChange*low {
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
