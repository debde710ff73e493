package xray

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-sdk-go-v2/service/xray/types"
	"golang.org/x/sync/errgroup"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/evidence"
)

const (
	period   = time.Minute // X-Ray takes one minute or five
	parallel = 3           // requests of an account at a time
)

// read reads one account: the graph, then the series of the edges that are asked for.
func (r reader) read(ctx context.Context, a aws.Account, q query, all *sightings) (evidence.Telemetry, error) {
	client := api.NewFromConfig(a.Config)
	graph, whole, err := services(ctx, client, q)
	if err != nil {
		return evidence.Telemetry{}, err
	}
	nodes := nodesOf(r.space, graph)
	all.add(a, slices.Collect(maps.Values(nodes)))
	h := harvest{account: a.String(), whole: whole}
	var wanted []edge
	for _, e := range edgesOf(nodes, graph) {
		switch {
		case !q.wants(e):
		case e.selector == "":
			h.nameless++
		default:
			wanted = append(wanted, e)
		}
	}
	wanted, h.beyond = q.choose(wanted)
	h.series = seriesOf(ctx, client, q, wanted)
	t, err := h.telemetry()
	all.heard(a, t.Calls)
	return evidence.Telemetry{Gaps: t.Gaps}, err
}

// series is what was read of an edge.
type series struct {
	edge  edge
	calls []evidence.Call
	err   error // why the rest is missing
	late  bool  // because time was up
	whole bool
}

// seriesOf reads the edges, a few at a time. What fails or comes too late is told in its series.
func seriesOf(ctx context.Context, client *api.Client, q query, edges []edge) []series {
	out := make([]series, len(edges))
	group := errgroup.Group{}
	group.SetLimit(parallel)
	for i, e := range edges {
		group.Go(func() error {
			out[i] = seriesOfEdge(ctx, client, q, e)
			return nil
		})
	}
	_ = group.Wait()
	return out
}

func seriesOfEdge(ctx context.Context, client *api.Client, q query, e edge) series {
	out := series{edge: e}
	pages := api.NewGetTimeSeriesServiceStatisticsPaginator(client, &api.GetTimeSeriesServiceStatisticsInput{
		StartTime: &q.from, EndTime: &q.to, EntitySelectorExpression: &e.selector, Period: sdk.Int32(int32(period.Seconds()))})
	for i := 0; pages.HasMorePages(); i++ {
		if i == maxPages {
			return out
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			out.err, out.late = aws.Wrap(err, "read the calls %s from X-Ray", e), ctx.Err() != nil
			return out
		}
		for _, s := range page.TimeSeriesServiceStatistics {
			if call, ok := callOf(e, s); ok && call.Time.Add(period).After(q.from) && call.Time.Before(q.to) {
				out.calls = append(out.calls, call)
			}
		}
	}
	out.whole = true
	return out
}

// callOf makes a call of the statistics of one period; ok is false when there were none. X-Ray stamps a period with its end:
// that is how a program that reads real accounts has it, AWS documents neither.
func callOf(e edge, s types.TimeSeriesServiceStatistics) (call evidence.Call, ok bool) {
	stats := s.EdgeSummaryStatistics
	if stats == nil || s.Timestamp == nil || sdk.ToInt64(stats.TotalCount) <= 0 {
		return evidence.Call{}, false
	}
	call = evidence.Call{Time: s.Timestamp.Add(-period).UTC(), Caller: e.from.component, Callee: e.to.component, Count: int(*stats.TotalCount)}
	if stats.ErrorStatistics != nil {
		call.Errors += int(sdk.ToInt64(stats.ErrorStatistics.TotalCount))
	}
	if stats.FaultStatistics != nil {
		call.Errors += int(sdk.ToInt64(stats.FaultStatistics.TotalCount))
	}
	call.Duration = duration(sdk.ToFloat64(stats.TotalResponseTime) / float64(call.Count))
	return call, true
}

// duration makes one of seconds; what is no time a request can take is not known.
func duration(seconds float64) time.Duration {
	if !(seconds > 0 && seconds < (24*365*time.Hour).Seconds()) {
		return 0
	}
	return time.Duration(math.Round(seconds * float64(time.Second)))
}
