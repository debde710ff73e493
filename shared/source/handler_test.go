package source_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/events"
	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
	"github.com/firefinder/firefinder/shared/source/generic"
	"github.com/firefinder/firefinder/shared/source/sign"
)

var now = time.Date(2026, 3, 10, 3, 2, 45, 0, time.UTC)

const secretText = "a-secret-of-the-tests-0123456789-0123456789"

var secret = config.NewSecret([]byte(secretText))

// hooks is a webhook with everything behind it in memory.
type hooks struct {
	http.Handler
	queue   *letters
	dead    *letters
	blob    *blob.Memory
	store   kv.Store
	secrets *ring
	log     *bytes.Buffer
	space   config.Space
}

// letters is a queue that only keeps; fail makes it refuse.
type letters struct {
	bodies  []string
	reasons []string
	fail    error
}

func (l *letters) Send(_ context.Context, _ string, body []byte) error {
	if l.fail == nil {
		l.bodies = append(l.bodies, string(body))
	}
	return l.fail
}

func (l *letters) Bury(_ context.Context, body []byte, reason string) error {
	if l.fail == nil {
		l.bodies, l.reasons = append(l.bodies, string(body)), append(l.reasons, reason)
	}
	return l.fail
}

var (
	_ queue.Sender      = (*letters)(nil)
	_ queue.DeadLetters = (*letters)(nil)
)

// ring holds secrets by name, and what a refresh would find.
type ring struct{ active, fresh map[string][]config.Secret }

func (r *ring) Active(_ context.Context, name string) ([]config.Secret, error) {
	if r.active[name] == nil {
		return nil, incident.Errorf(incident.NotFound, "no secret %s", name)
	}
	return r.active[name], nil
}

func (r *ring) Refresh(ctx context.Context, name string) ([]config.Secret, error) {
	if r.fresh[name] != nil {
		return r.fresh[name], nil
	}
	return r.Active(ctx, name)
}

const spaceFile = `
name: shop
account: "123456789012"
services:
  - {name: checkout, dimensions: {TargetGroup: [targetgroup/checkout/1]}}
  - {name: orders-db, dimensions: {DBInstanceIdentifier: [orders-db]}, tags: {service: orders-db}}
sources:
  - {kind: generic%s}
  - {kind: cloudwatch}
`

func newHooks(t *testing.T, options string) *hooks {
	t.Helper()
	space, err := config.ParseSpace("shop.yaml", fmt.Appendf(nil, spaceFile, options))
	if err != nil {
		t.Fatal(err)
	}
	h := &hooks{queue: &letters{}, dead: &letters{}, blob: &blob.Memory{}, store: kv.NewMemory(), log: &bytes.Buffer{}, space: space, secrets: &ring{active: map[string][]config.Secret{}, fresh: map[string][]config.Secret{}}}
	for _, s := range space.Sources {
		h.secrets.active[s.Secret] = []config.Secret{secret}
	}
	h.Handler = source.Handler(source.Deps{
		Space: space, Sources: []source.Source{generic.New(space), cloudwatch.New(space, nil)}, Secrets: h.secrets,
		Queue: h.queue, Dead: h.dead, Blob: h.blob, Store: h.store, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(h.log, nil)),
	})
	return h
}

type response struct {
	status int
	body   string
}

func (h *hooks) do(r *http.Request) response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return response{w.Code, strings.TrimSpace(w.Body.String())}
}

func signedWith(s config.Secret, path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	stamp := sign.Stamp(now)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(sign.HeaderTimestamp, stamp)
	r.Header.Set(sign.HeaderSignature, sign.Sign(s, stamp, []byte(body)))
	return r
}

func signed(body string) *http.Request { return signedWith(secret, "/hooks/generic", body) }

