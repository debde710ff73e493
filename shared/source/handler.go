package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/redact"
)

// Secrets reads the active values of a named secret: the current one first, then the one before it. Refresh reads them
// again although they were read lately; implementations bound how often that reaches their service.
type Secrets interface {
	Active(ctx context.Context, name string) ([]config.Secret, error)
	Refresh(ctx context.Context, name string) ([]config.Secret, error)
}

// Deps is what the webhook needs.
type Deps struct {
	Space   config.Space
	Sources []Source
	Secrets Secrets
	Queue   queue.Sender
	Dead    queue.DeadLetters
	Blob    blob.Store
	Store   kv.Store         // replay records and the change log
	Redact  *redact.Redactor // nil: one of its own
	Now     func() time.Time
	Log     *slog.Logger
}

// Handler serves POST /hooks/{source} for the sources that the space names. It answers
//
//	202  every event is durable in the queue: {event_id, alarm_key}, or {events: [...]} for several
//	200  {duplicate: true, ...}: these state changes were accepted before
//	400  the body is not well-formed JSON       422  it lacks what an event needs
//	401  who sent it is not proved: always the same body
//	404  no such source   413  too large   415  wrong type or encoded   429  too fast
//	500, 503  our own trouble: the sender must retry
//
// What was authenticated and then refused is kept as a dead letter with the reason, once: when the same body comes again,
// the answer says duplicate as well. A source whose secret is missing or
// weak is closed (503); the others stay open.
func Handler(d Deps) http.Handler {
	if d.Redact == nil {
		d.Redact = redact.New([]byte(d.Space.Name))
	}
	open := map[string]endpoint{}
	for _, s := range d.Sources {
		kind := s.Rules().Kind
		if i := slices.IndexFunc(d.Space.Sources, func(c config.Source) bool { return c.Kind == kind }); i >= 0 {
			open[kind] = endpoint{d, s, s.Rules(), d.Space.Sources[i].Secret}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hooks/{source}", func(w http.ResponseWriter, r *http.Request) {
		e, ok := open[r.PathValue("source")]
		if !ok {
			reply(w, failed(http.StatusNotFound, "this space has no such source"))
			return
		}
		a := e.serve(r)
		reply(w, a)
		if a.status >= 400 {
			d.Log.WarnContext(r.Context(), "delivery refused", "source", e.rules.Kind, "status", a.status, "reason", a.reason)
			return
		}
		d.Log.InfoContext(r.Context(), "delivery accepted", "source", e.rules.Kind, "status", a.status, "events", len(a.events))
	})
	return mux
}

// endpoint is one open source.
type endpoint struct {
	Deps
	source Source
	rules  Rules
	secret string
}

func (e endpoint) serve(r *http.Request) answer {
	req, a := e.read(r)
	if a.status != 0 {
		return a
	}
	ctx := r.Context()
	sent, err := e.verify(ctx, req)
	if err != nil {
		return unproved(err)
	}
	if err := Strict(req.Body, or(e.rules.MaxDepth, OurDepth), e.rules.Fields); err != nil {
		return e.refuse(ctx, req.Body, http.StatusBadRequest, err)
	}
	if sent.IsZero() {
		sent = req.Received
	}
	parsed, err := e.source.Parse(req.Body, sent)
	if err != nil {
		return e.refuse(ctx, req.Body, http.StatusUnprocessableEntity, err)
	}
	return e.accept(ctx, req.Body, sent, parsed)
}

