package cloudtrail

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
)

// aside are the documents of which what is older than the span happened days before.
func aside(t *testing.T, days int, old func(document) bool) []document {
	all := recorded(t)
	for _, d := range all {
		if old(d) {
			d["eventTime"] = d.time().Add(-time.Duration(days) * 24 * time.Hour).Format(time.RFC3339)
		}
	}
	return all
}

// The task definition before the one that was rolled out was registered days ago: it is no change of the span, and tells
// what this one changes.
func TestWhatStoodBeforeTheSpanIsCompared(t *testing.T) {
	first := func(d document) bool {
		return d["eventName"] == "RegisterTaskDefinition" && strings.Contains(d.answer(t), "task-definition/checkout:41")
	}
	c := cloud(t, aside(t, 6, first))
	got, _, err := call(t, shop, accounts(c, shopReader), hasty, connector.Args{})
	if err != nil || len(got.Gaps) != 0 {
		t.Fatal(err, got.Gaps)
	}
	d := find(t, got.Changes, event+"01")
	if !slices.Contains(d.Parameters, evidence.Parameter{Name: "environment.DB_POOL_MAX", Old: "50", New: "10"}) {
		t.Errorf("%+v", d.Parameters)
	}
	for _, c := range got.Changes {
		if c.Time.Before(scope.From) {
			t.Errorf("a change from before the span is returned: %+v", c)
		}
	}
	for _, call := range requests(c)[1:] {
		if call.Input["StartTime"] != float64(night.Add(-30*24*time.Hour).Unix()) || call.Input["EndTime"] != float64(night.Add(-time.Second).Unix()) {
			t.Errorf("asked for %v", call.Input)
		}
	}
	if n := len(requests(c)); n != 4 {
		t.Errorf("%d requests, want one page and three operations", n)
	}
	gone := cloud(t, aside(t, 60, first))
	got, _, err = call(t, shop, accounts(gone, shopReader), hasty, connector.Args{})
	if d := find(t, got.Changes, event+"01"); err != nil || slices.ContainsFunc(d.Parameters, func(p evidence.Parameter) bool { return p.Name == "environment.DB_POOL_MAX" }) {
		t.Errorf("longer ago than is looked for: %+v, %v", d.Parameters, err)
	}
}

// That the past cannot be read costs the present nothing.
func TestThePastThatCannotBeRead(t *testing.T) {
	all := trail(t, recorded(t))
	c := awstest.New(t, map[string]awstest.Answer{"LookupEvents": func(call awstest.Call) (map[string]any, error) {
		if call.Input["EndTime"].(float64) < float64(scope.From.Unix()) {
			return nil, &awstest.Error{Status: 400, Code: "InvalidTimeRangeException"}
		}
		return all(call)
	}})
	got, _, err := call(t, shop, accounts(c, shopReader), hasty, connector.Args{})
	if err != nil || len(got.Changes) != len(changes(t, recorded(t), connector.Args{})) {
		t.Errorf("%d changes, %v", len(got.Changes), err)
	}
}

func TestDigestsNeedTheKey(t *testing.T) {
	same, other := []evidence.Change{{Title: digest("hunter2")}}, []evidence.Change{{Title: digest("hunter2")}}
	seal(same, testKey)
	seal(other, []byte("another"))
	c := accounts(cloud(t, recorded(t)), shopReader)
	all, _, err := call(t, shop, c, hasty, connector.Args{})
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, change := range all.Changes {
		for _, p := range change.Parameters {
			if shown := p.New; strings.HasPrefix(shown, "hash:") {
				tried++
				if got, _, err := call(t, shop, c, hasty, connector.Args{Contains: shown}); err != nil || len(got.Changes) == 0 {
					t.Errorf("%s is shown and not found: %v", shown, err)
				}
			}
		}
	}
	for _, guess := range []string{"json", "payments.example.com", "text"} { // values of the recorded changes
		if got, _, err := call(t, shop, c, hasty, connector.Args{Contains: digest(guess)}); err != nil || len(got.Changes) != 0 {
			t.Errorf("a guess of %q is confirmed: %+v, %v", guess, got.Changes, err)
		}
	}
	if tried == 0 {
		t.Error("no digest is shown")
	}
	switch {
	case same[0].Title != sealed("hunter2"):
		t.Error("what was the same is no longer")
	case same[0].Title == other[0].Title || strings.Contains(same[0].Title, strings.TrimPrefix(digest("hunter2"), "sha256:")):
		t.Errorf("%s and %s can be told without the key", same[0].Title, other[0].Title)
	}
}
