package evidence

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Constants of what is told about causes.
const (
	hypothesesShown = 3    // competing components that are spelt out
	cascadeShown    = 8    // components that a cause is said to affect
	faintScore      = 0.02 // a cause below this is only there to complete the ranking
)

// tell completes causes for the reader: when each began, what kind of trouble it is when nothing named it, how it leads to
// the symptoms, and whom it affects.
func (sc *scene) tell(causes []Cause) {
	affected := map[string]bool{}
	for _, o := range sc.onsets {
		affected[o.Component] = true
	}
	for _, c := range causes {
		affected[c.Component] = affected[c.Component] || c.Score >= faintScore
	}
	for i := range causes {
		c := &causes[i]
		if c.Onset.IsZero() {
			c.Onset = sc.onsetOf(c.Component)
		}
		c.CascadesTo = sc.cascade(c.Component, affected)
		if c.Category == "" || c.Category == Unknown {
			c.Category = sc.kindOf(*c)
		}
		if c.Mechanism == "" {
			c.Mechanism = mechanismOf(*c)
		}
	}
}

// onsetOf is the earliest moment at which a signal of the component left its range, or an alarm of it fired.
func (sc *scene) onsetOf(component string) time.Time {
	var at time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, o := range sc.onsets {
		if o.Component == component {
			earlier(o.At)
		}
	}
	if at.IsZero() {
		for _, a := range sc.in.Alarms {
			if a.Component == component {
				earlier(a.Time)
			}
		}
	}
	return at
}

// cascade lists who depends on the component and is affected too, nearest first.
func (sc *scene) cascade(component string, affected map[string]bool) []string {
	near := reach([]string{component}, sc.graph.callers)
	var out []string
	for _, c := range sc.components {
		if d := near[c]; d > 0 && affected[c] {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return near[a] - near[b] })
	return out[:min(len(out), cascadeShown)]
}

// kindOf names the trouble by the argument that speaks loudest for the cause.
func (sc *scene) kindOf(c Cause) Category {
	if len(c.Reasons) == 0 {
		return Unknown
	}
	if c.Reasons[0].Name == "flow" {
		return ErrorsRaised
	}
	switch roleOf(c.Metric) {
	case latency:
		return Slowdown
	case failures, success:
		return ErrorsRaised
	case traffic:
		for _, o := range sc.onsets {
			if o.Component == c.Component && o.Metric == c.Metric && o.Direction == "down" {
				return TrafficDrop
			}
		}
		return TrafficRise
	}
	if c.Reasons[0].Name == "path" || c.Reasons[0].Name == "time" {
		return Slowdown
	}
	return Unknown
}

// mechanismOf is one sentence from the strongest reason.
func mechanismOf(c Cause) string {
	text := c.Component + " left its normal course"
	if i := slices.IndexFunc(c.Reasons, func(r Reason) bool { return r.Detail != "" }); i >= 0 {
		text = c.Component + ": " + c.Reasons[i].Detail
	}
	switch n := len(c.CascadesTo); {
	case n == 1:
		text += "; " + c.CascadesTo[0] + " depends on it"
	case n > 1:
		text += "; " + strings.Join(c.CascadesTo, ", ") + " depend on it"
	}
	return text
}

// hypotheses spells out the leading causes against each other, and whether a change is to blame.
func (sc *scene) hypotheses(b Brief) []Hypothesis {
	var out []Hypothesis
	for i, c := range b.Causes[:min(len(b.Causes), hypothesesShown)] {
		if i > 0 && c.Score < faintScore {
			break
		}
		h := Hypothesis{Text: c.Component + " is the cause", Component: c.Component, Change: c.Change, Score: c.Score, For: c.Reasons, Rejected: i > 0}
		if i > 0 {
			h.Against = sc.against(c, b.Causes[0])
		}
		out = append(out, h)
	}
	for _, v := range b.Changes {
		if v.Verdict == Decoy {
			out = append(out, Hypothesis{Text: v.Change.ID + " brought it about", Component: v.Change.Component, Change: v.Change.ID,
				Score: v.Score, Against: v.Reasons, Rejected: true})
		}
	}
	return out
}