func sample(t *testing.T, name string) string {
	t.Helper()
	data, err := events.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAccepted(t *testing.T) {
	h := newHooks(t, "")
	body := sample(t, "generic/created.json")
	got := h.do(signed(body))
	var ids struct {
		EventID  string `json:"event_id"`
		AlarmKey string `json:"alarm_key"`
	}
	if err := json.Unmarshal([]byte(got.body), &ids); err != nil || got.status != http.StatusAccepted || ids.AlarmKey != "generic|||INC-2031" {
		t.Fatalf("answer = %d %s", got.status, got.body)
	}
	if len(h.queue.bodies) != 1 {
		t.Fatalf("queue holds %d messages, want 1", len(h.queue.bodies))
	}
	var e incident.Event
	if err := json.Unmarshal([]byte(h.queue.bodies[0]), &e); err != nil || e.EventID() != ids.EventID || e.Service != "checkout" {
		t.Fatalf("queued %+v, %v", e, err)
	}
	want := response{http.StatusOK, fmt.Sprintf(`{"event_id":%q,"alarm_key":"generic|||INC-2031","duplicate":true}`, ids.EventID)}
	if diff := cmp.Diff(want, h.do(signed(body)), cmp.AllowUnexported(response{})); diff != "" {
		t.Errorf("second delivery (-want +got):\n%s", diff)
	}
	if strings.Contains(h.log.String(), "checkout answers") || strings.Contains(h.log.String(), secretText) {
		t.Errorf("the log holds payload or secret:\n%s", h.log)
	}
}

// Title, description and links are shown in lists and pages: secrets are taken out of them at the door. The vendor's body
// stays whole, and the identity is the same.
func TestSecretsStayAtTheDoor(t *testing.T) {
	h := newHooks(t, "")
	const body = `{"eventType":"incident","incidentId":"A-1","action":"created","priority":"HIGH","title":"login with password=hunter2!x fails","description":"postgres://app:hunter2!x@db/shop","timestamp":"2026-03-10T03:02:00Z","links":["https://app:hunter2!x@x.example/"],"data":{"raw":"password=hunter2!x"}}`
	if got := h.do(signed(body)); got.status != http.StatusAccepted {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var e incident.Event
	if err := json.Unmarshal([]byte(h.queue.bodies[0]), &e); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(e.Title+e.Description+strings.Join(e.Links, ""), "hunter2!x") || !strings.Contains(e.Title, "login with password=<secret:") || !strings.Contains(string(e.Data), "hunter2!x") {
		t.Errorf("%+v, data %s", e, e.Data)
	}
}

// An event without a time of its own is dated by the signature, so that a replayed delivery is recognised.
func TestReplayWithoutTimestamp(t *testing.T) {
	h := newHooks(t, "")
	body := `{"eventType":"incident","incidentId":"1","action":"created","priority":"LOW","title":"x"}`
	if got := h.do(signed(body)); got.status != http.StatusAccepted {
		t.Fatalf("first: %v", got)
	}
	if got := h.do(signed(body)); got.status != http.StatusOK {
		t.Errorf("replay: %v", got)
	}
}

func TestRefused(t *testing.T) {
	good := `{"eventType":"incident","incidentId":"1","action":"created","priority":"LOW","title":"x"}`
	change := func(f func(*http.Request)) *http.Request {
		r := signed(good)
		f(r)
		return r
	}
	for name, c := range map[string]struct {
		request *http.Request
		status  int
		says    string
		dead    bool
	}{
		"unknown source": {signedWith(secret, "/hooks/other", good), 404, "no such source", false},
		"no signature":   {change(func(r *http.Request) { r.Header.Del(sign.HeaderSignature) }), 401, `{"errors":["unauthorized"]}`, false},
		"other secret":   {signedWith(config.NewSecret([]byte("another-secret-0123456789-0123456789")), "/hooks/generic", good), 401, `{"errors":["unauthorized"]}`, false},
		"two timestamps": {change(func(r *http.Request) { r.Header.Add(sign.HeaderTimestamp, r.Header.Get(sign.HeaderTimestamp)) }), 401, "unauthorized", false},
		"gzip":           {change(func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }), 415, "encodings", false},
		"text":           {change(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), 415, "application/json", false},
		"no type":        {change(func(r *http.Request) { r.Header.Del("Content-Type") }), 415, "application/json", false},
		"UTF-16":         {change(func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-16") }), 415, "application/json", false},
		"too large":      {signed(`{"title":"` + strings.Repeat("x", source.OurBody) + `"}`), 413, "larger than 262144", false},
		"too large, length hidden": {func() *http.Request {
			r := signed(`{"title":"` + strings.Repeat("x", source.OurBody) + `"}`)
			r.ContentLength, r.Body = -1, io.NopCloser(r.Body)
			return r
		}(), 413, "larger than 262144", false},
		"not JSON":         {signed(`{"title":`), 400, "well-formed", true},
		"twice":            {signed(`{"title":"a","title":"b"}`), 400, "twice", true},
		"no object":        {signed(`[]`), 422, "object", true},
		"missing fields":   {signed(`{"eventType":"incident"}`), 422, "incidentId: required; action: must be", true},
		"wrong types":      {signed(`{"eventType":1,"timestamp":"yesterday"}`), 422, "timestamp: must be an ISO 8601", true},
		"unknown priority": {signed(strings.Replace(good, "LOW", "P2", 1)), 422, "priority: must be CRITICAL", true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHooks(t, "")
			got := h.do(c.request)
			if got.status != c.status || !strings.Contains(got.body, c.says) {
				t.Errorf("answer = %d %s, want %d %s", got.status, got.body, c.status, c.says)
			}
			if len(h.queue.bodies) > 0 {
				t.Error("something reached the queue")
			}
			if (len(h.dead.bodies) == 1) != c.dead {
				t.Errorf("dead letters: %v", h.dead.reasons)
			}
		})
	}
	h := newHooks(t, "")
	for i, want := range []string{`{"errors":["event: `, `"duplicate":true`} {
		if got := h.do(signed(`{"eventType":"incident"}`)); got.status != 422 || !strings.Contains(got.body, want) || len(h.dead.bodies) != 1 {
			t.Errorf("refused %d times: %d %s, %d dead letters; want 422 with %s and one", i+1, got.status, got.body, len(h.dead.bodies), want)
		}
	}
	if got := newHooks(t, "").do(httptest.NewRequest(http.MethodGet, "/hooks/generic", nil)); got.status != 405 {
		t.Errorf("GET: %v", got)
	}
}

func TestOwnTrouble(t *testing.T) {
	body := sample(t, "generic/created.json")
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"busy":    {incident.Errorf(incident.Throttled, "slow down, host db-17"), 429},
		"away":    {incident.Errorf(incident.Unavailable, "no answer from host db-17"), 503},
		"our own": {incident.Errorf(incident.Internal, "bug in host db-17"), 500},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHooks(t, "")
			h.queue.fail = c.err
			if got := h.do(signed(body)); got.status != c.status || strings.Contains(got.body, "db-17") {
				t.Errorf("answer = %v, want %d and nothing of the cause", got, c.status)
			}
			h.queue.fail = nil
			if got := h.do(signed(body)); got.status != http.StatusAccepted {
				t.Errorf("retry = %v; what the queue refused must not be known as a duplicate", got)
			}
		})
	}
	h := newHooks(t, "")
	h.dead.fail = incident.Errorf(incident.Unavailable, "no answer")
	if got := h.do(signed(`{"a":1}`)); got.status != 503 {
		t.Errorf("bad body that cannot be kept: %v, want 503", got)
	}
}

