package triage_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
)

// teller starts executions that tell of late alarms, and fails as often as told.
type teller struct {
	fail  int
	names []string
	told  map[string]int // by event id
}

func (n *teller) Start(_ context.Context, name string, in workflow.Input) error {
	if in.Phase != "note" {
		return nil
	}
	if n.fail > 0 {
		n.fail--
		return incident.Errorf(incident.Unavailable, "Step Functions does not answer")
	}
	for _, id := range strings.Split(in.Event, ",") {
		n.told[id]++
	}
	n.names = append(n.names, name)
	return nil
}

// The first alarm that joins a finished investigation is told of at once. A storm after it is a few notes, in which every
// alarm stands once, also when a start fails in between.
func TestLateAlarmsAreGathered(t *testing.T) {
	d, told, now := newDesk(t), &teller{told: map[string]int{}}, t0
	d.service = triage.New(triage.Deps{Store: d.store, Space: space(), Start: told, Dead: d, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	first := ev("checkout", "5xx", 0, incident.Created)
	d.send(first)
	d.end(d.decision(first).Investigation, incident.Completed, incident.RootCause{ID: "cause-1", Component: "checkout"})
	var late []incident.Event
	for i := range 200 {
		late = append(late, ev("checkout", fmt.Sprint("late-", i), 1+float64(i)/20, incident.Created))
		d.send(late[i])
	}
	if len(told.names) != 1 || told.told[late[0].EventID()] != 1 {
		t.Fatalf("at first %q tell of %v, want the first late alarm alone", told.names, told.told)
	}
	told.fail = 1
	for range 30 { // minutes, in each of which sweep runs twice
		now = now.Add(time.Minute)
		_ = d.service.Sweep(t.Context())
		_ = d.service.Sweep(t.Context())
	}
	if len(told.names) != 4 { // one, and 199 in notes of 90
		t.Errorf("%d notes", len(told.names))
	}
	for _, e := range late {
		if n := told.told[e.EventID()]; n != 1 {
			t.Errorf("%s is told of %d times", e.Rule, n)
		}
		if a, err := record.GetAlarm(t.Context(), d.store, e.EventID()); err != nil || a.Investigation != d.decision(first).Investigation {
			t.Errorf("%s: %+v, %v", e.Rule, a, err)
		}
	}
}
