package tell_test

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/tell"
	"github.com/firefinder/firefinder/shared/workflow"
)

var t0 = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

// mouth records what is told; err is what it answers.
type mouth struct {
	told []deliver.Notice
	err  error
}

func (m *mouth) Tell(_ context.Context, n deliver.Notice) error {
	m.told = append(m.told, n)
	return m.err
}

// vault records what is locked away.
type vault map[string]time.Time

func (v vault) Keep(_ context.Context, name string, data []byte, _ string, until time.Time) error {
	records, head, err := journal.Parse(data)
	if err == nil {
		err = journal.Verify(records, head)
	}
	v[name] = until
	return err
}

type door struct{ opened int }

func (d *door) Admit(context.Context) error { d.opened++; return nil }

func service(t *testing.T) (*tell.Service, *mouth, vault, *door) {
	t.Helper()
	store, docs := kv.NewMemory(), &blob.Memory{}
	inv := incident.Investigation{ID: "inv-1", Space: "shop", Title: "5xx", State: incident.RootCauseFound, OpenedAt: t0}
	e := incident.Event{EventType: "incident", IncidentID: "late", Action: incident.Created, Priority: incident.High, Title: "db cpu", Service: "db", Timestamp: t0}
	late := record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey(), Investigation: "inv-1"}
	ops := append(record.Open(inv), kv.Put(record.AlarmKey(late.ID), late, kv.Absent()))
	if err := store.Commit(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	m, v, d := &mouth{}, vault{}, &door{}
	s := tell.New(tell.Deps{
		Store: store, Blob: docs, Space: config.Space{Name: "shop", Deploy: config.Deploy{JournalLockDays: 30}}, PublicURL: "https://f.example", Tell: m, Admit: d, Journals: v,
		Approvals: approval.New(approval.Deps{Store: store, Blob: docs}), Now: func() time.Time { return t0 }, Log: slog.New(slog.DiscardHandler),
	})
	return s, m, v, d
}

