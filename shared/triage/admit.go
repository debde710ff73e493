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
		active, lock, err := s.admission(ctx)
		if err != nil {
			return err
		}
		var running int
		var late []record.Head
		for _, h := range active {
			if !h.Admitted {
				continue
			}
			if h.State != incident.AwaitingApproval {
				running++
			}
			if !h.StartConfirmed {
				late = append(late, h)
			}
		}
		waiting := Waiting(active)
		free := min(len(waiting), max(0, s.Space.Budget.Concurrent-running), seats)
		next, err := s.seat(ctx, lock, waiting[:free])
		if err == nil && free < seats {
			err = s.queue(ctx, waiting[free:])
		}
		if incident.Is(err, incident.Conflict) {
			continue
		}
		if err := errors.Join(err, s.confirm(ctx, append(late, next...))); err != nil || free < seats {
			return err
		}
	}
	return incident.Errorf(incident.Throttled, "admission lost %d races; sweep goes on", attempts)
}

// seats is how many investigations fit into a commit, beside the lock.
const seats = (kv.MaxOps - 1) / 3

// admission reads who is at work or waits, and the version of the item that whoever gives places writes.
func (s *Service) admission(ctx context.Context) ([]record.Head, int64, error) {
	var lock struct{}
	v, _, err := kv.Read(ctx, s.Store, admissionKey, &lock)
	if err != nil {
		return nil, 0, fmt.Errorf("read admission: %w", err)
	}
	active, err := record.Active(ctx, s.Store)
	return active, v, err
}

// Waiting lists the investigations that wait to be admitted, first in line first.
func Waiting(active []record.Head) []record.Head {
	waiting := slices.DeleteFunc(slices.Clone(active), func(h record.Head) bool { return h.Admitted })
	slices.SortFunc(waiting, func(a, b record.Head) int {
		return cmp.Or(cmp.Compare(a.Priority.Rank(), b.Priority.Rank()), a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.ID, b.ID))
	})
	return waiting
}

// seat gives investigations their places in one commit; the version of the admission item makes sure that nobody else gave
// places meanwhile.
func (s *Service) seat(ctx context.Context, lock int64, first []record.Head) ([]record.Head, error) {
	if len(first) == 0 {
		return nil, nil
	}
	ops := []kv.Op{kv.Put(admissionKey, struct{}{}, kv.Version(lock))}
	seated := slices.Clone(first)
	for i := range seated {
		h := &seated[i]
		h.Admitted, h.State, h.StateReason, h.UpdatedAt = true, incident.Opened, "", s.Now()
		ops = append(ops, h.Put()...)
		h.Version++
	}
	if err := s.Store.Commit(ctx, ops...); err != nil {
		return nil, err // if it took effect all the same, the next admission finds them seated
	}
	return seated, nil
}

// queue tells those that have to wait their places in line.
func (s *Service) queue(ctx context.Context, line []record.Head) error {
	var moved []record.Head
	for i, h := range line {
		reason := fmt.Sprintf("place %d in line: %d investigations run at once in this space", i+1, s.Space.Budget.Concurrent)
		if h.State != incident.Queued || h.StateReason != reason {
			h.State, h.StateReason, h.UpdatedAt = incident.Queued, reason, s.Now()
			moved = append(moved, h)
		}
	}
	for chunk := range slices.Chunk(moved, seats) {
		var ops []kv.Op
		for _, h := range chunk {
			ops = append(ops, h.Put()...)
		}
		if err := s.Store.Commit(ctx, ops...); err != nil {
			return err
		}
	}
	return nil
}

// confirm starts executions, whose names make each of them once only, and notes that they exist. One that cannot start does
// not hold up the others.
func (s *Service) confirm(ctx context.Context, heads []record.Head) error {
	var failed []error
	for _, h := range heads {
		if err := s.Start.Start(ctx, h.ID, workflow.Input{ID: h.ID}); err != nil {
			failed = append(failed, fmt.Errorf("start %s: %w", h.ID, err))
			continue
		}
		h.StartConfirmed, h.UpdatedAt = true, s.Now()
		err := s.Store.Commit(ctx, h.Put()...)
		if incident.Is(err, incident.Conflict) { // it is at work already
			_, err = record.Update(ctx, s.Store, s.Now(), h.ID, func(inv *incident.Investigation) error {
				inv.StartConfirmed = true
				return nil
			})
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// Sweep finishes what a crash left: unconfirmed starts, places under the cap, notes of late alarms. Repeats are safe.
func (s *Service) Sweep(ctx context.Context) error { return errors.Join(s.Admit(ctx), s.notes(ctx)) }
