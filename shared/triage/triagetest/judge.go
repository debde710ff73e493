package triagetest

import (
	"context"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/triage"
)

// Verdict is what went wrong.
type Verdict struct {
	Lost      int // alarms without a decision, or on no investigation's list
	Doubled   int // executions that no alarm opened, and investigations more than any order of the alarms allows
	Unstarted int // investigations without a confirmed execution
	Unlinear  int // spaces whose decisions no order of the alarms explains
	Undecided int // spaces for which no such order was found or excluded within a minute
}

// Bad reports whether anything did.
func (v Verdict) Bad() bool { return v != Verdict{} }

// Add sums up.
func (v *Verdict) Add(o Verdict) {
	v.Lost += o.Lost
	v.Doubled += o.Doubled
	v.Unstarted += o.Unstarted
	v.Unlinear += o.Unlinear
	v.Undecided += o.Undecided
}

// Judge compares what is stored and started with what the rules allow for the events that Run returned.
func (s *Space) Judge(ctx context.Context, events []incident.Event) (v Verdict) {
	var ops []porcupine.Operation
	opened, started := map[string]bool{}, s.Started()
	for _, e := range events {
		a, err := record.GetAlarm(ctx, s.Store, e.EventID())
		if err != nil || a.Investigation == "" {
			v.Lost++
			continue
		}
		if _, err := s.Store.Get(ctx, record.MemberKey(a.Investigation, e)); err != nil {
			v.Lost++ // decided, but on nobody's list
		}
		if a.Opener {
			opened[a.Investigation] = true
		}
		during := s.decided[a.ID]
		ops = append(ops, porcupine.Operation{Input: e, Output: Outcome{a.Window, a.Investigation, a.Opener}, Call: during.from.UnixNano(), Return: during.to.UnixNano()})
	}
	for id := range opened {
		if inv, err := record.Get(ctx, s.Store, id); err != nil || !inv.StartConfirmed || started[id].IsZero() {
			v.Unstarted++
		}
	}
	for id := range started {
		if !opened[id] {
			v.Doubled++
		}
	}
	v.Doubled += max(0, len(opened)-legal(events))
	switch porcupine.CheckOperationsTimeout(model, ops, time.Minute) {
	case porcupine.Illegal:
		v.Unlinear++
	case porcupine.Unknown:
		v.Undecided++
	}
	return v
}

// Waits are how long executions took to start after the alarm that opened them was first handed to triage.
func (s *Space) Waits(events []incident.Event) []time.Duration {
	var out []time.Duration
	for _, e := range events {
		if at, ok := s.Started()[e.InvestigationID(name)]; ok {
			out = append(out, at.Sub(s.handed[e.EventID()]))
		}
	}
	return out
}

// legal is the most investigations that any order of the alarms may open: within an outage, windows that were opened
// backwards in time, by late alarms, cannot be joined to one investigation.
func legal(events []incident.Event) int {
	n := 0
	for i := range outages {
		first, last := time.Time{}, time.Time{}
		for j, e := range events {
			if j%outages != i {
				continue
			}
			if first.IsZero() || e.Timestamp.Before(first) {
				first = e.Timestamp
			}
			if e.Timestamp.After(last) {
				last = e.Timestamp
			}
		}
		n += 1 + int(last.Sub(first)/triage.Reach)
	}
	return n
}
