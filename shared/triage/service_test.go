package triage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/skills"
)

var t0 = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// desk is a triage service over a memory store, with what it started.
type desk struct {
	t       *testing.T
	store   kv.Store
	service *triage.Service
	mu      sync.Mutex
	started map[string]int
	buried  []string
}

func (d *desk) Start(_ context.Context, name string, _ workflow.Input) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.started[name]++
	return nil
}

func (d *desk) Bury(_ context.Context, _ []byte, reason string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.buried = append(d.buried, reason)
	return nil
}

func space() config.Space {
	return config.Space{Name: "shop", Budget: config.Budget{Concurrent: 3}, Services: []config.Service{
		{Name: "checkout", DependsOn: []string{"db"}}, {Name: "web", DependsOn: []string{"checkout"}}, {Name: "db"}, {Name: "search"}}}
}

// shipped are the skills that ship, loaded once.
var shipped = sync.OnceValues(func() (skill.Library, error) { return skill.Load(skills.FS, rule.Compiler()) })

func newDesk(t *testing.T) *desk {
	t.Helper()
	lib, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, store: kv.NewMemory(), started: map[string]int{}}
	d.service = triage.New(triage.Deps{Store: d.store, Space: space(), Skills: lib, Start: d, Dead: d, Now: func() time.Time { return t0 }, Log: slog.New(slog.DiscardHandler)})
	return d
}

// ev is an alarm of a service, minutes after t0.
func ev(service, rule string, minutes float64, action incident.Action) incident.Event {
	return incident.Event{
		EventType: "incident", IncidentID: rule, Rule: rule, Action: action, Priority: incident.High, Title: rule, Service: service, Source: "cloudwatch",
		Account: "1", Region: "eu", Timestamp: t0.Add(time.Duration(minutes * float64(time.Minute))),
	}
}

func (d *desk) send(events ...incident.Event) {
	d.t.Helper()
	var batch []queue.Message
	for i, e := range events {
		body, err := json.Marshal(e)
		if err != nil {
			d.t.Fatal(err)
		}
		batch = append(batch, queue.Message{ID: fmt.Sprint(i), Body: body, Receives: 1})
	}
	if failed := d.service.Handle(context.Background(), batch); len(failed) > 0 {
		d.t.Fatal(failed)
	}
}

func (d *desk) decision(e incident.Event) record.Alarm {
	d.t.Helper()
	a, err := record.GetAlarm(d.t.Context(), d.store, e.EventID())
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d *desk) end(id string, state incident.State, causes ...incident.RootCause) {
	d.t.Helper()
	_, err := record.Update(d.t.Context(), d.store, t0, id, func(inv *incident.Investigation) error { inv.State = state; return nil },
		record.PutConclusion(id, incident.Conclusion{RootCauses: causes}))
	if err != nil {
		d.t.Fatal(err)
	}
}

func has(a record.Alarm, name incident.ReasonName) bool {
	for _, r := range a.Decision.Reasons {
		if r.Name == name {
			return true
		}
	}
	return false
}

func TestOneStormOneInvestigation(t *testing.T) {
	d := newDesk(t)
	first, second, third := ev("checkout", "5xx", 0, incident.Created), ev("checkout", "p99", 1, incident.Created), ev("db", "cpu", 2, incident.Created)
	backup := ev("reports", "nightly-backup-duration", 2, incident.Created)
	backup.Priority = incident.Low
	other := ev("search", "index-stale", 3, incident.Created)
	d.send(first, second, third, backup, first)
	d.send(other)
	inv := d.decision(first)
	if !inv.Opener || inv.Decision.Outcome != incident.Proceed || !has(inv, triage.NoOpenWindow) {
		t.Errorf("first: %+v", inv.Decision)
	}
	for _, e := range []incident.Event{second, third} {
		a := d.decision(e)
		if a.Decision.Outcome != incident.Linked || a.Investigation != inv.Investigation || a.Decision.Winner == nil || !has(a, triage.AboveThreshold) {
			t.Errorf("%s: %+v", e.Title, a.Decision)
		}
	}
	if a := d.decision(backup); a.Decision.Outcome != incident.Skipped || a.Decision.Rule != "maintenance-noise/slow-backup" {
		t.Errorf("backup: %+v", a.Decision)
	}
	if a := d.decision(other); a.Decision.Outcome != incident.Proceed || !has(a, triage.BelowThreshold) {
		t.Errorf("unrelated: %+v", a.Decision)
	}
	if len(d.started) != 2 || d.started[inv.Investigation] != 1 {
		t.Errorf("started: %v", d.started)
	}
	alarms, err := record.Alarms(t.Context(), d.store, inv.Investigation)
	if err != nil || len(alarms) != 3 {
		t.Errorf("%d alarms listed, err %v", len(alarms), err)
	}
}

