package sentry_test

import (
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source/sentry"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = sentry.New(sourcetest.Space("sentry", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "data.event.event_id", "data.event.issue_id", "data.event.title", "data.event.culprit", "data.event.web_url", "data.event.issue_url", "data.event.datetime", "data.event.release", "data.event.environment", "data.event.tags[][]", "data.triggered_rule",
		"data.metric_alert.identifier", "data.metric_alert.title", "data.metric_alert.alert_rule.id", "data.metric_alert.alert_rule.aggregate", "data.metric_alert.alert_rule.query", "data.metric_alert.date_started", "data.description_text", "data.web_url",
		"data.issue.id", "data.issue.shortId", "data.issue.title", "data.issue.permalink", "data.issue.project.slug")
}

const metric = `{"action":"warning","data":{"metric_alert":{"id":"7","identifier":"2012","organization_id":"5","alert_rule":{"id":"9","name":"p95"},"title":"p95","date_started":"2026-03-10T02:50:00Z"},"web_url":"https://sentry.io/x"}}`

func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, metric)
	ok := sourcetest.One(t, s, strings.NewReplacer(`"warning"`, `"resolved"`, `"title"`, `"date_closed":"2026-03-10T03:10:00Z","title"`).Replace(metric))
	if fire.Priority != incident.Low || fire.AlarmKey() != ok.AlarmKey() || fire.IncidentID != ok.IncidentID || ok.Action != incident.Resolved || ok.Timestamp.Minute() != 10 {
		t.Errorf("metric alert %+v, resolved %+v", fire, ok)
	}
	alert := sourcetest.One(t, s, `{"action":"triggered","data":{"event":{"event_id":"e","issue_id":1170,"title":"boom","level":"fatal","timestamp":1773111481.25}}}`)
	resolved := sourcetest.One(t, s, `{"action":"resolved","data":{"issue":{"id":"1170","title":"boom"}}}`)
	if alert.AlarmKey() != resolved.AlarmKey() || alert.IncidentID != resolved.IncidentID || alert.Priority != incident.Critical || alert.Timestamp.UnixMilli() != 1773111481250 || resolved.Action != incident.Resolved {
		t.Errorf("issue alert %+v, resolved %+v", alert, resolved)
	}
}

func TestParse(t *testing.T) {
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "action: required", `{"data":{"event":{}}}`: "data.event.issue_id", `{"action":"critical","data":{"metric_alert":{}}}`: "data.metric_alert.id", `{"action":"loud","data":{"metric_alert":{"id":1}}}`: "action: must be",
		`{"data":{"issue":{}}}`: "data.issue.id", `{"data":{"issue":[]}}`: "data.issue", `{"data":{"event":{"tags":{}}}}`: "data.event.issue_id",
	})
	sourcetest.Nothing(t, s, map[string]string{
		`{"action":"created","installation":{"uuid":"x"},"data":{"installation":{"status":"installed"}}}`: "the integration was created", `{"action":"created","data":{"error":{"event_id":"e"}}}`: "no alarm",
		`{"action":"assigned","data":{"issue":{"id":"1"}}}`: "assigned", `{"action":"created","data":{"comment":"hi"}}`: "a comment is no news",
	})
}

func TestDoor(t *testing.T) {
	sourcetest.Door(t, s, sourcetest.Plain, nil, map[string]sourcetest.Change{
		"body changed": sourcetest.Body(`{"a":1}`), "upper case": sourcetest.Each(sentry.HeaderSignature, strings.ToUpper), "cut short": sourcetest.Each(sentry.HeaderSignature, func(v string) string { return v[:60] }),
		"two headers": sourcetest.Twice(sentry.HeaderSignature, strings.Repeat("ab", 32)), "with a prefix": sourcetest.Each(sentry.HeaderSignature, func(v string) string { return "sha256=" + v }),
	})
}

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, metric) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, true) }
