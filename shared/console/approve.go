package console

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// Mailbox is how a decision made with the mailed link is known to come from its author.
const Mailbox = "possession of mailbox"

// ApproveDeps is what the approval page needs.
type ApproveDeps struct {
	Approvals *approval.Service
	Store     kv.Store
	Space     config.Space
	Now       func() time.Time
	Rand      io.Reader // crypto/rand.Reader outside tests
	Log       *slog.Logger
	HTTP      *http.Client // answers Slack; nil: a client that gives up after a second and follows no redirects
}

type approvePages struct {
	d     ApproveDeps
	forms forms
}

// ApproveHandler serves /approve/. Reading is pure: only a POST from the page itself, with the mailed secret, the typed
// plan code and the address of an approver, decides.
func ApproveHandler(d ApproveDeps) http.Handler {
	p := &approvePages{d, newForms(d.Space, d.Rand)}
	page := pages{log: d.Log, show: p.fail}.page
	return linked("/approve/", page, page(p.show), page(p.decide))
}

func (p *approvePages) frame(title string) frame {
	return frame{Title: title, Space: p.d.Space.Name, Static: "/approve"}
}

func (p *approvePages) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	title := map[int]string{
		http.StatusNotFound: "There is nothing to decide here", http.StatusForbidden: "Nothing was decided",
		http.StatusBadRequest: "Nothing was decided", http.StatusServiceUnavailable: "Not available right now",
	}[status]
	if title == "" {
		title = "This did not work"
	}
	if err := write(w, r, status, problem(p.frame(title), status, title, sentence(status, err))); err != nil {
		p.d.Log.ErrorContext(r.Context(), "error page failed", "err", err.Error())
	}
}

func (p *approvePages) show(w http.ResponseWriter, r *http.Request) error {
	v, err := p.view(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if v.CSRF, err = p.forms.token(w, r); err != nil {
		return err
	}
	return write(w, r, http.StatusOK, approvePage(v))
}

// ballotForm is a decision as it was posted.
type ballotForm struct {
	planHash, secret, code, email, comment string
	decision                               incident.ApprovalState
}

func (p *approvePages) decide(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	f, err := p.read(w, r)
	if err != nil {
		return err
	}
	before, err := p.d.Approvals.Get(r.Context(), id)
	if err != nil {
		return err
	}
	status, out := p.check(r, before, f)
	if out == nil {
		person := incident.Person{Subject: f.email, Name: p.nameOf(f.email), Method: Mailbox}
		_, verdict, err := p.d.Approvals.Decide(r.Context(), id, f.planHash, f.decision, person, f.comment)
		if err != nil {
			return err
		}
		status, out = answer(verdict)
	}
	v, err := p.view(r.Context(), id)
	if err != nil {
		return err
	}
	v.Outcome, v.Email, v.Comment, v.BadCode = out, f.email, f.comment, status == http.StatusUnprocessableEntity
	if v.CSRF, err = p.forms.token(w, r); err != nil {
		return err
	}
	return write(w, r, status, approvePage(v))
}

// read takes the form apart after making sure that this page, in this browser, sent it.
func (p *approvePages) read(w http.ResponseWriter, r *http.Request) (ballotForm, error) {
	if err := p.forms.accept(w, r); err != nil {
		return ballotForm{}, err
	}
	return ballotForm{
		planHash: r.PostFormValue("plan_hash"), secret: r.PostFormValue("secret"), code: r.PostFormValue("code"),
		email: strings.TrimSpace(r.PostFormValue("email")), comment: strings.TrimSpace(r.PostFormValue("comment")),
		decision: incident.ApprovalState(r.PostFormValue("decision")),
	}, nil
}

// check refuses what has no proof of the mailbox; nil means that the vote may be cast.
func (p *approvePages) check(r *http.Request, a incident.Approval, f ballotForm) (int, *outcome) {
	switch {
	case !p.d.Approvals.CheckSecret(r.Context(), a.ID, f.secret):
		return http.StatusForbidden, &outcome{"bad", "Nothing was decided", "The secret of the mailed link is missing or wrong. Open the link in the mail about this plan and decide there."}
	case !approval.CodeMatches(a.PlanHash, f.code):
		return http.StatusUnprocessableEntity, &outcome{"bad", "Nothing was decided", "The plan code does not belong to this plan. It stands in the message about plan " + approval.Short(a.PlanHash) + "; type its six characters."}
	}
	return http.StatusOK, nil
}

// answer turns a verdict into what the person sees.
func answer(v approval.Verdict) (int, *outcome) {
	switch v.Reason {
	case approval.Accepted:
		return http.StatusOK, &outcome{"good", "Your decision is recorded", v.Detail}
	case approval.NeedsSecondPerson:
		return http.StatusOK, &outcome{"good", "Your approval is recorded", v.Detail}
	case approval.AlreadyDecided:
		return http.StatusConflict, &outcome{"warn", "Somebody was first", v.Detail}
	case approval.TooLate, approval.Expired:
		return http.StatusConflict, &outcome{"warn", "Too late", v.Detail}
	case approval.Superseded, approval.PlanChanged, approval.SamePersonTwice:
		return http.StatusConflict, &outcome{"warn", "Nothing was decided", v.Detail}
	case approval.Unclear:
		return http.StatusBadRequest, &outcome{"bad", "Nothing was decided", v.Detail}
	}
	return http.StatusForbidden, &outcome{"bad", "Nothing was decided", v.Detail}
}

func (p *approvePages) nameOf(email string) string {
	for _, a := range p.d.Space.Approvals.People {
		if strings.EqualFold(a.Email, email) {
			return a.Name
		}
	}
	return ""
}
