package incidentio_test

import (
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/incidentio"
	"github.com/firefinder/firefinder/shared/source/sign"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = incidentio.New(sourcetest.Space("incidentio", ""))

func TestSamples(t *testing.T) {
	const created, changed = "public_incident.incident_created_v2.", "public_incident.incident_status_updated_v2."
	sourcetest.Samples(t, s, created+"id", created+"reference", created+"name", created+"summary", created+"permalink", created+"created_at", created+"incident_status.name", created+"severity.name", created+"incident_type.name",
		created+"custom_field_entries[].values[].value_option.value", changed+"incident.reference", changed+"incident.permalink", changed+"incident.updated_at", changed+"message")
}

func delivery(kind, inner string) string {
	return `{"event_type":"` + kind + `","` + kind + `":` + inner + `}`
}

const created = `{"id":"01F","reference":"INC-1","name":"checkout fails","mode":"standard","created_at":"2026-03-10T03:01:00Z","updated_at":"2026-03-10T03:20:00Z","incident_status":{"name":"Investigating","category":"live"},"severity":{"name":"SEV-2"}}`

func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, delivery("public_incident.incident_created_v2", created))
	updated := sourcetest.One(t, s, delivery("public_incident.incident_updated_v2", created))
	closed := sourcetest.One(t, s, delivery("public_incident.incident_status_updated_v2", `{"incident":`+strings.Replace(created, "live", "closed", 1)+`}`))
	if fire.EventID() != updated.EventID() || updated.Action != incident.Updated || closed.AlarmKey() != fire.AlarmKey() || closed.IncidentID != "INC-1" || closed.Action != incident.Closed || fire.Priority != incident.High || fire.Service != "checkout" {
		t.Errorf("created %+v, updated %+v, closed %+v", fire, updated, closed)
	}
	alert := sourcetest.One(t, s, delivery("public_alert.alert_created_v1", `{"id":"a","title":"cpu","status":"firing","deduplication_key":"k","created_at":"2026-03-10T03:00:00Z","source_url":"https://example.com/a"}`))
	over := sourcetest.One(t, s, delivery("public_alert.alert_resolved_v1", `{"id":"b","title":"cpu","status":"resolved","deduplication_key":"k","resolved_at":"2026-03-10T03:30:00Z"}`))
	if alert.AlarmKey() != over.AlarmKey() || over.Action != incident.Resolved || alert.Action != incident.Created {
		t.Errorf("alert %+v, resolved %+v", alert, over)
	}
}

func TestParse(t *testing.T) {
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "event_type: required", delivery("public_incident.incident_created_v2", `{}`): "id: required", delivery("public_incident.incident_created_v2", `[]`): "public_incident.incident_created_v2",
		`{"event_type":"public_incident.incident_created_v2"}`: "public_incident.incident_created_v2", delivery("public_incident.incident_created_v2", `{"id":[],"name":"x"}`): "id: required",
	})
	sourcetest.Nothing(t, s, map[string]string{
		delivery("private_incident.incident_created_v2", `{"id":"01F"}`): "no more than an id", delivery("public_incident.follow_up_created_v1", `{"id":"x"}`): "no incident", delivery("public_schedule.schedule_created_v1", `{}`): "no incident",
		delivery("public_incident.incident_created_v2", `{"id":"a","name":"n","mode":"tutorial"}`): "tutorial", delivery("public_incident.incident_updated_v2", `{"id":"a","name":"n"}`): "when",
	})
}

func TestDoor(t *testing.T) {
	sourcetest.Door(t, s, sourcetest.Whsec, map[string]sourcetest.Change{
		"beside another version": sourcetest.Each(sign.StandardSignature, func(v string) string { return "v1a,AAAA " + v }), "300 s later": sourcetest.Later(300 * time.Second),
		"headers of Svix": func(r *source.Request) {
			for _, name := range []string{"id", "timestamp", "signature"} {
				r.Header.Set("svix-"+name, r.Header.Get("webhook-"+name))
				r.Header.Del("webhook-" + name)
			}
		},
	}, map[string]sourcetest.Change{
		"301 s later": sourcetest.Later(301 * time.Second), "301 s early": sourcetest.Later(-301 * time.Second), "body changed": sourcetest.Body(`{"a":1}`), "other id": sourcetest.Set(sign.StandardID, "msg_other"),
		"no timestamp": sourcetest.Drop(sign.StandardTimestamp), "no id": sourcetest.Drop(sign.StandardID), "headers of both kinds mixed": sourcetest.Each(sign.StandardID, func(string) string { return "" }), "two ids": sourcetest.Twice(sign.StandardID, "x"), "without version": sourcetest.Each(sign.StandardSignature, func(v string) string { return v[3:] }),
	})
}

func FuzzParse(f *testing.F) {
	sourcetest.FuzzParse(f, s, delivery("public_incident.incident_updated_v2", created))
}

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Whsec, true) }