// A secret that is missing or unfit closes its source and no other.
func TestClosedSource(t *testing.T) {
	body := sample(t, "generic/created.json")
	for name, secrets := range map[string][]config.Secret{
		"missing":          nil,
		"empty":            {config.NewSecret(nil)},
		"short":            {config.NewSecret([]byte("short"))},
		"ends in newline":  {config.NewSecret([]byte(secretText + "\n"))},
		"ends in NUL":      {config.NewSecret([]byte(secretText + "\x00"))},
		"only the old one": {config.NewSecret(nil), secret},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHooks(t, "")
			h.secrets.active["firefinder/shop/source/generic"] = secrets
			use := secret
			if len(secrets) == 1 {
				use = secrets[0]
			}
			if got := h.do(signedWith(use, "/hooks/generic", body)); got.status != 503 {
				t.Errorf("answer = %v, want 503", got)
			}
			if got := h.do(signedWith(secret, "/hooks/cloudwatch", body)); got.status != http.StatusAccepted {
				t.Errorf("another source: %v, want 202", got)
			}
		})
	}
	h := newHooks(t, "")
	weak := config.NewSecret([]byte("weak"))
	h.secrets.active["firefinder/shop/source/generic"] = []config.Secret{secret, weak}
	if got := h.do(signedWith(weak, "/hooks/generic", body)); got.status != 401 {
		t.Errorf("signed with an unfit old secret: %v, want 401", got)
	}
	if got := h.do(signed(body)); got.status != http.StatusAccepted {
		t.Errorf("signed with the current secret: %v, want 202", got)
	}
}

