package console

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/firefinder/firefinder/shared/incident"
)

// Notice is how a reversal made with the link of a notice is known to come from its author.
const Notice = "possession of the notice"

// Undoer reverses a triage decision, once; repeats give the reversal that there is.
type Undoer interface {
	InvestigateAnyway(ctx context.Context, eventID string, by incident.Person, why string) (r incident.Reversal, first bool, err error)
}

// UndoSecrets checks what the link of a notice carries.
type UndoSecrets interface {
	Check(ctx context.Context, event, secret string) (bool, error)
}

type undoPages struct {
	d       ApproveDeps
	triage  Undoer
	secrets UndoSecrets
	forms   forms
}

// UndoHandler serves /undo/<event id>, where the links of notices lead, beside the approvals and with their dependencies,
// of which Approvals is not used. Reading is pure: only a POST with the link's secret and the address of an approver
// reverses a decision. It comes from the page, or, as JSON in and out, from a program.
func UndoHandler(d ApproveDeps, triage Undoer, secrets UndoSecrets) http.Handler {
	p := &undoPages{d, triage, secrets, newForms(d.Space, d.Rand)}
	page := pages{log: d.Log, show: p.fail}.page
	form, api := page(p.undo), pages{log: d.Log, show: failJSON}.page(p.undoJSON)
	return linked("/undo/", page, page(p.show), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind(r) == "application/json" {
			api(w, r)
			return
		}
		form(w, r)
	}))
}

func (p *undoPages) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	title := map[int]string{
		http.StatusNotFound: "There is no such alarm", http.StatusForbidden: "Nothing was changed",
		http.StatusBadRequest: "Nothing was changed", http.StatusServiceUnavailable: "Not available right now",
	}[status]
	if title == "" {
		title = "This did not work"
	}
	if err := write(w, r, status, problem(p.frame(title), status, title, sentence(status, err))); err != nil {
		p.d.Log.ErrorContext(r.Context(), "error page failed", "err", err.Error())
	}
}

func (p *undoPages) frame(title string) frame {
	return frame{Title: title, Space: p.d.Space.Name, Static: "/undo"}
}

func (p *undoPages) show(w http.ResponseWriter, r *http.Request) error {
	v, err := p.view(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.write(w, r, http.StatusOK, v)
}

func (p *undoPages) write(w http.ResponseWriter, r *http.Request, status int, v undoView) (err error) {
	if v.CSRF, err = p.forms.token(w, r); err != nil {
		return err
	}
	return write(w, r, status, undoPage(v))
}

// wish is a reversal as it was asked for.
type wish struct {
	Secret string `json:"secret"`
	By     string `json:"by"`
	Why    string `json:"why"`
}

// undo takes the page's form.
func (p *undoPages) undo(w http.ResponseWriter, r *http.Request) error {
	if err := p.forms.accept(w, r); err != nil {
		return err
	}
	in := wish{r.PostFormValue("secret"), r.PostFormValue("by"), r.PostFormValue("why")}
	reversal, first, refused := p.reverse(r.Context(), r.PathValue("id"), in)
	if refused != nil && !incident.Is(refused, incident.Denied) && !incident.Is(refused, incident.Invalid) {
		return refused
	}
	v, err := p.view(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	status := http.StatusOK
	switch {
	case refused != nil:
		status = statusOf(refused)
		v.Outcome = &outcome{"bad", "Nothing was changed", capital(refused.Error())}
		v.By, v.Why = strings.TrimSpace(in.By), in.Why
	case first:
		v.Outcome = &outcome{"good", "It is investigated", "Your reversal is recorded. Investigation " + reversal.Investigation + " starts within a minute."}
	default:
		v.Outcome = &outcome{"warn", "Somebody was first", "The decision was reversed before. Nothing changed now."}
	}
	return p.write(w, r, status, v)
}

// undoJSON is the same for programs: {"secret","by","why"} in, the reversal out. first is false for all but one caller.
func (p *undoPages) undoJSON(w http.ResponseWriter, r *http.Request) error {
	if err := p.forms.sameSite(r); err != nil {
		return err
	}
	var in wish
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return incident.Errorf(incident.Invalid, `the body must be {"secret": ..., "by": ..., "why": ...}; nothing was changed`)
	}
	reversal, first, err := p.reverse(r.Context(), r.PathValue("id"), in)
	if err != nil {
		return err
	}
	return sendJSON(w, r, http.StatusOK, map[string]any{"event": r.PathValue("id"), "first": first, "reversal": reversal})
}

// reverse checks who asks and reverses. What is refused leaves no trace.
func (p *undoPages) reverse(ctx context.Context, event string, in wish) (incident.Reversal, bool, error) {
	right, err := p.secrets.Check(ctx, event, in.Secret)
	by := incident.Person{Subject: strings.ToLower(strings.TrimSpace(in.By)), Method: Notice}
	switch {
	case right:
	case err != nil:
		return incident.Reversal{}, false, incident.Errorf(incident.Unavailable, "check the link's secret: %w", err)
	default:
		return incident.Reversal{}, false, incident.Errorf(incident.Denied, "the secret of the notice's link is missing or wrong; open the link in the notice about this alarm")
	}
	if by.Subject == "" || !p.d.Space.Approvals.IsApprover(by.Subject) {
		return incident.Reversal{}, false, incident.Errorf(incident.Denied, "this address is not on the space's list of approvers; ask one of them, or have the list changed")
	}
	r, first, err := p.triage.InvestigateAnyway(ctx, event, by, clip(strings.TrimSpace(in.Why), 2000))
	if err == nil {
		p.d.Log.InfoContext(ctx, "undo", "event", event, "investigation", r.Investigation, "first", first)
	}
	return r, first, err
}

func clip(text string, runes int) string {
	if r := []rune(text); len(r) > runes {
		return string(r[:runes])
	}
	return text
}
