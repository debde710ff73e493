package cloudwatch

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/firefinder/firefinder/shared/aws"
)

// ofAlarms are the metrics that the investigation's alarms in this account and region watch, those below a composite alarm
// included, one level deep.
func (r reader) ofAlarms(ctx context.Context) ([]wanted, error) {
	components := map[string]string{}
	for arn, component := range r.rules {
		if name, ok := r.alarm(arn); ok {
			components[name] = component
		}
	}
	out, err := r.describe(ctx, components)
	if err != nil || len(out.CompositeAlarms) == 0 {
		return r.watched(out, components), err
	}
	below := map[string]string{}
	for _, c := range out.CompositeAlarms {
		for _, m := range inRule.FindAllStringSubmatch(sdk.ToString(c.AlarmRule), -1) {
			if _, known := components[m[1]]; !known {
				below[m[1]] = components[sdk.ToString(c.AlarmName)]
			}
		}
	}
	all := r.watched(out, components)
	out, err = r.describe(ctx, below)
	return append(all, r.watched(out, below)...), err
}

// inRule finds the alarms that a composite alarm's rule names, as names or ARNs.
var inRule = regexp.MustCompile(`(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*["']?(?:arn:[^"')]*:alarm:)?([^"')]+?)["']?\s*\)`)

// alarm is the name of an alarm of this account and region.
func (r reader) alarm(arn string) (string, bool) {
	parts := strings.SplitN(arn, ":", 7)
	ok := len(parts) == 7 && parts[2] == "cloudwatch" && parts[3] == r.account.Config.Region && parts[5] == "alarm" && (r.account.ID == "" || parts[4] == r.account.ID)
	return parts[len(parts)-1], ok
}

func (r reader) describe(ctx context.Context, alarms map[string]string) (*cloudwatch.DescribeAlarmsOutput, error) {
	names := slices.Sorted(maps.Keys(alarms))
	if len(names) == 0 {
		return &cloudwatch.DescribeAlarmsOutput{}, nil
	}
	out, err := r.client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names[:min(len(names), maxAlarms)], AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}, MaxRecords: sdk.Int32(maxAlarms)})
	if err != nil {
		return &cloudwatch.DescribeAlarmsOutput{}, aws.Wrap(err, "read what the alarms watch")
	}
	return out, nil
}

func (r reader) watched(out *cloudwatch.DescribeAlarmsOutput, components map[string]string) []wanted {
	var all []wanted
	for _, a := range out.MetricAlarms {
		all = append(all, watched(a, components[sdk.ToString(a.AlarmName)], r.space)...)
	}
	return all
}
