package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/email"
	"github.com/firefinder/firefinder/shared/deliver/events"
	"github.com/firefinder/firefinder/shared/deliver/servicenow"
	"github.com/firefinder/firefinder/shared/embedded/mailbox"
	standin "github.com/firefinder/firefinder/shared/embedded/servicenow"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/redact"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
	"github.com/firefinder/firefinder/shared/workflow"
)

// starter starts executions on the machine that wire makes after triage.
type starter struct{ a *App }

func (s starter) Start(ctx context.Context, name string, in workflow.Input) error {
	return s.a.machine.Start(ctx, name, in)
}

// Succeed implements approval.Resume.
func (a *App) Succeed(ctx context.Context, token string, out workflow.Decision) error {
	return a.machine.Succeed(ctx, token, out)
}

// stand is a running ServiceNow stand-in.
type stand struct {
	instance *standin.Instance
	server   *http.Server
}

// channels are where this space tells things: the ticket, mail into files, and the terminal.
func (a *App) channels(ctx context.Context) ([]deliver.Channel, error) {
	var out []deliver.Channel
	if a.Ticket {
		ticket, err := a.ticketChannel(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, ticket)
	}
	o := email.Options{From: "firefinder@localhost", To: []string{"oncall@localhost"}}
	if m := a.Space.Notify.Email; m != nil {
		o.From, o.To = m.From, m.To
	}
	for _, p := range a.Space.Approvals.People {
		o.Approvers = append(o.Approvers, p.Email)
	}
	box, err := mailbox.Open(filepath.Join(a.Dir, "mail"), a.Now)
	if err != nil {
		return nil, err
	}
	o.Sender = box
	if a.Space.Notify.Events != nil {
		out = append(out, events.New(events.Options{Bus: "events.jsonl", Sender: eventLog(filepath.Join(a.Dir, "events.jsonl")), Now: a.Now}))
	}
	return append(append(out, email.New(o), a.Desk), a.Tell...), nil
}

func (a *App) ticketChannel(context.Context) (deliver.Channel, error) {
	token, err := a.Secrets.get("firefinder/" + a.Space.Name + "/servicenow")
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, incident.Errorf(incident.Unavailable, "start the ticket stand-in: %w", err)
	}
	instance := standin.New(standin.Options{Now: a.Now, Token: token})
	a.stand = &stand{instance, &http.Server{Handler: instance, ReadHeaderTimeout: 5 * time.Second}}
	a.busy.Go(func() { _ = a.stand.server.Serve(ln) }) // ends with Stop
	return servicenow.New(servicenow.Options{
		Instance: "http://" + ln.Addr().String(), Create: true,
		Credentials: func(context.Context) (servicenow.Credentials, error) {
			return servicenow.Credentials{Token: token}, nil
		},
	}), nil
}

// routes are the pages, the webhook and the approval page on one address.
func (a *App) routes(space config.Space, mask *redact.Redactor) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/hooks/", a.heard(source.Handler(source.Deps{
		Space: space, Sources: catalogue.All(space), Secrets: a.Secrets, Queue: a.events, Dead: a.events, Blob: a.Blob, Store: a.Store, Redact: mask, Now: a.Now, Log: a.Log,
	})))
	decide := console.ApproveDeps{Approvals: a.Approvals, Store: a.Store, Space: space, Now: a.Now, Rand: rand.Reader, Log: a.Log}
	mux.Handle("/approve/", console.ApproveHandler(decide))
	mux.Handle("/undo/", console.UndoHandler(decide, a.Triage, a.undo))
	mux.HandleFunc("POST /local/approvals/{id}", a.ownerDecides)
	mux.HandleFunc("POST /local/alarms/{event}/investigate", a.ownerReverses)
	mux.HandleFunc("POST /local/investigations", a.ownerInvestigates)
	here := a.undo
	here.Base = "" // the page is on the same host
	mux.Handle("/", console.Handler(console.Deps{Store: a.Store, Blob: a.Blob, Space: space, Reports: a.Reports, Undo: here, Now: a.Now, Log: a.Log, Hosts: []string{a.ln.Addr().String()}}))
	return mux
}

// signer is the function that turns alarm state changes into signed deliveries.
func (a *App) signer() *source.Signer {
	return source.NewSigner(source.SignerDeps{
		Space: a.Space, Source: cloudwatch.New(a.Space, nil), Secrets: a.Secrets, Target: a.URL() + "/hooks/generic", Dead: a.alarms,
		HTTP: &http.Client{Timeout: 5 * time.Second}, Now: a.Now, Log: a.Log,
	})
}

// Hook is what the webhook answered to one delivery.
type Hook struct {
	Status    int
	EventID   string
	Title     string
	At        time.Time
	Duplicate bool
	Text      string // of a refusal
}

// heard passes the webhook's answers on to Hooks, for whoever watches; it never waits for them.
func (a *App) heard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		r.Body = &teeBody{r.Body, &body}

		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		var in struct {
			Title     string    `json:"title"`
			Timestamp time.Time `json:"timestamp"`
		}
		var out struct {
			EventID   string `json:"event_id"`
			Duplicate bool   `json:"duplicate"`
		}
		_ = json.Unmarshal(body.Bytes(), &in) // what cannot be read shows without a title
		_ = json.Unmarshal(rec.body.Bytes(), &out)
		select {
		case a.Hooks <- Hook{Status: rec.status, EventID: out.EventID, Title: in.Title, At: in.Timestamp, Duplicate: out.Duplicate, Text: strings.TrimSpace(rec.body.String())}:
		default:
		}
	})
}
