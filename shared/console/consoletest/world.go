// Package consoletest builds a space in memory with the real approval, journal and report code behind the console's
// pages, for the tests of the pages and of the browser lane.
package consoletest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/console"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/redact"
	"github.com/firefinder/firefinder/shared/tell"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Noon is when a world begins.
var Noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// World is one space. Its clock stands still until Pass.
type World struct {
	t         testing.TB
	Store     kv.Store
	Blob      *Docs
	Space     config.Space
	Approvals *approval.Service
	Deliver   *deliver.Service
	Triage    *triage.Service   // starts nothing, like that of the deployed pages; Sweep does
	Links     deliver.UndoLinks // of notices about alarms
	Rand      *Random

	mu      sync.Mutex
	now     time.Time
	notices []deliver.Notice
	resumed []workflow.Decision
	started []string
	logs    bytes.Buffer
}

// New makes an empty space. base is the address that links start with.
func New(t testing.TB, base string) *World {
	w := &World{t: t, Store: kv.NewMemory(), Blob: &Docs{forged: map[string][]byte{}}, now: Noon, Rand: &Random{r: rand.NewChaCha8([32]byte{3})}}
	w.Space = config.Space{
		Name: "payments", PublicURL: base, Budget: config.Budget{Concurrent: 5},
		Approvals: config.Approvals{TwoFor: "high", Timeout: 4 * time.Hour, People: []config.Approver{
			{Name: "Ada Byron", Email: "ada@example.com"}, {Name: "Ben Ortiz", Email: "ben@example.com"},
		}},
	}
	key, err := approval.NewLocalKey(bytes.Repeat([]byte{7}, 32), w.Rand)
	if err != nil {
		t.Fatal(err)
	}
	w.Deliver = deliver.New(deliver.Deps{
		Store: w.Store, Channels: []deliver.Channel{channel{w, "email"}, channel{w, "slack"}}, Redact: redact.New([]byte("test")), Now: w.Now, Log: w.Log(),
	})
	w.Approvals = approval.New(approval.Deps{
		Store: w.Store, Blob: w.Blob, Space: w.Space, Tokens: key, Resume: w, Tell: w.Deliver, Now: w.Now, Rand: w.Rand, Log: w.Log(),
	})
	w.Triage = triage.New(triage.Deps{Store: w.Store, Space: w.Space, Now: w.Now, Log: w.Log()})
	w.Links = deliver.UndoLinks{Base: base, Secret: w.Space.UndoSecret(), Secrets: w}
	return w
}

// Active implements deliver.Secrets: every secret is one that a deployment could have made.
func (w *World) Active(_ context.Context, name string) ([]config.Secret, error) {
	return []config.Secret{config.NewSecret([]byte(name + strings.Repeat("k", config.HMACKey)))}, nil
}

// Start implements triage.Starter: it keeps the name.
func (w *World) Start(_ context.Context, name string, _ workflow.Input) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started = append(w.started, name)
	return nil
}

// Sweep is the minute's sweep of triage; it returns the names of all executions that were started so far.
func (w *World) Sweep() []string {
	w.t.Helper()
	w.must(triage.New(triage.Deps{Store: w.Store, Space: w.Space, Start: w, Now: w.Now, Log: w.Log()}).Sweep(context.Background()))
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.started)
}

// Alarm has triage decide on an alarm that fires a while after noon, and returns what it decided.
func (w *World) Alarm(title string, after time.Duration) record.Alarm {
	w.t.Helper()
	e := story{func(s string) string { return s }}.event(title, title, after, incident.Created)
	body, err := json.Marshal(e)
	w.must(err)
	for _, err := range w.Triage.Handle(context.Background(), []queue.Message{{ID: "m", Body: body}}) {
		w.must(err)
	}
	a, err := record.GetAlarm(context.Background(), w.Store, e.EventID())
	w.must(err)
	return a
}

// Skip stores an alarm as one that a rule skipped.
func (w *World) Skip(title string, after time.Duration) record.Alarm {
	w.t.Helper()
	e := story{func(s string) string { return s }}.event(title, title, after, incident.Created)
	a := record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey(), Decision: incident.Decision{
		Outcome: incident.Skipped, Rule: "reporting/night-window", DecidedAt: Noon, Reasons: []incident.Reason{{Name: "skip_rule", Detail: "lag under 2 h at night"}},
	}}
	w.must(w.Store.Commit(context.Background(), kv.Put(record.AlarmKey(a.ID), a, kv.Absent()), record.PutSkipped(a)))
	return a
}

