package approval

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Margin is how long before the waiting task its approval expires, so that an accepted decision still reaches it.
const Margin = 5 * time.Minute

// Resume answers a waiting task. NotFound means that it no longer waits.
type Resume interface {
	Succeed(ctx context.Context, token string, out workflow.Decision) error
}

// Tell says a notice wherever the space says things; repeats with the same key say nothing twice.
type Tell interface {
	Tell(ctx context.Context, n deliver.Notice) error
}

// Deps is what a Service needs.
type Deps struct {
	Store  kv.Store
	Blob   blob.Store
	Space  config.Space
	Tokens Tokens
	Resume Resume // nil: this process may not answer tasks, and decisions wait for a Sweep in one that may
	Tell   Tell   // for Propose only
	Now    func() time.Time
	Rand   io.Reader // crypto/rand.Reader outside tests
	Log    *slog.Logger
}

// Service keeps approvals. It is safe for concurrent use, in as many processes as there are.
type Service struct{ d Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d: d} }

// Decide casts one person's vote on the plan with planHash. One conditional commit decides; whoever comes later sees in
// the approval who was first. The workflow is resumed after the commit, and if that fails the next Sweep does it: the
// vote stands either way. A repeat of the same vote changes nothing. NotFound: there is no such approval.
func (s *Service) Decide(ctx context.Context, id, planHash string, decision incident.ApprovalState, person incident.Person, comment string) (incident.Approval, Verdict, error) {
	vote := incident.Vote{Decision: decision, By: person, Comment: clip(comment, 2000), PlanHash: planHash}
	vote.By.Name = clip(vote.By.Name, 200)
	a, verdict, err := s.change(ctx, id, func(a incident.Approval) (incident.Approval, Verdict) {
		return Decide(s.d.Now().UTC(), a, vote, s.d.Space.Approvals)
	})
	if err != nil {
		return a, verdict, fmt.Errorf("decide approval %s: %w", id, err)
	}
	s.record(ctx, a, vote, verdict)
	s.d.Log.InfoContext(ctx, "vote", "approval", id, "investigation", a.Investigation, "decision", decision, "reason", verdict.Reason, "state", a.State)
	if a.State == incident.Pending {
		return a, verdict, nil
	}
	if err := s.Finish(ctx, id); err != nil {
		s.d.Log.WarnContext(ctx, "workflow not resumed yet, sweep will repeat", "approval", id, "investigation", a.Investigation, "err", err)
	}
	return a, verdict, nil
}

// change reads, asks what to do, and writes on the condition that nobody wrote in between. The commit that takes an
// approval out of PENDING also puts the decision into the outbox.
func (s *Service) change(ctx context.Context, id string, fn func(incident.Approval) (incident.Approval, Verdict)) (incident.Approval, Verdict, error) {
	for {
		st, version, err := s.load(ctx, id)
		if err != nil {
			return st.Approval, Verdict{}, err
		}
		next, verdict := fn(st.Approval)
		if !verdict.Changed {
			return st.Approval, verdict, nil
		}
		ops := s.write(st, version, next)
		if err = s.d.Store.Commit(ctx, ops...); err == nil {
			return next, verdict, nil
		}
		if !incident.Is(err, incident.Conflict) || ctx.Err() != nil {
			return st.Approval, Verdict{}, err
		}
	}
}

func (s *Service) write(old stored, version int64, next incident.Approval) []kv.Op {
	was := old.State
	old.Approval = next
	ops := []kv.Op{kv.Put(metaKey(next.ID), old, kv.Version(version))}
	if was == incident.Pending && next.State != incident.Pending {
		ops = append(ops, kv.Put(outboxKey(next.ID), outbox{Decision: next.State}, kv.Absent()))
	}
	return ops
}

// record writes a vote that was stored into the journal. The approval itself holds it already, so a failure costs only
// the extra line.
func (s *Service) record(ctx context.Context, a incident.Approval, vote incident.Vote, verdict Verdict) {
	if !verdict.Changed {
		return
	}
	key := "vote/" + a.ID + "/" + string(vote.Decision) + "/" + normal(vote.By.Subject)
	body := map[string]any{"approval": a.ID, "plan_hash": a.PlanHash, "vote": vote.Decision, "by": vote.By, "reason": verdict.Reason}
	if err := journal.Note(ctx, s.d.Store, s.d.Blob, a.Investigation, s.d.Now, journal.Decided, key, body); err != nil {
		s.d.Log.WarnContext(ctx, "vote not in the journal", "approval", a.ID, "investigation", a.Investigation, "err", err)
	}
}

// lease is how long a handover that was begun is left alone by others.
const lease = time.Minute

