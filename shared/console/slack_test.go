package console_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/console/consoletest"
	"github.com/firefinder/firefinder/shared/incident"
)

const signing = "8f742231b10e8888abcd99yyyzzz85a5"

// ring is the space's secrets.
type ring struct{ err error }

func (r ring) Active(context.Context, string) ([]config.Secret, error) {
	return []config.Secret{config.NewSecret([]byte(`{"token":"xoxb-1","signing_secret":"` + signing + `"}`))}, r.err
}

// answers is Slack's end of the response URL.
type answers struct{ got []string }

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	a.got = append(a.got, r.URL.Host+" "+string(body))
	return &http.Response{StatusCode: 200, Body: http.NoBody}, err
}

// chat is a space with Slack buttons.
type chat struct {
	t    *testing.T
	w    *consoletest.World
	said *answers
	h    http.Handler
}

func newChat(t *testing.T, secrets console.Secrets) *chat {
	c := &chat{t: t, w: consoletest.New(t, base), said: &answers{}}
	c.w.Checkout(nil)
	space := c.w.Space
	space.Notify.Slack = &config.Slack{Channel: "C1", Secret: "slack", Team: "T1", App: "A1", People: map[string]string{"U1": "ada@example.com", "U2": "eve@example.com"}}
	c.h = console.SlackHandler(console.ApproveDeps{
		Approvals: c.w.Approvals, Store: c.w.Store, Space: space, Now: c.w.Now, Rand: c.w.Rand, Log: c.w.Log(), HTTP: &http.Client{Transport: c.said},
	}, secrets)
	return c
}

// press is the body that Slack sends for a button; change may spoil it.
func (c *chat) press(action string, change func(map[string]any)) string {
	a := c.w.Notice().Approval
	p := map[string]any{
		"type": "block_actions", "api_app_id": "A1", "team": map[string]string{"id": "T1"}, "user": map[string]string{"id": "U1"},
		"response_url": "https://hooks.slack.com/actions/T1/1/x",
		"actions":      []any{map[string]string{"type": "button", "action_id": action, "value": a.ID + " " + a.PlanHash}},
	}
	if change != nil {
		change(p)
	}
	raw, err := json.Marshal(p)
	if err != nil {
		c.t.Fatal(err)
	}
	return url.Values{"payload": {string(raw)}}.Encode()
}

func (c *chat) send(body, secret string, at time.Time) int {
	stamp := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":" + body))
	r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, "/slack/interactions", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	got := httptest.NewRecorder()
	c.h.ServeHTTP(got, r)
	return got.Code
}

func (c *chat) approval() incident.Approval {
	c.t.Helper()
	a, err := c.w.Approvals.Get(context.Background(), c.w.Notice().Approval.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func TestSlackButtonDecides(t *testing.T) {
	c := newChat(t, ring{})
	for range 2 { // Slack may send it again
		if code := c.send(c.press("approve", nil), signing, c.w.Now()); code != 200 {
			t.Fatalf("status %d", code)
		}
	}
	a := c.approval()
	if a.State != incident.Approved || len(a.Votes) != 1 || a.Votes[0].By != (incident.Person{Subject: "ada@example.com", Name: "Ada Byron", Method: "slack"}) || len(c.w.Decisions()) != 1 {
		t.Errorf("%+v, workflow %v", a, c.w.Decisions())
	}
	if len(c.said.got) != 2 || !strings.Contains(c.said.got[0], "You approved the plan") || !strings.Contains(c.said.got[0], `"ephemeral"`) || !strings.Contains(c.said.got[1], "already approved by Ada Byron") {
		t.Errorf("answers %q", c.said.got)
	}
}

func TestSlackRefuses(t *testing.T) {
	set := func(name string, v any) func(map[string]any) { return func(p map[string]any) { p[name] = v } }
	user := func(id string) func(map[string]any) { return set("user", map[string]string{"id": id}) }
	for name, x := range map[string]struct {
		secret string
		late   time.Duration
		change func(map[string]any)
		action string
		status int
		told   string
	}{
		"other secret":   {"another-signing-secret-of-32-chars", 0, nil, "approve", 403, ""},
		"old":            {signing, 301 * time.Second, nil, "approve", 403, ""},
		"from ahead":     {signing, -301 * time.Second, nil, "approve", 403, ""},
		"other team":     {signing, 0, set("team", map[string]string{"id": "T2"}), "approve", 200, "another workspace"},
		"other app":      {signing, 0, set("api_app_id", "A2"), "approve", 200, "another workspace or app"},
		"unknown user":   {signing, 0, user("U9"), "approve", 200, "no approver"},
		"not approver":   {signing, 0, user("U2"), "approve", 200, "no approver"},
		"link":           {signing, 0, nil, "open", 200, ""},
		"unknown button": {signing, 0, nil, "deploy", 400, ""},
		"a message":      {signing, 0, set("type", "message_action"), "approve", 400, ""},
		"answer elsewhere": {signing, 0, func(p map[string]any) {
			p["response_url"] = "https://hooks.slack.com.evil.example/x"
			p["team"] = map[string]string{"id": "T2"}
		}, "approve", 200, ""},
		"other plan": {signing, 0, set("actions", []any{map[string]string{"type": "button", "action_id": "approve", "value": "apr-none " + strings.Repeat("0", 64)}}), "approve", 200, "does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChat(t, ring{})
			if code := c.send(c.press(x.action, x.change), x.secret, c.w.Now().Add(-x.late)); code != x.status {
				t.Errorf("status %d, want %d", code, x.status)
			}
			if got := strings.Join(c.said.got, " "); (x.told == "") != (got == "") || !strings.Contains(got, x.told) {
				t.Errorf("told %q, want %q", got, x.told)
			}
			if c.approval().State != incident.Pending || len(c.w.Decisions()) != 0 {
				t.Error("it decided")
			}
		})
	}
}

func TestSlackWithoutSecret(t *testing.T) {
	c := newChat(t, ring{err: errors.New("secret store away: token xoxb-1")})
	if code := c.send(c.press("approve", nil), signing, c.w.Now()); code != 503 || c.approval().State != incident.Pending {
		t.Errorf("status %d", code)
	}
}
