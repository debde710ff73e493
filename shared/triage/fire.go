package triage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

// fire decides on a firing alarm.
func (t *transaction) fire(ctx context.Context, e incident.Event, h *history) (record.Alarm, error) {
	windows, err := t.windows(ctx, hours(e.Timestamp))
	if err != nil {
		return record.Alarm{}, err
	}
	a := record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey(), Decision: Decide(t.Now(), e, windows, t.graph, t.rules)}
	a.Decision.Reasons = append(a.Decision.Reasons, again(e, h)...)
	switch a.Decision.Outcome {
	case incident.Linked:
		return t.join(ctx, a, h)
	case incident.Proceed:
		return t.proceed(ctx, a, h, windows)
	}
	return a, nil
}

// again says what the alarm's own history adds: that it fired before and recovered, or that it is over already.
func again(e incident.Event, h *history) []incident.Reason {
	var out []incident.Reason
	if h.recoveredBefore(e.Timestamp) {
		if n := h.refires(e.Timestamp) + 1; n > 0 {
			out = append(out, incident.Reason{Name: ReFire, Detail: fmt.Sprintf("fire %d of this alarm after a recovery", n)})
		}
	}
	if c, ok := h.recoveryAfter(e.Timestamp); ok {
		out = append(out, incident.Reason{Name: AlreadyRecovered, Detail: "its recovery at " + c.At.UTC().Format("15:04:05Z") + " is known already"})
	}
	return out
}

// join links an alarm to the investigation of its window, if that still takes alarms.
func (t *transaction) join(ctx context.Context, a record.Alarm, h *history) (record.Alarm, error) {
	inv, err := t.investigation(ctx, a.Decision.Investigation)
	if err != nil {
		return a, err
	}
	switch inv.State {
	case incident.Failed, incident.Cancelled, incident.TimedOut:
		a.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: Ended, Detail: inv.ID + " is " + string(inv.State) + " and takes no more alarms"})
		return t.open(ctx, a, h, inv.ID)
	case incident.Completed:
		ok, why, err := t.explains(ctx, inv, a.Event)
		if err != nil {
			return a, err
		}
		if !ok {
			a.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: NotExplained, Detail: why})
			return t.open(ctx, a, h, inv.ID)
		}
		a.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: Explained, Detail: why})
		t.ops = append(t.ops, noteFor(inv.ID, a.ID))
		t.opened = true // a note's execution is started where investigations are
	}
	a.Investigation, a.Window = inv.ID, a.Decision.Window
	t.steer(inv, a, "Another alarm was linked: "+a.Event.Title+" on "+a.Event.Service+" at "+a.Event.Timestamp.UTC().Format(time.RFC3339)+".")
	t.adopt(ctx, a, h)
	return a, nil
}

// explains reports whether what a finished investigation found also explains an alarm: the cause's component, what it
// cascades to, or a direct neighbour of it.
func (t *transaction) explains(ctx context.Context, inv incident.Investigation, e incident.Event) (bool, string, error) {
	c, found, err := record.Conclusion(ctx, t.Store, inv.ID)
	if err != nil {
		return false, "", err
	}
	if !found || len(c.RootCauses) == 0 {
		return false, inv.ID + " ended without a root cause", nil
	}
	for _, rc := range c.RootCauses {
		if t.graph.Hops(rc.Component, e.Service) <= 1 || slices.Contains(rc.CascadesTo, e.Service) {
			return true, fmt.Sprintf("the root cause of %s, %s, explains %s too", inv.ID, rc.Component, e.Service), nil
		}
	}
	return false, fmt.Sprintf("the root cause of %s, %s, does not reach %s", inv.ID, c.RootCauses[0].Component, e.Service), nil
}

// proceed opens an investigation, unless the alarm continues an outage or belongs to a storm.
func (t *transaction) proceed(ctx context.Context, a record.Alarm, h *history, windows []Window) (record.Alarm, error) {
	if done, next, err := t.continued(ctx, a, h); done || err != nil {
		return next, err
	}
	recent := 0
	for _, w := range windows {
		if w.Storm && distance(w.OpenedAt, a.Event.Timestamp) <= Reach {
			a.Decision.Outcome, a.Decision.Window, a.Decision.Investigation = incident.Linked, w.ID, w.Investigation
			a.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: Storm, Detail: "an alarm storm is on; one investigation covers it"})
			return t.join(ctx, a, h)
		}
		if away := a.Event.Timestamp.Sub(w.OpenedAt); away >= 0 && away <= stormSpan {
			recent++
		}
	}
	if recent > stormWindows {
		a.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: Storm, Detail: fmt.Sprintf("%d investigations opened within 5 minutes; this one covers the rest", recent)})
	}
	follows := ""
	if before, ok := h.fireBefore(a.Event.Timestamp); ok && a.Event.Timestamp.Sub(before.At) <= followFor {
		follows = before.Investigation
	}
	return t.openAs(ctx, a, h, follows, recent > stormWindows)
}

