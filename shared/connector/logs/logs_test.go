package logs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector/logs"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

func TestLinesOfAllAccountsEachReadWithItsRole(t *testing.T) {
	s := store{
		ownReader:   {"/ecs/checkout": lines(time.Minute, "INFO order placed", "ERROR card refused Root=1-67891233-abcdef012345678912345678\n")},
		otherReader: {"/ecs/checkout": {{"e0", start.Add(30 * time.Second), "INFO from afar"}}, "/ecs/payments": {{"e0", start.Add(time.Minute), "captured"}}},
	}
	c := cloud(t, s.answer)
	got, summary, err := ask(t, shop, c.Accounts(ownReader, otherReader), `{"components":["checkout","payments"]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []evidence.LogLine{
		{Time: start, Component: "checkout", Level: "INFO", Message: "INFO order placed"},
		{Time: start.Add(30 * time.Second), Component: "checkout", Level: "INFO", Message: "INFO from afar"},
		{Time: start.Add(time.Minute), Component: "checkout", Level: "ERROR", Message: "ERROR card refused Root=1-67891233-abcdef012345678912345678", Trace: "1-67891233-abcdef012345678912345678"},
		{Time: start.Add(time.Minute), Component: "payments", Message: "captured"},
	}
	if !reflect.DeepEqual(got.Logs, want) || len(got.Gaps) != 0 {
		t.Errorf("lines %+v, gaps %+v", got.Logs, got.Gaps)
	}
	if summary != "4 log lines of 2 log groups" {
		t.Error(summary)
	}
	roles := map[string]int{}
	for _, call := range c.Calls("FilterLogEvents") {
		roles[call.Role]++
	}
	if len(roles) != 2 || roles[ownReader] == 0 || roles[otherReader] == 0 {
		t.Errorf("calls were signed by %v", roles)
	}
}

func TestAnAccountReadThroughTwoRolesGivesItsLinesOnce(t *testing.T) {
	second := strings.Replace(ownReader, "shop", "second", 1)
	s := store{ownReader: {"/ecs/checkout": lines(time.Minute, "one", "two")}, second: {"/ecs/checkout": lines(time.Minute, "one", "two")}}
	got, _, err := ask(t, shop, cloud(t, s.answer).Accounts(ownReader, second), `{"components":["checkout"]}`)
	if err != nil || !slices.Equal(messages(got), []string{"one", "two"}) {
		t.Errorf("%q, %v", messages(got), err)
	}
}

// Every millisecond of the span is asked for once by each pass.
func TestPartsCoverTheSpan(t *testing.T) {
	for _, span := range []time.Duration{time.Hour, 7*time.Hour + 13*time.Millisecond, 5 * time.Millisecond, 0} {
		c := cloud(t, store{ownReader: {"/ecs/checkout": nil}}.answer)
		within := scope
		within.To = start.Add(span)
		if _, _, err := call(t, logs.ToolsEvery(shop, c.Accounts(ownReader), 0), within, `{"components":["checkout"]}`); err != nil {
			t.Fatal(err)
		}
		parts := map[string][][2]int64{}
		for _, call := range c.Calls("FilterLogEvents") {
			pattern, _ := call.Input["filterPattern"].(string)
			parts[pattern] = append(parts[pattern], [2]int64{int64(call.Input["startTime"].(float64)), int64(call.Input["endTime"].(float64))})
		}
		if len(parts) != 2 {
			t.Fatalf("%s: %d patterns, want everything and trouble", span, len(parts))
		}
		for pattern, p := range parts {
			slices.SortFunc(p, func(a, b [2]int64) int { return int(a[0] - b[0]) })
			next := start.UnixMilli()
			for _, x := range p {
				if x[0] != next || x[1] < x[0] {
					t.Errorf("%s %q: part %v begins at %d", span, pattern, x, next)
				}
				next = x[1] + 1
			}
			if next != within.To.UnixMilli()+1 || len(p) != int(min(12, span.Milliseconds()+1)) {
				t.Errorf("%s %q: %d parts end at %d", span, pattern, len(p), next)
			}
		}
	}
}

func TestABusyLogGroupIsSampledAndSaysSo(t *testing.T) {
	events := many(6_000, "INFO request %d served")
	events[5_998].message = "java.lang.NullPointerException at last"
	s := store{ownReader: {"/ecs/checkout": events, "/ecs/payments": many(1000, "ok %d")}}
	c := cloud(t, s.answer)
	got, summary, err := ask(t, shop, c.Accounts(ownReader), `{"components":["checkout","payments"]}`)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.Calls("FilterLogEvents")); n != 48 {
		t.Errorf("%d calls: enough was read after 48", n)
	}
	perPart, ofPayments := map[int]int{}, 0
	for _, l := range got.Logs {
		if l.Component == "checkout" {
			perPart[int(l.Time.Sub(start)/(5*time.Minute))]++
		} else {
			ofPayments++
		}
	}
	for part := range 12 {
		if n := perPart[part]; n < 100 || n > 101 {
			t.Errorf("part %d has %d lines", part, n)
		}
	}
	if ofPayments != 1000 {
		t.Errorf("%d lines of a log group that could be read wholly", ofPayments)
	}
	if !slices.Contains(messages(got), events[5_998].message) {
		t.Error("trouble at the end of a busy part is not there")
	}
	if g := gap(t, got, "only a sample", "/ecs/checkout"); !strings.Contains(g.Fix, "shorter span") {
		t.Error(g.Fix)
	}
	if len(got.Gaps) != 1 || summary != "2201 log lines of 2 log groups, a sample" {
		t.Errorf("%q, %+v", summary, got.Gaps)
	}
}

// A page can be empty while the service is still searching.
func TestEmptyPagesAreFollowedForAWhile(t *testing.T) {
	for _, c := range []struct {
		empty  int
		lines  int
		missed bool
	}{{empty: 3, lines: 1}, {empty: 9, lines: 1}, {empty: 10, missed: true}, {empty: 1000, missed: true}} {
		s := store{ownReader: {"/ecs/checkout": lines(time.Minute, "ERROR found late")}}
		cloud := cloud(t, func(call awstest.Call) (map[string]any, error) {
			page := 0
			if token, ok := call.Input["nextToken"].(string); ok {
				_, _ = fmt.Sscan(token, &page)
			}
			delete(call.Input, "nextToken")
			if page < c.empty {
				return map[string]any{"events": []any{}, "nextToken": fmt.Sprint(page + 1)}, nil
			}
			return s.answer(call)
		})
		got, _, err := ask(t, shop, cloud.Accounts(ownReader), `{"components":["checkout"]}`)
		if err != nil || len(got.Logs) != c.lines {
			t.Errorf("%d empty pages: %q, %v", c.empty, messages(got), err)
		}
		if c.missed {
			gap(t, got, "24 of 24 searches were given up before they were through")
		} else if len(got.Gaps) != 0 {
			t.Errorf("%d empty pages: %+v", c.empty, got.Gaps)
		}
	}
}

func TestALogGroupThatIsMissing(t *testing.T) {
	space := config.Space{Services: []config.Service{{Name: "checkout", LogGroups: []string{"/a", "/b", "/nowhere"}}}}
	s := store{ownReader: {"/a": lines(time.Minute, "of a")}, otherReader: {"/b": lines(time.Minute, "of b")}}
	got, summary, err := ask(t, space, cloud(t, s.answer).Accounts(ownReader, otherReader), `{}`)
	if err != nil || !slices.Equal(messages(got), []string{"of a", "of b"}) || summary != "2 log lines of 2 log groups" {
		t.Fatalf("%q, %q, %v", messages(got), summary, err)
	}
	if gap(t, got, "/nowhere", "does not exist in any account"); len(got.Gaps) != 1 {
		t.Errorf("%+v", got.Gaps)
	}
	got, summary, err = ask(t, space, cloud(t, store{}.answer).Accounts(ownReader), `{}`)
	if err != nil || len(got.Gaps) != 3 || summary != "0 log lines of 0 log groups" {
		t.Errorf("nothing exists: %+v, %q, %v", got, summary, err)
	}
}

func TestAnAccountThatCannotBeReadIsAGap(t *testing.T) {
	c := cloud(t, store{ownReader: {"/ecs/checkout": lines(time.Minute, "here")}}.answer)
	c.Refuse(otherReader)
	got, _, err := ask(t, shop, c.Accounts(ownReader, otherReader), `{"components":["checkout"]}`)
	if err != nil || !slices.Equal(messages(got), []string{"here"}) || len(got.Gaps) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	gap(t, got, "no logs of account 444455556666", "not authorized to perform sts:AssumeRole")

	c.Refuse(ownReader)
	if _, _, err := ask(t, shop, c.Accounts(ownReader, otherReader), `{}`); !incident.Is(err, incident.Denied) {
		t.Errorf("no account can be read: %v", err)
	}
	if _, _, err := ask(t, shop, nil, `{}`); !incident.Is(err, incident.Denied) || !strings.Contains(err.Error(), "FIREFINDER_READER_ROLE") {
		t.Errorf("no role: %v", err)
	}
}

func TestAFaultInOneLogGroupLeavesTheOthers(t *testing.T) {
	s := store{ownReader: {"/ecs/checkout": lines(time.Minute, "here")}}
	c := cloud(t, func(call awstest.Call) (map[string]any, error) {
		if call.Input["logGroupName"] == "/ecs/payments" {
			return nil, &awstest.Error{Status: 400, Code: "AccessDeniedException", Message: "no identity-based policy allows logs:FilterLogEvents"}
		}
		return s.answer(call)
	})
	got, summary, err := ask(t, shop, c.Accounts(ownReader), `{"components":["payments","checkout"]}`)
	if err != nil || !slices.Equal(messages(got), []string{"here"}) || len(got.Gaps) != 1 || summary != "1 log line of 1 log group" {
		t.Fatalf("%+v, %q, %v", got, summary, err)
	}
	gap(t, got, "/ecs/payments of account 111122223333", "24 of 24 reads failed", "AccessDeniedException: no identity-based policy")
}

// One part that fails, and one that finds the log group gone, leave the lines of the others.
func TestAFaultInOnePart(t *testing.T) {
	for _, code := range []string{"InternalFailure", "ResourceNotFoundException"} {
		s := store{ownReader: {"/ecs/checkout": many(120, "line %d")}}
		last := float64(end.UnixMilli())
		c := cloud(t, func(call awstest.Call) (map[string]any, error) {
			if call.Input["endTime"] == last && call.Input["filterPattern"] == nil {
				return nil, &awstest.Error{Status: 400, Code: code, Message: "sorry"}
			}
			return s.answer(call)
		})
		got, _, err := ask(t, shop, c.Accounts(ownReader), `{"components":["checkout"]}`)
		if err != nil || len(got.Logs) != 110 || len(got.Gaps) != 1 {
			t.Fatalf("%s: %d lines, %+v, %v", code, len(got.Logs), got.Gaps, err)
		}
		gap(t, got, "1 of 24 reads failed", code)
	}
}

func TestThrottledReadsAreRepeatedThenTold(t *testing.T) {
	for _, c := range []struct{ throttled, calls int }{{2, 26}, {1000, 4}} {
		s := store{ownReader: {"/ecs/checkout": lines(time.Minute, "here")}}
		var n atomic.Int64
		cloud := cloud(t, func(call awstest.Call) (map[string]any, error) {
			if n.Add(1) <= int64(c.throttled) {
				return nil, &awstest.Error{Status: 400, Code: "ThrottlingException", Message: "Rate exceeded"}
			}
			return s.answer(call)
		})
		accounts := cloud.Accounts(ownReader)
		patient := accounts[0].Config.Retryer
		accounts[0].Config.Retryer = func() sdk.Retryer { // the same number of attempts, without the waits between them
			return retry.AddWithMaxBackoffDelay(patient(), time.Millisecond)
		}
		got, _, err := ask(t, shop, accounts, `{"components":["checkout"]}`)
		if len(cloud.Calls("FilterLogEvents")) != c.calls {
			t.Errorf("throttled %d times: %d calls, want %d", c.throttled, len(cloud.Calls("FilterLogEvents")), c.calls)
		}
		if c.throttled < 4 && (err != nil || !slices.Equal(messages(got), []string{"here"})) {
			t.Errorf("throttled %d times: %+v, %v", c.throttled, got, err)
		}
		if c.throttled > 4 && (!incident.Is(err, incident.Throttled) || !strings.Contains(err.Error(), "/ecs/checkout")) {
			t.Errorf("throttled always: %v", err)
		}
	}
}

// What a model names is a service or nothing: no argument becomes the name of a log group.
func TestOnlyLogGroupsOfTheSpaceAreRead(t *testing.T) {
	s := store{ownReader: {"/ecs/checkout": lines(time.Minute, "here"), "/secret": lines(time.Minute, "hidden")}}
	c := cloud(t, s.answer)
	got, _, err := ask(t, shop, c.Accounts(ownReader), `{"components":["/secret","arn:aws:logs:eu-central-1:1:log-group:/secret","a\"b\nc","checkout","queue","queue"]}`)
	if err != nil || !slices.Equal(messages(got), []string{"here"}) || len(got.Gaps) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	gap(t, got, `"/secret", "arn:aws:logs:eu-central-1:1:log-group:/secret", "a\"b\nc"`, "knows no service")
	if g := gap(t, got, `"queue"`, "no log group"); strings.Count(g.Text, "queue") != 1 || !strings.Contains(g.Fix, "log_groups under services") {
		t.Errorf("%+v", g)
	}
	for _, call := range c.Calls("FilterLogEvents") {
		if call.Input["logGroupName"] != "/ecs/checkout" || call.Input["logGroupIdentifier"] != nil {
			t.Fatalf("read %v", call.Input)
		}
	}
}

func TestNothingToReadIsToldWithoutACall(t *testing.T) {
	c := cloud(t, store{}.answer)
	for _, arguments := range []string{`{"components":["queue"]}`, `{"components":["weather"]}`} {
		got, summary, err := ask(t, shop, c.Accounts(ownReader), arguments)
		if err != nil || len(got.Gaps) != 1 || len(got.Logs) != 0 || !strings.Contains(summary, "no logs were read") {
			t.Errorf("%s: %+v, %q, %v", arguments, got, summary, err)
		}
	}
	if n := len(c.Calls("FilterLogEvents")); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// The scope says what an investigation is about; two services that share a log group have its lines once, under the nearer.
func TestTheScopesComponentsAndASharedLogGroup(t *testing.T) {
	s := store{ownReader: {"/ecs/checkout": lines(time.Minute, "shared"), "/ecs/payments": lines(time.Minute, "own")}}
	for nearer, farther := range map[string]string{"checkout": "payments", "payments": "checkout"} {
		c := cloud(t, s.answer)
		within := scope
		within.Components = []string{nearer, farther}
		got, _, err := call(t, logs.ToolsEvery(shop, c.Accounts(ownReader), 0), within, `{}`)
		if err != nil || len(got.Gaps) != 0 || len(got.Logs) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		for _, l := range got.Logs {
			if l.Message == "shared" && l.Component != nearer {
				t.Errorf("%s is nearer and the line is of %s", nearer, l.Component)
			}
		}
	}
}

func TestASpanThatCannotBeAskedFor(t *testing.T) {
	c := cloud(t, store{}.answer)
	endless := scope
	endless.To = time.Time{}
	if _, _, err := call(t, logs.ToolsEvery(shop, c.Accounts(ownReader), 0), endless, `{}`); !incident.Is(err, incident.Invalid) {
		t.Errorf("no end: %v", err)
	}
	if _, _, err := ask(t, shop, c.Accounts(ownReader), `{"from":"2026-02-01T10:00:00Z"}`); !incident.Is(err, incident.Invalid) {
		t.Errorf("outside: %v", err)
	}
}

func TestResultsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name    string
		groups  int
		stored  int // in each
		message string
		lines   int
	}{
		{"many lines", 4, 960, "line %d", 3000},
		{"long lines", 1, 600, strings.Repeat("ä", 1100) + " %d", 512},
	} {
		space, s := config.Space{}, store{ownReader: {}}
		for i := range c.groups {
			name := fmt.Sprint("g", i)
			space.Services = append(space.Services, config.Service{Name: name, LogGroups: []string{name}})
			s[ownReader][name] = many(c.stored, c.message)
		}
		got, summary, err := ask(t, space, cloud(t, s.answer).Accounts(ownReader), `{}`)
		if err != nil || len(got.Logs) != c.lines {
			t.Fatalf("%s: %d lines, %v", c.name, len(got.Logs), err)
		}
		bytes, share := 0, map[string]int{}
		for _, l := range got.Logs {
			bytes += len(l.Message)
			share[fmt.Sprint(l.Component, l.Time.Sub(start)/(5*time.Minute))]++
			if len(l.Message) > 2<<10 || strings.ContainsRune(l.Message, '�') {
				t.Fatalf("%s: a message of %d bytes: %q", c.name, len(l.Message), l.Message[2000:])
			}
		}
		even := c.lines / (12 * c.groups)
		for part, n := range share {
			if n < even || n > even+1 {
				t.Errorf("%s: %d lines of %s, want about %d", c.name, n, part, even)
			}
		}
		if bytes > 1<<20 || len(share) != 12*c.groups || !strings.HasSuffix(summary, ", a sample") {
			t.Errorf("%s: %d bytes in %d parts, %q", c.name, bytes, len(share), summary)
		}
		gap(t, got, fmt.Sprintf("%d log lines", c.groups*c.stored-c.lines), "no room")
	}
}

// When time is up, what was read is there and a gap says what is missing.
func TestTimeIsUp(t *testing.T) {
	s, blocked := store{ownReader: {"/ecs/checkout": lines(time.Minute, "here"), "/ecs/payments": nil}}, make(chan struct{})
	var up context.CancelFunc
	c := cloud(t, func(call awstest.Call) (map[string]any, error) {
		if call.Input["logGroupName"] == "/ecs/payments" {
			up()
			<-blocked
		}
		return s.answer(call)
	})
	t.Cleanup(func() { close(blocked) })
	tools := logs.ToolsUntil(shop, c.Accounts(ownReader), func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, up = context.WithCancel(ctx)
		return ctx, up
	})
	got, summary, err := call(t, tools, scope, `{"components":["checkout","payments"]}`)
	if err != nil || !slices.Equal(messages(got), []string{"here"}) || len(got.Gaps) != 1 || summary != "1 log line of 1 log group" {
		t.Fatalf("%+v, %q, %v", got, summary, err)
	}
	gap(t, got, "/ecs/payments", "time was up", "24 of 24")
}

func TestTheCallerGivesUp(t *testing.T) {
	blocked := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	c := cloud(t, func(awstest.Call) (map[string]any, error) {
		cancel()
		<-blocked
		return map[string]any{}, nil
	})
	t.Cleanup(func() { close(blocked) })
	_, err := logs.ToolsEvery(shop, c.Accounts(ownReader), 0)[0].Call(ctx, scope, json.RawMessage(`{}`))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Whichever account is done first.
func TestTheSameInputGivesTheSameOutput(t *testing.T) {
	space := config.Space{Services: []config.Service{{Name: "a", LogGroups: []string{"/a"}}, {Name: "b", LogGroups: []string{"/b"}}}}
	s := store{ownReader: {"/a": many(1500, "ERROR %d"), "/b": many(1200, "same")}, otherReader: {"/a": many(312, "more %d"), "/b": many(1500, "same")}}
	var results []evidence.Telemetry
	for _, quick := range []string{ownReader, otherReader} {
		done := make(chan struct{})
		var calls atomic.Int64
		c := cloud(t, func(call awstest.Call) (map[string]any, error) {
			if call.Role != quick {
				<-done
			} else if calls.Add(1) == 48 {
				defer close(done)
			}
			return s.answer(call)
		})
		got, _, err := ask(t, space, c.Accounts(ownReader, otherReader), `{}`)
		if err != nil || len(got.Logs) != 3000 {
			t.Fatalf("%d lines, %v", len(got.Logs), err)
		}
		results = append(results, got)
	}
	if !reflect.DeepEqual(results[0], results[1]) {
		t.Error("another result for the same input")
	}
}

// Every request stays a moment, so that one more than allowed would meet the others.
func TestFewRequestsAtOnce(t *testing.T) {
	var running, most atomic.Int64
	c := cloud(t, func(awstest.Call) (map[string]any, error) {
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		<-time.After(5 * time.Millisecond)
		return map[string]any{}, nil
	})
	if _, _, err := ask(t, shop, c.Accounts(ownReader), `{}`); err != nil {
		t.Fatal(err)
	}
	if n := most.Load(); n > 3 || n < 2 {
		t.Errorf("%d requests at once, want 3", n)
	}
}

// Requests begin no faster than the service answers them.
func TestRequestsAreSpaced(t *testing.T) {
	c := cloud(t, func(awstest.Call) (map[string]any, error) { return map[string]any{}, nil })
	began := time.Now()
	if _, _, err := call(t, logs.ToolsEvery(shop, c.Accounts(ownReader), 10*time.Millisecond), scope, `{"components":["checkout"]}`); err != nil {
		t.Fatal(err)
	}
	if n, took := len(c.Calls("FilterLogEvents")), time.Since(began); n != 24 || took < 230*time.Millisecond {
		t.Errorf("%d requests in %v", n, took)
	}
}

// Requests stay bounded however many log groups there are.
func TestManyLogGroupsGetFewerParts(t *testing.T) {
	for groups, calls := range map[int]int{1: 24, 5: 120, 10: 120, 100: 200} {
		svc, s := config.Service{Name: "a"}, store{ownReader: {}}
		for i := range groups {
			svc.LogGroups = append(svc.LogGroups, fmt.Sprint("g", i))
			s[ownReader][fmt.Sprint("g", i)] = nil
		}
		c := cloud(t, s.answer)
		if _, _, err := ask(t, config.Space{Services: []config.Service{svc}}, c.Accounts(ownReader), `{}`); err != nil {
			t.Fatal(err)
		}
		if n := len(c.Calls("FilterLogEvents")); n != calls {
			t.Errorf("%d log groups: %d calls, want %d", groups, n, calls)
		}
	}
}
