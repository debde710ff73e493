package triage

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/skill"
)

// Decide says what a firing alarm means given the windows that are open near its event time. It does no I/O; equal inputs
// give equal answers. A Linked decision names window and investigation; Proceed leaves them to the caller.
func Decide(now time.Time, e incident.Event, windows []Window, g Graph, rules []skill.SkipRule) incident.Decision {
	d := incident.Decision{DecidedAt: now, Threshold: Threshold}
	for _, rule := range rules {
		hit, err := rule.Match(e, e.Timestamp) // schedules look at when it happened, not at when it came
		switch {
		case err != nil:
			d.Reasons = append(d.Reasons, incident.Reason{Name: RuleError, Detail: err.Error()})
		case hit:
			d.Outcome, d.Rule = incident.Skipped, rule.Skill+"/"+rule.Name
			d.Reasons = append(d.Reasons, incident.Reason{Name: SkipRule, Detail: d.Rule + ": " + rule.Reason})
			return d
		}
	}
	candidates := rankWindows(e, windows, g)
	if len(candidates) > 0 {
		d.Winner = &candidates[0]
	}
	if len(candidates) > 1 {
		d.RunnerUp = &candidates[1]
	}
	switch {
	case d.Winner == nil:
		d.Outcome = incident.Proceed
		d.Reasons = append(d.Reasons, incident.Reason{Name: NoOpenWindow, Detail: "no investigation was opened within 20 minutes of it"})
	case d.Winner.Score >= Threshold-1e-9:
		d.Outcome, d.Window, d.Investigation = incident.Linked, d.Winner.Window, d.Winner.Investigation
		d.Reasons = append(d.Reasons, incident.Reason{Name: AboveThreshold, Score: d.Winner.Score, Detail: fmt.Sprintf("%s, score %.2f of %.2f needed", words(d.Winner.Features), d.Winner.Score, Threshold)})
	default:
		d.Outcome = incident.Proceed
		d.Reasons = append(d.Reasons, incident.Reason{Name: BelowThreshold, Score: d.Winner.Score, Detail: fmt.Sprintf("nearest is %s with %.2f of %.2f needed", d.Winner.Investigation, d.Winner.Score, Threshold)})
	}
	return d
}

// rankWindows scores the windows in reach, best first; ties go to the nearest opening, then to the id.
func rankWindows(e incident.Event, windows []Window, g Graph) []incident.Candidate {
	type scored struct {
		incident.Candidate
		away time.Duration
	}
	list := make([]scored, 0, len(windows))
	for _, w := range windows {
		away := distance(e.Timestamp, w.OpenedAt)
		if away > Reach || w.Storm {
			continue
		}
		features := Features(e, w, g, true)
		list = append(list, scored{incident.Candidate{Window: w.ID, Investigation: w.Investigation, Score: total(features), Features: features}, away})
	}
	slices.SortFunc(list, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.away, b.away), cmp.Compare(a.Window, b.Window))
	})
	out := make([]incident.Candidate, len(list))
	for i := range list {
		out[i] = list[i].Candidate
	}
	return out
}

// Features compares an alarm with a window: each feature with what it contributes to the score. timed leaves closeness
// in time out when false, for continuations.
func Features(e incident.Event, w Window, g Graph, timed bool) []incident.Reason {
	out := make([]incident.Reason, 0, 4) // at most one of each
	if r, ok := componentFeature(e, w, g); ok {
		out = append(out, r)
	}
	out = append(out, placeFeature(e.Account, w.Account, SameAccount, weightAccount, OtherAccount, weightOtherAccount)...)
	out = append(out, placeFeature(e.Region, w.Region, SameRegion, weightRegion, OtherRegion, weightOtherRegion)...)
	if away := distance(e.Timestamp, w.OpenedAt); timed && away < Reach {
		out = append(out, incident.Reason{Name: CloseInTime, Detail: away.Round(time.Second).String() + " apart", Score: weightTime * (1 - float64(away)/float64(Reach))})
	}
	return out
}

// placeFeature compares accounts or regions. A place that one side does not name says nothing.
func placeFeature(a, b string, same incident.ReasonName, plus float64, other incident.ReasonName, minus float64) []incident.Reason {
	switch {
	case a == "" || b == "":
		return nil
	case a == b:
		return []incident.Reason{{Name: same, Detail: a, Score: plus}}
	}
	return []incident.Reason{{Name: other, Detail: a + " and " + b, Score: minus}}
}

// componentFeature is the strongest relation between the alarm's component and the window's.
func componentFeature(e incident.Event, w Window, g Graph) (incident.Reason, bool) {
	hops := g.Hops(e.Service, w.Service)
	if hops == 0 {
		return incident.Reason{Name: SameService, Detail: e.Service, Score: weightService}, true
	}
	resource := ""
	for name, value := range e.Dimensions {
		if value != "" && w.Dimensions[name] == value && !shared[name] && (resource == "" || name < resource) {
			resource = name // the first by name, whatever the order of the map
		}
	}
	if resource != "" {
		return incident.Reason{Name: SharedResource, Detail: resource + "=" + e.Dimensions[resource], Score: weightResource}, true
	}
	switch hops {
	case 1:
		return incident.Reason{Name: Neighbour, Detail: e.Service + " and " + w.Service, Score: weightNeighbour}, true
	case 2:
		return incident.Reason{Name: SecondHop, Detail: e.Service + " and " + w.Service, Score: weightSecondHop}, true
	}
	return incident.Reason{}, false
}

func total(features []incident.Reason) float64 {
	sum := 0.0
	for _, f := range features {
		sum += f.Score
	}
	return sum
}

func words(features []incident.Reason) string {
	text := ""
	for i, f := range features {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %.2f (%s)", f.Name, f.Score, f.Detail)
	}
	return text
}
