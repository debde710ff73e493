package console

import (
	"crypto/subtle"
	"encoding/base64"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
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
	cross *http.CrossOriginProtection
}

// ApproveHandler serves /approve/. Reading is pure: only a POST from the page itself, with the mailed secret, the typed
// plan code and the address of an approver, decides.
func ApproveHandler(d ApproveDeps) http.Handler {
	p := &approvePages{d: d, cross: http.NewCrossOriginProtection()}
	page := pages{log: d.Log, show: p.fail}.page
	mux := http.NewServeMux()
	for _, file := range []string{"firefinder.css", "approve.js", "icon.svg"} { // beside the approvals: one route serves both
		mux.Handle("GET /approve/"+file, page(asset(file)))
	}
	mux.Handle("GET /approve/{id}", page(p.show))
	mux.Handle("POST /approve/{id}", page(p.decide))
	mux.HandleFunc("OPTIONS /approve/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS, POST")
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/", page(func(_ http.ResponseWriter, r *http.Request) error {
		return incident.Errorf(incident.NotFound, "There is no page %s here. Open the link from the message again.", r.URL.Path)
	}))
	return secured(mux)
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
	if v.CSRF, err = p.csrf(w, r); err != nil {
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
	if v.CSRF, err = p.csrf(w, r); err != nil {
		return err
	}
	return write(w, r, status, approvePage(v))
}

// read takes the form apart after making sure that this page, in this browser, sent it.
func (p *approvePages) read(w http.ResponseWriter, r *http.Request) (ballotForm, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return ballotForm{}, incident.Errorf(incident.Invalid, "A decision is sent by the form on the page. Nothing was decided.")
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if err := p.cross.Check(r); err != nil || site != "" && site != "same-origin" {
		return ballotForm{}, incident.Errorf(incident.Denied, "The decision came from another site than this page. Open the link from the message and decide there.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return ballotForm{}, incident.Errorf(incident.Invalid, "The form could not be read. Open the link from the message and try again.")
	}
	cookie, err := r.Cookie(p.cookieName())
	if err != nil || !validCSRF.MatchString(cookie.Value) || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(r.PostFormValue("csrf"))) != 1 {
		return ballotForm{}, incident.Errorf(incident.Denied, "The form does not belong to this browser, or cookies are off. Allow cookies for this site, open the link from the message and decide there.")
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

var validCSRF = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// cookieName has the __Host- prefix, which binds the cookie to this host and to https, wherever the page is on https.
func (p *approvePages) cookieName() string {
	if p.https() {
		return "__Host-firefinder-form"
	}
	return "firefinder-form"
}

func (p *approvePages) https() bool { return strings.HasPrefix(p.d.Space.PublicURL, "https://") }

// csrf returns the browser's form token, giving it one if it has none. It grants nothing by itself.
func (p *approvePages) csrf(w http.ResponseWriter, r *http.Request) (string, error) {
	if c, err := r.Cookie(p.cookieName()); err == nil && validCSRF.MatchString(c.Value) {
		return c.Value, nil
	}
	var raw [32]byte
	if _, err := io.ReadFull(p.d.Rand, raw[:]); err != nil {
		return "", incident.Errorf(incident.Unavailable, "read randomness: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(raw[:])
	http.SetCookie(w, &http.Cookie{
		Name: p.cookieName(), Value: token, Path: "/", Secure: p.https(), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	return token, nil
}
