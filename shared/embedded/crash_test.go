package embedded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/events/scenarios"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/servicenow"
	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/embedded/replay"
	standin "github.com/firefinder/firefinder/shared/embedded/servicenow"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/llm/analyst"
	"github.com/firefinder/firefinder/shared/record"
)

// mortal is a store that dies after a number of commits: the last one takes effect, its answer is lost, and nothing
// works any more, as when a process is killed.
type mortal struct {
	kv.Store
	mu   sync.Mutex
	left int
	made int
	dead chan struct{}
}

func (m *mortal) Commit(ctx context.Context, ops ...kv.Op) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == 0 {
		return incident.Errorf(incident.Unavailable, "the process is dead")
	}
	err := m.Store.Commit(ctx, ops...)
	if err != nil {
		return err
	}
	m.made++
	if m.left--; m.left == 0 {
		close(m.dead)
		return incident.Errorf(incident.Unavailable, "the process died")
	}
	return nil
}

func (m *mortal) alive() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == 0 {
		return incident.Errorf(incident.Unavailable, "the process is dead")
	}
	return nil
}

func (m *mortal) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	if err := m.alive(); err != nil {
		return kv.Item{}, err
	}
	return m.Store.Get(ctx, key)
}

func (m *mortal) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	if err := m.alive(); err != nil {
		return nil, err
	}
	return m.Store.Query(ctx, pk, prefix, page)
}

// counted is the offline analyst as a model that costs money, with its calls counted.
type counted struct {
	calls atomic.Int64
}

func (c *counted) Converse(ctx context.Context, req llm.Request) (llm.Response, error) {
	c.calls.Add(1)
	return analyst.Analyst{}.Converse(ctx, req)
}

