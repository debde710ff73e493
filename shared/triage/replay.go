package triage

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Replayed is one event with what triage would decide now, and what it decided then.
type Replayed struct {
	EventID   string             `json:"event_id"`
	Event     incident.Event     `json:"event"`
	Would     incident.Decision  `json:"would"`
	Did       *incident.Decision `json:"did,omitempty"` // nil: there is no record of it
	Duplicate bool               `json:"duplicate,omitempty"`
	Changed   string             `json:"changed,omitempty"` // in words; empty: the same as then, or nothing to compare with
	Error     string             `json:"error,omitempty"`
}

// Replay decides on events in the order given, with today's rules, weights and graph, over a store of its own: nothing is
// started, written or told. did holds the decisions of then, by event id. Investigations of the replay stay at work
// throughout, so that what joins them or continues them does not depend on how long an investigation took then.
func Replay(ctx context.Context, d Deps, events []incident.Event, did map[string]incident.Decision) ([]Replayed, error) {
	var now time.Time
	d.Store, d.Start, d.Dead, d.Now = kv.NewMemory(), idle{}, idle{}, func() time.Time { return now }
	s := New(d)
	seen := map[string]bool{}
	out := make([]Replayed, 0, len(events))
	for _, e := range events {
		now = e.Timestamp
		r := Replayed{EventID: e.EventID(), Event: e, Duplicate: seen[e.EventID()]}
		seen[r.EventID] = true
		body, err := json.Marshal(e)
		if err != nil {
			return nil, incident.Errorf(incident.Internal, "replay %s: %w", r.EventID, err)
		}
		if err := s.Handle(ctx, []queue.Message{{ID: r.EventID, Body: body, Receives: 1}})[r.EventID]; err != nil {
			return nil, err
		}
		a, err := record.GetAlarm(ctx, d.Store, r.EventID)
		switch {
		case incident.Is(err, incident.NotFound):
			r.Error = "no decision: the event is not valid"
		case err != nil:
			return nil, err
		}
		r.Would = a.Decision
		if then, ok := did[r.EventID]; ok {
			r.Did = &then
			r.Changed = changed(then, r.Would)
		}
		r.Event.Data = nil
		out = append(out, r)
	}
	return out, nil
}

// changed says in words how two decisions on one event differ.
func changed(did, would incident.Decision) string {
	switch {
	case did.Outcome != would.Outcome && would.Outcome == incident.Skipped:
		return "was " + string(did.Outcome) + ", would be Skipped by " + would.Rule
	case did.Outcome != would.Outcome && did.Outcome == incident.Skipped:
		return "was Skipped by " + did.Rule + ", would be " + string(would.Outcome)
	case did.Outcome != would.Outcome:
		return "was " + string(did.Outcome) + ", would be " + string(would.Outcome)
	case did.Rule != would.Rule:
		return "was Skipped by " + did.Rule + ", would be by " + would.Rule
	case did.Outcome == incident.Linked && did.Investigation != would.Investigation:
		return "was Linked to " + did.Investigation + ", would be to " + would.Investigation
	}
	return ""
}

// idle takes starts and dead letters and does nothing.
type idle struct{}

func (idle) Start(context.Context, string, workflow.Input) error { return nil }

func (idle) Bury(context.Context, []byte, string) error { return nil }

// Stored reads every event since a time with the decision on it, in event-time order, vendor bodies included.
func Stored(ctx context.Context, s kv.Store, since, until time.Time) ([]incident.Event, map[string]incident.Decision, error) {
	ids := map[string]bool{}
	list, err := record.List(ctx, s, until, 1<<20)
	if err != nil {
		return nil, nil, err
	}
	for _, inv := range list {
		alarms, err := record.Alarms(ctx, s, inv.ID)
		if err != nil {
			return nil, nil, err
		}
		for _, a := range alarms {
			ids[a.ID] = true
		}
	}
	for day := since.UTC().Truncate(24 * time.Hour); !day.After(until); day = day.AddDate(0, 0, 1) {
		skipped, err := record.Skipped(ctx, s, day)
		if err != nil {
			return nil, nil, err
		}
		for _, a := range skipped {
			ids[a.ID] = true
		}
	}
	var events []incident.Event
	did := map[string]incident.Decision{}
	for id := range ids {
		a, err := record.GetAlarm(ctx, s, id)
		if err != nil {
			return nil, nil, err
		}
		if !a.Event.Timestamp.Before(since) && !a.Event.Timestamp.After(until) {
			events = append(events, a.Event)
			did[id] = a.Decision
		}
	}
	slices.SortFunc(events, func(a, b incident.Event) int {
		if c := a.Timestamp.Compare(b.Timestamp); c != 0 {
			return c
		}
		return strings.Compare(a.EventID(), b.EventID())
	})
	return events, did, nil
}
