package pagerduty_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/pagerduty"
	"github.com/firefinder/firefinder/shared/source/sign"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = pagerduty.New(sourcetest.Space("pagerduty", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "event.data.id", "event.data.html_url", "event.data.title", "event.data.number", "event.data.incident_key", "event.data.status", "event.data.urgency",
		"event.data.service.summary", "event.data.service.id", "event.data.service.html_url", "event.data.escalation_policy.summary", "event.agent.summary", "event.data.created_at",
		"[].id", "[].self", "[].service.summary", "[].body.details.alert_name", "[].body.details.cluster_id", "[].body.details.region")
}

func v3(kind, at, more string) string {
	return fmt.Sprintf(`{"event":{"id":"e","event_type":%q,"resource_type":"incident","occurred_at":%q,"data":{"id":"P1","type":"incident","html_url":"https://acme.pagerduty.com/incidents/P1","title":"checkout fails","service":{"id":"S1","summary":"Checkout API"},"urgency":"high"%s}}}`, kind, at, more)
}

const created = `,"created_at":"2026-03-10T02:40:00Z"`

func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, v3("incident.triggered", "2026-03-10T02:40:01Z", created))
	ack := sourcetest.One(t, s, v3("incident.acknowledged", "2026-03-10T02:44:00Z", created))
	again := sourcetest.One(t, s, v3("incident.reopened", "2026-03-10T03:10:00Z", created))
	ok := sourcetest.One(t, s, v3("incident.resolved", "2026-03-10T02:50:00Z", created))
	if fire.EventID() != ack.EventID() {
		t.Error("an acknowledgement is another event than the trigger that it follows")
	}
	if again.EventID() == fire.EventID() || again.AlarmKey() != fire.AlarmKey() || ok.AlarmKey() != fire.AlarmKey() || ok.IncidentID != fire.IncidentID || ok.Action != incident.Resolved {
		t.Errorf("fire %+v, reopened %+v, resolved %+v", fire, again, ok)
	}
	if fire.Rule != "acme/P1" || fire.Service != "checkout" || fire.Priority != incident.High {
		t.Errorf("fire = %+v", fire)
	}
	raised := sourcetest.One(t, s, v3("incident.priority_updated", "2026-03-10T02:46:00Z", created+`,"priority":{"id":"x","summary":"SEV-1"}`))
	if raised.Priority != incident.Critical || raised.EventID() == fire.EventID() {
		t.Errorf("priority = %+v", raised)
	}
}

func TestParse(t *testing.T) {
	second := `{"messages":[{"event":"incident.trigger","created_on":"2026-03-10T02:40:00Z","incident":{"id":"P1","incident_number":3,"title":"disk","status":"triggered","html_url":"https://acme.pagerduty.com/incidents/P1","service":{"id":"S","name":"db"},"urgency":"low"}},` +
		`{"event":"incident.resolve","created_on":"2026-03-10T02:50:00Z","incident":{"id":"P2","title":"cpu","status":"resolved","service":{"id":"S","name":"db"}}}]}`
	p := sourcetest.Parse(t, s, second)
	if len(p.Events) != 2 || p.Events[0].Action != incident.Created || p.Events[1].Action != incident.Resolved || p.Events[0].Priority != incident.Low || p.Events[0].Service != "db" {
		t.Errorf("version 2: %+v", p.Events)
	}
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "event.event_type", `{"event":{"event_type":"incident.triggered","data":{}}}`: "id of the incident", `{"event":{"event_type":"incident.triggered","data":[]}}`: "event.data",
		`{"event":{"event_type":"incident.triggered","data":{"id":{}}}}`: "id of the incident: required", `[1]`: "alerts[0]",
	})
	sourcetest.Nothing(t, s, map[string]string{
		`{"event":{"event_type":"pagey.ping","resource_type":"pagey","data":{"message":"Hello from your friend Pagey!","type":"ping"}}}`: "pagey.ping",
		v3("incident.annotated", "2026-03-10T02:44:00Z", ""):                                                                             "incident.annotated",
		v3("incident.responder.added", "2026-03-10T02:44:00Z", ""):                                                                       "incident.responder.added",
		v3("incident.acknowledged", "2026-03-10T02:44:00Z", ""):                                                                          "acknowledged",
		`{"event":{"event_type":"service.updated","data":{}}}`:                                                                           "service.updated",
		`{"messages":[{"event":"incident.annotate","incident":{}}]}`:                                                                     "annotate",
	})
}

func TestDoor(t *testing.T) {
	signature := pagerduty.HeaderSignature
	junk := "v1=" + strings.Repeat("ab", 32)
	sourcetest.Door(t, s, sourcetest.Plain, map[string]sourcetest.Change{
		"second of a list":      sourcetest.Each(signature, func(v string) string { return junk + "," + v }),
		"list with spaces":      sourcetest.Each(signature, func(v string) string { return junk + ", " + v }),
		"repeated header":       sourcetest.Twice(signature, junk),
		"beside a newer scheme": sourcetest.Each(signature, func(v string) string { return "v2=0011," + v }),
	}, map[string]sourcetest.Change{
		"without version":       sourcetest.Each(signature, func(v string) string { return v[3:] }),
		"other version":         sourcetest.Each(signature, func(v string) string { return "v2" + v[2:] }),
		"upper case":            sourcetest.Each(signature, func(v string) string { return "v1=" + strings.ToUpper(v[3:]) }),
		"cut short":             sourcetest.Each(signature, func(v string) string { return v[:60] }),
		"malformed in the list": sourcetest.Each(signature, func(v string) string { return v + ",v1=zz" }),
		"nine signatures":       sourcetest.Each(signature, func(v string) string { return strings.Repeat(junk+",", 8) + v }),
		"body changed":          sourcetest.Body(`{"a":1}`),
		"shown instead": func(r *source.Request) {
			r.Header.Del(signature)
			r.Header.Set("Authorization", "Bearer "+string(sourcetest.Current.Reveal()))
		},
	})
	bearer := pagerduty.New(sourcetest.Space("pagerduty", "bearer"))
	sourcetest.Door(t, bearer, sourcetest.Plain, nil, map[string]sourcetest.Change{"signed instead": func(r *source.Request) {
		r.Header.Del("Authorization")
		r.Header.Set(signature, "v1="+sign.SignHex(sourcetest.Current, r.Body))
	}})
}

func FuzzParse(f *testing.F) {
	sourcetest.FuzzParse(f, s, v3("incident.resolved", "2026-03-10T02:50:00Z", created))
}

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, true) }

// What stands around a list of alerts is kept with each of them.
func TestAlertsKeepWhatIsAroundThem(t *testing.T) {
	body := []byte(`{"alerts":[{"id":"A","status":"triggered","summary":"a"},{"id":"B","status":"resolved","summary":"b"}],"limit":25,"more":false}`)
	p := sourcetest.Parse(t, s, string(body))
	if len(p.Events) != 2 {
		t.Fatalf("%d events", len(p.Events))
	}
	sourcetest.NotLost(t, body, p)
}
