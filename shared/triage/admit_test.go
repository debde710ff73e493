package triage_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/triage"
)

// placeless is a store that does not take commits which give places.
type placeless struct{ kv.Store }

func (s placeless) Commit(ctx context.Context, ops ...kv.Op) error {
	for _, op := range ops {
		if op.Key.PK == "ADMISSION" {
			return incident.Errorf(incident.Unavailable, "the table does not answer")
		}
	}
	return s.Store.Commit(ctx, ops...)
}

// What was not given its place is not started, or the cap would not hold; once the store answers, it is.
func TestNoPlaceNoStart(t *testing.T) {
	d := newDesk(t)
	over := func(s kv.Store) *triage.Service {
		return triage.New(triage.Deps{Store: s, Space: space(), Start: d, Dead: d, Now: func() time.Time { return t0 }, Log: slog.New(slog.DiscardHandler)})
	}
	d.service = over(placeless{d.store})
	d.send(ev("checkout", "5xx", 0, incident.Created))
	if len(d.started) != 0 {
		t.Errorf("started %v", d.started)
	}
	if err := over(d.store).Admit(t.Context()); err != nil || len(d.started) != 1 {
		t.Errorf("%v, started %v", err, d.started)
	}
}