// world is what outlives a crash: the state folder, the ticket system, the model's bill.
type world struct {
	t       *testing.T
	dir     string
	scene   replay.Replay
	tickets *standin.Instance
	channel deliver.Channel
	model   counted
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	t.Helper()
	folder, _ := scenarios.Open("checkout-503")
	scene, err := replay.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), scene: scene.EndingAt(noon)}
	w.scene.Deliveries = w.scene.Deliveries[:1] // one alarm: late ones would make runs differ by timing
	w.tickets = standin.New(standin.Options{Now: func() time.Time { return noon }})
	server := httptest.NewServer(w.tickets)
	t.Cleanup(server.Close)
	w.channel = servicenow.New(servicenow.Options{Instance: server.URL, Create: true, Credentials: func(context.Context) (servicenow.Credentials, error) {
		return servicenow.Credentials{Token: "t"}, nil
	}, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	return w
}

// live runs the space until the investigation has ended or the store is dead.
func (w *world) live(commits int) (*mortal, bool) {
	w.t.Helper()
	m := &mortal{left: commits, dead: make(chan struct{})}
	space := w.scene.Space
	space.Models.Prices = map[string]config.Price{"counted": {}}
	app, err := embedded.Start(w.t.Context(), embedded.Options{
		Space: space, Dir: w.dir, Tools: w.scene.Telemetry.Tools(), Model: &w.model, ModelID: "counted", Now: func() time.Time { return noon },
		NoSync: true, Tell: []deliver.Channel{w.channel}, Store: func(s kv.Store) kv.Store { m.Store = s; return m },
	})
	defer app.Stop()
	if err == nil {
		_ = app.Alarm(w.t.Context(), w.scene.Deliveries[0].Body) // at least once: every process receives it
	}
	deadline := time.After(90 * time.Second)
	for err == nil {
		select {
		case <-m.dead:
			return m, false
		case <-deadline:
			list, _ := record.List(w.t.Context(), app.Store, noon.Add(time.Hour), 10)
			w.t.Fatalf("no end within 90 s, %d commits; %+v", m.made, list)
		case <-time.After(2 * time.Millisecond):
		}
		if w.decide(app) {
			return m, true
		}
	}
	return m, false
}

// decide approves what waits, and reports whether the investigation is over.
func (w *world) decide(app *embedded.App) bool {
	list, err := record.List(w.t.Context(), app.Store, noon.Add(time.Hour), 10)
	if err != nil || len(list) == 0 {
		return false
	}
	if list[0].State == incident.AwaitingApproval && w.asked() {
		if a, err := app.Approvals.Get(w.t.Context(), list[0].ApprovalID); err == nil && a.State == incident.Pending {
			_, _, _ = app.Approvals.Decide(w.t.Context(), a.ID, a.PlanHash, incident.Approved, incident.Person{Subject: "approver@example.com", Method: "test"}, "")
		}
		_ = app.Approvals.Sweep(w.t.Context()) // what a crash left of a decision; a minute later on its own
	}
	_ = app.Triage.Sweep(w.t.Context())
	return list[0].State == incident.Completed
}

// asked reports whether the ticket says that a plan waits: nobody decides before being asked.
func (w *world) asked() bool {
	for _, t := range w.tickets.Tickets() {
		for _, n := range t.WorkNotes {
			if strings.Contains(n.Text[0], "waits for your decision") {
				return true
			}
		}
	}
	return false
}

// result is what must not depend on crashes.
type result struct {
	Conclusion incident.Conclusion
	Plan       string
	Decision   incident.ApprovalState
	Notes      []string
	Tickets    int
}

func (w *world) result() result {
	w.t.Helper()
	app, err := embedded.Start(w.t.Context(), embedded.Options{Space: w.scene.Space, Dir: w.dir, Now: func() time.Time { return noon }, NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer app.Stop()
	list, err := record.List(w.t.Context(), app.Store, noon.Add(time.Hour), 10)
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%d investigations, err %v", len(list), err)
	}
	r, err := app.Reports.Report(w.t.Context(), list[0].ID)
	if err != nil {
		w.t.Fatal(err)
	}
	records, err := journal.Read(w.t.Context(), app.Store, list[0].ID)
	if err == nil {
		err = journal.Verify(records, r.Journal.Head)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	out := result{Conclusion: *r.Conclusion, Plan: r.Investigation.PlanHash, Tickets: len(w.tickets.Tickets())}
	if r.Approval != nil {
		out.Decision = r.Approval.State
	}
	for _, t := range w.tickets.Tickets() {
		for _, n := range t.WorkNotes {
			out.Notes = append(out.Notes, n.Text[0])
		}
	}
	return out
}

// Kill the process after every single commit of the main path in turn, start it again: the same conclusion, plan and
// decision, every note on the ticket once, and at most one model call more than without the crash.
func TestCrashAfterEveryCommit(t *testing.T) {
	calm := newWorld(t)
	m, done := calm.live(1 << 30)
	if !done {
		t.Fatal("the undisturbed run did not end")
	}
	want, calls := calm.result(), calm.model.calls.Load()
	if want.Decision != incident.Approved || want.Tickets != 1 || len(want.Notes) < 3 {
		t.Fatalf("undisturbed run: %+v", want)
	}
	step := 7 // make proof kills after every commit
	if os.Getenv("PROOF") == "full" {
		step = 1
	}
	t.Logf("%d commits, %d model calls undisturbed", m.made, calls)
	for k := 1; k < m.made; k += step {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			w := newWorld(t)
			if _, done := w.live(k); !done {
				if _, done := w.live(1 << 30); !done {
					t.Fatal("the second process did not end it")
				}
			}
			if diff := cmp.Diff(want, w.result(), cmp.Transformer("json", func(c incident.Conclusion) string { b, _ := json.Marshal(c); return string(b) })); diff != "" {
				t.Errorf("after a crash at commit %d:\n%s", k, diff)
			}
			if n := w.model.calls.Load(); n > calls+1 {
				t.Errorf("%d model calls, undisturbed %d", n, calls)
			}
		})
	}
}
