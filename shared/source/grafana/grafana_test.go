package grafana_test

import (
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/grafana"
	"github.com/firefinder/firefinder/shared/source/sign"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = grafana.New(sourcetest.Space("grafana", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "alerts[].labels.alertname", "alerts[].labels.debug", "alerts[].annotations.summary", "alerts[].annotations.description", "alerts[].annotations.runbook_url",
		"alerts[].generatorURL", "alerts[].silenceURL", "alerts[].dashboardURL", "alerts[].panelURL", "alerts[].imageURL", "alerts[].valueString", "alerts[].fingerprint", "externalURL",
		"title", "ruleId", "ruleName", "ruleUrl", "evalMatches[].metric", "evalMatches[].value", "evalMatches[].tags.instance")
}

const unified = `{"status":"firing","orgId":1,"alerts":[{"status":"firing","labels":{"alertname":"Errors","service":"checkout-api","severity":"P2"},"annotations":{},"startsAt":"2026-03-10T02:40:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"https://g.example.com/alerting/grafana/abc-1/view?orgId=1","fingerprint":"f1"}]}`

func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, unified)
	ok := sourcetest.One(t, s, strings.NewReplacer("firing", "resolved", "0001-01-01T00:00:00Z", "2026-03-10T02:50:00Z").Replace(unified))
	silent := sourcetest.One(t, s, strings.Replace(unified, `"Errors"`, `"DatasourceNoData","rulename":"Errors"`, 1))
	if fire.Rule != "org 1/abc-1" || fire.Service != "checkout" || fire.Priority != incident.High || fire.AlarmKey() != ok.AlarmKey() || fire.IncidentID != ok.IncidentID {
		t.Errorf("fire = %+v, resolved %s", fire, ok.AlarmKey())
	}
	if silent.Type != "no_data" || silent.Priority != incident.Low || silent.AlarmKey() == fire.AlarmKey() {
		t.Errorf("no data = %+v", silent)
	}
	legacy := `{"title":"[Alerting] CPU","ruleId":7,"ruleName":"CPU","state":"alerting","evalMatches":[{"value":1,"metric":"m","tags":{"host":"a"}}],"tags":{"severity":"high"}}`
	before := sourcetest.One(t, s, legacy)
	after := sourcetest.One(t, s, `{"title":"[OK] CPU","ruleId":"7","ruleName":"CPU","state":"ok","evalMatches":[],"tags":{"severity":"high"}}`)
	if before.AlarmKey() != after.AlarmKey() || before.IncidentID != after.IncidentID || before.Priority != incident.High || after.Action != incident.Resolved {
		t.Errorf("legacy: %+v, then %+v", before, after)
	}
}

func TestParse(t *testing.T) {
	sourcetest.Invalid(t, s, map[string]string{
		`{}`: "alerts: required", `{"alerts":{}}`: "alerts", `{"alerts":[{"status":"maybe"}]}`: "alerts[0].status", `{"ruleId":1,"state":"maybe"}`: "state: must be",
	})
	sourcetest.Nothing(t, s, map[string]string{`{"alerts":[]}`: "no alerts", `{"ruleId":1,"ruleName":"r","state":"pending"}`: "is pending", `{"ruleId":1,"ruleName":"r","state":"paused"}`: "is paused"})
	e := sourcetest.One(t, s, `{"eventType":"incident","incidentId":"g-1","action":"created","priority":"P2","title":"from a template","timestamp":"2026-03-10T02:40:00Z"}`)
	if e.Priority != incident.High || e.IncidentID != "g-1" {
		t.Errorf("template of the contract: %+v", e)
	}
}

func TestDoor(t *testing.T) {
	untimed := func(r *source.Request) {
		r.Header.Del(grafana.HeaderTimestamp)
		r.Header.Set(grafana.HeaderSignature, sign.SignHex(sourcetest.Current, r.Body))
	}
	renamed := func(r *source.Request) {
		r.Header.Set("X-Grafana-Alerting-Signature-Timestamp", r.Header.Get(grafana.HeaderTimestamp))
		r.Header.Del(grafana.HeaderTimestamp)
	}
	sourcetest.Door(t, s, sourcetest.Plain, map[string]sourcetest.Change{
		"without timestamp": untimed, "the other name of the timestamp": renamed, "300 s later": sourcetest.Later(300 * time.Second), "300 s early": sourcetest.Later(-300 * time.Second),
	}, map[string]sourcetest.Change{
		"301 s later":                 sourcetest.Later(301 * time.Second),
		"301 s early":                 sourcetest.Later(-301 * time.Second),
		"timestamp taken away":        sourcetest.Drop(grafana.HeaderTimestamp),
		"timestamp moved":             sourcetest.Each(grafana.HeaderTimestamp, func(s string) string { return "0" + s }),
		"timestamp in milliseconds":   sourcetest.Each(grafana.HeaderTimestamp, func(s string) string { return s + "000" }),
		"timestamp is no number":      sourcetest.Set(grafana.HeaderTimestamp, "now"),
		"two timestamps":              sourcetest.Twice(grafana.HeaderTimestamp, "1773111600"),
		"two signatures":              sourcetest.Twice(grafana.HeaderSignature, strings.Repeat("ab", 32)),
		"body changed":                sourcetest.Body(`{"a": 2}`),
		"space behind the body":       sourcetest.Body(`{"a": 1} `),
		"upper-case hexadecimal":      sourcetest.Each(grafana.HeaderSignature, strings.ToUpper),
		"GitHub's prefix":             sourcetest.Each(grafana.HeaderSignature, func(s string) string { return "sha256=" + s }),
		"half a signature":            sourcetest.Each(grafana.HeaderSignature, func(s string) string { return s[:32] }),
		"timestamp moved to the body": func(r *source.Request) { r.Body = append([]byte(r.Header.Get(grafana.HeaderTimestamp)+":"), r.Body...) },
		"shown instead of signed": func(r *source.Request) {
			r.Header.Del(grafana.HeaderSignature)
			r.Header.Set("Authorization", "Bearer "+string(sourcetest.Current.Reveal()))
		},
	})
	bearer := grafana.New(sourcetest.Space("grafana", "bearer"))
	sourcetest.Door(t, bearer, sourcetest.Plain, nil, map[string]sourcetest.Change{"signed instead of shown": func(r *source.Request) {
		r.Header.Del("Authorization")
		untimed(r)
	}})
}

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, unified) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, true) }
