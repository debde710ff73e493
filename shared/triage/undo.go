package triage

import (
	"context"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
)

// InvestigateAnyway reverses a Linked or Skipped decision: the alarm gets an investigation of its own. The decision stays
// as it was, with the reversal, who and why beside it, and both investigations are told. A repeat returns the same
// investigation.
func (s *Service) InvestigateAnyway(ctx context.Context, eventID, by, why string) (investigation string, err error) {
	return s.undo(ctx, eventID, by, why, "")
}

// Unlink is InvestigateAnyway for a Linked decision, and Invalid for any other.
func (s *Service) Unlink(ctx context.Context, eventID, by, why string) (investigation string, err error) {
	return s.undo(ctx, eventID, by, why, incident.Linked)
}

// Unskip is InvestigateAnyway for a Skipped decision, and Invalid for any other.
func (s *Service) Unskip(ctx context.Context, eventID, by, why string) (investigation string, err error) {
	return s.undo(ctx, eventID, by, why, incident.Skipped)
}

func (s *Service) undo(ctx context.Context, eventID, by, why string, only incident.TriageOutcome) (string, error) {
	s.refresh(ctx)
	for attempt := range attempts {
		id, err := s.reverse(ctx, eventID, by, why, only)
		if !incident.Is(err, incident.Conflict) {
			if err == nil {
				s.start(ctx, true)
			}
			return id, err
		}
		if err := backoff(ctx, attempt); err != nil {
			return "", err
		}
	}
	return "", incident.Errorf(incident.Throttled, "the decision on %s changed too often; try again", eventID)
}

func (s *Service) reverse(ctx context.Context, eventID, by, why string, only incident.TriageOutcome) (string, error) {
	var a record.Alarm
	v, found, err := kv.Read(ctx, s.Store, record.AlarmKey(eventID), &a)
	if err != nil {
		return "", err
	}
	switch {
	case !found:
		return "", incident.Errorf(incident.NotFound, "alarm %s is not stored", eventID)
	case by == "":
		return "", incident.Errorf(incident.Invalid, "a reversal needs to know who makes it")
	case only != "" && a.Decision.Outcome != only:
		return "", incident.Errorf(incident.Invalid, "the decision on %s is %s, not %s", eventID, a.Decision.Outcome, only)
	case a.Decision.Reversed != nil:
		return a.Decision.Reversed.Investigation, nil
	case a.Opener:
		return "", incident.Errorf(incident.Invalid, "alarm %s has an investigation of its own already: %s", eventID, a.Investigation)
	case !a.Event.Action.Firing():
		return "", incident.Errorf(incident.Invalid, "%s is a recovery; there is nothing to investigate", eventID)
	}
	t := s.begin(true)
	if _, err := t.windows(ctx, hours(a.Event.Timestamp)); err != nil {
		return "", err
	}
	h, err := t.history(ctx, a.Event)
	if err != nil {
		return "", err
	}
	own := a
	own.Decision.Reasons = nil
	if own, err = t.open(ctx, own, h, a.Investigation); err != nil {
		return "", err
	}
	for i := range h.Changes {
		if h.Changes[i].Event == a.ID {
			h.Changes[i].Investigation, h.dirty = own.Investigation, true
		}
	}
	a.Decision.Reversed = &incident.Reversal{By: by, At: s.Now(), Why: why, Investigation: own.Investigation}
	if err := t.tellReversed(ctx, a, own); err != nil {
		return "", err
	}
	listed := a
	listed.Investigation, listed.Window, listed.Opener = own.Investigation, own.Window, true
	t.ops = append(t.ops, kv.Put(record.AlarmKey(a.ID), listed, kv.Version(v)), record.Member(own.Investigation, listed))
	return own.Investigation, t.commit(ctx)
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
