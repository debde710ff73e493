package triage

import (
	"context"
	"fmt"

	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/workflow"
)

// lateNotes is where alarms wait that joined a finished investigation, until an execution that tells of them has been started.
const lateNotes = "LATE"

type late struct {
	Investigation string `json:"investigation"`
	Event         string `json:"event"`
}

func noteFor(investigation, event string) kv.Op {
	return kv.Put(kv.Key{PK: lateNotes, SK: investigation + "#" + event}, late{investigation, event}, kv.Always())
}

// notes starts an execution for each late alarm; its name makes that once only. Repeats are safe.
func (s *Service) notes(ctx context.Context) error {
	items, err := s.Store.Query(ctx, lateNotes, "", kv.Page{Limit: 100})
	if err != nil {
		return fmt.Errorf("read late alarms: %w", err)
	}
	for _, item := range items {
		var l late
		if err := item.Decode(&l); err != nil {
			return err
		}
		if err := s.Start.Start(ctx, l.Investigation+"-note-"+l.Event, workflow.Input{ID: l.Investigation, Phase: "note", Event: l.Event}); err != nil {
			return fmt.Errorf("start the note of %s: %w", l.Event, err)
		}
		if err := s.Store.Commit(ctx, kv.Delete(item.Key, kv.Always())); err != nil {
			return err
		}
	}
	return nil
}
