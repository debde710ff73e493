package triage

import (
	"context"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
)

// InvestigateAnyway reverses a Linked or Skipped decision: the alarm gets an investigation of its own. The decision stays
// as it was, with the reversal, who and why beside it. A repeat returns the same investigation.
func (s *Service) InvestigateAnyway(ctx context.Context, eventID, by, why string) (investigation string, err error) {
	s.refresh(ctx)
	for attempt := range attempts {
		id, err := s.reverse(ctx, eventID, by, why)
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

func (s *Service) reverse(ctx context.Context, eventID, by, why string) (string, error) {
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
	if a.Investigation != "" { // the old investigation keeps listing it, as reversed
		t.ops = append(t.ops, record.Member(a.Investigation, a))
	}
	listed := a
	listed.Investigation, listed.Window, listed.Opener = own.Investigation, own.Window, true
	t.ops = append(t.ops, kv.Put(record.AlarmKey(a.ID), listed, kv.Version(v)), record.Member(own.Investigation, listed))
	return own.Investigation, t.commit(ctx)
}