// against says why the leading cause explains the trouble better.
func (sc *scene) against(c, lead Cause) []Reason {
	var out []Reason
	if d := sc.below(c.Component)[lead.Component]; d > 0 {
		out = append(out, Reason{Name: "depends_on_cause", Detail: fmt.Sprintf("it depends on %s%s, so that it suffers when that does", lead.Component, away(d))})
	}
	if !c.Onset.IsZero() && !lead.Onset.IsZero() && c.Onset.After(lead.Onset) {
		out = append(out, Reason{Name: "later", Detail: fmt.Sprintf("it began %s after %s", c.Onset.Sub(lead.Onset).Round(time.Second), lead.Component)})
	}
	if c.Score > 0 && lead.Score > c.Score {
		out = append(out, Reason{Name: "weaker", Detail: fmt.Sprintf("the evidence for %s is %.1f times as strong", lead.Component, min(lead.Score/c.Score, 99))})
	}
	return out
}

// away says how many calls lie between two components that are not next to each other.
func away(calls int) string {
	if calls < 2 {
		return ""
	}
	return fmt.Sprintf(", %d calls away", calls)
}

// Constants of gapsOf.
const clockSkew = 2 * time.Minute // sources whose ranges differ by more than this from the window may have other clocks

// gapsOf names what could not be looked at or compared.
func (sc *scene) gapsOf() []Gap {
	var out []Gap
	in := sc.in
	miss := func(empty bool, text, fix string) {
		if empty && len(in.Gaps) == 0 { // a caller that names gaps knows better what is missing
			out = append(out, Gap{Text: text, Fix: fix})
		}
	}
	miss(len(in.Metrics) == 0, "no metrics were given", "add a connector that reads the metrics of the components involved")
	miss(len(in.Logs) == 0, "no logs were given", "add a connector that reads the logs of the components involved")
	miss(len(sc.graph.callees) == 0 && len(sc.graph.host) == 0, "no topology is known, so that cause and echo cannot be told apart by it",
		"name dependencies in the space, or connect traces")
	miss(len(in.Changes) == 0, "no changes were reported: there were none, or nothing reports them", "connect a source of deployments")
	var lone, empty, constant int
	for i := range sc.tracks {
		t := &sc.tracks[i]
		switch {
		case len(t.values) == 0:
			empty++
		case len(t.before) == 0 || len(t.after) == 0:
			lone++
		case len(t.values) > 1 && slices.Min(t.values) == slices.Max(t.values) && t.baseline.z(t.values[0]) == 0:
			constant++
		}
	}
	count := func(n int, format string) {
		if n > 0 {
			out = append(out, Gap{Text: fmt.Sprintf(format, n, len(sc.tracks))})
		}
	}
	count(empty, "metric series without data in the window: %d of %d")
	count(lone, "metric series with samples on one side of the start only, so that there is nothing to compare: %d of %d")
	count(constant, "metric series that never change, and so tell nothing: %d of %d")
	return slices.Concat(out, sc.overlapping(), sc.skewed())
}

// overlapping looks for incidents that began while another was under way: causes are ranked for all alarms together.
func (sc *scene) overlapping() (out []Gap) {
	alarms := slices.DeleteFunc(slices.Clone(sc.in.Alarms), func(a Alarm) bool { return a.Time.IsZero() })
	slices.SortStableFunc(alarms, func(a, b Alarm) int { return a.Time.Compare(b.Time) })
	incident, _ := GroupAlarms(alarms, sc.in.Dependencies)
	last := 0
	for i, n := range incident {
		if n > last && alarms[i].Time.Sub(alarms[i-1].Time) <= stormGap {
			at := alarms[i].Time.UTC().Format(time.RFC3339)
			out = append(out, Gap{Text: "another incident seems to begin at " + at + " while one is under way; both are explained together",
				Fix: "analyze what lies before " + at + " and what comes from then on, each alone"})
		}
		last = max(last, n)
	}
	return out
}

// skewed looks for sources whose times do not fit the window.
func (sc *scene) skewed() []Gap {
	w := sc.in.Window
	if w.From.IsZero() || w.To.IsZero() || len(sc.in.Logs) == 0 {
		return nil
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for i := range sc.in.Logs {
		if t := sc.in.Logs[i].Time; !t.IsZero() {
			first, last = min(first, t.UnixMilli()), max(last, t.UnixMilli())
		}
	}
	if first > last {
		return nil
	}
	early, late := w.From.Sub(time.UnixMilli(first)), time.UnixMilli(last).Sub(w.To)
	if max(early, late) <= clockSkew {
		return nil
	}
	return []Gap{{Text: fmt.Sprintf("log lines lie up to %s outside the window: clocks of the sources may differ", max(early, late).Round(time.Second)),
		Fix: "compare the clocks of the log source and the metric source"}}
}
