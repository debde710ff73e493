package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/boot"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
)

// decision is what the webhook did with the last delivery of a vector.
type decision struct {
	Name     string `json:"name"`
	Status   int    `json:"status"`
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
}

// webhook is the real handler on storage of its own.
type webhook struct {
	call    func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)
	now     time.Time
	secrets []config.Secret
	log     bytes.Buffer // what the webhook said last
}

// Active implements source.Secrets.
func (w *webhook) Active(context.Context, string) ([]config.Secret, error) { return w.secrets, nil }

// Refresh implements source.Secrets.
func (w *webhook) Refresh(context.Context, string) ([]config.Secret, error) { return w.secrets, nil }

// Send implements queue.Sender: everything is taken.
func (w *webhook) Send(context.Context, string, []byte) error { return nil }

// Bury implements queue.DeadLetters.
func (w *webhook) Bury(context.Context, []byte, string) error { return nil }

// schemes are the names that a vector may give to a way of proving, and the source with the scheme that stands for it.
var schemes = map[string]config.Source{
	"hmac": {Kind: "generic", Scheme: "hmac"}, "bearer": {Kind: "generic", Scheme: "bearer"}, "standard": {Kind: "generic", Scheme: "standard"},
	"standard-webhooks": {Kind: "generic", Scheme: "standard"}, "svix": {Kind: "incidentio"}, "pagerduty": {Kind: "pagerduty"}, "pagerduty-v1": {Kind: "pagerduty"},
	"github": {Kind: "github"}, "github-sha256": {Kind: "github"}, "gitlab": {Kind: "gitlab"}, "grafana": {Kind: "grafana"}, "sentry": {Kind: "sentry"},
}

// hears is the source that a vector is delivered to. A source of the vector's own goes first, then the scheme. Names that
// nothing here has may be somebody's notes: that vector goes to the webhook contract under hmac, and note says so.
func (v vector) hears() (to config.Source, note string) {
	scheme := schemes[strings.ToLower(strings.ReplaceAll(v.Scheme, "_", "-"))]
	for _, s := range catalogue.All(config.Space{}) {
		if s.Rules().Kind == v.Source {
			return config.Source{Kind: v.Source, Scheme: scheme.Scheme}, ""
		}
	}
	if scheme.Kind != "" {
		return scheme, ""
	}
	if v.Source+v.Scheme != "" {
		note = fmt.Sprintf("NOTE %s: no source %q and no scheme %q here; it went to generic under hmac", v.Name, v.Source, v.Scheme)
	}
	return config.Source{Kind: "generic"}, note
}

func newWebhook(hears config.Source) *webhook {
	w := &webhook{}
	hears.Secret = "vectors"
	space := config.Space{Name: "vectors", Account: "123456789012", Sources: []config.Source{hears}}
	w.call = boot.HTTP(source.Handler(source.Deps{
		Space: space, Sources: catalogue.All(space), Secrets: w, Queue: w, Dead: w, Blob: &blob.Memory{}, Store: kv.NewMemory(),
		Now: func() time.Time { return w.now }, Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}))
	return w
}

// decide delivers a vector, what must come before it, and its repeats, to a fresh webhook.
func (set vectors) decide(v vector) (decision, error) {
	if v.fault != nil {
		return decision{}, v.fault
	}
	hears, _ := v.hears()
	w := newWebhook(hears)
	before, err := set.before(v)
	if err != nil {
		return decision{}, err
	}
	for _, b := range before {
		if _, err := w.deliver(set, b, hears.Kind); err != nil {
			return decision{}, err
		}
	}
	var res events.APIGatewayV2HTTPResponse
	for range max(1, v.Repeat) {
		if res, err = w.deliver(set, v, hears.Kind); err != nil {
			return decision{}, err
		}
	}
	return judge(v.Name, res, w.reason()), nil
}

// before lists what is delivered ahead of a vector, first one first.
func (set vectors) before(v vector) ([]vector, error) {
	var out []vector
	for name := v.After; name != ""; {
		b, ok := set.byName[name]
		if !ok || b.fault != nil || len(out) > len(set.vectors) {
			return nil, fmt.Errorf("after: no vector %q that can be run, or a circle", name)
		}
		out, name = append([]vector{b}, out...), b.After
	}
	return out, nil
}

func (w *webhook) deliver(set vectors, v vector, kind string) (events.APIGatewayV2HTTPResponse, error) {
	w.now, w.secrets = v.Now.Time, nil
	for _, s := range v.Secrets {
		w.secrets = append(w.secrets, config.NewSecret(s))
	}
	in := events.APIGatewayV2HTTPRequest{RawPath: "/hooks/" + kind, Headers: set.headers(v), Body: string(v.Body)}
	in.RequestContext.HTTP.Method = http.MethodPost
	if v.Transport.Base64 {
		in.Body, in.IsBase64Encoded = base64.StdEncoding.EncodeToString(v.Body), true
	}
	w.log.Reset()
	return w.call(context.Background(), in)
}

// reason is why the webhook refused, as it logs it; the sender learns less.
func (w *webhook) reason() string {
	var line struct {
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(w.log.Bytes(), &line) // nothing logged: no reason
	return line.Reason
}

// judge reads an answer. Accepted is what was authenticated and is well-formed: also what then lacks a field (422). A
// duplicate, of either, is a replay and counts as rejected.
func judge(name string, res events.APIGatewayV2HTTPResponse, reason string) decision {
	d := decision{Name: name, Status: res.StatusCode, Decision: "reject", Reason: reason}
	var said struct {
		Duplicate bool `json:"duplicate"`
	}
	_ = json.Unmarshal([]byte(res.Body), &said) // an answer without a body is no duplicate
	switch {
	case said.Duplicate:
		d.Reason = "duplicate"
	case res.StatusCode == http.StatusAccepted:
		d.Decision, d.Reason = "accept", "accepted"
	case res.StatusCode == http.StatusUnprocessableEntity:
		d.Decision, d.Reason = "accept", "authenticated and well-formed, but "+reason
	case reason == "":
		d.Reason = "the body is not the base64 that it claims to be"
	}
	return d
}