// UndoLink is the link about an alarm as a notice carries it.
func (w *World) UndoLink(event string) string {
	w.t.Helper()
	link, err := w.Links.Link(context.Background(), event)
	w.must(err)
	return link
}

// Random is randomness that repeats from run to run. Safe for concurrent use.
type Random struct {
	mu sync.Mutex
	r  *rand.ChaCha8
}

// Read implements io.Reader.
func (r *Random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.r.Read(p)
}

// Now is the world's clock.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Pass lets time pass.
func (w *World) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Log writes into the world.
func (w *World) Log() *slog.Logger { return slog.New(slog.NewTextHandler(&w.logs, nil)) }

// channel keeps what it is told; the one named slack refuses findings.
type channel struct {
	w    *World
	name string
}

func (c channel) Name() string { return c.name }

func (c channel) Deliver(_ context.Context, n deliver.Notice, _ *deliver.Receipt, _ bool) (deliver.Receipt, error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.name == "slack" && n.Kind == deliver.Findings {
		return deliver.Receipt{}, incident.Errorf(incident.Denied, "%s", n.Investigation.Title+": the token was refused")
	}
	c.w.notices = append(c.w.notices, n)
	return deliver.Receipt{Ref: "ref", Label: "approvers"}, nil
}

// Succeed implements approval.Resume: it keeps the answer.
func (w *World) Succeed(_ context.Context, _ string, out workflow.Decision) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resumed = append(w.resumed, out)
	return nil
}

// Decisions is how many decisions the workflow was told.
func (w *World) Decisions() []workflow.Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]workflow.Decision(nil), w.resumed...)
}

// Notice is the last request for approval, as the mail carries it.
func (w *World) Notice() deliver.Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.notices) == 0 {
		w.t.Fatal("nobody was asked")
	}
	return w.notices[len(w.notices)-1]
}

func (w *World) pages() console.ApproveDeps {
	return console.ApproveDeps{Approvals: w.Approvals, Store: w.Store, Space: w.Space, Now: w.Now, Rand: w.Rand, Log: w.Log()}
}

// Approve is the handler of the approval page.
func (w *World) Approve() http.Handler { return console.ApproveHandler(w.pages()) }

// Undo is the handler of the page on which a triage decision is reversed.
func (w *World) Undo() http.Handler { return console.UndoHandler(w.pages(), w.Triage, w.Links) }

// Console is the handler of the read-only pages.
func (w *World) Console() http.Handler {
	links := w.Links
	links.Base = "" // on the same host
	reports := tell.New(tell.Deps{Store: w.Store, Blob: w.Blob, Space: w.Space, PublicURL: w.Space.PublicURL, Approvals: w.Approvals, Tell: w.Deliver, Now: w.Now, Log: w.Log()})
	return console.Handler(console.Deps{Store: w.Store, Blob: w.Blob, Space: w.Space, Reports: reports, Undo: links, Now: w.Now, Log: w.Log()})
}

// All serves everything, as a laptop does.
func (w *World) All() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/approve/", w.Approve())
	mux.Handle("/undo/", w.Undo())
	mux.Handle("/", w.Console())
	return mux
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Many opens n investigations in different states, one every seven minutes, and returns their ids, oldest first.
func (w *World) Many(n int) (ids []string) {
	states := []incident.State{incident.Completed, incident.Investigating, incident.Failed, incident.Queued, incident.Cancelled, incident.AwaitingApproval}
	for i := range n {
		e := incident.Event{
			EventType: incident.EventType, IncidentID: fmt.Sprint("many-", i), Action: incident.Created, Priority: incident.Priorities[i%5],
			Title: fmt.Sprintf("orders latency above target (%d)", i), Service: "orders", Timestamp: Noon.Add(time.Duration(i-n) * 7 * time.Minute), Source: "cloudwatch",
		}
		inv := incident.Investigation{
			ID: e.InvestigationID("payments"), Space: "payments", Title: e.Title, Priority: e.Priority, Service: e.Service,
			State: states[i%len(states)], OpenedAt: e.Timestamp, Opener: e,
		}
		a := record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey(), Opener: true, Investigation: inv.ID, Decision: incident.Decision{Outcome: incident.Proceed}}
		w.must(w.Store.Commit(context.Background(), append(record.Open(inv), record.Member(inv.ID, a))...))
		ids = append(ids, inv.ID)
	}
	return ids
}

