package cloudwatch

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// wanted is one series to read.
type wanted struct {
	component string
	label     string // the metric's name, with what tells it from others of that name
	statistic string
	metric    types.Metric
}

func (w wanted) key() string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%s", sdk.ToString(w.metric.Namespace), sdk.ToString(w.metric.MetricName), w.statistic, dimensions(w.metric))
}

func dimensions(m types.Metric) map[string]string { // prints in the order of names
	out := map[string]string{}
	for _, d := range m.Dimensions {
		out[sdk.ToString(d.Name)] = sdk.ToString(d.Value)
	}
	return out
}

var (
	durations = regexp.MustCompile(`(?i)(latency|duration|time|age|lag|delay)$`)
	counts    = regexp.MustCompile(`(?i)(count|countpertarget|[45]xx|errors?|faults?|throttles?|throttledrequests|throttleevents|requests|invocations|evictions|deadlocks|` +
		`timeouts|retries|failures|published|delivered|timedout|aborted|started|incoming(records|bytes)|(rejected|dropped|failed|succeeded)[a-z]*|consumed[a-z]*units|messages(sent|received|deleted))$`)
	gauges = regexp.MustCompile(`(?i)(host|task|instance)count$`)
	peaks  = regexp.MustCompile(`(?i)^concurrentexecutions$`)
)

// statistics are those that tell trouble for a metric, by its name, since CloudWatch lists no units: of durations the mean
// and the slowest hundredth, of counts the sum, of everything else the mean.
func statistics(metric string) []string {
	switch {
	case durations.MatchString(metric):
		return []string{"Average", "p99"}
	case counts.MatchString(metric) && !gauges.MatchString(metric):
		return []string{"Sum"}
	case peaks.MatchString(metric):
		return []string{"Maximum"}
	}
	return []string{"Average"}
}

const maxAlike = 6 // series of one metric of one service that differ by further dimensions only

// carried chooses among the metrics of a carrier: of each name the ones with the fewest further dimensions, which are the
// service as a whole. Zones, tasks and operations are read where there is no whole; left counts those beyond maxAlike.
func carried(c carrier, metrics []types.Metric) (out []wanted, left int) {
	type name struct{ namespace, metric string }
	groups := map[name][]types.Metric{}
	for _, m := range metrics {
		n := name{sdk.ToString(m.Namespace), sdk.ToString(m.MetricName)}
		switch have := groups[n]; {
		case len(have) == 0 || len(m.Dimensions) < len(have[0].Dimensions):
			groups[n] = []types.Metric{m}
		case len(m.Dimensions) == len(have[0].Dimensions):
			groups[n] = append(have, m)
		}
	}
	names := slices.SortedFunc(maps.Keys(groups), func(a, b name) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.metric, b.metric))
	})
	for _, n := range names {
		group := groups[n]
		slices.SortFunc(group, func(a, b types.Metric) int { return strings.Compare(further(a, c.name), further(b, c.name)) })
		left += max(0, len(group)-maxAlike)
		for _, m := range group[:min(len(group), maxAlike)] {
			label := n.metric
			if len(group) > 1 {
				label += " (" + further(m, c.name) + ")"
			}
			for _, s := range statistics(n.metric) {
				out = append(out, wanted{component: c.service, label: label, statistic: s, metric: m})
			}
		}
	}
	return out, left
}

// further are the values of all dimensions but the service's own.
func further(m types.Metric, own string) string {
	all := dimensions(m)
	delete(all, own)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return strings.Join(out, ", ")
}
