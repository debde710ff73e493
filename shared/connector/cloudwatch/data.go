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

// data reads the samples of some series, the oldest first. A series without samples is left out.
func (r reader) data(ctx context.Context, part []wanted) ([]evidence.Series, error) {
	step := period(r.to.Sub(r.from))
	in := &cloudwatch.GetMetricDataInput{StartTime: &r.from, EndTime: &r.to, ScanBy: types.ScanByTimestampAscending}
	series := make([]evidence.Series, len(part))
	place := map[string]int{}
	for i, w := range part {
		id := fmt.Sprintf("m%d", i)
		place[id] = i
		series[i] = evidence.Series{Component: w.component, Metric: w.label, Statistic: w.statistic}
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{Id: &id,
			MetricStat: &types.MetricStat{Metric: &w.metric, Stat: &w.statistic, Period: sdk.Int32(int32(step / time.Second))}})
	}
	for range dataPages {
		out, err := r.client.GetMetricData(ctx, in)
		if err != nil {
			return nil, aws.Wrap(err, "read metric data")
		}
		for _, got := range out.MetricDataResults {
			i, ok := place[sdk.ToString(got.Id)]
			if !ok || len(got.Timestamps) != len(got.Values) {
				return nil, incident.Errorf(incident.Unavailable, "read metric data: the answer does not fit the question")
			}
			for j, at := range got.Timestamps {
				series[i].Times = append(series[i].Times, at.UnixMilli())
				series[i].Values = append(series[i].Values, got.Values[j])
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	for i := range series {
		series[i] = filled(series[i], sdk.ToString(part[i].metric.Namespace), r.from, r.to, step)
	}
	return slices.DeleteFunc(series, func(s evidence.Series) bool { return len(s.Times) == 0 }), nil
}

// period is the step between samples: a minute, as long as that stays below 1,440 samples.
func period(span time.Duration) time.Duration {
	if span > 24*time.Hour {
		return 5 * time.Minute
	}
	return time.Minute
}

const settling = 3 * time.Minute // until a minute's samples have all arrived

// filled puts zeros where a sum of an AWS service has no sample: those services report counts such as errors and throttles
// only when there are any ("Reporting criteria: there is a nonzero value"), so that a quiet baseline looks like no data.
// The last minutes stay as they are: their samples may still come.
func filled(s evidence.Series, namespace string, from, to time.Time, step time.Duration) evidence.Series {
	if s.Statistic != "Sum" || len(s.Times) == 0 || !strings.HasPrefix(namespace, "AWS/") {
		return s
	}
	values := map[int64]float64{}
	for i, at := range s.Times {
		values[at] = s.Values[i]
	}
	for at := from; at.Before(to.Add(-settling)); at = at.Add(step) {
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
