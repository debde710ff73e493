package evidence

import (
	"slices"

	"github.com/firefinder/firefinder/shared/incident"
)

// Analyze turns telemetry into a Brief. It never fails and never panics: what it cannot use becomes a named gap. Equal
// inputs give equal briefs; the input is not modified.
func Analyze(in Input) Brief { return analyze(in, nil) }

// analyze leaves out the named arguments; tests measure what each is worth.
func analyze(in Input, skip map[string]bool) Brief {
	sc := stage(in)
	sc.onsets = onsetsOf(sc.tracks)
	r := rank(sc, skip)
	b := Brief{Window: in.Window, Onsets: sc.onsets, Gaps: sc.gaps}
	for _, s := range r.standings {
		b.Causes = append(b.Causes, Cause{Component: s.component, Score: s.score, Category: Unknown, Metric: s.metric, Reasons: s.parts})
	}
	found := correlate(in, sc.graph, suspectsOf(b.Causes), sc.onsets)
	b.Patterns, b.Changes, b.Onset = found.patterns, found.changes, found.trouble.start
	b.Causes = slices.DeleteFunc(found.enrich(b.Causes, sc.graph), func(c Cause) bool { return c.Component == "" })
	b.Outcome, b.Confidence = sc.settle(r, b, found)
	switch {
	case found.healthy >= sureHealthy:
		b.Outcome, b.Confidence, b.Causes = incident.NoFault, found.healthy, nil
	case sc.quiet(r, found):
		b.Outcome, b.Confidence, b.Causes = incident.NoFault, quietConfidence, nil
	}
	sc.tell(b.Causes)
	if b.Onset.IsZero() {
		b.Onset = sc.start
	}
	b.Hypotheses = sc.hypotheses(b)
	b.Gaps = append(b.Gaps, sc.gapsOf()...)
	return b
}