func TestCriticalIsNotSkipped(t *testing.T) {
	d := newDesk(t)
	e := ev("reports", "backup", 0, incident.Created)
	e.Priority = incident.Critical
	d.send(e)
	if a := d.decision(e); a.Decision.Outcome != incident.Proceed {
		t.Errorf("%+v", a.Decision)
	}
}

// All 720 orders of six state changes of two alarms, delivered one by one and some of them twice, end in the same state (T10).
func TestOrderDoesNotMatter(t *testing.T) {
	events := []incident.Event{
		ev("checkout", "5xx", 0, incident.Created), ev("checkout", "5xx", 3, incident.Resolved), ev("checkout", "5xx", 5, incident.Created), ev("checkout", "5xx", 9, incident.Resolved),
		ev("checkout", "p99", 6, incident.Created), ev("checkout", "p99", 12, incident.Resolved),
	}
	want := ""
	permute(events, func(order []incident.Event) {
		d := newDesk(t)
		for _, e := range order {
			d.send(e)
			if rand.Intn(3) == 0 {
				d.send(e)
			}
		}
		if len(d.started) != 1 {
			t.Fatalf("order %v started %v", titles(order), d.started)
		}
		for id := range d.started {
			alarms, err := record.Alarms(t.Context(), d.store, id)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, a := range alarms {
				got += a.ID + string(a.Event.Action) + " "
			}
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatalf("order %v lists %s, want %s", titles(order), got, want)
			}
		}
	})
}

func titles(events []incident.Event) (out []string) {
	for _, e := range events {
		out = append(out, e.Title+string(e.Action))
	}
	return out
}

func permute(events []incident.Event, fn func([]incident.Event)) {
	var walk func(n int)
	walk = func(n int) {
		if n == 1 {
			fn(events)
			return
		}
		for i := range n {
			walk(n - 1)
			j := 0
			if n%2 == 0 {
				j = i
			}
			events[j], events[n-1] = events[n-1], events[j]
		}
	}
	walk(len(events))
}

