package xray_test

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector/xray"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

const (
	ownReader   = "arn:aws:iam::111122223333:role/shop-reader"
	otherReader = "arn:aws:iam::444455556666:role/reader"
)

var (
	ten   = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	shop  = config.Space{Name: "shop", Services: []config.Service{{Name: "checkout"}, {Name: "orders"}}}
	scope = tool.Scope{From: ten, To: ten.Add(time.Hour), Components: []string{"checkout"}}
)

// doc is a JSON object.
type doc = map[string]any

// service is a node of a graph; edges are numbers of callees.
func service(id int, name, kind string, edges ...int) doc {
	out := doc{"ReferenceId": id, "Name": name, "Type": kind}
	var to []any
	for _, e := range edges {
		to = append(to, doc{"ReferenceId": e, "SummaryStatistics": doc{"TotalCount": 1}})
	}
	out["Edges"] = to
	return out
}

// minute is a point of a series that ends at a time.
func minute(end time.Time, count, failed, faults int, seconds float64) doc {
	return doc{"Timestamp": end, "EdgeSummaryStatistics": doc{"TotalCount": count, "TotalResponseTime": seconds,
		"ErrorStatistics": doc{"TotalCount": failed, "ThrottleCount": failed}, "FaultStatistics": doc{"TotalCount": faults}}}
}

func graph(services ...any) awstest.Answer {
	return func(awstest.Call) (map[string]any, error) { return doc{"Services": services}, nil }
}

func series(points ...any) awstest.Answer {
	return func(awstest.Call) (map[string]any, error) { return doc{"TimeSeriesServiceStatistics": points}, nil }
}

// answers are those of the two operations of X-Ray.
func answers(graph, series awstest.Answer) map[string]awstest.Answer {
	return map[string]awstest.Answer{"ServiceGraph": graph, "TimeSeriesServiceStatistics": series}
}

func fails(status int, code string) awstest.Answer {
	return func(awstest.Call) (map[string]any, error) {
		return nil, &awstest.Error{Status: status, Code: code, Message: "no"}
	}
}

// once lets clients try everything once, so that failures take no time.
func once(accounts []aws.Account) []aws.Account {
	for i := range accounts {
		accounts[i].Config.Retryer = func() sdk.Retryer { return sdk.NopRetryer{} }
	}
	return accounts
}

func call(t *testing.T, ctx context.Context, tl tool.Tool, scope tool.Scope, args string) (evidence.Telemetry, string, error) {
	t.Helper()
	result, err := tl.Call(ctx, scope, json.RawMessage(args))
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	var got evidence.Telemetry
	if err := json.Unmarshal(result.Data, &got); err != nil {
		t.Fatal(err)
	}
	return got, result.Summary, nil
}