// continued links an alarm to an outage that began up to four hours ago and is not over: it opens a further window of
// the same investigation.
func (t *transaction) continued(ctx context.Context, a record.Alarm, h *history) (bool, record.Alarm, error) {
	var span []time.Time
	for back := time.Duration(0); back <= continueFor; back += time.Hour {
		span = append(span, hourOf(a.Event.Timestamp.Add(-back)))
	}
	windows, err := t.windows(ctx, span)
	if err != nil {
		return false, a, err
	}
	slices.SortFunc(windows, func(x, y Window) int { return y.OpenedAt.Compare(x.OpenedAt) })
	for _, w := range windows {
		age := a.Event.Timestamp.Sub(w.OpenedAt)
		features := Features(a.Event, w, t.graph, false)
		if age <= Reach || age > continueFor || w.Storm || total(features) < Threshold-1e-9 {
			continue
		}
		inv, err := t.investigation(ctx, w.Investigation)
		if err != nil {
			return false, a, err
		}
		why, on, err := t.lasts(ctx, inv, a.Event.Timestamp)
		if err != nil {
			return false, a, err
		}
		if !on {
			continue
		}
		a.Decision.Outcome, a.Decision.Investigation = incident.Linked, inv.ID
		a.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: Continuation, Detail: why})
		next := windowOf(a.Event, inv.ID)
		a.Investigation, a.Window, a.Decision.Window = inv.ID, next.ID, next.ID
		t.addWindow(next)
		t.steer(inv, a, "The outage goes on: "+a.Event.Title+" on "+a.Event.Service+".")
		t.adopt(ctx, a, h)
		return true, a, nil
	}
	return false, a, nil
}

// lasts reports whether an investigation's outage is not over at t: it is still at work, or one of its alarms fires.
func (t *transaction) lasts(ctx context.Context, inv incident.Investigation, at time.Time) (string, bool, error) {
	switch inv.State {
	case incident.Failed, incident.Cancelled, incident.TimedOut:
		return "", false, nil
	case incident.Completed:
	default:
		return inv.ID + " is still at work", true, nil
	}
	alarms, err := record.Alarms(ctx, t.Store, inv.ID)
	if err != nil {
		return "", false, err
	}
	firing := map[incident.AlarmKey]string{}
	for _, a := range alarms { // in event-time order
		if a.Event.Timestamp.After(at) {
			break
		}
		if delete(firing, a.Key); a.Event.Action.Firing() {
			firing[a.Key] = a.Event.Title
		}
	}
	for _, title := range firing {
		return title + " of " + inv.ID + " still fires", true, nil
	}
	return "", false, nil
}

func (t *transaction) open(ctx context.Context, a record.Alarm, h *history, follows string) (record.Alarm, error) {
	a.Decision.Outcome, a.Decision.Window = incident.Proceed, ""
	return t.openAs(ctx, a, h, follows, false)
}

// openAs opens an investigation with its window.
func (t *transaction) openAs(ctx context.Context, a record.Alarm, h *history, follows string, storm bool) (record.Alarm, error) {
	inv := incident.Investigation{
		ID: a.Event.InvestigationID(t.Space.Name), Space: t.Space.Name, Title: a.Event.Title, Priority: a.Event.Priority, Service: a.Event.Service,
		State: incident.Opened, OpenedAt: a.Event.Timestamp, CreatedAt: t.Now(), UpdatedAt: t.Now(), Opener: a.Event, Follows: follows, Ticket: a.Event.Ticket,
	}
	inv.Opener.Data = nil // it stays with the alarm
	if storm {
		inv.Title = "Alarm storm, first: " + a.Event.Title
	}
	if follows != "" {
		a.Decision.Reasons = append(a.Decision.Reasons, incident.Reason{Name: FollowUp, Detail: "it follows " + follows})
	}
	w := windowOf(a.Event, inv.ID)
	w.Storm = storm
	t.addWindow(w)
	t.ops = append(t.ops, record.Open(inv)...)
	t.investigations[inv.ID] = inv
	t.opened = true
	a.Investigation, a.Window, a.Opener = inv.ID, w.ID, true
	a.Decision.Investigation, a.Decision.Window = inv.ID, w.ID
	t.adopt(ctx, a, h)
	return a, nil
}

// adopt lists a recovery that came before its fire under the fire's investigation.
func (t *transaction) adopt(ctx context.Context, a record.Alarm, h *history) {
	c, ok := h.recoveryAfter(a.Event.Timestamp)
	if !ok || c.Investigation != "" {
		return
	}
	early, err := record.GetAlarm(ctx, t.Store, c.Event)
	if err != nil { // it stays listed as skipped; the alarm's history still shows it
		t.Log.WarnContext(ctx, "early recovery not listed", "investigation", a.Investigation, "class", incident.ClassOf(err))
		return
	}
	early.Investigation = a.Investigation
	t.ops = append(t.ops, record.Member(a.Investigation, early))
	for i := range h.Changes {
		if h.Changes[i].Event == c.Event {
			h.Changes[i].Investigation = a.Investigation
		}
	}
}
