package cloudtrail

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// many are changes one second apart, the first at the given time.
func many(n int, from time.Time, name string) []document {
	var out []document
	for i := range n {
		out = append(out, document{"eventID": fmt.Sprintf("%s-%05d", name, i), "eventTime": from.Add(time.Duration(i) * time.Second).Format(time.RFC3339), "eventSource": "ec2.amazonaws.com",
			"eventName": name, "requestParameters": map[string]any{"size": i}})
	}
	return out
}

func TestEveryPageIsRead(t *testing.T) {
	c := cloud(t, many(120, night.Add(time.Hour), "ModifyVolume"))
	got, summary, err := call(t, shop, accounts(c, shopReader), hasty, connector.Args{})
	if err != nil || len(got.Changes) != 120 || len(got.Gaps) != 0 {
		t.Fatalf("%d changes, gaps %v, %v", len(got.Changes), got.Gaps, err)
	}
	if summary != "120 changes that CloudTrail recorded, 0 of them of components of the space" {
		t.Errorf("summary %q", summary)
	}
	calls := requests(c)
	if len(calls) != 3 {
		t.Fatalf("%d requests", len(calls))
	}
	for i, call := range calls {
		if call.Role != shopReader || call.Input["StartTime"] != float64(scope.From.Unix()) || call.Input["EndTime"] != float64(scope.To.Unix()) || call.Input["MaxResults"] != float64(50) {
			t.Errorf("request %d: %+v", i, call)
		}
	}
}

func TestOrderOfChanges(t *testing.T) {
	got, _, err := call(t, shop, accounts(cloud(t, recorded(t)), shopReader), hasty, connector.Args{})
	if err != nil || !slices.IsSortedFunc(got.Changes, func(a, b evidence.Change) int { return a.Time.Compare(b.Time) }) {
		t.Errorf("%v: not in order of time", err)
	}
}

func TestTheSpanIsClippedToTheScope(t *testing.T) {
	c := cloud(t, nil)
	if _, summary, err := call(t, shop, accounts(c, shopReader), hasty, connector.Args{From: night.Add(-72 * time.Hour), To: night.Add(time.Hour)}); err != nil || summary != "no change that CloudTrail recorded" {
		t.Fatal(err, summary)
	}
	if in := requests(c)[0].Input; in["StartTime"] != float64(night.Unix()) || in["EndTime"] != float64(night.Add(time.Hour).Unix()) {
		t.Errorf("asked for %v", in)
	}
	if _, _, err := call(t, shop, accounts(c, shopReader), hasty, connector.Args{From: night.Add(72 * time.Hour)}); !incident.Is(err, incident.Invalid) {
		t.Errorf("a span outside the scope: %v", err)
	}
}

// noise fills more pages than are read.
func noise() []document { return many(200, night.Add(3*time.Hour), "ModifyVolume") }

func TestWhatIsOlderThanThePagesIsLookedForByName(t *testing.T) {
	few := hasty
	few.pages = 3
	edge := document{"eventID": "Edge", "eventTime": "2026-03-10T03:00:50Z", "eventSource": "ecs.amazonaws.com", "eventName": "UpdateService", "requestParameters": map[string]any{"service": "cart"}}
	c := cloud(t, append(append(append(recorded(t), noise()...), many(60, night.Add(30*time.Minute), "UpdateStack")...), edge))
	got, _, err := call(t, shop, accounts(c, shopReader), few, connector.Args{})
	if err != nil {
		t.Fatal(err)
	}
	if d := find(t, got.Changes, event+"01"); len(d.Parameters) != 3 || d.Previous != "checkout:41" {
		t.Errorf("the older deployment: %+v", d)
	}
	if n := len(slices.DeleteFunc(slices.Clone(got.Changes), func(c evidence.Change) bool { return c.ID != "Edge" })); n != 1 {
		t.Errorf("what stands on both sides of the edge is there %d times", n)
	}
	if len(got.Gaps) != 1 {
		t.Fatalf("gaps %+v", got.Gaps)
	}
	gap := got.Gaps[0]
	for _, words := range []string{"account 111122223333", "every change after 2026-03-10T03:00:50Z was read", "by these operations only: UpdateService, RegisterTaskDefinition", "of UpdateStack only the latest 50"} {
		if !strings.Contains(gap.Text, words) {
			t.Errorf("the gap does not say %q: %s", words, gap.Text)
		}
	}
	if gap.Fix == "" {
		t.Error("the gap says not what to do")
	}
	calls := requests(c)
	if len(calls) != 3+len(lookups)+maxBefore {
		t.Errorf("%d requests for 3 pages, %d names and what stood before", len(calls), len(lookups))
	}
	if end := calls[3].Input["EndTime"]; end != float64(night.Add(3*time.Hour+50*time.Second).Unix()) {
		t.Errorf("what was read is asked for again, up to %v", end)
	}
}