func state(t *testing.T, s *tell.Service) incident.Investigation {
	t.Helper()
	inv, err := record.Get(t.Context(), s.Store, "inv-1")
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestTheLastNoticeCloses(t *testing.T) {
	for kind, want := range map[string]incident.State{"findings": incident.Completed, "decision": incident.Completed, "failure": incident.Failed} {
		s, m, v, d := service(t)
		for range 2 { // repeats are safe
			if _, err := s.Deliver(t.Context(), workflow.Delivery{ID: "inv-1", Kind: kind, Error: "Unavailable", Last: true}); err != nil {
				t.Fatal(err)
			}
		}
		inv := state(t, s)
		if inv.State != want || m.told[0].Link != "https://f.example/investigations/inv-1" {
			t.Errorf("%s: state %s, link %s", kind, inv.State, m.told[0].Link)
		}
		if until := v["journals/inv-1.jsonl"]; !until.Equal(t0.AddDate(0, 0, 30)) || d.opened == 0 {
			t.Errorf("%s: journal locked until %s, admitted %d times", kind, until, d.opened)
		}
		if kind == "failure" && !strings.Contains(m.told[0].Text, "did not answer in time") {
			t.Errorf("failure says %q", m.told[0].Text)
		}
	}
}

func TestAnEarlierNoticeLeavesItOpen(t *testing.T) {
	s, _, v, _ := service(t)
	if _, err := s.Deliver(t.Context(), workflow.Delivery{ID: "inv-1", Kind: "findings"}); err != nil {
		t.Fatal(err)
	}
	if inv := state(t, s); inv.State.Final() || len(v) != 0 {
		t.Errorf("state %s, locked %v", inv.State, v)
	}
}

// A channel that is away asks for a repeat; one that refuses for good is recorded, and the investigation goes on.
func TestRefusedAndAway(t *testing.T) {
	s, m, _, _ := service(t)
	m.err = incident.Errorf(incident.Unavailable, "away")
	if _, err := s.Deliver(t.Context(), workflow.Delivery{ID: "inv-1", Kind: "findings", Last: true}); !incident.Is(err, incident.Unavailable) || state(t, s).State.Final() {
		t.Errorf("away: %v, state %s", err, state(t, s).State)
	}
	m.err = incident.Errorf(incident.Denied, "no")
	if _, err := s.Deliver(t.Context(), workflow.Delivery{ID: "inv-1", Kind: "findings", Last: true}); err != nil || state(t, s).State != incident.Completed {
		t.Errorf("refused: %v, state %s", err, state(t, s).State)
	}
}

func TestALateAlarmIsTold(t *testing.T) {
	s, m, _, _ := service(t)
	e := incident.Event{EventType: "incident", IncidentID: "late", Action: incident.Created, Timestamp: t0}
	if _, err := s.Deliver(t.Context(), workflow.Delivery{ID: "inv-1", Kind: "linked", Event: e.EventID()}); err != nil {
		t.Fatal(err)
	}
	if n := m.told[0]; n.Kind != deliver.Linked || len(n.Alarms) != 1 || !strings.Contains(n.Text, "db cpu") || !strings.HasSuffix(n.Key, e.EventID()) {
		t.Errorf("%+v", n)
	}
}

func TestLateAlarmsAreToldTogether(t *testing.T) {
	s, m, _, _ := service(t)
	earlier := incident.Event{EventType: "incident", IncidentID: "early", Action: incident.Created, Title: "db memory", Timestamp: t0.Add(-time.Minute)}
	a := record.Alarm{Event: earlier, ID: earlier.EventID(), Key: earlier.AlarmKey(), Investigation: "inv-1"}
	if err := s.Store.Commit(t.Context(), kv.Put(record.AlarmKey(a.ID), a, kv.Absent())); err != nil {
		t.Fatal(err)
	}
	late := incident.Event{EventType: "incident", IncidentID: "late", Action: incident.Created, Timestamp: t0}.EventID()
	if _, err := s.Deliver(t.Context(), workflow.Delivery{ID: "inv-1", Kind: "linked", Event: late + "," + a.ID}); err != nil {
		t.Fatal(err)
	}
	n := m.told[0]
	if len(n.Alarms) != 2 || n.Alarms[0].ID != a.ID || !strings.HasPrefix(n.Text, "2 later alarms") || !strings.Contains(n.Text, "db memory") || n.Key != "linked/"+late {
		t.Errorf("%+v", n)
	}
	if subject := deliver.Compose(n).Subject; !strings.HasSuffix(subject, "2 more alarms belong to this") {
		t.Error(subject)
	}
}

// What a person has moved to an investigation of its own since is not told of.
func TestUndoneLateAlarmsAreNotTold(t *testing.T) {
	s, m, _, _ := service(t)
	moved := incident.Event{EventType: "incident", IncidentID: "moved", Action: incident.Created, Title: "db memory", Timestamp: t0}
	a := record.Alarm{Event: moved, ID: moved.EventID(), Key: moved.AlarmKey(), Investigation: "inv-2"}
	if err := s.Store.Commit(t.Context(), kv.Put(record.AlarmKey(a.ID), a, kv.Absent())); err != nil {
		t.Fatal(err)
	}
	late := incident.Event{EventType: "incident", IncidentID: "late", Action: incident.Created, Timestamp: t0}.EventID()
	for _, events := range []string{a.ID, a.ID + "," + late} {
		if _, err := s.Deliver(t.Context(), workflow.Delivery{ID: "inv-1", Kind: "linked", Event: events}); err != nil {
			t.Fatal(err)
		}
	}
	if len(m.told) != 1 || len(m.told[0].Alarms) != 1 || m.told[0].Alarms[0].ID != late {
		t.Errorf("%+v", m.told)
	}
}

// pen writes links; away, it writes none.
type pen struct{ away bool }

func (p pen) Link(_ context.Context, event string) (string, error) {
	if p.away {
		return "", incident.Errorf(incident.Unavailable, "away")
	}
	return "https://f.example/undo/" + event, nil
}

// Alarms whose decision can be undone carry a link, in the findings also those that rules skipped meanwhile; without the
// key the notice goes out all the same, and names the command.
func TestLinksToUndo(t *testing.T) {
	add := func(s *tell.Service, id string, at time.Duration, o incident.TriageOutcome, action incident.Action) record.Alarm {
		e := incident.Event{EventType: "incident", IncidentID: id, Action: action, Title: id, Timestamp: t0.Add(at)}
		a := record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey(), Decision: incident.Decision{Outcome: o}}
		op := record.PutSkipped(a)
		if o != incident.Skipped {
			op = record.Member("inv-1", a)
		}
		if err := s.Store.Commit(t.Context(), op); err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, away := range []bool{false, true} {
		s, m, _, _ := service(t)
		s.Undo = pen{away}
		add(s, "opener", 0, incident.Proceed, incident.Created)
		add(s, "linked", 0, incident.Linked, incident.Created)
		add(s, "recovered", 0, incident.Linked, incident.Resolved)
		add(s, "skipped", -time.Minute, incident.Skipped, incident.Created)
		add(s, "nothing to look at", -time.Minute, incident.Skipped, incident.Resolved)
		add(s, "long before", -time.Hour, incident.Skipped, incident.Created)
		for _, kind := range []string{"findings", "decision"} {
			if _, err := s.Deliver(t.Context(), workflow.Delivery{ID: "inv-1", Kind: kind}); err != nil {
				t.Fatal(err)
			}
		}
		got := map[string]bool{}
		for _, a := range append(m.told[0].Alarms, m.told[0].Skipped...) {
			got[a.Event.Title] = a.Undo == "https://f.example/undo/"+a.ID
		}
		if want := map[string]bool{"opener": false, "linked": !away, "recovered": false, "skipped": !away}; !maps.Equal(got, want) {
			t.Errorf("away %v: links %v, want %v", away, got, want)
		}
		if text := deliver.Compose(m.told[0]).Text(); strings.Contains(text, "firefinder unskip evt-") != away {
			t.Errorf("away %v: %s", away, text)
		}
		if len(m.told[1].Skipped) != 0 {
			t.Errorf("the decision lists what was skipped: %+v", m.told[1].Skipped)
		}
	}
}
