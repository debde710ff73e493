package cloudtrail

import (
	"context"
	"slices"
	"time"
)

const (
	lookBack  = 30 * 24 * time.Hour // before the span
	maxBefore = 3                   // operations, of each the latest 50
)

// before looks up how things stood before the span, for what the records of the span replace: the deployment before the
// last is seldom of the same day. It serves to compare and is no change of the span. What is not found stays unknown.
func (r *reading) before(ctx context.Context, records []record) []record {
	if r.from.IsZero() {
		return nil
	}
	read := len(r.events)
	for _, name := range unprecedented(records) {
		if _, err := r.named(ctx, name, r.from.Add(-lookBack), r.from.Add(-time.Second)); err != nil {
			break
		}
	}
	out, _ := recordsOf(r.events[read:])
	return out
}

// unprecedented are the operations, by name, that say how things stood before what the records did first: those that most
// often break things first.
func unprecedented(records []record) []string {
	wanted, seen := map[string]bool{}, map[string]bool{}
	for _, r := range records {
		key := r.key()
		if key == "" || seen[key] {
			continue
		}
		seen[key] = true
		wanted[r.operation] = true
		if r.rollsOut() {
			wanted["RegisterTaskDefinition"] = true
		}
	}
	out := slices.DeleteFunc(slices.Clone(lookups), func(name string) bool { return !wanted[name] })
	return out[:min(len(out), maxBefore)]
}
