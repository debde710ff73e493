package datadog_test

import (
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/datadog"
	"github.com/firefinder/firefinder/shared/source/sign"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = datadog.New(sourcetest.Space("datadog", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "title", "body", "url", "alert_query", "alert_transition", "alert_type", "monitor_id", "org.id", "org.name", "tags", "scopes", "date",
		"alert.alert_id", "alert.alert_metric", "alert.alert_query", "alert.alert_transition", "event.aggreg_key", "event.event_url",
		"alert_cycle_key", "alert_metric", "alert_scope", "alert_status", "alert_id", "link", "incidentId", "description", "service", "timestamp")
}

// Datadog's default template: no transition, no monitor id, the state only in the title.
const byDefault = `{"id":"1","last_updated":"1773111600000","event_type":"query_alert_monitor","title":"[Triggered on {service:checkout-api}] Errors","date":"1773111600000","org":{"id":"9","name":"Acme"},"body":"[[Monitor Status](https://app.datadoghq.com/monitors/42?x=1)]"}`

func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, byDefault)
	ok := sourcetest.One(t, s, strings.NewReplacer("Triggered", "Recovered", "1773111600000", "1773112200000").Replace(byDefault))
	if fire.Rule != "org 9/42" || fire.Dimensions["service"] != "checkout-api" || fire.Service != "checkout" || fire.Action != incident.Created {
		t.Errorf("fire = %+v", fire)
	}
	if ok.Action != incident.Resolved || ok.AlarmKey() != fire.AlarmKey() || ok.IncidentID != fire.IncidentID || ok.EventID() == fire.EventID() {
		t.Errorf("fire %s, recovered %+v", fire.AlarmKey(), ok)
	}
	other := sourcetest.One(t, s, strings.Replace(byDefault, "checkout-api}", "orders}", 1))
	if other.AlarmKey() == fire.AlarmKey() || other.IncidentID == fire.IncidentID {
		t.Error("two groups of a monitor share an alarm")
	}
}

func TestTransitions(t *testing.T) {
	for word, want := range map[string]struct {
		action   incident.Action
		kind     string
		priority incident.Priority
	}{
		"Triggered": {incident.Created, "alarm", incident.Medium}, "Re-Triggered": {incident.Updated, "alarm", incident.Medium}, "Renotify": {incident.Updated, "alarm", incident.Medium},
		"Warn": {incident.Created, "alarm", incident.Low}, "Re-Warn": {incident.Updated, "alarm", incident.Low}, "Recovered": {incident.Resolved, "alarm", incident.Medium},
		"No Data": {incident.Updated, "no_data", incident.Low}, "Re-No Data": {incident.Updated, "no_data", incident.Low}, "NoData Recovered": {incident.Resolved, "alarm", incident.Medium},
	} {
		e := sourcetest.One(t, s, `{"AlertTitle":"Errors","alertTransition":"`+word+`","alertId":42,"alert_priority":"$ALERT_PRIORITY"}`)
		if e.Action != want.action || e.Type != want.kind || e.Priority != want.priority || e.Rule != "42" {
			t.Errorf("%s: %+v", word, e)
		}
	}
}

func TestParse(t *testing.T) {
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "title: required", `{"title":"Errors"}`: "alert_transition: required", `[]`: "must not be a JSON array", `null`: "must be a JSON object", `{"title":"$EVENT_TITLE"}`: "title: required",
		`{"eventType":"incident","incidentId":"x","action":"opened","priority":"P1","title":"t"}`: "action",
	})
}

func TestDoor(t *testing.T) {
	sourcetest.Door(t, s, sourcetest.Plain, map[string]sourcetest.Change{"custom header": func(r *source.Request) {
		r.Header.Del("Authorization")
		r.Header.Set(sign.HeaderToken, string(sourcetest.Current.Reveal()))
	}}, map[string]sourcetest.Change{
		"two custom headers": func(r *source.Request) {
			r.Header.Del("Authorization")
			r.Header.Add(sign.HeaderToken, string(sourcetest.Current.Reveal()))
			r.Header.Add(sign.HeaderToken, string(sourcetest.Current.Reveal()))
		},
		"another header": func(r *source.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("X-Api-Key", string(sourcetest.Current.Reveal()))
		},
	})
}

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, byDefault) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, false) }