// Finish hands a decision to the waiting workflow and then forgets the task token. Repeats are safe: without an outbox
// item it does nothing, nor within a minute of an attempt that somebody began. A workflow that no longer waits is
// recorded in the approval and not asked again.
func (s *Service) Finish(ctx context.Context, id string) error {
	if s.d.Resume == nil {
		return nil
	}
	var box outbox
	version, found, err := kv.Read(ctx, s.d.Store, outboxKey(id), &box)
	if err != nil || !found || s.d.Now().Sub(box.Begun) < lease {
		return err
	}
	a, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := s.note(ctx, a.Investigation, journal.Decided, "decided/"+id, a); err != nil {
		return err
	}
	earlier := box.Attempts
	box.Attempts++
	box.Begun = s.d.Now().UTC()
	err = s.d.Store.Commit(ctx, kv.Put(outboxKey(id), box, kv.Version(version)))
	if incident.Is(err, incident.Conflict) {
		return nil // somebody else is handing it over; should they fail, the outbox item stays for a later sweep
	}
	if err != nil {
		return fmt.Errorf("hand over approval %s: %w", id, err)
	}
	answer, held, err := s.answer(ctx, a, box.Decision, earlier)
	if err != nil {
		return fmt.Errorf("hand over approval %s: %w", id, err)
	}
	return s.close(ctx, id, answer, held)
}

// answer tells the workflow and returns the version of the token it used. After an attempt with unknown outcome, a task
// that no longer waits may have been resumed by that attempt.
func (s *Service) answer(ctx context.Context, a incident.Approval, decision incident.ApprovalState, earlier int) (incident.Handover, int64, error) {
	var t token
	held, found, err := kv.Read(ctx, s.d.Store, tokenKey(a.ID), &t)
	if err != nil || !found {
		return incident.Unclear, 0, err
	}
	plain, err := s.d.Tokens.Open(ctx, t.Sealed, about(a.ID))
	if err != nil {
		return "", held, err
	}
	err = s.d.Resume.Succeed(ctx, string(plain), workflow.Decision{ID: a.Investigation, Decision: string(decision)})
	switch {
	case err == nil:
		return incident.Resumed, held, nil
	case !incident.Is(err, incident.NotFound):
		return "", held, err
	case earlier > 0:
		return incident.Unclear, held, nil
	}
	return incident.TooLate, held, nil
}

// close records how the handover ended and removes token, outbox item and list entry, unless a newer task brought its
// own token meanwhile: that one has an outbox item of its own.
func (s *Service) close(ctx context.Context, id string, answer incident.Handover, held int64) error {
	for {
		st, version, err := s.load(ctx, id)
		if err != nil {
			return err
		}
		if st.Workflow == "" || answer != incident.Unclear { // what is known is not forgotten
			st.Workflow = answer
		}
		err = s.d.Store.Commit(ctx,
			kv.Put(metaKey(id), st, kv.Version(version)),
			kv.Delete(tokenKey(id), kv.Version(held)),
			kv.Delete(outboxKey(id), kv.Always()),
			kv.Delete(listKey(id), kv.Always()))
		if !incident.Is(err, incident.Conflict) || ctx.Err() != nil {
			return err
		}
		if now, _, err := kv.Read(ctx, s.d.Store, tokenKey(id), new(token)); err != nil || now != held {
			return err
		}
	}
}

// Sweep expires approvals whose time is over and hands over what a crash left. It goes through all of them, whatever
// fails, and returns the first failure. Call it every minute; repeats and concurrent sweeps are safe.
func (s *Service) Sweep(ctx context.Context) error {
	items, err := s.d.Store.Query(ctx, listPartition, "", kv.Page{})
	if err != nil {
		return fmt.Errorf("sweep approvals: %w", err)
	}
	var first error
	for _, item := range items {
		if err := s.sweepOne(ctx, item.SK); err != nil && first == nil {
			first = fmt.Errorf("sweep approval %s: %w", item.SK, err)
		}
	}
	return first
}

func (s *Service) sweepOne(ctx context.Context, id string) error {
	_, _, err := s.change(ctx, id, func(a incident.Approval) (incident.Approval, Verdict) {
		now := s.d.Now().UTC()
		if a.State != incident.Pending || now.Before(a.ExpiresAt) {
			return a, Verdict{}
		}
		return Expire(now, a), Verdict{Changed: true, Decided: true, Reason: Expired}
	})
	if err != nil {
		return err
	}
	return s.Finish(ctx, id)
}

func (s *Service) note(ctx context.Context, investigation string, kind journal.Kind, key string, a incident.Approval) error {
	return journal.Note(ctx, s.d.Store, s.d.Blob, investigation, s.d.Now, kind, key, a)
}

func clip(text string, runes int) string {
	if r := []rune(text); len(r) > runes {
		return string(r[:runes])
	}
	return text
}