func TestAfterTheWindow(t *testing.T) {
	first := ev("checkout", "5xx", 0, incident.Created)
	late := ev("checkout", "p99", 45, incident.Created)
	cause := incident.RootCause{ID: "cause-1", Component: "checkout"}
	tests := []struct {
		name    string
		before  []incident.Event
		state   incident.State
		causes  []incident.RootCause
		then    incident.Event
		outcome incident.TriageOutcome
		reason  incident.ReasonName
	}{
		{"still at work", nil, incident.Investigating, nil, late, incident.Linked, triage.Continuation},
		{"done, but its alarm still fires", nil, incident.Completed, []incident.RootCause{cause}, late, incident.Linked, triage.Continuation},
		{"done and recovered: the same alarm again", []incident.Event{ev("checkout", "5xx", 10, incident.Resolved)}, incident.Completed, []incident.RootCause{cause}, ev("checkout", "5xx", 45, incident.Created), incident.Proceed, triage.FollowUp},
		{"failed takes no more", nil, incident.Failed, nil, ev("checkout", "p99", 5, incident.Created), incident.Proceed, triage.Ended},
		{"done within the window, explained", nil, incident.Completed, []incident.RootCause{cause}, ev("db", "cpu", 5, incident.Created), incident.Linked, triage.Explained},
		{"done within the window, not explained", nil, incident.Completed, []incident.RootCause{{ID: "cause-1", Component: "search"}}, ev("checkout", "p99", 5, incident.Created), incident.Proceed, triage.NotExplained},
		{"re-fire inside the window", []incident.Event{ev("checkout", "5xx", 3, incident.Resolved)}, incident.Investigating, nil, ev("checkout", "5xx", 6, incident.Created), incident.Linked, triage.ReFire},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			d := newDesk(t)
			d.send(first)
			d.send(tc.before...)
			d.end(d.decision(first).Investigation, tc.state, tc.causes...)
			d.send(tc.then)
			a := d.decision(tc.then)
			if told := d.started[a.Investigation+"-note-"+a.ID]; (told == 1) != (tc.reason == triage.Explained) {
				t.Errorf("the ticket of %s is told %d times", a.Investigation, told)
			}
			if a.Decision.Outcome != tc.outcome || !has(a, tc.reason) {
				t.Errorf("%s %+v, want %s because of %s", a.Decision.Outcome, a.Decision.Reasons, tc.outcome, tc.reason)
			}
		})
	}
}

func TestStormMode(t *testing.T) {
	d := newDesk(t)
	for i := range 40 {
		d.send(ev(fmt.Sprint("service-", i), fmt.Sprint("rule-", i), float64(i)*0.05, incident.Created))
	}
	investigations, err := record.List(t.Context(), d.store, t0.Add(time.Hour), 100)
	if err != nil || len(investigations) != 22 {
		t.Fatalf("%d investigations, err %v; want 21 and one for the storm", len(investigations), err)
	}
	active, err := record.Active(t.Context(), d.store)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.started) != 3 {
		t.Errorf("%d started, the cap is 3", len(d.started))
	}
	if w := triage.Waiting(active); len(w) != 19 || w[0].State != incident.Queued || w[0].StateReason == "" {
		t.Errorf("%d waiting, first %+v", len(w), w[0])
	}
}

func TestAdmissionFollowsPriorityAndEnds(t *testing.T) {
	d := newDesk(t)
	var ids []string
	for i, p := range []incident.Priority{incident.Low, incident.Low, incident.Low, incident.Medium, incident.Critical} {
		e := ev(fmt.Sprint("s", i), fmt.Sprint("r", i), float64(i), incident.Created)
		e.Priority = p
		d.send(e)
		ids = append(ids, d.decision(e).Investigation)
	}
	d.end(ids[0], incident.Completed)
	if err := d.service.Admit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d.started[ids[4]] != 1 || d.started[ids[3]] != 0 {
		t.Errorf("started %v; the critical one comes before the medium one", d.started)
	}
}

