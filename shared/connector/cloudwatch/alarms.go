package cloudwatch

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

const (
	perDescription = 100 // alarms a request
	maxAlarms      = 300
	maxDepth       = 5 // of composite alarms in composite alarms
)

// ofAlarms are the metrics that the investigation's alarms in this account and region watch; a composite alarm is read as
// the alarms that its rule names. Alarms of which that cannot be told are a gap.
func (r reader) ofAlarms(ctx context.Context, h *harvest) []wanted {
	level := map[string]string{} // name -> component
	for _, arn := range slices.Sorted(maps.Keys(r.rules)) {
		if name, ok := r.alarm(arn); ok {
			level[name] = r.rules[arn]
		}
	}
	var out []wanted
	blind := map[string]string{} // name -> why
	seen := maps.Clone(level)
	for depth := 0; len(level) > 0; depth++ {
		if depth == maxDepth {
			tell(blind, level, "composite alarms in composite alarms, too many deep")
			break
		}
		found, err := r.describe(ctx, level, blind)
		if err != nil {
			h.faults = append(h.faults, err)
		}
		next := map[string]string{}
		for _, a := range found.MetricAlarms {
			name := sdk.ToString(a.AlarmName)
			metrics, why := r.watched(a, level[name], depth == 0)
			if out = append(out, metrics...); why != "" {
				blind[name] = why
			}
		}
		for _, c := range found.CompositeAlarms {
			for _, below := range namedIn(sdk.ToString(c.AlarmRule)) {
				if _, known := seen[below]; !known {
					next[below] = level[sdk.ToString(c.AlarmName)]
				}
			}
		}
		maps.Copy(seen, next)
		level = next
	}
	if len(blind) > 0 {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(blind)) {
			names = append(names, name+" ("+blind[name]+")")
		}
		h.gaps = append(h.gaps, evidence.Gap{Text: "what " + incident.Count(len(names), "alarm", "alarms") + " of " + r.account.String() + " watch could not be told: " + few(names), Fix: "look at them in CloudWatch"})
	}
	return out
}

func tell(blind, names map[string]string, why string) {
	for name := range names {
		blind[name] = why
	}
}

// inRule finds the alarms that a composite alarm's rule names, quoted or bare.
var inRule = regexp.MustCompile(`(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]+)"|'([^']+)'|([^"')\s]+))\s*\)`)

// namedIn are the names of alarms in a rule, which may give their ARNs.
func namedIn(rule string) []string {
	var out []string
	for _, m := range inRule.FindAllStringSubmatch(rule, -1) {
		name := m[1] + m[2] + m[3]
		if parts := strings.SplitN(name, ":", 7); len(parts) == 7 && parts[0] == "arn" && parts[5] == "alarm" {
			name = parts[6]
		}
		out = append(out, name)
	}
	return out
}

// alarm is the name of an alarm of this account and region.
func (r reader) alarm(arn string) (string, bool) {
	parts := strings.SplitN(arn, ":", 7)
	ok := len(parts) == 7 && parts[2] == "cloudwatch" && parts[3] == r.account.Config.Region && parts[5] == "alarm" && (r.account.ID == "" || parts[4] == r.account.ID)
	return parts[len(parts)-1], ok
}

// describe looks up alarms by name. Those that are not there go to blind.
func (r reader) describe(ctx context.Context, alarms, blind map[string]string) (cloudwatch.DescribeAlarmsOutput, error) {
	var all cloudwatch.DescribeAlarmsOutput
	names := slices.Sorted(maps.Keys(alarms))
	if len(names) > maxAlarms {
		for _, name := range names[maxAlarms:] {
			blind[name] = "too many alarms"
		}
		names = names[:maxAlarms]
	}
	for part := range slices.Chunk(names, perDescription) {
		out, err := r.client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
			AlarmNames: part, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}, MaxRecords: sdk.Int32(perDescription)})
		if err != nil {
			return all, aws.Wrap(err, "read what the alarms watch")
		}
		there := map[string]bool{}
		for _, a := range out.MetricAlarms {
			there[sdk.ToString(a.AlarmName)] = true
		}
		for _, a := range out.CompositeAlarms {
			there[sdk.ToString(a.AlarmName)] = true
		}
		for _, name := range part {
			if !there[name] {
				blind[name] = "it is gone, or watches no metric"
			}
		}
		all.MetricAlarms, all.CompositeAlarms = append(all.MetricAlarms, out.MetricAlarms...), append(all.CompositeAlarms, out.CompositeAlarms...)
	}
	return all, nil
}

// watched are the metrics that an alarm looks at, each with the statistic that it looks at; metric math is read as its
// inputs. The one metric of an alarm of the investigation belongs to the component that the alarm was taken for; the others
// to the services whose dimensions they carry. why says what cannot be read.
func (r reader) watched(a types.MetricAlarm, component string, own bool) (out []wanted, why string) {
	_, known := r.space.Service(component)
	add := func(m types.Metric, statistic string, own bool) {
		of := component
		if !own || !known {
			of = cmp.Or(r.space.ServiceFor(dimensions(m)), component, sdk.ToString(a.AlarmName))
		}
		out = append(out, wanted{component: of, label: sdk.ToString(m.MetricName), statistic: statistic, metric: m})
	}
	if a.MetricName != nil {
		statistic := cmp.Or(string(a.Statistic), sdk.ToString(a.ExtendedStatistic), "Average")
		add(types.Metric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions}, statistic, own)
	}
	for _, q := range a.Metrics {
		switch {
		case q.MetricStat == nil || q.MetricStat.Metric == nil:
		case q.AccountId != nil && r.account.ID != "" && *q.AccountId != r.account.ID:
			why = "a metric of account " + *q.AccountId
		default:
			add(*q.MetricStat.Metric, sdk.ToString(q.MetricStat.Stat), false)
		}
	}
	if len(out) == 0 && why == "" {
		why = "a query that names no metric"
	}
	return out, why
}
