package source

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/source/sign"
)

// Doer sends an HTTP request; *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// SignerDeps is what a Signer needs.
type SignerDeps struct {
	Space   config.Space
	Source  Source // translates what the queue holds; cloudwatch
	Target  string // URL of a webhook
	Foreign bool   // the target is not ours: it gets the contract's own fields only, and alarms only when they fire
	Secrets Secrets
	Secret  string            // name of the signing secret; empty: that of the space's source that Target names
	Dead    queue.DeadLetters // what can never succeed; nil leaves it to the queue's own dead letters
	HTTP    Doer
	Now     func() time.Time
	Log     *slog.Logger
}

// Signer takes alarm state changes from a queue and posts them, signed, to a webhook. Its queue holds what the webhook
// cannot take now.
type Signer struct{ SignerDeps }

// NewSigner makes a Signer.
func NewSigner(d SignerDeps) *Signer {
	if d.Secret == "" {
		d.Secret = secretOf(d.Space, path.Base(d.Target))
	}
	return &Signer{d}
}

// secretOf is the secret of a source of the space; a foreign target shares that of cloudwatch.
func secretOf(space config.Space, kind string) string {
	name := ""
	for _, c := range space.Sources {
		if c.Kind == kind {
			return c.Secret
		}
		if c.Kind == "cloudwatch" {
			name = c.Secret
		}
	}
	return name
}

// Limits of one post.
const (
	postTime  = 5 * time.Second
	postTries = 2
)

// Handle implements queue.Handler. A message stays in the queue while the webhook is away (Unavailable, Throttled) or
// refuses our signature (Denied: the secret is being rotated, or wrong). What makes no sense, or what the webhook refuses
// for its content, is Invalid and goes to the dead letters under that name. Repeats are safe: the webhook knows duplicates.
func (s *Signer) Handle(ctx context.Context, batch []queue.Message) map[string]error {
	failed := map[string]error{}
	for _, m := range batch {
		err := s.message(ctx, m)
		if incident.Is(err, incident.Invalid) && s.Dead != nil {
			s.Log.WarnContext(ctx, "alarm state change buried", "message", m.ID, "reason", err.Error())
			err = s.Dead.Bury(ctx, m.Body, "signer: "+err.Error())
		}
		if err != nil {
			failed[m.ID] = err
		}
	}
	return failed
}

func (s *Signer) message(ctx context.Context, m queue.Message) error {
	if err := Strict(m.Body, OurDepth, nil); err != nil {
		return err
	}
	parsed, err := s.Source.Parse(m.Body, s.Now().UTC())
	if err != nil {
		return err
	}
	if len(parsed.Events) == 0 {
		s.Log.InfoContext(ctx, "message without an alarm", "message", m.ID, "note", parsed.Note)
	}
	for _, e := range parsed.Events {
		if s.Foreign && !(e.Action.Firing() && e.Type == "alarm") {
			continue
		}
		if err := e.Validate(); err != nil {
			return err
		}
		if err := s.post(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// contract is the webhook contract without our additions.
type contract struct {
	EventType   string            `json:"eventType"`
	IncidentID  string            `json:"incidentId"`
	Action      incident.Action   `json:"action"`
	Priority    incident.Priority `json:"priority"`
	Title       string            `json:"title"`
	Description string            `json:"description,omitempty"`
	Timestamp   string            `json:"timestamp"`
	Service     string            `json:"service,omitempty"`
	Data        json.RawMessage   `json:"data,omitempty"`
}

func (s *Signer) body(e incident.Event) ([]byte, error) {
	if !s.Foreign {
		return json.Marshal(e)
	}
	// A foreign webhook drops an incident id that it has seen, so each fire has its own.
	return json.Marshal(contract{e.EventType, e.IncidentID + "#" + sign.Stamp(e.Timestamp), e.Action, e.Priority, e.Title, e.Description, sign.Stamp(e.Timestamp), e.Service, e.Data})
}

func (s *Signer) post(ctx context.Context, e incident.Event) error {
	body, err := s.body(e)
	if err != nil {
		return incident.Errorf(incident.Invalid, "encode event %s: %w", e.EventID(), err)
	}
	if len(body) > OurBody {
		return incident.Errorf(incident.Invalid, "event %s has %d bytes; the webhook takes %d", e.EventID(), len(body), OurBody)
	}
	for range postTries {
		if err = s.try(ctx, body); err == nil || incident.Is(err, incident.Invalid) {
			break
		}
	}
	if err != nil {
		return incident.Errorf(incident.ClassOf(err), "post event %s: %w", e.EventID(), err)
	}
	return nil
}

// try signs anew each time: the clock runs, and the secret may have changed.
func (s *Signer) try(ctx context.Context, body []byte) error {
	secrets, err := s.Secrets.Active(ctx, s.Secret)
	if err != nil {
		return fmt.Errorf("signing secret: %w", err)
	}
	if len(secrets) == 0 {
		return incident.Errorf(incident.Unavailable, "signing secret %s has no value; store one", s.Secret)
	}
	ctx, cancel := context.WithTimeout(ctx, postTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Target, bytes.NewReader(body))
	if err != nil {
		return incident.Errorf(incident.Unavailable, "webhook address: %w", err)
	}
	stamp := sign.Stamp(s.Now())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(sign.HeaderTimestamp, stamp)
	req.Header.Set(sign.HeaderSignature, sign.Sign(secrets[0], stamp, body))
	res, err := s.HTTP.Do(req)
	if err != nil {
		return incident.Errorf(incident.Unavailable, "webhook: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, OurBody)) // read to the end so that the connection is used again
	return refusal(res.StatusCode)
}

func refusal(status int) error {
	switch {
	case status < 300:
		return nil
	case status == http.StatusTooManyRequests:
		return incident.Errorf(incident.Throttled, "the webhook is busy (429)")
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return incident.Errorf(incident.Denied, "the webhook refuses the signature (%d); compare the signing secret on both sides", status)
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity, status == http.StatusUnsupportedMediaType:
		return incident.Errorf(incident.Invalid, "the webhook refuses the event for what it holds (%d)", status)
	}
	return incident.Errorf(incident.Unavailable, "the webhook answers %d", status)
}
