package cloudwatch

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// Bounds of one call in one account.
const (
	maxAlarms   = 100 // described, the limit of one request
	maxServices = 30  // whose metrics are listed
	maxPages    = 4   // of the list of metrics with one dimension, 500 each
	maxSeries   = 160
	perQuery    = 80 // series a request for data
	dataPages   = 20 // of one such request
)

// reader answers a question from one account.
type reader struct {
	question
	client  *cloudwatch.Client
	account aws.Account
}

func newClient(a aws.Account) *cloudwatch.Client { return cloudwatch.NewFromConfig(a.Config) }

// read fails only when nothing could be read at all; what failed beside something that was read is a gap.
func (r reader) read(ctx context.Context) (evidence.Telemetry, error) {
	var t evidence.Telemetry
	all, faults := r.listed(ctx)
	if left := len(r.services) - maxServices; left > 0 {
		t.Gaps = append(t.Gaps, evidence.Gap{Text: fmt.Sprintf("the metrics of %d services further away were not listed", left), Fix: "ask for those components by name"})
	}
	if left := len(all) - maxSeries; left > 0 {
		all = all[:maxSeries]
		t.Gaps = append(t.Gaps, evidence.Gap{Text: fmt.Sprintf("%d further metric series were not read: %d is the most at once", left, maxSeries), Fix: "ask for fewer components or a part of the metric's name"})
	}
	for part := range slices.Chunk(all, perQuery) {
		series, err := r.data(ctx, part)
		if err != nil {
			faults = append(faults, err)
		}
		t.Metrics = append(t.Metrics, series...)
	}
	if len(t.Metrics) == 0 && len(faults) > 0 {
		return t, faults[0]
	}
	for _, err := range faults {
		t.Gaps = append(t.Gaps, evidence.Gap{Text: "some metrics could not be read: " + err.Error(), Fix: "investigate again"})
	}
	return t, nil
}

// listed are the series to read, the alarms' own first, then those of the services, the nearest first. Who may not list
// once is not asked again.
func (r reader) listed(ctx context.Context) ([]wanted, []error) {
	var faults []error
	all, err := r.ofAlarms(ctx)
	if err != nil {
		faults = append(faults, err)
	}
	for _, svc := range r.services[:min(len(r.services), maxServices)] {
		if incident.Is(err, incident.Denied) {
			break
		}
		var more []wanted
		if more, err = r.ofService(ctx, svc); err != nil {
			faults = append(faults, err)
		}
		all = append(all, more...)
	}
	return r.chosen(all), faults
}

// chosen leaves out what is not asked for and what stands twice; the first, the alarms' own, stays. Two metrics of one name,
// as those of two target groups, are told apart by their dimensions.
func (r reader) chosen(all []wanted) []wanted {
	seen, named := map[string]bool{}, map[[3]string]bool{}
	var out []wanted
	for _, w := range all {
		if seen[w.key()] || !r.about(w.component, w.label) {
			continue
		}
		seen[w.key()] = true
		if named[[3]string{w.component, w.label, w.statistic}] {
			w.label += " (" + further(w.metric, "") + ")"
		}
		named[[3]string{w.component, w.label, w.statistic}] = true
		out = append(out, w)
	}
	return out
}

// ofService are the metrics that carry a dimension of a service.
func (r reader) ofService(ctx context.Context, svc config.Service) ([]wanted, error) {
	var all []wanted
	for _, name := range slices.Sorted(maps.Keys(svc.Dimensions)) {
		for _, value := range svc.Dimensions[name] {
			metrics, err := r.list(ctx, name, value)
			if err != nil {
				return all, err
			}
			all = append(all, carried(svc, name, metrics)...)
		}
	}
	return all, nil
}

func (r reader) list(ctx context.Context, name, value string) ([]types.Metric, error) {
	var all []types.Metric
	in := &cloudwatch.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: &name, Value: &value}}}
	for range maxPages {
		out, err := r.client.ListMetrics(ctx, in)
		if err != nil {
			return all, aws.Wrap(err, "list metrics with %s %s", name, value)
		}
		all = append(all, out.Metrics...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	return all, nil
}
