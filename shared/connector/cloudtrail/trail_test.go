package cloudtrail

import (
	"cmp"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/tool"
)

const (
	shopReader  = "arn:aws:iam::111122223333:role/shop-reader"
	otherReader = "arn:aws:iam::444455556666:role/reader"
)

var night = time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)

var scope = tool.Scope{Space: "shop", From: night, To: night.Add(4 * time.Hour)}

var shop = config.Space{Name: "shop", Services: []config.Service{
	{Name: "checkout", Dimensions: map[string][]string{"TargetGroup": {"targetgroup/checkout-blue/5c1f0a7b2d3e4f60"}}},
	{Name: "cart", Dimensions: map[string][]string{"ServiceName": {"cart"}}},
	{Name: "payments", Dimensions: map[string][]string{"FunctionName": {"shop-payments"}}},
	{Name: "orders-db", Dimensions: map[string][]string{"DBInstanceIdentifier": {"orders-db"}, "TableName": {"shop-orders"}}},
}}

// hasty reads without pauses.
var hasty = limits{pause: time.Microsecond, pages: 10, first: 20 * time.Second, total: 40 * time.Second}

// document is a CloudTrail record.
type document map[string]any

func (d document) time() time.Time {
	at, _ := time.Parse(time.RFC3339, d["eventTime"].(string))
	return at
}

// event is the document as LookupEvents answers it.
func (d document) event(t *testing.T) map[string]any {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"EventId": d["eventID"], "EventName": d["eventName"], "EventSource": d["eventSource"], "EventTime": d.time(), "ReadOnly": "false", "CloudTrailEvent": string(text)}
}

func recorded(t *testing.T) []document {
	t.Helper()
	data, err := os.ReadFile("testdata/shop.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []document
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// trail answers as CloudTrail does: newest first, inside the span, by one attribute, a page at a time.
func trail(t *testing.T, all []document) awstest.Answer {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b document) int {
		return cmp.Or(b.time().Compare(a.time()), cmp.Compare(a["eventID"].(string), b["eventID"].(string)))
	})
	return func(c awstest.Call) (map[string]any, error) {
		attribute := c.Input["LookupAttributes"].([]any)[0].(map[string]any)
		var hits []document
		for _, d := range all {
			at := float64(d.time().Unix())
			if from, ok := c.Input["StartTime"].(float64); ok && at < from {
				continue
			}
			if to, ok := c.Input["EndTime"].(float64); ok && at > to {
				continue
			}
			if attribute["AttributeKey"] == "EventName" && d["eventName"] != attribute["AttributeValue"] {
				continue
			}
			hits = append(hits, d)
		}
		first := 0
		if token, ok := c.Input["NextToken"].(string); ok {
			first, _ = strconv.Atoi(token)
		}
		end := min(first+50, len(hits))
		events := []any{}
		for _, d := range hits[first:end] {
			events = append(events, d.event(t))
		}
		out := map[string]any{"Events": events}
		if end < len(hits) {
			out["NextToken"] = strconv.Itoa(end)
		}
		return out, nil
	}
}

func cloud(t *testing.T, all []document) *awstest.Cloud {
	t.Helper()
	return awstest.New(t, map[string]awstest.Answer{"LookupEvents": trail(t, all)})
}

// accounts are read through the roles. A request that the SDK repeats, as after a broken connection, is repeated at once.
func accounts(c *awstest.Cloud, roles ...string) []aws.Account {
	out := c.Accounts(roles...)
	for i := range out {
		out[i].Config.Retryer = func() sdk.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 4, time.Millisecond })
		}
	}
	return out
}

// requests are the different lookups that were asked for, in order.
func requests(c *awstest.Cloud) []awstest.Call {
	return slices.CompactFunc(c.Calls("LookupEvents"), func(a, b awstest.Call) bool { return a.Role == b.Role && reflect.DeepEqual(a.Input, b.Input) })
}

// call calls the tool as an investigation does.
func call(t *testing.T, space config.Space, from []aws.Account, l limits, args connector.Args) (evidence.Telemetry, string, error) {
	t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	res, err := tools(space, from, testKey, l)[0].Call(t.Context(), scope, raw)
	if err != nil {
		return evidence.Telemetry{}, "", err
	}
	var out evidence.Telemetry
	if err := json.Unmarshal(res.Data, &out); err != nil {
		t.Fatal(err)
	}
	return out, res.Summary, nil
}

// changes are those of documents, with nothing left to be said.
func changes(t *testing.T, all []document, args connector.Args) []evidence.Change {
	t.Helper()
	got, _, err := call(t, shop, accounts(cloud(t, all), shopReader), hasty, args)
	if err != nil || len(got.Gaps) != 0 {
		t.Fatal(err, got.Gaps)
	}
	return got.Changes
}

func find(t *testing.T, all []evidence.Change, id string) evidence.Change {
	t.Helper()
	for _, c := range all {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no change %s among %d", id, len(all))
	return evidence.Change{}
}

var testKey = []byte("a key of the space")

// sealed is what leaves of a value that may not.
func sealed(text string) string {
	c := []evidence.Change{{Title: digest(text)}}
	seal(c, testKey)
	return c[0].Title
}

// answer is what the call answered, as text.
func (d document) answer(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(d["responseElements"])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
