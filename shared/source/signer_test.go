package source_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
)

// inProcess calls a handler as if over the network.
type inProcess struct {
	http.Handler
	mu   sync.Mutex
	seen []string
}

func (p *inProcess) Do(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	p.seen = append(p.seen, string(body))
	p.mu.Unlock()
	in := httptest.NewRequest(r.Method, r.URL.Path, strings.NewReader(string(body)))
	in.Header = r.Header
	w := httptest.NewRecorder()
	p.ServeHTTP(w, in)
	return w.Result(), nil
}

func newSigner(h *hooks, target string, foreign bool, doer source.Doer) (*source.Signer, *letters) {
	dead := &letters{}
	return source.NewSigner(source.SignerDeps{
		Space: h.space, Source: cloudwatch.New(h.space, nil), Target: target, Foreign: foreign, Secrets: h.secrets, Dead: dead,
		HTTP: doer, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	}), dead
}

func message(id, body string) queue.Message {
	return queue.Message{ID: id, Body: []byte(body), Receives: 1}
}

func TestSigner(t *testing.T) {
	h := newHooks(t, "")
	wire := &inProcess{Handler: h}
	s, dead := newSigner(h, "http://firefinder.test/hooks/cloudwatch", false, wire)
	failed := s.Handle(t.Context(), []queue.Message{
		message("alarm", sample(t, "cloudwatch/eventbridge_single_metric.json")),
		message("ok", sample(t, "cloudwatch/eventbridge_ok.json")),
		message("health", sample(t, "cloudwatch/eventbridge_aws_health_event.json")),
		message("rubbish", "<xml/>"),
	})
	if len(failed) != 0 {
		t.Fatalf("failed: %v", failed)
	}
	if len(h.queue.bodies) != 2 || len(dead.bodies) != 1 || dead.bodies[0] != "<xml/>" {
		t.Fatalf("queued %d, dead %v", len(h.queue.bodies), dead.reasons)
	}
	var fire, recovery incident.Event
	for i, into := range []*incident.Event{&fire, &recovery} {
		if err := json.Unmarshal([]byte(h.queue.bodies[i]), into); err != nil {
			t.Fatal(err)
		}
	}
	if fire.AlarmKey() != recovery.AlarmKey() || fire.EventID() == recovery.EventID() || !fire.Action.Firing() || recovery.Action.Firing() {
		t.Errorf("fire %s %s, recovery %s %s", fire.AlarmKey(), fire.Action, recovery.AlarmKey(), recovery.Action)
	}
}

// A foreign webhook gets the contract's own fields, and alarms only when they fire.
func TestSignerForeign(t *testing.T) {
	h := newHooks(t, "")
	wire := &inProcess{Handler: h}
	s, _ := newSigner(h, "http://other.test/hooks/generic", true, wire)
	failed := s.Handle(t.Context(), []queue.Message{
		message("alarm", sample(t, "cloudwatch/eventbridge_single_metric.json")),
		message("ok", sample(t, "cloudwatch/eventbridge_ok.json")),
		message("no data", sample(t, "cloudwatch/eventbridge_insufficient_data.json")),
	})
	if len(failed) != 0 || len(wire.seen) != 1 {
		t.Fatalf("failed %v, posted %d times, want once", failed, len(wire.seen))
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(wire.seen[0]), &fields); err != nil {
		t.Fatal(err)
	}
	for _, extra := range []string{"rule", "account", "region", "dimensions", "source", "type", "metric"} {
		if _, ok := fields[extra]; ok {
			t.Errorf("field %s is ours, not the contract's", extra)
		}
	}
}

func TestSignerKeepsWhatMaySucceedLater(t *testing.T) {
	alarm := message("alarm", sample(t, "cloudwatch/eventbridge_single_metric.json"))
	for status, want := range map[int]incident.Class{429: incident.Throttled, 500: incident.Unavailable, 503: incident.Unavailable, 401: incident.Denied, 404: incident.Unavailable} {
		h := newHooks(t, "")
		wire := &inProcess{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })}
		s, dead := newSigner(h, "http://firefinder.test/hooks/cloudwatch", false, wire)
		err := s.Handle(t.Context(), []queue.Message{alarm})["alarm"]
		if incident.ClassOf(err) != want || len(dead.bodies) != 0 || len(wire.seen) != 2 {
			t.Errorf("%d: %v, dead %d, %d posts; want %s, none, 2", status, err, len(dead.bodies), len(wire.seen), want)
		}
	}
	h := newHooks(t, "")
	wire := &inProcess{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(422) })}
	s, dead := newSigner(h, "http://firefinder.test/hooks/cloudwatch", false, wire)
	if failed := s.Handle(t.Context(), []queue.Message{alarm}); len(failed) != 0 || len(dead.bodies) != 1 || len(wire.seen) != 1 {
		t.Errorf("422: failed %v, dead %v, %d posts; want none, one, one", failed, dead.reasons, len(wire.seen))
	}
	h.secrets.active = map[string][]config.Secret{}
	if err := s.Handle(t.Context(), []queue.Message{alarm})["alarm"]; err == nil {
		t.Error("posted without a secret")
	}
}
