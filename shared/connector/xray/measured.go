package xray

import (
	"maps"
	"slices"

	"github.com/firefinder/firefinder/shared/evidence"
)

// minute adds up what the callers of a component saw of it in one minute.
type minute struct {
	calls, errors, timed int
	duration             float64 // of the timed ones together, in milliseconds
}

// measured makes metric series of calls, which tell when a component began to fail or to be slow: of each callee how often
// it was called, how often in vain, and how long a call took, under names that the engine knows errors and latency by.
// Sizes are those of the traced requests.
func measured(calls []evidence.Call) []evidence.Series {
	all := map[string]map[int64]minute{}
	for _, c := range calls {
		if all[c.Callee] == nil {
			all[c.Callee] = map[int64]minute{}
		}
		at := c.Time.UnixMilli()
		m := all[c.Callee][at]
		m.calls, m.errors = m.calls+c.Count, m.errors+c.Errors
		if c.Duration > 0 {
			m.timed, m.duration = m.timed+c.Count, m.duration+c.Duration.Seconds()*1000*float64(c.Count)
		}
		all[c.Callee][at] = m
	}
	var out []evidence.Series
	for _, component := range slices.Sorted(maps.Keys(all)) {
		count := evidence.Series{Component: component, Metric: "request_count", Statistic: "Sum", Unit: "Count"}
		failed := evidence.Series{Component: component, Metric: "error_count", Statistic: "Sum", Unit: "Count"}
		took := evidence.Series{Component: component, Metric: "latency", Statistic: "Average", Unit: "Milliseconds"}
		for _, at := range slices.Sorted(maps.Keys(all[component])) {
			m := all[component][at]
			count.Times, count.Values = append(count.Times, at), append(count.Values, float64(m.calls))
			failed.Times, failed.Values = append(failed.Times, at), append(failed.Values, float64(m.errors))
			if m.timed > 0 {
				took.Times, took.Values = append(took.Times, at), append(took.Values, m.duration/float64(m.timed))
			}
		}
		out = append(out, count, failed)
		if len(took.Times) > 0 {
			out = append(out, took)
		}
	}
	return out
}