func TestWhenTheTimeIsUp(t *testing.T) {
	slow := limits{pause: time.Hour, pages: 10, first: 300 * time.Millisecond, total: 500 * time.Millisecond}
	got, _, err := call(t, shop, accounts(cloud(t, noise()), shopReader), slow, connector.Args{})
	if err != nil || len(got.Changes) != 50 || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Text, "not looked for at all (the time was up)") {
		t.Errorf("%d changes, gaps %+v, %v", len(got.Changes), got.Gaps, err)
	}
}

// Pages that take too long leave the rest of the time to the operations that matter.
func TestWhenThePagesTakeTooLong(t *testing.T) {
	all, goOn := trail(t, append(recorded(t), noise()...)), make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	cloud := awstest.New(t, map[string]awstest.Answer{"LookupEvents": func(call awstest.Call) (map[string]any, error) {
		if call.Input["NextToken"] != nil {
			<-goOn
		} else if call.Input["LookupAttributes"].([]any)[0].(map[string]any)["AttributeKey"] == "EventName" {
			release()
		}
		return all(call)
	}})
	t.Cleanup(release)
	l := hasty
	l.first = 500 * time.Millisecond
	got, _, err := call(t, shop, accounts(cloud, shopReader), l, connector.Args{})
	if err != nil || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Text, "by these operations only") {
		t.Fatalf("gaps %+v, %v", got.Gaps, err)
	}
	find(t, got.Changes, event+"01")
}

func TestThrottling(t *testing.T) {
	all := trail(t, noise())
	for _, c := range []struct {
		name  string
		after int // requests that are answered
		pages int
		want  string
	}{
		{"at once", 0, 10, ""},
		{"in the pages", 2, 10, "not looked for at all (look up changes in CloudTrail: ThrottlingException: Rate exceeded)"},
		{"by name", 4, 3, "by some operations only: UpdateService (look up"},
	} {
		answered := map[string]bool{}
		cloud := awstest.New(t, map[string]awstest.Answer{"LookupEvents": func(call awstest.Call) (map[string]any, error) {
			if answered[fmt.Sprint(call.Input)] = true; len(answered) > c.after {
				return nil, &awstest.Error{Status: 400, Code: "ThrottlingException", Message: "Rate exceeded"}
			}
			return all(call)
		}})
		l := hasty
		l.pages = c.pages
		got, _, err := call(t, shop, accounts(cloud, shopReader), l, connector.Args{})
		switch {
		case c.want == "":
			if !incident.Is(err, incident.Throttled) {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil, len(got.Gaps) != 1, !strings.Contains(got.Gaps[0].Text, c.want), len(got.Changes) == 0:
			t.Errorf("%s: %d changes, gaps %+v, %v", c.name, len(got.Changes), got.Gaps, err)
		}
	}
}

func TestEveryAccountIsReadWithItsOwnRole(t *testing.T) {
	c := cloud(t, many(1, night.Add(time.Hour), "ModifyVolume"))
	if _, _, err := call(t, shop, accounts(c, shopReader, otherReader), hasty, connector.Args{}); err != nil {
		t.Fatal(err)
	}
	roles := map[string]bool{}
	for _, call := range requests(c) {
		roles[call.Role] = true
	}
	if len(roles) != 2 || !roles[shopReader] || !roles[otherReader] {
		t.Errorf("read with %v", roles)
	}
}

func TestAnAccountThatCannotBeReadIsAGap(t *testing.T) {
	c := cloud(t, recorded(t))
	c.Refuse(otherReader)
	got, _, err := call(t, shop, accounts(c, shopReader, otherReader), hasty, connector.Args{})
	if err != nil || len(got.Changes) == 0 || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Text, "no changes of account 444455556666") {
		t.Errorf("%d changes, gaps %+v, %v", len(got.Changes), got.Gaps, err)
	}
	if _, _, err := call(t, shop, accounts(c, otherReader), hasty, connector.Args{}); !incident.Is(err, incident.Denied) {
		t.Errorf("no account can be read: %v", err)
	}
}

func TestUnreadableDocumentsAreSaid(t *testing.T) {
	c := awstest.New(t, map[string]awstest.Answer{"LookupEvents": func(awstest.Call) (map[string]any, error) {
		return map[string]any{"Events": []any{map[string]any{"EventId": "e1", "EventName": "UpdateService", "EventSource": "ecs.amazonaws.com", "EventTime": night.Add(time.Hour), "Username": "lena", "CloudTrailEvent": "{"}}}, nil
	}})
	got, _, err := call(t, shop, accounts(c, shopReader), hasty, connector.Args{})
	if err != nil || len(got.Changes) != 1 || got.Changes[0].Author != "lena" || got.Changes[0].Title != "UpdateService" || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Text, "1 event could not be read") {
		t.Errorf("%+v, %v", got, err)
	}
}
