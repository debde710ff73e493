package incident_test

import (
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
)

// A unique rule identifies by itself within its source: what else is said of an incident may change while it is open.
func TestUniqueRule(t *testing.T) {
	fire := incident.Event{Source: "pagerduty", Rule: "acme/P1", Unique: true, Region: "eu-west-1", Dimensions: map[string]string{"pagerduty_service": "A"}}
	moved := incident.Event{Source: "pagerduty", Rule: "acme/P1", Unique: true, Account: "123456789012", Dimensions: map[string]string{"pagerduty_service": "B"}}
	if fire.AlarmKey() != moved.AlarmKey() || fire.AlarmKey() != "pagerduty|||acme/P1" {
		t.Errorf("keys %s and %s", fire.AlarmKey(), moved.AlarmKey())
	}
	moved.Source = "opsgenie"
	if fire.AlarmKey() == moved.AlarmKey() {
		t.Error("two sources share an alarm")
	}
	fire.Unique, moved.Unique, moved.Source = false, false, "pagerduty"
	if fire.AlarmKey() == moved.AlarmKey() {
		t.Error("the same rule on two resources is one alarm")
	}
}
