package source_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

func TestTime(t *testing.T) {
	want := time.Date(2026, 3, 10, 3, 0, 0, 0, time.UTC)
	for text, at := range map[source.Text]time.Time{
		"2026-03-10T03:00:00Z": want, "2026-03-10T03:00:00.000000000Z": want, "2026-03-10T04:00:00+01:00": want, "2026-03-10T03:00:00.000+0000": want, "2026-03-10T03:00:00": want,
		"2026-03-10 03:00:00": want, "2026-03-10 03:00:00 UTC": want, "2026-03-10 05:00:00 +0200": want, "1773111600": want, "1773111600000": want, "1773111600000000": want, "1773111600000000000": want,
		"1773111600.25": want.Add(250 * time.Millisecond), "": {}, "null": {}, "0": {}, "-1": {}, "0001-01-01T00:00:00Z": {},
	} {
		if got, ok := source.Time(text); !ok || !got.Equal(at) {
			t.Errorf("%s = %s, %v; want %s", text, got, ok, at)
		}
	}
	for _, text := range []source.Text{"soon", "2026-13-01T00:00:00Z", "-5", "1e300", "NaN", "Inf", "9999-12-31T23:59:59Z", "12", "10:00"} {
		if got, ok := source.Time(text); ok {
			t.Errorf("%s was taken for %s", text, got)
		}
	}
}

func TestText(t *testing.T) {
	var in struct {
		A, B, C, D source.Text
		E          struct{ F source.Text }
	}
	if err := source.Decode([]byte(`{"A":"x","B":1.50,"C":true,"D":null}`), &in); err != nil || in.A != "x" || in.B != "1.50" || in.C != "true" || in.D != "" {
		t.Errorf("%+v, %v", in, err)
	}
	if err := source.Decode([]byte(`{"A":[ "x", {"y": 1} ],"B":{ },"C":[]}`), &in); err != nil || in.A != `["x",{"y":1}]` || in.B != "" || in.C != "" {
		t.Errorf("%+v, %v", in, err)
	}
	if err := source.Decode([]byte(`{"E":[1]}`), &in); !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), "E: must not be a JSON array") {
		t.Errorf("err = %v", err)
	}
}

// Read leaves out what is of another shape, says so, and reads on.
func TestRead(t *testing.T) {
	var p source.Parsed
	var in struct {
		A struct{ X int }
		B string
	}
	if err := p.Read([]byte(`{"A":[1],"B":"b"}`), &in); err != nil || in.B != "b" || len(p.Dropped) != 1 || p.Dropped[0] != "$.A: must not be a JSON array; left out" {
		t.Errorf("%+v, dropped %q, %v", in, p.Dropped, err)
	}
	for _, body := range []string{"", "[]", `"x"`, "{"} {
		if err := p.Read([]byte(body), &in); !incident.Is(err, incident.Invalid) {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestFlatten(t *testing.T) {
	f, err := source.Flatten([]byte(`{"AlertId":7,"alert":{"alert_id":"8","alert_metric":"m","id":"x"},"org":{"id":"9"},"tags":["a:1","b:2"],"unset":"$ALERT_SCOPE","none":"null","list":[{"a":1}]}`))
	want := source.Fields{"alertid": "7", "alertalertid": "8", "alertalertmetric": "m", "alertmetric": "m", "orgid": "9", "tags": "a:1,b:2"}
	if diff := cmp.Diff(want, f); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if f.Get("nothing", "alert_metric") != "m" || f.Get("unset") != "" {
		t.Errorf("get: %q %q", f.Get("nothing", "alert_metric"), f.Get("unset"))
	}
	if diff := cmp.Diff(map[string]string{"service": "a", "url": "http://x"}, source.Pairs("{service:a, url:http://x,bare,:x,y:}")); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
}

func TestClipAndNarrow(t *testing.T) {
	if got := source.Clip("äöü", 5); got != "ä…" || source.Clip("abc", 3) != "abc" {
		t.Errorf("clip = %q", got)
	}
	body := []byte(`{"common":1,"alerts":[{"a":1},{"a":2}]}`)
	var doc struct {
		Common int
		Alerts []struct{ A int }
	}
	if err := json.Unmarshal(source.Narrow(body, "alerts", 1), &doc); err != nil || doc.Common != 1 || len(doc.Alerts) != 1 || doc.Alerts[0].A != 2 {
		t.Errorf("narrow = %+v, %v", doc, err)
	}
	if one := `{"alerts":[{"a": 1}]}`; string(source.Narrow([]byte(one), "alerts", 0)) != one {
		t.Error("a body with one alarm was rewritten")
	}
}
