// Package cloudwatch looks at the metrics of CloudWatch: those that the investigation's alarms watch, with the statistic
// that they watch, and those that carry a dimension of the services around them. What to read is decided by alarms and
// space file alone; a call may narrow it and cannot name a metric of its own.
package cloudwatch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

// Times of one call.
const (
	lookTime = 40 * time.Second // for everything
	listTime = 20 * time.Second // of it, for finding metrics by dimension
)

const description = "Metric series of components, read from CloudWatch, a value a minute: what the alarms watch and what carries a dimension of a service; " +
	"contains filters by metric name."

// Tools are the tools of this connector: metrics, which returns an evidence.Telemetry with series and gaps, in a fixed order.
// It fails with Invalid for a span outside the scope, and as the first account did when none can be read; what could not be
// read beside something that was is a gap. Repeats are safe.
func Tools(space config.Space, accounts []aws.Account) []tool.Tool {
	return []tool.Tool{tool.New("metrics", description, func(ctx context.Context, scope tool.Scope, args connector.Args) (evidence.Telemetry, string, error) {
		asked, err := ask(space, scope, args)
		if err != nil {
			return evidence.Telemetry{}, "", err
		}
		within, cancel := connector.Within(ctx, lookTime)
		defer cancel()
		var all harvests
		t, err := aws.Look(within, accounts, "metrics", func(ctx context.Context, a aws.Account) (evidence.Telemetry, error) {
			h := newReader(asked, a, len(accounts)).read(ctx)
			all.add(a, h)
			return evidence.Telemetry{Gaps: h.gaps}, h.failure()
		})
		if err != nil {
			return evidence.Telemetry{}, "", err
		}
		t.Metrics = all.series(accounts)
		t.Gaps = append(t.Gaps, asked.missing(&all)...)
		samples := 0
		for _, m := range t.Metrics {
			samples += len(m.Times)
		}
		return t, fmt.Sprintf("%s with %s, from CloudWatch", incident.Count(len(t.Metrics), "metric series", "metric series"), incident.Count(samples, "sample", "samples")), nil
	})}
}

// harvests are what the accounts gave. The zero value is ready; accounts add at once.
type harvests struct {
	mu  sync.Mutex
	all map[string]*harvest // by account
}

func (hs *harvests) add(a aws.Account, h *harvest) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.all == nil {
		hs.all = map[string]*harvest{}
	}
	hs.all[a.ID] = h
}

// series are those of all accounts in their order. What another account has under the same name is told apart by it: two
// accounts with one naming are two systems.
func (hs *harvests) series(accounts []aws.Account) []evidence.Series {
	type name struct{ component, metric, statistic string }
	taken := map[name]bool{}
	var out []evidence.Series
	for _, a := range accounts {
		h := hs.all[a.ID]
		if h == nil {
			continue
		}
		for _, s := range h.series {
			if taken[name{s.Component, s.Metric, s.Statistic}] {
				s.Metric += " (" + a.String() + ")"
			}
			taken[name{s.Component, s.Metric, s.Statistic}] = true
			out = append(out, s)
		}
	}
	return out
}
