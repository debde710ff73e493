// Package xray reads calls between components from AWS X-Ray. The service graph tells who called whom in the span, one
// time series for each connection how often, how long and how often in vain, minute by minute. Which operation was called
// neither tells. X-Ray samples: the numbers are those of the traced requests, not of all.
//
// The names in a graph come from the traced programs. They are shortened and stripped before anybody sees them, and X-Ray
// is asked only about names that its own graph returned.
package xray

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

// Limits of one call of the tool.
const (
	patience = 40 * time.Second // what was read by then is returned
	longest  = 6 * time.Hour    // GetServiceGraph refuses more
)

// Tools are the tools of this connector: calls, which returns an evidence.Telemetry with calls in order of time, caller and
// callee, the metric series that they make of each callee, and gaps. A call is an aggregate of one minute; its duration is what the caller waited, 0 when X-Ray did not
// time it; its errors are answers of 4xx and 5xx. Requests from outside have no caller. The tool fails with Invalid for a
// span that is empty or outside the scope, and with the class of the first failure when no account could be read; what
// could not be read otherwise is a gap. Repeats are safe.
func Tools(space config.Space, accounts []aws.Account) []tool.Tool {
	return tools(space, accounts, func(ctx context.Context) (context.Context, context.CancelFunc) {
		return connector.Within(ctx, patience)
	})
}

// limit bounds the time of one call.
type limit func(context.Context) (context.Context, context.CancelFunc)

func tools(space config.Space, accounts []aws.Account, within limit) []tool.Tool {
	r := reader{space: space, accounts: accounts, within: within}
	return []tool.Tool{tool.New("calls", "Calls between components as AWS X-Ray traced them: count, errors and mean duration a minute; contains filters by the name of caller or callee.", r.calls)}
}

// reader reads the calls of a space from its accounts.
type reader struct {
	space    config.Space
	accounts []aws.Account
	within   limit
}

func (r reader) calls(ctx context.Context, scope tool.Scope, args connector.Args) (evidence.Telemetry, string, error) {
	q, gaps, err := ask(scope, args)
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	limited, cancel := r.within(ctx)
	defer cancel()
	var all sightings
	t, err := aws.Look(limited, r.accounts, "calls", func(ctx context.Context, a aws.Account) (evidence.Telemetry, error) {
		return r.read(ctx, a, q, &all)
	})
	if ctx.Err() != nil { // whoever asked has gone, or its own time is up: half an answer would pass for a whole one
		return evidence.Telemetry{}, "", aws.Wrap(ctx.Err(), "read calls from X-Ray")
	}
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	t.Gaps = slices.Concat(gaps, t.Gaps, all.gaps(r.accounts, q.only))
	t.Calls = all.once(r.accounts)
	slices.SortFunc(t.Calls, compare)
	t.Metrics = measured(t.Calls)
	return t, summary(t), nil
}

// compare orders calls by time, caller and callee; the rest only makes the order of equals fixed.
func compare(a, b evidence.Call) int {
	return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Caller, b.Caller), strings.Compare(a.Callee, b.Callee),
		cmp.Compare(a.Count, b.Count), cmp.Compare(a.Errors, b.Errors), cmp.Compare(a.Duration, b.Duration))
}

func summary(t evidence.Telemetry) string {
	if len(t.Calls) == 0 && len(t.Gaps) > 0 {
		return t.Gaps[0].Text
	}
	pairs := map[[2]string]bool{}
	for i := range t.Calls {
		pairs[[2]string{t.Calls[i].Caller, t.Calls[i].Callee}] = true
	}
	return incident.Count(len(t.Calls), "call record", "call records") + " of " + incident.Count(len(pairs), "connection", "connections")
}