func TestUndo(t *testing.T) {
	d := newDesk(t)
	first, linked := ev("checkout", "5xx", 0, incident.Created), ev("checkout", "p99", 1, incident.Created)
	d.send(first, linked)
	for n, who := range []string{"lena@example.com", "olaf@example.com"} {
		r, first, err := d.service.InvestigateAnyway(t.Context(), linked.EventID(), incident.Person{Subject: who, Method: "test"}, "different thing")
		if err != nil || first != (n == 0) {
			t.Fatalf("call %d: first %v, %v", n, first, err)
		}
		a := d.decision(linked)
		if a.Decision.Outcome != incident.Linked || a.Decision.Reversed == nil || *a.Decision.Reversed != r || r.By != "lena@example.com" || r.Method != "test" || d.started[r.Investigation] != 1 {
			t.Fatalf("%+v, started %v", a.Decision, d.started)
		}
		records, err := journal.Read(t.Context(), d.store, r.Investigation)
		if err != nil || len(records) != 1 || records[0].Kind != journal.TriageMoved || !strings.Contains(string(records[0].Body), "lena@example.com") {
			t.Errorf("journal %+v, %v", records, err)
		}
	}
	told := 0
	for _, id := range []string{d.decision(first).Investigation, d.decision(linked).Investigation} {
		notes, err := d.store.Query(t.Context(), record.Partition(id), "STEER#", kv.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range notes {
			if strings.Contains(string(n.Body), "lena@example.com: different thing") {
				told++
			}
		}
	}
	if told != 2 {
		t.Errorf("%d investigations were told who reversed it and why, want 2", told)
	}
	back := ev("checkout", "p99", 3, incident.Resolved)
	d.send(back)
	for event, want := range map[string]incident.Class{first.EventID(): incident.Invalid, back.EventID(): incident.Invalid, "evt-none": incident.NotFound} {
		if _, _, err := d.service.InvestigateAnyway(t.Context(), event, incident.Person{Subject: "lena@example.com"}, ""); !incident.Is(err, want) {
			t.Errorf("%s: %v, want %s", event, err, want)
		}
	}
	if _, _, err := d.service.InvestigateAnyway(t.Context(), linked.EventID(), incident.Person{}, ""); !incident.Is(err, incident.Invalid) {
		t.Errorf("nobody reversed it: %v", err)
	}
}

// TestUndoOfSkipped: the list of skipped alarms shows the reversal, and a process that may not start executions leaves
// that to the sweep of one that may.
func TestUndoOfSkipped(t *testing.T) {
	d := newDesk(t)
	e := ev("checkout", "5xx", 0, incident.Created)
	skipped := record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey(), Decision: incident.Decision{Outcome: incident.Skipped, Rule: "night/batch"}}
	if err := d.store.Commit(t.Context(), kv.Put(record.AlarmKey(skipped.ID), skipped, kv.Absent()), record.PutSkipped(skipped)); err != nil {
		t.Fatal(err)
	}
	deps := d.service.Deps
	deps.Start = nil
	r, first, err := triage.New(deps).InvestigateAnyway(t.Context(), skipped.ID, incident.Person{Subject: "lena@example.com"}, "")
	if err != nil || !first || len(d.started) != 0 {
		t.Fatalf("first %v, %v, started %v", first, err, d.started)
	}
	list, next, err := record.SkippedBetween(t.Context(), d.store, e.Timestamp, e.Timestamp, 10)
	if err != nil || !next.IsZero() || len(list) != 1 || list[0].Decision.Reversed == nil || list[0].Decision.Reversed.Investigation != r.Investigation {
		t.Errorf("%+v, %v", list, err)
	}
	if err := d.service.Sweep(t.Context()); err != nil || d.started[r.Investigation] != 1 {
		t.Errorf("%v, started %v", err, d.started)
	}
}

func TestMalformedIsBuriedWithAReason(t *testing.T) {
	d := newDesk(t)
	bad := ev("checkout", "5xx", 0, "exploded")
	body, err := json.Marshal(bad)
	if err != nil {
		t.Fatal(err)
	}
	failed := d.service.Handle(t.Context(), []queue.Message{{ID: "1", Body: []byte("{")}, {ID: "2", Body: body}})
	if len(failed) != 0 || len(d.buried) != 2 {
		t.Fatalf("failed %v, buried %v", failed, d.buried)
	}
}

// Many workers deliver the same alarms, twice each: one investigation, every alarm decided once.
func TestConcurrentWorkers(t *testing.T) {
	d := newDesk(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 40 {
				body, _ := json.Marshal(ev("checkout", fmt.Sprint("r", i), float64(i)/10, incident.Created))
				if failed := d.service.Handle(context.Background(), []queue.Message{{ID: "m", Body: body}}); len(failed) > 0 {
					t.Error(failed)
				}
			}
		})
	}
	wg.Wait()
	if len(d.started) != 1 {
		t.Fatalf("started %v", d.started)
	}
	for id := range d.started {
		alarms, err := record.Alarms(t.Context(), d.store, id)
		if err != nil || len(alarms) != 40 {
			t.Fatalf("%d alarms, err %v", len(alarms), err)
		}
	}
}