// calls calls the tool of the shop, which has to answer.
func calls(t *testing.T, c *awstest.Cloud, args string) evidence.Telemetry {
	t.Helper()
	got, _, err := call(t, t.Context(), xray.Tools(shop, once(c.Accounts(ownReader)))[0], scope, args)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// selectors are what X-Ray was asked for, in order of the alphabet.
func selectors(c *awstest.Cloud) []string {
	var out []string
	for _, call := range c.Calls("TimeSeriesServiceStatistics") {
		out = append(out, call.Input["EntitySelectorExpression"].(string))
	}
	slices.Sort(out)
	return out
}

// saysOnce fails unless there is one gap, with all the words and a way out.
func saysOnce(t *testing.T, gaps []evidence.Gap, words ...string) {
	t.Helper()
	if len(gaps) != 1 {
		t.Fatalf("%d gaps: %v", len(gaps), gaps)
	}
	for _, w := range words {
		if !strings.Contains(gaps[0].Text, w) {
			t.Errorf("the gap does not say %q: %s", w, gaps[0].Text)
		}
	}
	if gaps[0].Fix == "" {
		t.Error("the gap says not what to do")
	}
}

func TestAPointIsACallOfOneMinute(t *testing.T) {
	c := awstest.New(t, answers(
		graph(service(0, "shop-api/prod", "client", 1), service(1, "checkout", "AWS::ECS::Fargate", 2), service(2, "orders", "AWS::Lambda")),
		func(call awstest.Call) (map[string]any, error) {
			if strings.Contains(call.Input["EntitySelectorExpression"].(string), `"client"`) {
				return series(minute(ten.Add(3*time.Minute), 4, 0, 0, 0), minute(ten.Add(time.Minute), 1, 0, 0, -1))(call)
			}
			return series(minute(ten.Add(4*time.Minute), 20, 3, 5, 5), minute(ten.Add(5*time.Minute), 0, 0, 0, 0),
				doc{"Timestamp": ten.Add(6 * time.Minute)}, minute(ten, 7, 0, 0, 1), minute(ten.Add(2*time.Hour), 7, 0, 0, 1))(call)
		}))
	tl := xray.Tools(shop, c.Accounts(ownReader))[0]
	if tl.Spec().Name != "calls" {
		t.Errorf("the tool is called %s", tl.Spec().Name)
	}
	got, summary, err := call(t, t.Context(), tl, scope, `{}`)
	if err != nil || len(got.Gaps) != 0 {
		t.Fatal(err, got.Gaps)
	}
	want := []evidence.Call{
		{Time: ten, Callee: "checkout", Count: 1},
		{Time: ten.Add(2 * time.Minute), Callee: "checkout", Count: 4},
		{Time: ten.Add(3 * time.Minute), Caller: "checkout", Callee: "orders", Count: 20, Errors: 8, Duration: 250 * time.Millisecond},
	}
	if !reflect.DeepEqual(got.Calls, want) {
		t.Errorf("calls %+v\nwant %+v", got.Calls, want)
	}
	if summary != "3 call records of 2 connections" {
		t.Errorf("summary %q", summary)
	}
	if s := selectors(c); !slices.Equal(s, []string{
		`edge(id(name: "checkout", type: "AWS::ECS::Fargate"), id(name: "orders", type: "AWS::Lambda"))`,
		`edge(id(name: "shop-api/prod", type: "client"), id(name: "checkout", type: "AWS::ECS::Fargate"))`}) {
		t.Errorf("asked for %q", s)
	}
	for _, operation := range []string{"ServiceGraph", "TimeSeriesServiceStatistics"} {
		for _, call := range c.Calls(operation) {
			if call.Role != ownReader || call.Input["StartTime"] != float64(ten.Unix()) || call.Input["EndTime"] != float64(ten.Add(time.Hour).Unix()) {
				t.Errorf("%s was asked %v as %s", operation, call.Input, call.Role)
			}
		}
	}
	if p := c.Calls("TimeSeriesServiceStatistics")[0].Input["Period"]; p != 60.0 {
		t.Errorf("a period of %v s", p)
	}
}

func TestTwoNodesOfOneComponentAreNoConnection(t *testing.T) {
	c := awstest.New(t, answers(
		graph(service(0, "orders", "AWS::Lambda", 1), service(1, "orders", "AWS::Lambda::Function", 2), service(2, "orders-table", "AWS::DynamoDB::Table"),
			service(3, "orders", "AWS::Lambda::Function", 2), service(4, "canary", "client::Synthetics", 0), service(5, "checkout", "", 9)),
		series(minute(ten.Add(time.Minute), 1, 0, 0, 1))))
	got := calls(t, c, `{}`)
	var pairs []string
	for _, call := range got.Calls {
		pairs = append(pairs, call.Caller+">"+call.Callee)
	}
	if want := []string{">orders", "orders>orders-table"}; !slices.Equal(pairs, want) {
		t.Errorf("%q, want %q", pairs, want)
	}
}

func TestNothingTracedIsAGapAndNoError(t *testing.T) {
	other := func(services ...any) awstest.Answer {
		return func(call awstest.Call) (map[string]any, error) {
			if call.Role == otherReader {
				return graph(services...)(call)
			}
			return graph()(call)
		}
	}
	c := awstest.New(t, answers(other(), series()))
	got, summary, err := call(t, t.Context(), xray.Tools(shop, c.Accounts(ownReader))[0], scope, `{}`)
	if err != nil || len(got.Calls) != 0 {
		t.Fatal(err, got)
	}
	saysOnce(t, got.Gaps, "no traces of this span in account 111122223333")
	if summary != got.Gaps[0].Text || !strings.Contains(got.Gaps[0].Fix, "enable tracing in account 111122223333") {
		t.Errorf("%q, fix %q", summary, got.Gaps[0].Fix)
	}
	both, _, err := call(t, t.Context(), xray.Tools(shop, c.Accounts(ownReader, otherReader))[0], scope, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	saysOnce(t, both.Gaps, "account 111122223333, account 444455556666")

	c = awstest.New(t, answers(other(service(0, "checkout", "remote", 1), service(1, "orders", "remote")), series(minute(ten.Add(time.Minute), 1, 0, 0, 1))))
	got, _, err = call(t, t.Context(), xray.Tools(shop, c.Accounts(ownReader, otherReader))[0], scope, `{}`)
	if err != nil || len(got.Calls) != 1 || len(got.Gaps) != 0 {
		t.Errorf("one account traces: %+v, %v", got, err)
	}
}

func TestOnlyWhatIsAskedForIsRead(t *testing.T) {
	for args, want := range map[string]struct {
		calls []string
		gap   string
	}{
		`{"components":["orders"]}`:                 {[]string{"checkout>orders", "orders>table"}, ""},
		`{"components":["table"]}`:                  {[]string{"orders>table"}, ""},
		`{"components":["mail.example.com"]}`:       {[]string{"checkout>mail.example.com"}, ""},
		`{"components":["orders-fn"]}`:              {[]string{"checkout>orders", "orders>table"}, ""},
		`{"components":["nothing","table"]}`:        {[]string{"orders>table"}, `"nothing"`},
		`{"components":["x\") OR edge(\"\u0000a"]}`: {nil, `"x\") OR edge(\"a"`},
		`{"components":["browser","table"]}`:        {[]string{"orders>table"}, `"browser"`}, // who calls from outside is no component
		`{"contains":"MAIL"}`:                       {[]string{"checkout>mail.example.com"}, ""},
		`{"contains":"nobody"}`:                     {nil, ""},
	} {
		orders := service(1, "orders-fn", "AWS::Lambda", 2)
		orders["Names"] = []any{"orders-fn", "orders"}
		c := awstest.New(t, answers(graph(service(0, "checkout", "remote", 1, 3), orders, service(2, "table", "remote"), service(3, "mail.example.com", "remote"), service(4, "browser", "client", 0)),
			series(minute(ten.Add(time.Minute), 1, 0, 0, 1))))
		got := calls(t, c, args)
		var pairs []string
		for _, call := range got.Calls {
			pairs = append(pairs, call.Caller+">"+call.Callee)
		}
		if !slices.Equal(pairs, want.calls) {
			t.Errorf("%s: %q, want %q", args, pairs, want.calls)
		}
		if n := len(selectors(c)); n != len(want.calls) {
			t.Errorf("%s: %d edges were read", args, n)
		}
		if want.gap != "" {
			saysOnce(t, got.Gaps, want.gap)
		} else if len(got.Gaps) > 0 {
			t.Errorf("%s: gaps %v", args, got.Gaps)
		}
	}
}

func TestTheSpanIsOneThatXRayTakes(t *testing.T) {
	all := answers(graph(service(0, "checkout", "remote")), series())
	c := awstest.New(t, all)
	day := tool.Scope{From: ten.Add(-18 * time.Hour), To: ten.Add(6 * time.Hour)}
	got, _, err := call(t, t.Context(), xray.Tools(shop, c.Accounts(ownReader))[0], day, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	saysOnce(t, got.Gaps, "2026-03-01T10:00:00Z", "6 hours")
	if in := c.Calls("ServiceGraph")[0].Input; in["StartTime"] != float64(ten.Unix()) || in["EndTime"] != float64(ten.Add(6*time.Hour).Unix()) {
		t.Errorf("asked %v", in)
	}
	for name, tt := range map[string]struct {
		scope tool.Scope
		args  string
	}{
		"no span":          {tool.Scope{}, `{}`},
		"one moment":       {scope, `{"from":"2026-03-01T10:30:00Z","to":"2026-03-01T10:30:00Z"}`},
		"backwards":        {scope, `{"from":"2026-03-01T10:30:00Z","to":"2026-03-01T10:20:00Z"}`},
		"before the scope": {scope, `{"to":"2026-03-01T09:00:00Z"}`},
	} {
		c := awstest.New(t, all)
		if _, _, err := call(t, t.Context(), xray.Tools(shop, c.Accounts(ownReader))[0], tt.scope, tt.args); !incident.Is(err, incident.Invalid) || len(c.Calls("ServiceGraph")) != 0 {
			t.Errorf("%s: %v after %d requests", name, err, len(c.Calls("ServiceGraph")))
		}
	}
}

func TestEqualQuestionsGetEqualAnswers(t *testing.T) {
	var asked atomic.Int32
	c := awstest.New(t, answers(
		func(call awstest.Call) (map[string]any, error) {
			all := []any{service(0, "checkout", "remote", 1, 2), service(1, "orders", "remote", 2), service(2, "table", "remote"), service(3, "checkout", "client", 0)}
			if asked.Add(1)%2 == 0 {
				slices.Reverse(all)
			}
			return graph(all...)(call)
		},
		series(minute(ten.Add(3*time.Minute), 3, 1, 0, 1), minute(ten.Add(time.Minute), 1, 0, 0, 1), minute(ten.Add(2*time.Minute), 2, 0, 0, 1))))
	tl := xray.Tools(shop, c.Accounts(ownReader, otherReader))[0]
	first, _, err := call(t, t.Context(), tl, scope, `{}`)
	if err != nil || len(first.Calls) != 12 {
		t.Fatal(err, len(first.Calls))
	}
	if !slices.IsSortedFunc(first.Calls, func(a, b evidence.Call) int {
		return strings.Compare(a.Time.Format(time.RFC3339)+a.Caller+" "+a.Callee, b.Time.Format(time.RFC3339)+b.Caller+" "+b.Callee)
	}) {
		t.Errorf("not in order: %+v", first.Calls)
	}
	for range 10 {
		if again, _, err := call(t, t.Context(), tl, scope, `{}`); err != nil || !reflect.DeepEqual(again, first) {
			t.Fatalf("%v\n%+v\n%+v", err, again, first)
		}
	}
}

// TestCallsTellTheCauseFromItsEcho: both fail alike, and only the calls tell which of them waits for the other.
func TestCallsTellTheCauseFromItsEcho(t *testing.T) {
	var points []any
	failing := func(component string) evidence.Series {
		s := evidence.Series{Component: component, Metric: "errors", Statistic: "Sum"}
		for i := range 60 {
			s.Times = append(s.Times, ten.Add(time.Duration(i)*time.Minute).UnixMilli())
			s.Values = append(s.Values, float64(i%3+40*(i/30)))
		}
		return s
	}
	for i := range 60 {
		points = append(points, minute(ten.Add(time.Duration(i+1)*time.Minute), 100, i%3, 40*(i/30), 12))
	}
	c := awstest.New(t, answers(graph(service(0, "checkout", "client", 1), service(1, "checkout", "AWS::ECS::Fargate", 2), service(2, "orders", "AWS::Lambda")), series(points...)))
	in := evidence.Input{Window: evidence.Window{From: ten, To: ten.Add(time.Hour), Start: ten.Add(30 * time.Minute)}}
	in.Metrics = []evidence.Series{failing("checkout"), failing("orders")}
	if b := evidence.Analyze(in); len(b.Causes) > 0 && b.Causes[0].Component == "orders" {
		t.Fatal("the cause is found without calls, so this test shows nothing")
	}
	in.Add(calls(t, c, `{}`), "")
	b := evidence.Analyze(in)
	if len(b.Causes) < 2 || b.Causes[0].Component != "orders" || b.Causes[1].Component != "checkout" || b.Causes[0].Score <= b.Causes[1].Score {
		t.Errorf("causes %+v", b.Causes)
	}
}

// An account that monitors another has its traces too: a call is counted once.
func TestCopiesOfTracesAreCountedOnce(t *testing.T) {
	points := series(minute(ten.Add(time.Minute), 10, 1, 0, 1))
	c := awstest.New(t, answers(graph(service(0, "checkout", "AWS::ECS::Fargate", 1), service(1, "orders", "AWS::Lambda")), points))
	tl := xray.Tools(shop, c.Accounts(ownReader, otherReader))[0]
	got, _, err := call(t, t.Context(), tl, scope, `{}`)
	if err != nil || len(got.Calls) != 1 || got.Calls[0].Count != 10 || got.Metrics[0].Values[0] != 10 {
		t.Errorf("%+v, %v", got, err)
	}
	two := graph(service(0, "checkout", "AWS::ECS::Fargate", 2), service(1, "checkout", "AWS::Lambda::Function", 2), service(2, "orders", "AWS::Lambda"))
	got, _, err = call(t, t.Context(), xray.Tools(shop, awstest.New(t, answers(two, points)).Accounts(ownReader))[0], scope, `{}`)
	if err != nil || len(got.Calls) != 2 || got.Metrics[0].Values[0] != 20 {
		t.Errorf("two programs of one component: %+v, %v", got, err)
	}
}

// With calls alone, what callers saw of each component is series enough to tell since when orders fails, and that checkout
// fails with it.
func TestCallsAreMeasured(t *testing.T) {
	var points []any
	for i := range 60 {
		points = append(points, minute(ten.Add(time.Duration(i+1)*time.Minute), 100, i%3, 40*(i/30), 12))
	}
	c := awstest.New(t, answers(graph(service(0, "web", "client", 1), service(1, "checkout", "AWS::ECS::Fargate", 2), service(2, "orders", "AWS::Lambda")), series(points...)))
	got := calls(t, c, `{}`)
	want := map[string]float64{"request_count": 100, "error_count": 0, "latency": 120}
	for _, component := range []string{"checkout", "orders"} {
		for metric, first := range want {
			i := slices.IndexFunc(got.Metrics, func(s evidence.Series) bool { return s.Component == component && s.Metric == metric })
			if i < 0 || len(got.Metrics[i].Times) != 60 || got.Metrics[i].Values[0] != first || got.Metrics[i].Times[0] != ten.UnixMilli() {
				t.Errorf("%s of %s: %+v", metric, component, got.Metrics)
			}
		}
	}
	in := evidence.Input{Window: evidence.Window{From: ten, To: ten.Add(time.Hour), Start: ten.Add(30 * time.Minute)}}
	in.Add(got, "obs-1")
	b := evidence.Analyze(in)
	if len(b.Causes) == 0 || b.Causes[0].Component != "orders" {
		t.Errorf("causes %+v", b.Causes)
	}
	if !slices.ContainsFunc(b.Onsets, func(o evidence.Onset) bool { return o.Metric == "error_count" && o.At.Equal(ten.Add(30*time.Minute)) }) {
		t.Errorf("onsets %+v", b.Onsets)
	}
}
