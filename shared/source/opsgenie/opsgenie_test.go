package opsgenie_test

import (
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source/opsgenie"
	"github.com/firefinder/firefinder/shared/source/sourcetest"
)

var s = opsgenie.New(sourcetest.Space("opsgenie", ""))

func TestSamples(t *testing.T) {
	sourcetest.Samples(t, s, "alert.alertId", "alert.alias", "alert.tinyId", "alert.message", "alert.description", "alert.entity", "alert.source", "alert.team", "alert.username", "alert.tags[]", "alert.details.region", "alert.details.dashboard", "integrationName")
}

const create = `{"action":"Create","alert":{"alertId":"a-1","alias":"errors","message":"checkout fails","priority":"P1","createdAt":1773111600000,"updatedAt":1773111600100000000,"tags":["service:checkout-api"]}}`

func TestIdentity(t *testing.T) {
	fire := sourcetest.One(t, s, create)
	ack := sourcetest.One(t, s, strings.NewReplacer("Create", "Acknowledge", "1773111600100000000", "1773111700100000000").Replace(create))
	closed := sourcetest.One(t, s, strings.NewReplacer("Create", "Close", "1773111600100000000", "1773112200250000000").Replace(create))
	if fire.EventID() != ack.EventID() || fire.AlarmKey() != closed.AlarmKey() || closed.Action != incident.Resolved || fire.IncidentID != closed.IncidentID || fire.Priority != incident.Critical || fire.Service != "checkout" {
		t.Errorf("fire %+v, acknowledged %s, closed %+v", fire, ack.EventID(), closed)
	}
	if closed.Timestamp.UnixMilli() != 1773112200250 {
		t.Errorf("closed at %s", closed.Timestamp)
	}
}

func TestParse(t *testing.T) {
	sourcetest.Invalid(t, s, map[string]string{`{}`: "action: required", `{"action":"Create"}`: "alert.alertId: required", `{"action":"Create","alert":[]}`: "alert", `{"action":"Create","alert":{"alertId":{}}}`: "alert.alertId"})
	sourcetest.Nothing(t, s, map[string]string{
		`{"action":"AddNote","alert":{"alertId":"a"}}`: "AddNote", `{"action":"Acknowledge","alert":{"alertId":"a"}}`: "no news", `{"action":"AssignOwnership","alert":{"alertId":"a"}}`: "no news",
	})
}

func TestDoor(t *testing.T) { sourcetest.Door(t, s, sourcetest.Plain, nil, nil) }

func FuzzParse(f *testing.F) { sourcetest.FuzzParse(f, s, create) }

func FuzzVerify(f *testing.F) { sourcetest.FuzzVerify(f, s, sourcetest.Plain, false) }