// read takes the raw bytes, no more of them than allowed, before anything looks at them.
func (e endpoint) read(r *http.Request) (Request, answer) {
	if encoding := strings.Join(r.Header.Values("Content-Encoding"), ","); encoding != "" {
		return Request{}, failed(http.StatusUnsupportedMediaType, "content encodings are not accepted; send the body as it is")
	}
	if !e.welcome(r.Header.Values("Content-Type")) {
		return Request{}, failed(http.StatusUnsupportedMediaType, "content type must be "+strings.Join(e.types(), " or "))
	}
	limit := or(e.rules.MaxBody, OurBody)
	tooLarge := failed(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", limit))
	if r.ContentLength > int64(limit) {
		return Request{}, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	if err != nil {
		return Request{}, failed(http.StatusBadRequest, "the body could not be read to its end")
	}
	if len(body) > limit {
		return Request{}, tooLarge
	}
	return Request{Header: r.Header, Body: body, Received: e.Now().UTC()}, answer{}
}

func (e endpoint) types() []string {
	if len(e.rules.ContentTypes) == 0 {
		return []string{"application/json"}
	}
	return e.rules.ContentTypes
}

func (e endpoint) welcome(values []string) bool {
	if len(values) != 1 {
		return false
	}
	media, params, err := mime.ParseMediaType(values[0])
	charset := strings.ToLower(params["charset"])
	return err == nil && slices.Contains(e.types(), media) && (charset == "" || charset == "utf-8" || charset == "utf8")
}

// verify checks against the active secrets, and once more against fresh ones: they may have been rotated a moment ago.
func (e endpoint) verify(ctx context.Context, req Request) (time.Time, error) {
	secrets, err := e.usable(e.Secrets.Active(ctx, e.secret))
	if err != nil {
		return time.Time{}, err
	}
	sent, err := e.source.Verify(ctx, req, secrets)
	if !incident.Is(err, incident.Denied) {
		return sent, err
	}
	fresh, ferr := e.usable(e.Secrets.Refresh(ctx, e.secret))
	if ferr != nil {
		return time.Time{}, err // the answer to the sender is the first one
	}
	return e.source.Verify(ctx, req, fresh)
}

// usable keeps the secrets that are fit for use. The current one must be: without it the source is closed. An older one
// that is not is left out, for it must not let anybody in.
func (e endpoint) usable(all []config.Secret, err error) ([]config.Secret, error) {
	if err != nil {
		return nil, incident.Errorf(incident.Unavailable, "secret %s: %w", e.secret, err)
	}
	var out []config.Secret
	for i, s := range all {
		err := s.Check(e.rules.LeastSecret)
		if err == nil {
			out = append(out, s)
		} else if i == 0 {
			return nil, incident.Errorf(incident.Unavailable, "secret %s: %w", e.secret, err)
		}
	}
	if len(out) == 0 {
		return nil, incident.Errorf(incident.Unavailable, "secret %s has no value", e.secret)
	}
	return out, nil
}

// refuse keeps what cannot be used, with the reason, and tells the sender what is wrong with it. A body that comes again is
// known: whoever replays it, or retries what cannot succeed, does not fill the dead letters.
func (e endpoint) refuse(ctx context.Context, body []byte, status int, cause error) answer {
	if incident.ClassOf(cause) != incident.Invalid {
		return trouble(cause)
	}
	a, id := failed(status, cause.Error()), "refused-"+incident.ShortHash(e.rules.Kind, string(body))
	if a.duplicate = e.remembered(ctx, id); a.duplicate {
		return a
	}
	if err := e.bury(ctx, body, cause.Error()); err != nil {
		return trouble(err)
	}
	e.remember(ctx, []accepted{{EventID: id}})
	return a
}

func (e endpoint) bury(ctx context.Context, body []byte, reason string) error {
	return e.Dead.Bury(ctx, body, "source "+e.rules.Kind+": "+reason)
}

// accept puts the events on the queue, then remembers them.
func (e endpoint) accept(ctx context.Context, body []byte, sent time.Time, p Parsed) answer {
	a := answer{status: http.StatusAccepted, note: p.Note}
	if p.Handshake != "" {
		if c, ok := e.source.(Confirmer); ok {
			if err := c.Confirm(ctx, p.Handshake); err != nil {
				return trouble(err)
			}
			a.note += ": confirmed"
		}
	}
	if err := e.keepChanges(ctx, p.Changes); err != nil {
		return trouble(err)
	}
	for _, event := range p.Events {
		event = e.masked(event.Normalise(sent))
		if err := event.Validate(); err != nil {
			a.faults = append(a.faults, err.Error())
			continue
		}
		if err := e.send(ctx, event); err != nil {
			return trouble(err) // what was sent already comes again with the sender's retry, which triage bears
		}
		a.events = append(a.events, accepted{EventID: event.EventID(), AlarmKey: event.AlarmKey()})
	}
	if len(a.faults) > 0 {
		cause := incident.Errorf(incident.Invalid, "%s", strings.Join(a.faults, "; "))
		if len(a.events) == 0 {
			return e.refuse(ctx, body, http.StatusUnprocessableEntity, cause)
		}
		if err := e.bury(ctx, body, cause.Error()); err != nil {
			return trouble(err)
		}
	}
	e.remember(ctx, a.events)
	return a.settled()
}

func or(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

// unproved turns a failed verification into its answer. Whoever failed to prove who they are learns nothing else.
func unproved(err error) answer {
	if incident.Is(err, incident.Denied) {
		var e *incident.Error
		_ = errors.As(err, &e)
		return answer{status: http.StatusUnauthorized, errors: []string{"unauthorized"}, reason: e.Message}
	}
	return trouble(err)
}
