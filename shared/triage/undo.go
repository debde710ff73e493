package triage

import (
	"context"
	"fmt"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
)

// InvestigateAnyway reverses a Linked or Skipped decision: the alarm gets an investigation of its own, under the space's
// caps and budgets like any other. The decision stays as it was, with the reversal, who and why beside it; both
// investigations are told, and the new one's journal begins with it. One conditional commit reverses: first is true for
// the caller who did, everybody else gets the reversal that there is. NotFound: no such alarm. Invalid: there is nothing
// to reverse (it opened an investigation itself, or is a recovery), or by names nobody.
//
// A process that may not start executions (no Start) leaves that to the next Sweep of one that may.
func (s *Service) InvestigateAnyway(ctx context.Context, eventID string, by incident.Person, why string) (r incident.Reversal, first bool, err error) {
	s.refresh(ctx)
	for attempt := range attempts {
		r, first, err = s.reverse(ctx, eventID, by, why)
		if !incident.Is(err, incident.Conflict) {
			return r, first, s.reversed(ctx, eventID, r, err)
		}
		if err := backoff(ctx, attempt); err != nil {
			return r, false, err
		}
	}
	return r, false, incident.Errorf(incident.Throttled, "the decision on %s changed too often; try again", eventID)
}

// reversed notes a reversal in the journal of the investigation that it led to, and starts that. A repeat finishes what an
// earlier call left.
func (s *Service) reversed(ctx context.Context, eventID string, r incident.Reversal, err error) error {
	if err != nil {
		return err
	}
	body := map[string]any{"event": eventID, "reversal": r}
	err = journal.Note(ctx, s.Store, nil, r.Investigation, s.Now, journal.TriageMoved, "triage/"+eventID, body) // too small for a document store
	if err != nil {
		return fmt.Errorf("note the reversal of %s: %w", eventID, err)
	}
	s.start(ctx, true)
	return nil
}

// Reversible says why the decision on an alarm cannot be reversed; empty if it can, or was.
func Reversible(a record.Alarm) string {
	switch {
	case a.Opener:
		return "it has an investigation of its own already: " + a.Investigation
	case !a.Event.Action.Firing():
		return "it is a recovery; there is nothing to investigate"
	}
	return ""
}

func (s *Service) reverse(ctx context.Context, eventID string, by incident.Person, why string) (r incident.Reversal, first bool, err error) {
	var a record.Alarm
	v, found, err := kv.Read(ctx, s.Store, record.AlarmKey(eventID), &a)
	switch {
	case err != nil:
		return r, false, err
	case !found:
		return r, false, incident.Errorf(incident.NotFound, "alarm %s is not stored", eventID)
	case by.Subject == "":
		return r, false, incident.Errorf(incident.Invalid, "a reversal needs to know who makes it")
	case a.Decision.Reversed != nil:
		return *a.Decision.Reversed, false, nil
	}
	if reason := Reversible(a); reason != "" {
		return r, false, incident.Errorf(incident.Invalid, "the decision on %s stays: %s", eventID, reason)
	}
	t := s.begin(1, true)
	if _, err := t.windows(ctx, hours(a.Event.Timestamp)); err != nil {
		return r, false, err
	}
	h, err := t.history(ctx, a.Event)
	if err != nil {
		return r, false, err
	}
	own := a
	own.Decision.Reasons = nil
	if own, err = t.open(ctx, own, h, a.Investigation); err != nil {
		return r, false, err
	}
	for i := range h.Changes {
		if h.Changes[i].Event == a.ID {
			h.Changes[i].Investigation, h.dirty = own.Investigation, true
		}
	}
	r = incident.Reversal{By: by.Subject, Method: by.Method, At: s.Now(), Why: why, Investigation: own.Investigation}
	a.Decision.Reversed = &r
	if err := t.tellReversed(ctx, a, own); err != nil {
		return r, false, err
	}
	t.list(a, own, v)
	return r, true, t.commit(ctx)
}

// list writes the alarm, with its reversal, wherever it is listed.
func (t *transaction) list(a, own record.Alarm, version int64) {
	if a.Decision.Outcome == incident.Skipped {
		t.ops = append(t.ops, record.PutSkipped(a))
	}
	a.Investigation, a.Window, a.Opener = own.Investigation, own.Window, true
	t.ops = append(t.ops, kv.Put(record.AlarmKey(a.ID), a, kv.Version(version)), record.Member(own.Investigation, a))
}

// tellReversed tells both investigations who moved the alarm and why; the old one keeps listing it, as reversed.
func (t *transaction) tellReversed(ctx context.Context, a, own record.Alarm) error {
	r := a.Decision.Reversed
	said := r.By + orNothing(": ", r.Why)
	tell := func(investigation, text string) {
		t.notes[investigation] = append(t.notes[investigation], note{r.At, a.ID + "#reversed", text})
	}
	tell(own.Investigation, "Triage had decided "+string(a.Decision.Outcome)+" on "+a.Event.Title+"; it is investigated all the same, says "+said+".")
	if a.Investigation == "" {
		return nil
	}
	t.ops = append(t.ops, record.Member(a.Investigation, a))
	old, err := t.investigation(ctx, a.Investigation)
	if err == nil && !old.State.Final() {
		tell(old.ID, "The alarm "+a.Event.Title+" does not belong here, says "+said+". It is investigated as "+own.Investigation+".")
	}
	return err
}

// orNothing joins two texts unless the second is empty.
func orNothing(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}
