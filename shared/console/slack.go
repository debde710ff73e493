package console

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver/slack"
	"github.com/firefinder/firefinder/shared/incident"
)

// Secrets reads the active values of a named secret, the current one first.
type Secrets interface {
	Active(ctx context.Context, name string) ([]config.Secret, error)
}

// Slack waits three seconds for the acknowledgement; deciding and answering share less than that.
const (
	decideWithin = 1700 * time.Millisecond
	answerWithin = time.Second
)

type slackPress struct {
	d       ApproveDeps
	secrets Secrets
	answers *http.Client
}

// SlackHandler serves POST /slack/interactions: a press of a button under a request for approval, signed by Slack. Only
// an approver whom the space file maps to that Slack user decides; the person is answered in private either way. What
// follows the decision in the workflow is the outbox's matter, so the acknowledgement never waits for it longer than
// Slack does.
func SlackHandler(d ApproveDeps, secrets Secrets) http.Handler {
	s := &slackPress{d: d, secrets: secrets, answers: d.HTTP}
	if s.answers == nil {
		s.answers = &http.Client{Timeout: answerWithin, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	page := pages{log: d.Log, show: failJSON}.page
	mux := http.NewServeMux()
	mux.Handle("POST /slack/interactions", page(s.press))
	mux.Handle("/", page(missing))
	return secured(mux)
}

func (s *slackPress) press(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 256<<10))
	if err != nil {
		return incident.Errorf(incident.Invalid, "the request is too large or broke off")
	}
	if err := s.verify(r, body); err != nil {
		return err
	}
	i, err := slack.Parse(body)
	if incident.Is(err, incident.NotFound) { // a link: Slack opens it, we only acknowledge
		return acknowledge(w, r)
	}
	if err != nil {
		return err
	}
	s.answer(r.Context(), i, s.decide(r.Context(), i))
	return acknowledge(w, r)
}

func acknowledge(w http.ResponseWriter, r *http.Request) error {
	send(w, r, http.StatusOK, "text/plain; charset=utf-8", nil)
	return nil
}

func (s *slackPress) verify(r *http.Request, body []byte) error {
	if s.d.Space.Notify.Slack == nil {
		return incident.Errorf(incident.NotFound, "Slack is not set up for this space")
	}
	active, err := s.secrets.Active(r.Context(), s.d.Space.Notify.Slack.Secret)
	if err != nil {
		return incident.Errorf(incident.Unavailable, "read the Slack secret: %w", err)
	}
	var signing []string
	for _, one := range active {
		if secret, err := slack.ParseSecret(one.Reveal()); err == nil {
			signing = append(signing, secret.SigningSecret)
		}
	}
	if len(signing) == 0 {
		return incident.Errorf(incident.Unavailable, "the Slack secret is missing or malformed; `firefinder doctor` says more")
	}
	return slack.Verify(s.d.Now(), signing, r.Header.Get(slack.TimestampHeader), r.Header.Get(slack.SignatureHeader), body)
}

// decide casts the vote and returns what to tell the person.
func (s *slackPress) decide(ctx context.Context, i slack.Interaction) string {
	person, err := i.Person(s.d.Space)
	if err != nil {
		s.d.Log.WarnContext(ctx, "Slack button refused", "approval", i.Approval, "class", incident.ClassOf(err))
		return "Nothing was decided: " + err.Error() + "."
	}
	ctx, cancel := context.WithTimeout(ctx, decideWithin)
	defer cancel()
	_, verdict, err := s.d.Approvals.Decide(ctx, i.Approval, i.PlanHash, i.Decision, person, "")
	if err != nil {
		s.d.Log.ErrorContext(ctx, "Slack decision failed", "approval", i.Approval, "class", incident.ClassOf(err), "err", err.Error())
		return "It is not certain that your decision was recorded. " + sentence(statusOf(err), err) + " The approval page shows where it stands."
	}
	return verdict.Detail
}

// answer tells only the person who pressed. The decision stands whether or not the answer arrives.
func (s *slackPress) answer(ctx context.Context, i slack.Interaction, text string) {
	if i.Answer == "" {
		return
	}
	body, err := json.Marshal(map[string]any{"response_type": "ephemeral", "replace_original": false, "text": slackText(text)})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.Answer, bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.answers.Do(req)
	if err != nil {
		s.d.Log.WarnContext(ctx, "Slack answer not delivered", "approval", i.Approval)
		return
	}
	_ = resp.Body.Close()
}

// slackText escapes what Slack would read as mention, link or markup.
func slackText(s string) string {
	var b bytes.Buffer
	for _, r := range line(s) {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
