package evidence

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// course is a series reduced to what conditions ask about: how it was before, how it is at the trouble's height and at its end.
type course struct {
	Series
	head, late, peak, low, last float64
	at                          time.Time // when it left its head level, zero when it did not
	samples                     int
}

// courseOf reads a series. The head is what lies before the trouble when there is enough of it, else the first quarter.
func courseOf(s Series, t *trouble) (course, bool) {
	s = clean(s)
	n := len(s.Values)
	if n < 3 {
		return course{}, false
	}
	cut := max(n/4, 1)
	if !t.start.IsZero() {
		before := 0
		for before < n && s.Times[before] < t.start.UnixMilli() {
			before++
		}
		if before >= minPrefix {
			cut = before
		}
	}
	if cut >= n {
		cut = max(n/4, 1)
	}
	c := course{Series: s, head: median(s.Values[:cut]), late: quantile(s.Values[cut:], 0.75), last: s.Values[n-1], peak: s.Values[cut], low: s.Values[cut], samples: n}
	for _, v := range s.Values[cut:] {
		c.peak, c.low = max(c.peak, v), min(c.low, v)
	}
	for i, v := range s.Values[cut:] {
		if math.Abs(v-c.head) > math.Abs(c.late-c.head)/2 {
			c.at = time.UnixMilli(s.Times[cut+i]).UTC()
			break
		}
	}
	return c, true
}

// sustained says whether a quarter of the samples since the trouble began reach the level: a blip does not.
func (c course) sustained(level float64) bool { return c.late >= level }

// metricRule reads a metric by its name (words joined by underscores, lower-case; component included after a slash).
type metricRule struct {
	name     *expression
	category Category
	judge    func(c course, all []course) (float64, string)
	external bool
	effects  []string
}

var percentUnit = expr(`(?i)percent|%|pct|utili[sz]ation|usage_ratio`)

// metricRules read AWS metrics by their documented names and other ones by the conventions of their exporters.
var metricRules = []metricRule{
	{expr(`throttle|throttled|rate_limited|429|rejected_request|provisioned_throughput_exceeded|throttles`), Throttling, risingCounter(0.88), true, amplifiers},
	{expr(`oom|out_of_memory`), MemoryExhaustion, risingCounter(0.9), false, nil},
	{expr(`replica_lag|replication_lag|seconds_behind|replication_delay|replica_delay`), ReplicationLag, lagRule, false, nil},
	{expr(`free_storage|free_disk|disk_free|disk_available|volume_available|storage_free|filesystem_avail|filesystem_free`), StorageFull, freeRule(0.92), true, fillers},
	{expr(`disk_used|disk_space_util|disk_usage|volume_usage|storage_used|filesystem_usage|disk_util`), StorageFull, fullRule(95, 88, 0.88), true, fillers},
	{expr(`cert.*(expir|days|seconds)|days_to_expiry|until_expiry|expiry_seconds|not_after`), Expiry, expiryRule, true, []string{"certificate_changed"}},
	{expr(`cpu_credit_balance|burst_balance|credit_balance`), Throttling, emptyRule, false, nil},
	{expr(`(^|_)cpu(_|$).*|cpu_util|db_cpu|cpu_pct`), CPUSaturation, fullRule(88, 80, 0.75), false, nil},
	{expr(`memory_util|mem_used_percent|memory_usage_percent|memory_pct|heap_used_percent|working_set_percent|memory_used_pct`), MemoryExhaustion, fullRule(95, 88, 0.7), false, nil},
	{expr(`freeable_memory|free_memory|mem_available|memory_available`), MemoryExhaustion, freeRule(0.6), false, nil},
	{expr(`pool.*(wait|pending|timeout|acquire)|(wait|pending|timeout).*pool|connection_wait`), ConnectionExhaustion, grownRule(5, 0.7), false, nil},
	{expr(`(pool|conn).*(in_use|active|busy|used|open)|database_connections|connections_(active|open|used|current)|num_connections|curr_connections|threads_connected`), ConnectionExhaustion, connectionsRule, false, nil},
	{expr(`concurrent_executions`), Throttling, fullRule(990, 900, 0.5), false, nil},
	{expr(`dns.*(fail|error)|coredns.*(error|servfail)`), DNSFailure, risingCounter(0.85), false, nil},
	{expr(`(upstream|provider|third_party|external|vendor|partner).*(error|fail)`), DependencyFailure, grownRule(5, 0.3), false, nil},
}

