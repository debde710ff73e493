package cloudwatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// data reads the samples of some series, the oldest first. A series without samples is left out; partial are those that
// CloudWatch gave only a part of, which stay as they came. With an error what was read before it is returned.
func (r reader) data(ctx context.Context, part []wanted) (series []evidence.Series, partial []wanted, err error) {
	in := &cloudwatch.GetMetricDataInput{StartTime: &r.from, EndTime: &r.to, ScanBy: types.ScanByTimestampAscending}
	all := make([]evidence.Series, len(part))
	whole := make([]bool, len(part))
	place := map[string]int{}
	for i, w := range part {
		id := fmt.Sprintf("m%d", i)
		place[id] = i
		all[i] = evidence.Series{Component: w.component, Metric: w.label, Statistic: w.statistic}
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{Id: &id,
			MetricStat: &types.MetricStat{Metric: &w.metric, Stat: &w.statistic, Period: sdk.Int32(int32(r.step / time.Second))}})
	}
	for range dataPages {
		var out *cloudwatch.GetMetricDataOutput
		if out, err = r.client.GetMetricData(ctx, in); err != nil {
			err = aws.Wrap(err, "read metric data")
			clear(whole)
			break
		}
		for _, got := range out.MetricDataResults {
			i, ok := place[sdk.ToString(got.Id)]
			if !ok || len(got.Timestamps) != len(got.Values) {
				return nil, part, incident.Errorf(incident.Unavailable, "read metric data: the answer does not fit the question")
			}
			whole[i] = got.StatusCode == types.StatusCodeComplete
			for j, at := range got.Timestamps {
				all[i].Times, all[i].Values = append(all[i].Times, at.UnixMilli()), append(all[i].Values, got.Values[j])
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	for i, s := range all {
		if !whole[i] {
			partial = append(partial, part[i])
		} else {
			s = filled(s, sdk.ToString(part[i].metric.Namespace), r.from, r.to, r.step)
		}
		if len(s.Times) > 0 {
			series = append(series, s)
		}
	}
	return series, partial, err
}

const settling = 3 * time.Minute // until a minute's samples have all arrived

// filled puts zeros where a sum of an AWS service has no sample: those services report counts such as errors and throttles
// only when there are any ("Reporting criteria: there is a nonzero value"), so that a quiet baseline looks like no data.
// What is reported regularly at a longer step has no quiet minutes. The last minutes stay as they are: their samples may
// still come.
func filled(s evidence.Series, namespace string, from, to time.Time, step time.Duration) evidence.Series {
	if s.Statistic != "Sum" || len(s.Times) == 0 || !strings.HasPrefix(namespace, "AWS/") || slower(s.Times, step) {
		return s
	}
	values := map[int64]float64{}
	for i, at := range s.Times {
		values[at] = s.Values[i]
	}
	for at := from; !at.Add(step).After(to.Add(-settling)); at = at.Add(step) {
		if _, ok := values[at.UnixMilli()]; !ok {
			values[at.UnixMilli()] = 0
		}
	}
	s.Times = slices.Sorted(maps.Keys(values))
	s.Values = make(evidence.Values, len(s.Times))
	for i, at := range s.Times {
		s.Values[i] = values[at]
	}
	return s
}

// slower reports whether samples come regularly, at a longer step: most of them one such step after the one before.
func slower(times []int64, step time.Duration) bool {
	if len(times) < 4 {
		return false
	}
	gaps := map[int64]int{}
	for i := 1; i < len(times); i++ {
		gaps[times[i]-times[i-1]]++
	}
	most := slices.Max(slices.Collect(maps.Values(gaps)))
	shortest := slices.Min(slices.Collect(maps.Keys(gaps)))
	return shortest > step.Milliseconds() && gaps[shortest] == most && 2*most >= len(times)-1
}
