package xray_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/connector/xray"
	"github.com/firefinder/firefinder/shared/incident"
)

func TestPagesArePutTogether(t *testing.T) {
	page := func(call awstest.Call, key string, pages ...any) (map[string]any, error) {
		at := 0
		if token, ok := call.Input["NextToken"].(string); ok {
			_, _ = fmt.Sscan(token, &at)
		}
		out := doc{key: []any{pages[at]}}
		if at+1 < len(pages) {
			out["NextToken"] = fmt.Sprint(at + 1)
		}
		return out, nil
	}
	c := awstest.New(t, answers(
		func(call awstest.Call) (map[string]any, error) {
			return page(call, "Services", service(0, "checkout", "remote", 1), service(1, "orders", "remote"), service(0, "checkout", "remote", 1))
		},
		func(call awstest.Call) (map[string]any, error) {
			return page(call, "TimeSeriesServiceStatistics", minute(ten.Add(2*time.Minute), 1, 0, 0, 1), minute(ten.Add(time.Minute), 2, 0, 0, 1))
		}))
	got := calls(t, c, `{}`)
	if len(got.Calls) != 2 || got.Calls[0].Count != 2 || len(got.Gaps) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestPagesHaveABound(t *testing.T) {
	endless := func(key string, one any) awstest.Answer {
		return func(awstest.Call) (map[string]any, error) { return doc{key: []any{one}, "NextToken": "more"}, nil }
	}
	for operation, words := range map[string]string{"ServiceGraph": "only a part of X-Ray's graph", "TimeSeriesServiceStatistics": "are incomplete"} {
		all := answers(graph(service(0, "checkout", "remote", 1), service(1, "orders", "remote")), series(minute(ten.Add(time.Minute), 1, 0, 0, 1)))
		if operation == "ServiceGraph" {
			all[operation] = endless("Services", service(0, "checkout", "remote", 0))
		} else {
			all[operation] = endless("TimeSeriesServiceStatistics", minute(ten.Add(time.Minute), 1, 0, 0, 1))
		}
		c := awstest.New(t, all)
		saysOnce(t, calls(t, c, `{}`).Gaps, words, "account 111122223333")
		if n := len(c.Calls(operation)); n != 20 {
			t.Errorf("%s was asked %d times", operation, n)
		}
	}
}

func TestAGraphThatBreaksOffIsUsedAsFarAsItGoes(t *testing.T) {
	c := awstest.New(t, answers(
		func(call awstest.Call) (map[string]any, error) {
			if call.Input["NextToken"] != nil {
				return fails(500, "InternalFailure")(call)
			}
			return doc{"Services": []any{service(0, "checkout", "remote", 1), service(1, "orders", "remote")}, "NextToken": "1"}, nil
		}, series(minute(ten.Add(time.Minute), 1, 0, 0, 1))))
	got := calls(t, c, `{}`)
	saysOnce(t, got.Gaps, "only a part")
	if len(got.Calls) != 1 {
		t.Errorf("calls %+v", got.Calls)
	}
}

func TestTheNearestThenTheBusiestEdgesAreRead(t *testing.T) {
	services := []any{service(0, "checkout", "remote", 1), service(1, "orders", "remote", 2), service(2, "table", "remote")}
	hub := service(3, "hub", "remote")
	for i := range 40 {
		services = append(services, service(10+i, fmt.Sprintf("leaf-%02d", i), "remote"))
		hub["Edges"] = append(hub["Edges"].([]any), doc{"ReferenceId": 10 + i, "SummaryStatistics": doc{"TotalCount": 100 + i}})
	}
	c := awstest.New(t, answers(graph(append(services, hub)...), series(minute(ten.Add(time.Minute), 1, 0, 0, 1))))
	got := calls(t, c, `{}`)
	saysOnce(t, got.Gaps, "17 connections", "account 111122223333")
	asked := strings.Join(selectors(c), "\n")
	if n := len(selectors(c)); n != xray.MaxEdges {
		t.Errorf("%d edges were read", n)
	}
	for name, want := range map[string]bool{`"checkout"`: true, `"table"`: false, `"leaf-39"`: true, `"leaf-16"`: true, `"leaf-15"`: false} {
		if strings.Contains(asked, name) != want {
			t.Errorf("%s was asked for: %v", name, !want)
		}
	}
}

func TestWhatFailsIsAGapUnlessAllDoes(t *testing.T) {
	two := graph(service(0, "checkout", "remote", 1, 2), service(1, "orders", "remote"), service(2, "table", "remote"))
	fine := series(minute(ten.Add(time.Minute), 1, 0, 0, 1))
	half := func(call awstest.Call) (map[string]any, error) {
		if strings.Contains(call.Input["EntitySelectorExpression"].(string), "table") {
			return fails(429, "ThrottledException")(call)
		}
		return fine(call)
	}
	for name, tt := range map[string]struct {
		graph, series awstest.Answer
		class         incident.Class
		calls         int
		gap           []string
	}{
		"one edge":        {two, half, "", 1, []string{"1 connection in account 111122223333 could not be read", "checkout → table", "ThrottledException"}},
		"all edges":       {two, fails(429, "ThrottledException"), incident.Throttled, 0, nil},
		"throttled graph": {fails(429, "ThrottledException"), fine, incident.Throttled, 0, nil},
		"denied graph":    {fails(403, "AccessDeniedException"), fine, incident.Denied, 0, nil},
		"broken graph":    {fails(500, "InternalFailure"), fine, incident.Unavailable, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := awstest.New(t, answers(tt.graph, tt.series))
			got, _, err := call(t, t.Context(), xray.Tools(shop, once(c.Accounts(ownReader)))[0], scope, `{}`)
			if incident.ClassOf(err) != tt.class || len(got.Calls) != tt.calls {
				t.Fatalf("%v, %+v", err, got)
			}
			if tt.gap != nil {
				saysOnce(t, got.Gaps, tt.gap...)
			}
			if err != nil && !strings.Contains(err.Error(), "X-Ray") {
				t.Errorf("the error does not say what was attempted: %v", err)
			}
		})
	}
}

