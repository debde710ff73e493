package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver/delivertest"
	"github.com/firefinder/firefinder/shared/incident"
)

const (
	current  = "8f742231b10e8888abcd99yyyzzz85a5" // the example of Slack's documentation
	previous = "an-older-signing-secret-of-the-app"
)

func sign(secret, ts, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + ts + ":" + body))
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// TestDocumentedVector is the example of Slack's page on verifying requests.
func TestDocumentedVector(t *testing.T) {
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	signature := "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	if err := Verify(time.Unix(1531420618, 0), []string{current}, "1531420618", signature, []byte(body)); err != nil {
		t.Error(err)
	}
}

func TestVerify(t *testing.T) {
	now := time.Unix(1_780_000_000, 0)
	ts := func(off int64) string { return strconv.FormatInt(now.Unix()+off, 10) }
	body := "payload=%7B%7D"
	for _, c := range []struct {
		name, ts, signature, body string
		ok                        bool
	}{
		{"right", ts(0), sign(current, ts(0), body), body, true},
		{"previous secret", ts(0), sign(previous, ts(0), body), body, true},
		{"300 s old", ts(-300), sign(current, ts(-300), body), body, true},
		{"300 s ahead", ts(300), sign(current, ts(300), body), body, true},
		{"301 s old", ts(-301), sign(current, ts(-301), body), body, false},
		{"301 s ahead", ts(301), sign(current, ts(301), body), body, false},
		{"other secret", ts(0), sign("another secret of some length", ts(0), body), body, false},
		{"weak secret", ts(0), sign("weak", ts(0), body), body, false},
		{"other body", ts(0), sign(current, ts(0), body), body + "x", false},
		{"other time", ts(1), sign(current, ts(0), body), body, false},
		{"no version", ts(0), strings.TrimPrefix(sign(current, ts(0), body), "v0="), body, false},
		{"other version", ts(0), "v1=" + strings.TrimPrefix(sign(current, ts(0), body), "v0="), body, false},
		{"cut", ts(0), sign(current, ts(0), body)[:60], body, false},
		{"longer", ts(0), sign(current, ts(0), body) + "00", body, false},
		{"empty", "", "", body, false},
		{"no number", "now", sign(current, "now", body), body, false},
		{"padded number", "0" + ts(0), sign(current, "0"+ts(0), body), body, false},
		{"signed number", "+" + ts(0), sign(current, "+"+ts(0), body), body, false},
		{"moved boundary", ts(0), sign(current, ts(0)+":payload=", "%7B%7D"), "%7B%7D", false},
		{"far future", "99999999999999", sign(current, "99999999999999", body), body, false},
		{"too large", ts(0), sign(current, ts(0), strings.Repeat("x", maxInteraction+1)), strings.Repeat("x", maxInteraction+1), false},
	} {
		err := Verify(now, []string{current, previous, "weak"}, c.ts, c.signature, []byte(c.body))
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (!incident.Is(err, incident.Denied) || err.Error() != errUnsigned.Error()) {
			t.Errorf("%s: the error tells the faults apart: %v", c.name, err)
		}
	}
	if Verify(now, nil, ts(0), sign(current, ts(0), body), []byte(body)) == nil {
		t.Error("accepted without any secret")
	}
}

func form(payload string) []byte { return []byte(url.Values{"payload": {payload}}.Encode()) }

func payload(action, value string) string {
	return `{"type":"block_actions","api_app_id":"A01","team":{"id":"T01"},"user":{"id":"U01","team_id":"T01","name":"somebody else"},"response_url":"https://evil.example","actions":[{"type":"button","action_id":"` + action + `","value":"` + value + `"}]}`
}

var hash = strings.Repeat("3f9a2c1b", 8)

