package alertmanager_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/alertmanager"
	"github.com/firefinder/firefinder/shared/source/sign"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = alertmanager.New(sourcetest.Space("alertmanager", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "alerts[].labels.alertname", "alerts[].labels.severity", "alerts[].labels.instance", "alerts[].labels.pod", "alerts[].labels.region",
		"alerts[].annotations.summary", "alerts[].annotations.description", "alerts[].annotations.runbook_url", "alerts[].generatorURL", "alerts[].fingerprint", "externalURL")
}

const alert = `{"status":"firing","labels":{"alertname":"TargetDown","instance":"a:1","severity":"critical"},"annotations":{},"startsAt":"2026-03-10T02:40:00Z","endsAt":"0001-01-01T00:00:00Z"}`

func group(alerts string) string {
	return `{"version":"4","status":"firing","receiver":"r","alerts":[` + alerts + `]}`
}

// Firing, repeated and resolved are one alarm; another resource is another.
func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, group(alert))
	again := sourcetest.One(t, s, group(strings.Replace(alert, `"0001-01-01T00:00:00Z"`, `"2026-03-10T02:44:00Z"`, 1)))
	ok := sourcetest.One(t, s, group(strings.NewReplacer(`"firing"`, `"resolved"`, `"0001-01-01T00:00:00Z"`, `"2026-03-10T02:50:00Z"`).Replace(alert)))
	other := sourcetest.One(t, s, group(strings.Replace(alert, "a:1", "b:1", 1)))
	if fire.EventID() != again.EventID() || fire.AlarmKey() != ok.AlarmKey() || fire.IncidentID != ok.IncidentID || fire.EventID() == ok.EventID() {
		t.Errorf("fire %s %s, again %s, resolved %s %s", fire.EventID(), fire.AlarmKey(), again.EventID(), ok.EventID(), ok.AlarmKey())
	}
	if other.AlarmKey() == fire.AlarmKey() || other.IncidentID == fire.IncidentID {
		t.Error("two resources share an alarm")
	}
	if ok.Action != incident.Resolved || !ok.Timestamp.Equal(time.Date(2026, 3, 10, 2, 50, 0, 0, time.UTC)) || fire.Priority != incident.Critical {
		t.Errorf("resolved = %+v", ok)
	}
}

func TestParse(t *testing.T) {
	p := sourcetest.Parse(t, s, `{"status":"firing","alerts":[{"labels":{"alertname":"A","n":1,"b":true},"startsAt":"soon"}],"truncatedAlerts":7}`)
	if e := p.Events[0]; !e.Timestamp.Equal(sourcetest.Received) || len(p.Dropped) != 1 || !strings.Contains(p.Note, "7 alerts") || e.Dimensions["n"] != "1" {
		t.Errorf("a bad time: %+v, dropped %v, note %q", e, p.Dropped, p.Note)
	}
	if e := sourcetest.One(t, s, `{"status":"firing","alerts":[{"annotations":{"summary":"disk full"}}]}`); e.Title != "disk full" {
		t.Errorf("title without alertname = %q", e.Title)
	}
	odd := sourcetest.Parse(t, s, `{"status":"firing","externalURL":7,"alerts":[{"labels":{"alertname":"A"},"annotations":["a"]}]}`)
	if len(odd.Events) != 1 || !slices.Contains(odd.Dropped, "$.alerts.annotations: must not be a JSON array; left out") && !slices.Contains(odd.Dropped, "$.externalURL: must not be a JSON number; left out") {
		t.Errorf("odd fields: %d events, dropped %q", len(odd.Events), odd.Dropped)
	}
	sourcetest.Invalid(t, s, map[string]string{
		`{}`:                                 "alerts: required",
		`[1]`:                                "must not be a JSON array",
		`{"alerts":{}}`:                      "alerts",
		group(`{"status":"perhaps"}`):        "alerts[0].status",
		group(`"firing"`):                    "alerts[0].labels: required",
		group(alert + `,{"status":"often"}`): "alerts[1].status",
	})
	sourcetest.Nothing(t, s, map[string]string{group(""): "no alerts"})
}

func TestDoor(t *testing.T) {
	basic := func(text string) sourcetest.Change {
		return sourcetest.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text)))
	}
	current := string(sourcetest.Current.Reveal())
	token := func(r *source.Request) {
		r.Header.Del("Authorization")
		r.Header.Set(sign.HeaderToken, current)
	}
	sourcetest.Door(t, s, sourcetest.Plain, map[string]sourcetest.Change{
		"basic": basic("firefinder:" + current), "basic without a user": basic(":" + current), "token header": token,
		"bearer in lower case": sourcetest.Set("Authorization", "bearer "+current),
	}, map[string]sourcetest.Change{
		"both headers":            sourcetest.Set(sign.HeaderToken, current),
		"two authorizations":      sourcetest.Twice("Authorization", "Bearer "+current),
		"basic, other password":   basic("firefinder:" + current + "x"),
		"basic, secret as user":   basic(current + ":"),
		"basic, no colon":         basic(current),
		"basic, not base64":       sourcetest.Set("Authorization", "Basic "+current),
		"digest":                  sourcetest.Set("Authorization", "Digest "+current),
		"bare secret":             sourcetest.Set("Authorization", current),
		"secret with white space": sourcetest.Set("Authorization", "Bearer  "+current),
		"prefix of the secret":    sourcetest.Set("Authorization", "Bearer "+current[:len(current)-1]),
	})
}

func TestDoorOurScheme(t *testing.T) {
	hmac := alertmanager.New(sourcetest.Space("alertmanager", "hmac"))
	sourcetest.Door(t, hmac, sourcetest.Plain, nil, map[string]sourcetest.Change{
		"shown instead of signed": func(r *source.Request) {
			r.Header.Del(sign.HeaderSignature)
			r.Header.Set("Authorization", "Bearer "+string(sourcetest.Current.Reveal()))
		},
		"late": sourcetest.Later(301 * time.Second),
		"body": sourcetest.Body(`{"a": 2}`),
	})
}

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, group(alert)) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, false) }