// metricClues reads the metrics by name. Names that no rule knows say nothing about the kind of trouble.
func metricClues(in Input, t *trouble) []clue {
	var all []course
	for _, s := range in.Metrics {
		if c, ok := courseOf(s, t); ok {
			all = append(all, c)
		}
	}
	var out []clue
	for _, c := range all {
		name := metricWords(c.Metric)
		for _, r := range metricRules {
			if !r.name.MatchString(name) {
				continue
			}
			score, detail := r.judge(c, all)
			if score > 0 {
				out = append(out, clue{component: c.Component, category: r.category, score: score, at: c.at, metric: c.Metric, external: r.external, effects: r.effects,
					reason: Reason{Name: "metric_" + string(r.category), Detail: detail, Refs: nonEmpty(c.Ref)}})
			}
			break
		}
	}
	return append(out, trafficClues(all)...)
}

func metricWords(metric string) string {
	parts := splitIdentifier(strings.NewReplacer("-", "_", ".", "_", "/", "_", " ", "_").Replace(metric))
	return strings.Join(parts, "_")
}

// amount writes a value of the series.
func (c course) amount(v float64) string { return Amount(v, c.Unit) }

func told(c course, format string, args ...any) string {
	return c.Metric + " of " + c.Component + " " + fmt.Sprintf(format, args...)
}

// risingCounter: events that are bad whenever they happen and did not before.
func risingCounter(score float64) func(course, []course) (float64, string) {
	return func(c course, _ []course) (float64, string) {
		if c.late <= 0 || c.late < 3*c.head || c.late-c.head < 1 && c.head > 0 {
			return 0, ""
		}
		return score, told(c, "rose from %s to %s", c.amount(c.head), c.amount(c.peak))
	}
}

// grownRule: a quantity without a known limit that grew many times over.
func grownRule(factor, score float64) func(course, []course) (float64, string) {
	return func(c course, _ []course) (float64, string) {
		if c.late <= factor*max(math.Abs(c.head), 1e-9) || c.late-c.head < 0.05 {
			return 0, ""
		}
		return score, told(c, "rose from %s to %s", c.amount(c.head), c.amount(c.peak))
	}
}

// fullRule: a percentage near its end for a while; the score grows with the distance that it came.
func fullRule(high, warm, score float64) func(course, []course) (float64, string) {
	return func(c course, _ []course) (float64, string) {
		scale := 1.0
		if high <= 100 && c.peak <= 1.5 && !strings.EqualFold(c.Unit, "Percent") && percentUnit.MatchString(c.Metric+c.Unit) {
			scale = 100
		}
		if high <= 100 && !percentUnit.MatchString(c.Metric+" "+c.Unit) {
			return 0, ""
		}
		late := c.late * scale
		switch {
		case late >= high && c.head*scale < warm:
			return score, told(c, "is at %s, from %s before", c.amount(c.late), c.amount(c.head))
		case late >= high:
			return 0.6 * score, told(c, "stayed at %s", c.amount(c.late))
		case late >= warm && c.head*scale < 0.75*warm:
			return 0.6 * score, told(c, "rose to %s, from %s before", c.amount(c.late), c.amount(c.head))
		}
		return 0, ""
	}
}

// freeRule: something that is used up. The share of the first value counts, for totals are seldom published.
func freeRule(score float64) func(course, []course) (float64, string) {
	return func(c course, _ []course) (float64, string) {
		first := c.Values[0]
		if first <= 0 || c.last > 0.2*first {
			return 0, ""
		}
		share := c.last / first
		if share <= 0.05 {
			return score, told(c, "fell to %s, %s of what it was", c.amount(c.last), percent(share))
		}
		return 0.6 * score, told(c, "fell from %s to %s", c.amount(first), c.amount(c.last))
	}
}

