package servicenow_test

import (
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source/servicenow"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = servicenow.New(sourcetest.Space("servicenow", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "result.number", "result.sys_id", "result.short_description", "result.description", "result.opened_at", "result.category", "result.impact", "result.urgency",
		"data.number", "data.sys_id", "data.short_description", "data.description", "data.business_service", "data.opened_at", "data.correlation_id", "data.comments", "data.work_notes", "data.location",
		"sysId", "shortDescription", "description", "additionalContext.number", "additionalContext.opened_at", "additionalContext.opened_by", "additionalContext.category",
		"sys_id.value", "number.value", "short_description.value", "cmdb_ci.display_value", "resolved_at.value", "close_notes.value")
}

func rule(what, more string) string {
	return `{"eventType":"` + what + `","sysId":"5fd8a0b983c332104005f7efeeaad999","priority":"2","shortDescription":"checkout fails","additionalContext":{"number":"INC1","opened_at":"2026-03-10 03:01:00"}` + more + `}`
}

// Findings return to the ticket, and an update of it, which our own work notes cause as well, is no new alarm.
func TestTicket(t *testing.T) {
	fire := sourcetest.One(t, s, rule("create", `,"incidentState":"1"`))
	noted := sourcetest.One(t, s, rule("update", `,"incidentState":"2"`))
	again := sourcetest.One(t, s, rule("update", `,"incidentState":"2","reopened_time":"2026-03-10 05:00:00"`))
	resolved := sourcetest.One(t, s, rule("update", `,"incidentState":"6","resolved_at":"2026-03-10 04:00:00"`))
	closed := sourcetest.One(t, s, rule("update", `,"active":false,"closed_at":"2026-03-10 04:30:00"`))
	deleted := sourcetest.One(t, s, rule("delete", ``))
	if fire.Ticket != "INC1" || fire.Priority != incident.High || fire.Service != "checkout" || fire.EventID() != noted.EventID() || again.EventID() == fire.EventID() || !again.Action.Firing() {
		t.Errorf("create %+v, update %s, reopened %+v", fire, noted.EventID(), again)
	}
	if resolved.Action != incident.Resolved || closed.Action != incident.Closed || deleted.Action != incident.Closed || resolved.AlarmKey() != fire.AlarmKey() || resolved.Ticket != "INC1" || resolved.IncidentID != fire.IncidentID {
		t.Errorf("resolved %+v, closed %+v, deleted %+v", resolved, closed, deleted)
	}
	plain := sourcetest.One(t, s, `{"sys_id":"5fd8a0b983c332104005f7efeeaad999","number":"INC1","short_description":"checkout fails","state":"In Progress","priority":"1 - Critical","opened_at":"2026-03-10 03:01:00"}`)
	if plain.EventID() != fire.EventID() || plain.Priority != incident.Critical {
		t.Errorf("the record itself: %+v", plain)
	}
}

func TestParse(t *testing.T) {
	p := sourcetest.Parse(t, s, `{"result":[{"sys_id":"a","short_description":"x"},{"sys_id":"b","number":"INC2"}]}`)
	if len(p.Events) != 2 || p.Events[1].Title != "ticket INC2" || p.Events[0].Ticket != "a" {
		t.Errorf("a list: %+v", p.Events)
	}
	space := sourcetest.Space("servicenow", "")
	space.Notify.ServiceNow = &config.ServiceNow{Instance: "https://acme.service-now.com/"}
	if e := sourcetest.One(t, servicenow.New(space), rule("create", "")); len(e.Links) != 1 || !strings.HasPrefix(e.Links[0], "https://acme.service-now.com/incident.do?sys_id=") {
		t.Errorf("links = %v", e.Links)
	}
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "sys_id: required", `{"sys_id":[]}`: "sys_id: required", `{"result":{"number":{"value":{}}}}`: "sys_id: required", `"x"`: "must not be", `{"result":[1]}`: "must not be a JSON number",
	})
	sourcetest.Nothing(t, s, map[string]string{
		`{"sys_id":"a","number":"CHG1","sys_class_name":"change_request"}`:            "change_request",
		`{"sys_id":"a","number":"INC1","correlation_display":"Firefinder","state":1}`: "made by Firefinder itself",
		`{"eventType":"update","sysId":"a"}`:                                          "no news",
		`{"result":[]}`:                                                               "empty",
	})
}

func TestDoor(t *testing.T) {
	sourcetest.Door(t, s, sourcetest.Plain, nil, nil)
	sourcetest.Door(t, servicenow.New(sourcetest.Space("servicenow", "hmac")), sourcetest.Plain, nil, map[string]sourcetest.Change{"body changed": sourcetest.Body(`{"a":2}`)})
}

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, rule("update", `,"active":false`)) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, false) }

// What stands around several records is named as dropped.
func TestRecordsNameWhatIsAroundThem(t *testing.T) {
	body := []byte(`{"meta":{"page":1},"data":{"result":[{"sys_id":"a","number":"INC1"},{"sys_id":"b","number":"INC2"}],"total":2}}`)
	p := sourcetest.Parse(t, s, string(body))
	if len(p.Events) != 2 || len(p.Dropped) != 2 {
		t.Fatalf("%d events, dropped %q", len(p.Events), p.Dropped)
	}
	sourcetest.NotLost(t, body, p)
}
