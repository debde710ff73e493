package investigate

import (
	"context"
	"maps"
	"slices"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/triage"
)

// learn hands the dependencies that telemetry showed to triage, which links the next alarms by them. It is a gain, not a
// duty: an investigation does not fail for it.
func (w *worker) learn(ctx context.Context, in evidence.Input) {
	pairs := map[evidence.Dependency]bool{}
	for _, d := range in.Dependencies {
		pairs[evidence.Dependency{Caller: d.Caller, Callee: d.Callee}] = true
	}
	for _, c := range in.Calls {
		pairs[evidence.Dependency{Caller: c.Caller, Callee: c.Callee}] = true
	}
	known := func(component string) bool {
		_, ok := w.Space.Service(component)
		return ok
	}
	if err := triage.Learn(ctx, w.Store, known, slices.Collect(maps.Keys(pairs)), w.Now()); err != nil {
		w.log.WarnContext(ctx, "dependencies not learned", "class", incident.ClassOf(err))
	}
}
