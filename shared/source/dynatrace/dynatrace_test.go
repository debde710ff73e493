package dynatrace_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source/dynatrace"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = dynatrace.New(sourcetest.Space("dynatrace", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "data.ProblemID", "data.PID", "data.ProblemTitle", "data.ProblemURL", "data.ImpactedEntity", "data.ImpactedEntities[].name", "data.ImpactedEntities[].entity", "data.Tags", "data.KeptnService", "time",
		"ProblemID", "PID", "ProblemTitle", "ProblemURL", "ProblemSeverity", "ProblemImpact", "ImpactedEntity", "ImpactedEntities[].entity", "Tags", "ProblemDetailsText", "ProblemDetailsJSONv2.startTime",
		"event.id", "event.name", "event.description", "event.category", "event.start", "event.end", "event.type", "dt.source_entity", "affected_entity_ids[]", "display_id", "aws.account.id", "aws.region", "root_cause_entity_name")
}

const problem = `{"State":"OPEN","PID":"77","ProblemID":"P-1","ProblemTitle":"Slow","ProblemSeverity":"PERFORMANCE","ProblemURL":"https://abc.live.dynatrace.com/x","ImpactedEntities":[{"type":"HOST","name":"h","entity":"HOST-1"},{"type":"SERVICE","name":"checkout","entity":"SERVICE-1"}]}`

func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, problem)
	ok := sourcetest.One(t, s, strings.Replace(problem, "OPEN", "RESOLVED", 1))
	merged := sourcetest.One(t, s, strings.Replace(problem, "OPEN", "MERGED", 1))
	wrapped := sourcetest.One(t, s, `{"specversion":"1.0","id":"1","type":"t","source":"s","time":"2026-03-10T02:00:00Z","data":`+problem+`}`)
	quoted := sourcetest.One(t, s, `{"specversion":"1.0","id":"1","type":"t","source":"s","time":"2026-03-10T02:00:00Z","data":`+strconv.Quote(problem)+`}`)
	if fire.Rule != "abc/77" || fire.IncidentID != "dynatrace-P-1" || fire.Service != "checkout" || fire.Priority != incident.Medium {
		t.Errorf("fire = %+v", fire)
	}
	if ok.AlarmKey() != fire.AlarmKey() || ok.Action != incident.Resolved || merged.Action != incident.Closed || wrapped.AlarmKey() != fire.AlarmKey() || quoted.EventID() != wrapped.EventID() || wrapped.Timestamp.Hour() != 2 {
		t.Errorf("resolved %+v, merged %+v, wrapped %+v, quoted %+v", ok, merged, wrapped, quoted)
	}
}

func davis(status, transition string) string {
	return `{"event.kind":"DAVIS_EVENT","event.id":"e1","event.name":"CPU","event.category":"RESOURCE_CONTENTION","event.status":"` + status + `","event.status_transition":"` + transition +
		`","event.start":"2026-03-10T02:00:00.000000000Z","event.end":"2026-03-10T02:30:00.000000000Z","dt.source_entity":"HOST-1"}`
}

func TestDavis(t *testing.T) {
	fire, updated, ok := sourcetest.One(t, s, davis("ACTIVE", "CREATED")), sourcetest.One(t, s, davis("ACTIVE", "UPDATED")), sourcetest.One(t, s, davis("CLOSED", "RESOLVED"))
	if fire.EventID() != updated.EventID() || updated.Action != incident.Updated || ok.AlarmKey() != fire.AlarmKey() || ok.Action != incident.Resolved || ok.Timestamp.Minute() != 30 {
		t.Errorf("fire %+v, updated %+v, closed %+v", fire, updated, ok)
	}
	p := sourcetest.Parse(t, s, davis("CLOSED", "CREATED"))
	if len(p.Events) != 2 || !p.Events[0].Action.Firing() || p.Events[1].Action.Firing() || p.Events[0].AlarmKey() != fire.AlarmKey() {
		t.Errorf("over at once: %+v", p.Events)
	}
}

func TestParse(t *testing.T) {
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "ProblemID: required; ProblemTitle: required; State: required", `{"PID":"1","ProblemTitle":"t","State":"{State}"}`: "State: required", `{"PID":"1","ProblemTitle":"t","State":"ILL"}`: "State: must be",
		`{"event.kind":"DAVIS_EVENT"}`: "event.id: required; event.name: required; event.status: required", `{"specversion":"1.0","data":"no json"}`: "data", `{"specversion":"1.0"}`: "data", `[]`: "must not be a JSON array",
	})
}

func TestDoor(t *testing.T) {
	sourcetest.Door(t, s, sourcetest.Plain, nil, nil)
	sourcetest.Door(t, dynatrace.New(sourcetest.Space("dynatrace", "hmac")), sourcetest.Plain, nil, map[string]sourcetest.Change{"body changed": sourcetest.Body(`{"a":2}`)})
}

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, problem, davis("CLOSED", "CREATED")) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, false) }
