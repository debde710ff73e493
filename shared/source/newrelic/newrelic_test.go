package newrelic_test

import (
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source/newrelic"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = newrelic.New(sourcetest.Space("newrelic", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "id", "issueId", "issueUrl", "title", "description", "impactedEntities[]", "alertPolicyNames[]", "alertConditionNames[]", "workflowName", "trigger", "totalIncidents", "runbookUrl", "nrAccountId",
		"closedAt", "state", "severity", "policy_name", "policy_url", "condition_name", "incident_id", "incident_url", "incident_acknowledge_url", "runbook_url", "details", "account_id", "account_name", "targets[].link", "timestamp")
}

const issue = `{"id":"i-1","issueUrl":"https://radar-api.service.newrelic.com/accounts/7/issues/i-1","title":"slow","priority":"HIGH","impactedEntities":["checkout-api"],"state":"ACTIVATED","trigger":"STATE_CHANGE","createdAt":1773111600000,"updatedAt":1773111660000}`

func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, issue)
	grown := sourcetest.One(t, s, strings.NewReplacer(`["checkout-api"]`, `["checkout-api","orders-db"]`, "STATE_CHANGE", "INCIDENT_ADDED", "1773111660000", "1773111700000").Replace(issue))
	raised := sourcetest.One(t, s, strings.NewReplacer("HIGH", "CRITICAL", "STATE_CHANGE", "PRIORITY_CHANGED").Replace(issue))
	closed := sourcetest.One(t, s, strings.NewReplacer("ACTIVATED", "CLOSED").Replace(issue))
	if fire.EventID() != grown.EventID() || raised.EventID() == fire.EventID() || raised.Priority != incident.Critical {
		t.Errorf("fire %s, grown %s, raised %+v", fire.EventID(), grown.EventID(), raised)
	}
	if closed.AlarmKey() != fire.AlarmKey() || closed.IncidentID != fire.IncidentID || closed.Action != incident.Resolved || fire.Rule != "7/i-1" || fire.Service != "checkout" {
		t.Errorf("fire %+v, closed %+v", fire, closed)
	}
	legacy := `{"account_id":7,"incident_id":12,"current_state":"open","condition_name":"cpu","timestamp":1773111600000,"severity":"WARNING"}`
	before, after := sourcetest.One(t, s, legacy), sourcetest.One(t, s, strings.NewReplacer("open", "closed", "1773111600000", `"1773111900000"`).Replace(legacy))
	if before.AlarmKey() != after.AlarmKey() || before.Priority != incident.Medium || after.Action != incident.Resolved {
		t.Errorf("legacy: %+v, then %+v", before, after)
	}
}

func TestParse(t *testing.T) {
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "id: required; state: required; title: required", `{"id":"i","title":"t","state":"MAYBE"}`: "state: must be", `{"current_state":"open"}`: "condition_name: required; incident_id: required",
		`{"current_state":"maybe","incident_id":1,"condition_name":"c"}`: "current_state: must be", `{"current_state":"open","targets":{}}`: "incident_id: required",
	})
	sourcetest.Nothing(t, s, map[string]string{
		strings.Replace(issue, "ACTIVATED", "ACKNOWLEDGED", 1): "acknowledged", `{"current_state":"acknowledged","incident_id":1,"condition_name":"c"}`: "acknowledged",
	})
}

func TestDoor(t *testing.T) { sourcetest.Door(t, s, sourcetest.Plain, nil, nil) }

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, issue) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, false) }
