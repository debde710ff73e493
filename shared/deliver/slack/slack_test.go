package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/delivertest"
	"github.com/firefinder/firefinder/shared/incident"
)

func TestBlocks(t *testing.T) {
	notices := delivertest.Notices()
	for _, name := range slices.Sorted(maps.Keys(notices)) {
		t.Run(name, func(t *testing.T) {
			n := notices[name]
			blocks := Blocks(n)
			data, err := json.MarshalIndent(blocks, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			delivertest.Golden(t, name+".json", string(data)+"\n")
			if strings.Contains(string(data), delivertest.Secret) || n.Code != "" && strings.Contains(string(data), n.Code) {
				t.Error("the fragment secret or the plan code is in the message")
			}
			if strings.Contains(string(data), "mrkdwn") {
				t.Error("text that Slack parses")
			}
			if len(blocks) > 50 || len(blocks[0]["text"].(block)["text"].(string)) > 3*maxHeader {
				t.Error("more than Slack takes")
			}
		})
	}
}

func TestButtonsOnlyUnderAWholePlan(t *testing.T) {
	n := delivertest.Notices()["proposal"]
	has := func() bool {
		data, _ := json.Marshal(Blocks(n))
		return strings.Contains(string(data), `"action_id":"approve"`)
	}
	if !has() {
		t.Error("no buttons under a plan that fits")
	}
	for range 60 {
		n.Plan.Actions = append(n.Plan.Actions, incident.PlanAction{Phase: incident.Apply, Text: strings.Repeat("step ", 60), Risk: incident.RiskLow})
	}
	if has() {
		t.Error("buttons under a plan of which a part is not shown")
	}
}

func TestEscape(t *testing.T) {
	if got := escape("<!channel> @here a&b <https://x|y>"); strings.ContainsAny(got, "<>") || strings.Contains(got, "@h") {
		t.Error(got)
	}
}

// workspace is a stand-in for Slack's Web API, after its public reference: chat.postMessage, chat.update,
// conversations.history and conversations.replies.
type workspace struct {
	mu       sync.Mutex
	messages []map[string]any
	calls    []string
	next     func(method string) (status int, body string, lost bool) // nil or zero: work
}

func (w *workspace) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	w.calls = append(w.calls, method)
	reply := func(v any) { _ = json.NewEncoder(rw).Encode(v) }
	lost := false
	if w.next != nil {
		status, body, l := w.next(method)
		lost = l
		if status != 0 {
			rw.Header().Set("Retry-After", "30")
			rw.WriteHeader(status)
			_, _ = io.WriteString(rw, body)
			return
		}
	}
	if r.Header.Get("Authorization") != "Bearer xox-token" {
		reply(map[string]any{"ok": false, "error": "invalid_auth"})
		return
	}
	var m map[string]any
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			reply(map[string]any{"ok": false, "error": "invalid_json"})
			return
		}
	}
	switch method {
	case "chat.postMessage":
		ts := fmt.Sprintf("1700000000.%06d", len(w.messages)+1)
		m["ts"] = ts
		w.messages = append(w.messages, m)
		if lost {
			panic(http.ErrAbortHandler)
		}
		reply(map[string]any{"ok": true, "channel": "C01", "ts": ts})
	case "chat.update":
		for i, old := range w.messages {
			if old["ts"] == m["ts"] && m["channel"] == "C01" {
				w.messages[i] = m
				reply(map[string]any{"ok": true, "channel": "C01", "ts": m["ts"]})
				return
			}
		}
		reply(map[string]any{"ok": false, "error": "message_not_found"})
	case "conversations.history", "conversations.replies":
		thread, _ := any(r.URL.Query().Get("ts")), 0
		out := []map[string]any{}
		for _, msg := range w.messages {
			if in := msg["thread_ts"]; method == "conversations.history" && in == nil || in != nil && in == thread {
				out = append(out, msg)
			}
		}
		reply(map[string]any{"ok": true, "messages": out})
	default:
		reply(map[string]any{"ok": false, "error": "unknown_method"})
	}
}

func (w *workspace) channel(t *testing.T) *Channel {
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return New(Options{Channel: "C01", Base: server.URL + "/api", Token: func(context.Context) (string, error) { return "xox-token", nil }})
}

func TestThreadAndDecision(t *testing.T) {
	w := &workspace{}
	ch := w.channel(t)
	notices := delivertest.Notices()
	first, err := ch.Deliver(t.Context(), notices["findings"], nil, false)
	if err != nil || first.Ref != "C01/1700000000.000001" {
		t.Fatalf("%+v, %v", first, err)
	}
	asked, err := ch.Deliver(t.Context(), notices["proposal"], &first, false)
	if err != nil {
		t.Fatal(err)
	}
	asked.Key = "proposal/apr-7h2k"
	verdict := notices["approved"]
	verdict.Told = []deliver.Receipt{first, asked}
	if _, err := ch.Deliver(t.Context(), verdict, &first, false); err != nil {
		t.Fatal(err)
	}
	if len(w.messages) != 3 || w.messages[1]["thread_ts"] != nil && w.messages[2]["thread_ts"] != "1700000000.000001" {
		t.Fatalf("%d messages, want three in one thread", len(w.messages))
	}
	data, _ := json.Marshal(w.messages[1])
	if strings.Contains(string(data), "action_id") || !strings.Contains(string(data), "Kim Park") {
		t.Errorf("the request still has its buttons, or does not say who decided: %s", data)
	}
	if w.messages[2]["unfurl_links"] != false || w.messages[2]["link_names"] != false {
		t.Error("links unfurl or names are linked")
	}
}

func TestLostAnswerIsLookedUp(t *testing.T) {
	lose := true
	w := &workspace{next: func(method string) (int, string, bool) {
		l := lose && method == "chat.postMessage"
		lose = lose && !l
		return 0, "", l
	}}
	ch := w.channel(t)
	n := delivertest.Notices()["findings"]
	if _, err := ch.Deliver(t.Context(), n, nil, false); !incident.Is(err, incident.Unavailable) {
		t.Fatalf("%v", err)
	}
	receipt, err := ch.Deliver(t.Context(), n, nil, true)
	if err != nil || receipt.Ref != "C01/1700000000.000001" || len(w.messages) != 1 {
		t.Errorf("%+v, %v, %d messages", receipt, err, len(w.messages))
	}
}

func TestRefusals(t *testing.T) {
	for body, want := range map[string]incident.Class{
		`{"ok":false,"error":"missing_scope","needed":"chat:write"}`: incident.Denied,
		`{"ok":false,"error":"channel_not_found"}`:                   incident.Denied,
		`{"ok":false,"error":"invalid_auth"}`:                        incident.Denied,
		`{"ok":false,"error":"token_revoked"}`:                       incident.Denied,
		`{"ok":false,"error":"invalid_blocks"}`:                      incident.Invalid,
		`{"ok":false,"error":"ratelimited"}`:                         incident.Throttled,
		`{"ok":false,"error":"internal_error"}`:                      incident.Unavailable,
		`not json`:                                                   incident.Unavailable,
	} {
		w := &workspace{next: func(string) (int, string, bool) { return 200, body, false }}
		if _, err := w.channel(t).Deliver(t.Context(), delivertest.Notices()["findings"], nil, false); !incident.Is(err, want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	for status, want := range map[int]incident.Class{429: incident.Throttled, 503: incident.Unavailable} {
		w := &workspace{next: func(string) (int, string, bool) { return status, "", false }}
		if _, err := w.channel(t).Deliver(t.Context(), delivertest.Notices()["findings"], nil, false); !incident.Is(err, want) {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
	}
}