func TestADeniedAccountIsAGap(t *testing.T) {
	c := awstest.New(t, answers(graph(service(0, "checkout", "remote", 1), service(1, "orders", "remote")), series(minute(ten.Add(time.Minute), 1, 0, 0, 1))))
	c.Refuse(otherReader)
	got, _, err := call(t, t.Context(), xray.Tools(shop, once(c.Accounts(ownReader, otherReader)))[0], scope, `{}`)
	if err != nil || len(got.Calls) != 1 {
		t.Fatal(err, got)
	}
	saysOnce(t, got.Gaps, "no calls of account 444455556666", "sts:AssumeRole")
	if _, _, err := call(t, t.Context(), xray.Tools(shop, nil)[0], scope, `{}`); !incident.Is(err, incident.Denied) {
		t.Errorf("without an account: %v", err)
	}
}

// TestWhatWasReadWhenTimeIsUpIsReturned ends the time from within the last of many requests, so that nothing is waited for.
func TestWhatWasReadWhenTimeIsUpIsReturned(t *testing.T) {
	const edges = 12
	var services []any
	for i := range edges {
		services = append(services, service(100+i, fmt.Sprintf("callee-%02d", i), "remote"))
	}
	hub := service(0, "checkout", "remote")
	for i := range edges {
		hub["Edges"] = append(hub["Edges"].([]any), doc{"ReferenceId": 100 + i, "SummaryStatistics": doc{"TotalCount": edges - i}})
	}
	for _, whose := range []string{"its own", "the caller's"} {
		var asked atomic.Int32
		var end atomic.Value
		over := make(chan struct{})
		c := awstest.New(t, answers(graph(append(services, hub)...), func(call awstest.Call) (map[string]any, error) {
			if asked.Add(1) == edges {
				end.Load().(context.CancelFunc)()
				<-over // the answer never comes
			}
			return series(minute(ten.Add(time.Minute), 1, 0, 0, 1))(call)
		}))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		tl := xray.ToolsWithin(shop, c.Accounts(ownReader), func(ctx context.Context) (context.Context, context.CancelFunc) {
			limited, cancel := context.WithCancel(ctx)
			end.Store(cancel)
			if whose != "its own" {
				end.Store(stop)
			}
			return limited, cancel
		})[0]
		got, _, err := call(t, ctx, tl, scope, `{}`)
		close(over)
		if whose != "its own" {
			if !errors.Is(err, context.Canceled) || !incident.Is(err, incident.Unavailable) {
				t.Errorf("the caller's time is up: %v, %+v", err, got)
			}
			continue
		}
		// Three requests run at a time: the last one began when at most two others were under way.
		if err != nil || len(got.Calls) < edges-3 || len(got.Calls) >= edges {
			t.Fatalf("%d calls, %v", len(got.Calls), err)
		}
		saysOnce(t, got.Gaps, "were not read before time was up", "checkout → callee-")
	}
}
