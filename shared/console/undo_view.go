package console

import (
	"context"
	"fmt"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/triage"
)

// undoView is everything the undo page shows.
type undoView struct {
	Frame   frame
	Alarm   record.Alarm
	Now     time.Time
	Closed  string // why there is nothing to reverse; empty if there is, or was
	Follows string // what happens when it is reversed
	CSRF    string
	Outcome *outcome // of what was just sent
	By, Why string   // as the person typed them
}

// Open reports whether the decision can still be reversed.
func (v undoView) Open() bool { return v.Closed == "" && v.Alarm.Decision.Reversed == nil }

func (p *undoPages) view(ctx context.Context, event string) (undoView, error) {
	v := undoView{Now: p.d.Now().UTC()}
	var err error
	if len(event) > 64 {
		return v, incident.Errorf(incident.NotFound, "This is no alarm's id. Open the link from the notice again.")
	}
	if v.Alarm, err = record.GetAlarm(ctx, p.d.Store, event); err != nil {
		return v, err
	}
	if v.Alarm.Decision.Reversed == nil {
		v.Closed = triage.Reversible(v.Alarm)
	}
	v.Follows = fmt.Sprintf("The alarm gets an investigation of its own. It waits in line while %s, and spends from the space's daily budget. The decision stays on record with your reversal beside it; nothing is hidden or changed by it.",
		plural(p.d.Space.Budget.Concurrent, "investigation")+" run")
	v.Frame = p.frame("Undo: " + v.Alarm.Event.Title)
	if v.Open() {
		v.Frame.Script = "approve.js"
	}
	return v, nil
}