// A delivery signed with a secret that this process has not read yet makes it look again.
func TestRotation(t *testing.T) {
	h := newHooks(t, "")
	next := config.NewSecret([]byte("the-next-secret-0123456789-0123456789"))
	body := sample(t, "generic/created.json")
	if got := h.do(signedWith(next, "/hooks/generic", body)); got.status != 401 {
		t.Fatalf("before rotation: %v", got)
	}
	h.secrets.fresh["firefinder/shop/source/generic"] = []config.Secret{next, secret}
	if got := h.do(signedWith(next, "/hooks/generic", body)); got.status != http.StatusAccepted {
		t.Errorf("after rotation: %v", got)
	}
	h.secrets.active, h.secrets.fresh = map[string][]config.Secret{"firefinder/shop/source/generic": {next}}, nil
	if got := h.do(signed(body)); got.status != 401 {
		t.Errorf("with the retired secret: %v", got)
	}
}

func TestSchemes(t *testing.T) {
	body := sample(t, "generic/created.json")
	post := func(headers ...string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/hooks/generic", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r
	}
	bearer := newHooks(t, ", scheme: bearer")
	if got := bearer.do(post("Authorization", "Bearer "+secretText)); got.status != http.StatusAccepted {
		t.Errorf("bearer: %v", got)
	}
	if got := bearer.do(signed(body)); got.status != 401 {
		t.Errorf("HMAC where bearer was chosen: %v", got)
	}
	if got := newHooks(t, "").do(post("Authorization", "Bearer "+secretText)); got.status != 401 {
		t.Errorf("bearer where HMAC was chosen: %v", got)
	}
	standard := newHooks(t, ", scheme: standard")
	key := config.NewSecret([]byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	standard.secrets.active["firefinder/shop/source/generic"] = []config.Secret{key}
	stamp, sig, err := sign.SignStandard(key, "msg_1", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if got := standard.do(post(sign.StandardID, "msg_1", sign.StandardTimestamp, stamp, sign.StandardSignature, sig)); got.status != http.StatusAccepted {
		t.Errorf("Standard Webhooks: %v", got)
	}
	standard.secrets.active["firefinder/shop/source/generic"] = []config.Secret{secret}
	if got := standard.do(post(sign.StandardID, "msg_1", sign.StandardTimestamp, stamp, sign.StandardSignature, sig)); got.status != 503 {
		t.Errorf("Standard Webhooks with a secret of another form: %v, want 503", got)
	}
}

// What does not fit into a queue message goes to blob, and the event points to it.
func TestOversizedBody(t *testing.T) {
	h := newHooks(t, "")
	data := `{"text":"` + strings.Repeat("x", 240<<10) + `"}`
	body := strings.TrimSuffix(`{"eventType":"incident","incidentId":"1","action":"created","priority":"LOW","title":"x"}`, "}") + `,"data":` + data + "}"
	if got := h.do(signed(body)); got.status != http.StatusAccepted {
		t.Fatalf("answer = %v", got)
	}
	var e incident.Event
	if err := json.Unmarshal([]byte(h.queue.bodies[0]), &e); err != nil {
		t.Fatal(err)
	}
	var pointer struct{ Blob string }
	if err := json.Unmarshal(e.Data, &pointer); err != nil {
		t.Fatal(err)
	}
	kept, err := h.blob.Get(t.Context(), pointer.Blob)
	if err != nil || string(kept) != data {
		t.Errorf("kept %d bytes, %v; want %d", len(kept), err, len(data))
	}
}

// counted is a body that tells how much of it was read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// A body that says it is too large is not read at all, one that does not say so no further than to know.
func TestNoMoreIsReadThanAllowed(t *testing.T) {
	for _, c := range []struct {
		length int64
		most   int
	}{{4 * source.OurBody, 0}, {-1, source.OurBody + 1}} {
		body := &counted{Reader: strings.NewReader(strings.Repeat("x", 4*source.OurBody))}
		r := signed("{}")
		r.ContentLength, r.Body = c.length, io.NopCloser(body)
		if got := newHooks(t, "").do(r); got.status != http.StatusRequestEntityTooLarge || body.n > c.most {
			t.Errorf("length %d: answer %v after %d bytes, want 413 after at most %d", c.length, got, body.n, c.most)
		}
	}
}
