package evidence

import "github.com/firefinder/firefinder/shared/incident"

// Analyze turns telemetry into a Brief. It never fails and never panics: what it cannot use becomes a named gap. Equal
// inputs give equal briefs; the input is not modified.
func Analyze(in Input) Brief {
	sc := stage(in)
	sc.onsets = onsetsOf(sc.tracks)
	b := Brief{Window: in.Window, Onsets: sc.onsets, Patterns: sc.patterns, Gaps: sc.gaps}
	b.Causes = rank(sc)
	found := correlate(in, sc.graph, suspectsOf(b.Causes))
	b.Patterns, b.Changes = found.patterns, found.changes
	b.Causes = found.enrich(b.Causes)
	b.Outcome = incident.Inconclusive
	if len(b.Causes) == 0 && len(b.Onsets) == 0 {
		b.Outcome = incident.NoFault
	}
	return b
}
