package triagetest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/triage"
)

// Outcome is what was decided on an alarm.
type Outcome struct {
	Window        string // that it joined or began
	Investigation string
	Opener        bool
}

// Window is a window in the specification.
type Window struct {
	At            time.Time
	ID            string
	Investigation string
}

// model is the specification: one alarm after the other.
var model = porcupine.Model{
	Init: func() any { return []Window(nil) },
	Step: func(state, input, output any) (bool, any) {
		next, want := Rules(state.([]Window), input.(incident.Event))
		return want == output.(Outcome), next
	},
	Equal: func(a, b any) bool { return slices.Equal(a.([]Window), b.([]Window)) },
}

// Rules is triage as a person would do it: join the nearest window within 20 minutes; else continue the latest
// investigation of the four hours before; else open one. It returns the windows that there are then.
func Rules(windows []Window, e incident.Event) ([]Window, Outcome) {
	away := func(w Window) time.Duration { return e.Timestamp.Sub(w.At).Abs() }
	var near *Window
	for i, w := range windows {
		if away(w) <= triage.Reach && (near == nil || cmp.Or(cmp.Compare(away(w), away(*near)), strings.Compare(w.ID, near.ID)) < 0) {
			near = &windows[i]
		}
	}
	if near != nil {
		return windows, Outcome{near.ID, near.Investigation, false}
	}
	investigation, opener := e.InvestigationID(name), true
	var latest time.Time
	for _, w := range windows {
		if age := e.Timestamp.Sub(w.At); age > triage.Reach && age <= 4*time.Hour && w.At.After(latest) {
			latest, investigation, opener = w.At, w.Investigation, false
		}
	}
	added := Window{e.Timestamp, "win-" + incident.ShortHash(investigation, e.EventID()), investigation}
	next := append(slices.Clone(windows), added)
	slices.SortFunc(next, func(a, b Window) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return next, Outcome{added.ID, investigation, opener}
}