// Look gives an investigation the deterministic analysis of Checkout and no conclusion.
func (w *World) Look(id string) {
	w.t.Helper()
	brief, _ := story{func(s string) string { return s }}.brief()
	_, err := record.PutJSON(context.Background(), w.Store, w.Blob, id, "brief.json", brief)
	w.must(err)
}

// note appends to an investigation's journal.
func (w *World) note(id string, kind journal.Kind, key string, body any) {
	w.t.Helper()
	w.must(journal.Note(context.Background(), w.Store, w.Blob, id, w.Now, kind, key, body))
}

// Propose asks for a decision on the investigation's plan and returns the approval's id.
func (w *World) Propose(id string) string {
	w.t.Helper()
	w.must(w.Approvals.Propose(context.Background(), workflow.Proposal{ID: id, Token: "task"}))
	inv, err := record.Get(context.Background(), w.Store, id)
	w.must(err)
	return inv.ApprovalID
}

// Replan makes p the investigation's current plan.
func (w *World) Replan(p incident.Plan) {
	w.t.Helper()
	ctx := context.Background()
	hash, err := record.PutDocument(ctx, w.Store, w.Blob, p.Investigation, "plan.json", "application/json", approval.Canonical(p))
	w.must(err)
	_, err = record.Update(ctx, w.Store, w.Now(), p.Investigation, func(inv *incident.Investigation) error {
		inv.PlanHash = hash
		return nil
	})
	w.must(err)
}

// Checkout opens one investigation with everything that an investigation can have, its plan proposed. word rewrites
// every text that comes from outside; nil leaves it as it is.
func (w *World) Checkout(word func(string) string) incident.Investigation {
	w.t.Helper()
	if word == nil {
		word = func(s string) string { return s }
	}
	ctx := context.Background()
	s := story{word}
	alarms := s.alarms()
	inv := s.investigation(alarms[0])
	ops := record.Open(inv)
	for _, a := range alarms {
		ops = append(ops, record.Member(inv.ID, a), kv.Put(record.AlarmKey(a.ID), a, kv.Always()))
	}
	c := s.conclusion()
	w.must(w.Store.Commit(ctx, append(ops, record.PutConclusion(inv.ID, c))...))
	brief, series := s.brief()
	_, err := record.PutJSON(ctx, w.Store, w.Blob, inv.ID, "brief.json", brief)
	w.must(err)
	_, err = record.PutJSON(ctx, w.Store, w.Blob, inv.ID, "chart.json", []evidence.Series{series})
	w.must(err)
	w.note(inv.ID, journal.Opened, "opened/1", map[string]string{})
	for _, o := range s.observations() {
		w.note(inv.ID, journal.Observed, o.ID, o)
	}
	w.note(inv.ID, journal.Briefed, "brief", brief)
	w.note(inv.ID, journal.Concluded, "conclusion", c)
	w.must(w.Deliver.Tell(ctx, deliver.Notice{Kind: deliver.Findings, Key: "findings", Investigation: inv, Conclusion: &c}))
	w.note(inv.ID, journal.Told, "told/findings", map[string]string{"kind": "findings"})
	w.Replan(s.plan(inv.ID))
	w.Propose(inv.ID)
	got, err := record.Get(ctx, w.Store, inv.ID)
	w.must(err)
	return got
}

// Docs is a document store whose documents can be tampered with.
type Docs struct {
	blob.Memory
	forged map[string][]byte
}

// Get implements blob.Store.
func (d *Docs) Get(ctx context.Context, hash string) ([]byte, error) {
	if data, ok := d.forged[hash]; ok {
		return data, nil
	}
	return d.Memory.Get(ctx, hash)
}

// Tamper replaces the stored bytes of a document, as nobody should be able to.
func (w *World) Tamper(hash string, data []byte) { w.Blob.forged[hash] = data }
