package evidence

import "github.com/firefinder/firefinder/shared/incident"

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
	b.Patterns, b.Changes = found.patterns, found.changes
	b.Causes = found.enrich(b.Causes)
	b.Outcome, b.Confidence = settle(r, b)
	_, stated := found.leading()
	switch {
	case found.healthy >= sureHealthy:
		b.Outcome, b.Confidence, b.Causes = incident.NoFault, found.healthy, nil
	case !stated && sc.quiet(r):
		b.Outcome, b.Confidence, b.Causes = incident.NoFault, quietConfidence, nil
	}
	return b
}