func emptyRule(c course, _ []course) (float64, string) {
	if c.head <= 0 || c.last > 0.05*c.head {
		return 0, ""
	}
	return 0.75, told(c, "is used up: %s, from %s", c.amount(c.last), c.amount(c.head))
}

// lagRule: seconds behind. A minute is noticed by readers; several are an incident.
func lagRule(c course, _ []course) (float64, string) {
	if c.late < 30 || c.late < 3*c.head {
		return 0, ""
	}
	detail := told(c, "grew from %s to %s", c.amount(c.head), c.amount(c.peak))
	switch {
	case c.peak >= 300:
		return 0.88, detail
	case c.peak >= 60:
		return 0.75, detail
	}
	return 0.45, detail
}

// expiryRule: a countdown that reached its end.
func expiryRule(c course, _ []course) (float64, string) {
	if c.low > 0 {
		return 0, ""
	}
	return 0.9, told(c, "reached its end")
}

var limitName = expr(`max|limit|capacity|size|ceiling`)

// connectionsRule compares connections in use with a limit that is published beside them, else with what was normal.
func connectionsRule(c course, all []course) (float64, string) {
	for _, o := range all {
		name := metricWords(o.Metric)
		if o.Component != c.Component || o.Metric == c.Metric || !limitName.MatchString(name) || !strings.Contains(name, "conn") && !strings.Contains(name, "pool") {
			continue
		}
		if o.last > 0 && c.late >= 0.95*o.last {
			return 0.88, told(c, "stands at its limit, %s of %s", c.amount(c.late), c.amount(o.last))
		}
		return 0, ""
	}
	first := quantile(c.Values[:max(len(c.Values)/5, 1)], 0.5)
	switch {
	case first > 0 && c.late >= 3*first && c.late >= 100:
		return 0.55, told(c, "grew from %s to %s", c.amount(first), c.amount(c.peak))
	case first > 0 && c.late >= 1.4*first && c.late >= 100:
		return 0.4, told(c, "grew from %s to %s", c.amount(first), c.amount(c.peak))
	}
	return 0, ""
}

var (
	trafficName  = expr(`^(.*_)?(requests?(_per_sec(ond)?|_count|_rate|_total)?|request_count|rps|qps|invocations|calls_per_second|hits|throughput_rps|consumed_(write|read)_capacity_units|messages_(sent|received)|incoming_(bytes|records))$|^count$`)
	trafficAvoid = expr(`error|fail|throttle|latency|duration|5xx|4xx|per_request|quer(y|ies)|db_`)
)

// trafficClues finds load that multiplied or vanished.
func trafficClues(all []course) []clue {
	var out []clue
	for _, c := range all {
		name := metricWords(c.Metric)
		if !trafficName.MatchString(name) || trafficAvoid.MatchString(name) || c.head <= 0 {
			continue
		}
		if math.Abs(c.late-c.head) < 3*math.Sqrt(max(c.head, 1)) {
			continue // counts scatter with their square root
		}
		ratio := c.late / c.head
		low := quantile(c.Values[len(c.Values)-max(1, len(c.Values)/3):], 0.5) / c.head
		switch {
		case ratio >= 1.8:
			out = append(out, clue{component: c.Component, category: TrafficRise, score: min(0.65, 0.3+0.1*ratio), at: c.at, metric: c.Metric, external: true, effects: amplifiers, reason: Reason{Name: "metric_traffic_rise",
				Detail: told(c, "rose from %s to %s", c.amount(c.head), c.amount(c.peak)), Refs: nonEmpty(c.Ref)}})
		case low <= 0.4:
			out = append(out, clue{component: c.Component, category: TrafficDrop, score: 0.25, at: c.at, metric: c.Metric, reason: Reason{Name: "metric_traffic_drop",
				Detail: told(c, "fell from %s to %s", c.amount(c.head), c.amount(c.low)), Refs: nonEmpty(c.Ref)}})
		}
	}
	return out
}
