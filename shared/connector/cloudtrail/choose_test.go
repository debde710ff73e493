package cloudtrail

import (
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
)

func components(all []evidence.Change) map[string]int {
	out := map[string]int{}
	for _, c := range all {
		out[c.Component]++
	}
	return out
}

func TestComponentsThatAreAskedFor(t *testing.T) {
	got := components(changes(t, recorded(t), connector.Args{Components: []string{"cart", "payments"}}))
	if got["cart"] != 1 || got["payments"] != 2 || got[""] == 0 || got["checkout"] != 0 || got["orders-db"] != 0 {
		t.Errorf("changes by component: %v", got)
	}
	told, _, err := call(t, shop, accounts(cloud(t, recorded(t)), shopReader), hasty, connector.Args{Components: []string{"cart", "nowhere"}})
	if err != nil || len(told.Gaps) != 1 || !strings.Contains(told.Gaps[0].Text, `"nowhere"`) || told.Gaps[0].Fix == "" {
		t.Errorf("gaps %+v, %v", told.Gaps, err)
	}
}

func TestTextThatIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		contains string
		want     []string // the ends of ids, in order of time
	}{
		{"db_pool_max", []string{"01"}},
		{"CHECKOUT:42", []string{"01"}},
		{"-000000000003", []string{"03"}},
		{"db.r6g", []string{"05"}},
		{"WriteCapacity", []string{"08"}},
		{"payments.example.com", nil}, // a value that is not shown
	} {
		var got []string
		for _, change := range changes(t, recorded(t), connector.Args{Contains: c.contains}) {
			got = append(got, change.ID[len(change.ID)-2:])
		}
		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%q: %v, want %v", c.contains, got, c.want)
		}
	}
}

func TestTooManyChanges(t *testing.T) {
	all := append(many(450, night.Add(time.Hour), "ModifyVolume"), document{"eventID": "old", "eventTime": "2026-03-10T00:01:00Z", "eventSource": "ecs.amazonaws.com", "eventName": "UpdateService",
		"requestParameters": map[string]any{"service": "cart", "desiredCount": 1}})
	got, _, err := call(t, shop, accounts(cloud(t, all), shopReader), hasty, connector.Args{})
	if err != nil || len(got.Changes) != maxChanges || len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Text, "451 changes were recorded; returned are 400") {
		t.Fatalf("%d changes, gaps %+v, %v", len(got.Changes), got.Gaps, err)
	}
	if got.Changes[0].ID != "old" || got.Changes[1].ID != "ModifyVolume-00051" || got.Changes[399].ID != "ModifyVolume-00449" {
		t.Errorf("kept %s, %s to %s", got.Changes[0].ID, got.Changes[1].ID, got.Changes[399].ID)
	}
}