func TestParse(t *testing.T) {
	got, err := Parse(form(payload("approve", "apr-7h2k "+hash)))
	want := Interaction{Approval: "apr-7h2k", PlanHash: hash, Decision: incident.Approved, User: "U01", Team: "T01", App: "A01"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := Parse(form(payload("reject", "apr-7h2k "+hash))); err != nil || got.Decision != incident.Rejected {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Parse(form(payload("open", ""))); !incident.Is(err, incident.NotFound) {
		t.Errorf("a link's press: %v", err)
	}
	for name, body := range map[string][]byte{
		"nothing":      nil,
		"no payload":   []byte("x=1"),
		"two payloads": append(form(payload("approve", "a "+hash)), "&payload=%7B%7D"...),
		"no JSON":      form("x"),
		"other type":   form(strings.Replace(payload("approve", "a "+hash), "block_actions", "view_submission", 1)),
		"other action": form(payload("APPROVE", "a "+hash)),
		"short hash":   form(payload("approve", "a 3f9a")),
		"upper hash":   form(payload("approve", "a "+strings.ToUpper(hash))),
		"no approval":  form(payload("approve", " "+hash)),
		"no team":      form(strings.Replace(payload("approve", "a "+hash), `"team":{"id":"T01"}`, `"team":null`, 1)),
		"two actions":  form(strings.Replace(payload("approve", "a "+hash), `"actions":[`, `"actions":[{"type":"button","action_id":"approve","value":"b `+hash+`"},`, 1)),
	} {
		if got, err := Parse(body); !incident.Is(err, incident.Invalid) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestOurButtonsParse presses the buttons that Blocks renders.
func TestOurButtonsParse(t *testing.T) {
	n := delivertest.Notices()["proposal"]
	pressedAny := false
	for _, b := range Blocks(n) {
		for _, e := range elementsOf(b) {
			value, ok := e["value"].(string)
			if !ok {
				continue
			}
			pressedAny = true
			got, err := Parse(form(payload(e["action_id"].(string), value)))
			if err != nil || got.Approval != n.Approval.ID || got.PlanHash != n.Approval.PlanHash {
				t.Errorf("%v: %+v, %v", e["action_id"], got, err)
			}
		}
	}
	if !pressedAny {
		t.Error("no button")
	}
}

func elementsOf(b block) []block {
	list, _ := b["elements"].([]block)
	return list
}

func TestPerson(t *testing.T) {
	space := config.Space{
		Notify:    config.Notify{Slack: &config.Slack{Team: "T01", App: "A01", People: map[string]string{"U01": "Kim@example.com", "U02": "lee@example.com"}}},
		Approvals: config.Approvals{People: []config.Approver{{Name: "Kim Park", Email: "kim@example.com"}}},
	}
	right := Interaction{User: "U01", Team: "T01", App: "A01"}
	got, err := right.Person(space)
	if err != nil || got != (incident.Person{Subject: "kim@example.com", Name: "Kim Park", Method: "slack"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for name, i := range map[string]Interaction{
		"other team":      {User: "U01", Team: "T02", App: "A01"},
		"other app":       {User: "U01", Team: "T01", App: "A02"},
		"unknown user":    {User: "U03", Team: "T01", App: "A01"},
		"not an approver": {User: "U02", Team: "T01", App: "A01"},
	} {
		if p, err := i.Person(space); !incident.Is(err, incident.Denied) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	space.Notify.Slack.Team = ""
	if _, err := (Interaction{User: "U01", App: "A01"}).Person(space); !incident.Is(err, incident.Denied) {
		t.Errorf("no team configured: %v", err)
	}
}

func FuzzInteraction(f *testing.F) {
	f.Add(string(form(payload("approve", "apr-7h2k "+hash))), "1780000000", "v0=00")
	f.Fuzz(func(t *testing.T, body, ts, signature string) {
		if Verify(time.Unix(1_780_000_000, 0), []string{current}, ts, signature, []byte(body)) == nil && signature != sign(current, ts, body) {
			t.Errorf("accepted %q %q %q", ts, signature, body)
		}
		if got, err := Parse([]byte(body)); err == nil && (got.User == "" || len(got.PlanHash) != 64 || got.Decision != incident.Approved && got.Decision != incident.Rejected) {
			t.Errorf("%+v", got)
		}
	})
}
