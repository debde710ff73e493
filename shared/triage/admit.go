package triage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/workflow"
)

var admissionKey = kv.Key{PK: "ADMISSION", SK: "ADMISSION"}

// Admit starts what may start: investigations whose start is not confirmed, and, while the space's cap of running ones
// allows, those that wait, by priority, then by age. It is called after an opening, when an investigation ends, and by
// sweep. Repeats are safe; a running investigation is never stopped. Of two that admit at the same moment the second may
// find a start that the first has not confirmed yet and ask for it again: Starter answers with the execution that is there.
func (s *Service) Admit(ctx context.Context) error {
	for range attempts {
		active, v, err := s.admission(ctx)
		if err != nil {
			return err
		}
		running := 0
		var late []error
		for _, inv := range active {
			if !inv.Admitted {
				continue
			}
			if inv.State != incident.AwaitingApproval {
				running++
			}
			if !inv.StartConfirmed {
				late = append(late, s.confirm(ctx, inv.ID)) // one that cannot start does not hold up the others
			}
		}
		waiting := Waiting(active)
		if len(waiting) == 0 {
			return errors.Join(late...)
		}
		if running >= s.Space.Budget.Concurrent {
			return errors.Join(append(late, s.queue(ctx, waiting))...)
		}
		err = s.admit(ctx, waiting[0].ID, v)
		if err != nil && !incident.Is(err, incident.Conflict) {
			return err
		}
	}
	return incident.Errorf(incident.Throttled, "admission lost %d races; sweep goes on", attempts)
}

func (s *Service) admission(ctx context.Context) ([]incident.Investigation, int64, error) {
	var lock struct{}
	v, _, err := kv.Read(ctx, s.Store, admissionKey, &lock)
	if err != nil {
		return nil, 0, fmt.Errorf("read admission: %w", err)
	}
	active, err := record.Active(ctx, s.Store)
	return active, v, err
}

// Waiting lists the investigations that wait to be admitted, first in line first.
func Waiting(active []incident.Investigation) []incident.Investigation {
	waiting := slices.DeleteFunc(slices.Clone(active), func(inv incident.Investigation) bool { return inv.Admitted })
	slices.SortFunc(waiting, func(a, b incident.Investigation) int {
		return cmp.Or(cmp.Compare(a.Priority.Rank(), b.Priority.Rank()), a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.ID, b.ID))
	})
	return waiting
}

// admit gives one investigation its place; the admission item's version makes sure that nobody else did meanwhile.
func (s *Service) admit(ctx context.Context, id string, version int64) error {
	inv, v, err := record.Versioned(ctx, s.Store, id)
	if err != nil {
		return err
	}
	if inv.Admitted || inv.State.Final() {
		return nil
	}
	inv.Admitted, inv.State, inv.StateReason, inv.UpdatedAt = true, incident.Opened, "", s.Now()
	ops := append(record.Put(inv, v), kv.Put(admissionKey, struct{}{}, kv.Version(version)))
	if err := s.Store.Commit(ctx, ops...); err != nil {
		return err
	}
	return s.confirm(ctx, id)
}

// confirm starts the execution, whose name makes it once only, and notes that it exists.
func (s *Service) confirm(ctx context.Context, id string) error {
	if err := s.Start.Start(ctx, id, workflow.Input{ID: id}); err != nil {
		return fmt.Errorf("start %s: %w", id, err)
	}
	_, err := record.Update(ctx, s.Store, s.Now(), id, func(inv *incident.Investigation) error {
		inv.StartConfirmed = true
		return nil
	})
	return err
}

// queue marks what has to wait, with its place in line.
func (s *Service) queue(ctx context.Context, waiting []incident.Investigation) error {
	for i, inv := range waiting {
		reason := fmt.Sprintf("place %d in line: %d investigations run at once in this space", i+1, s.Space.Budget.Concurrent)
		if inv.State == incident.Queued && inv.StateReason == reason {
			continue
		}
		_, err := record.Update(ctx, s.Store, s.Now(), inv.ID, func(inv *incident.Investigation) error {
			if !inv.Admitted && !inv.State.Final() {
				inv.State, inv.StateReason = incident.Queued, reason
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Sweep finishes what a crash left: unconfirmed starts, places under the cap, notes of late alarms. Repeats are safe.
func (s *Service) Sweep(ctx context.Context) error { return errors.Join(s.Admit(ctx), s.notes(ctx)) }
