package approval

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Propose asks for a decision on the investigation's current plan. Repeated while that approval is pending it replaces
// the task token and says nothing twice; repeated after a decision it answers the new task at once. A changed plan makes
// a new approval and answers the old one's task with SUPERSEDED. Invalid: there is no plan, or its bytes are not the
// plan; nobody is asked then. A Tell that failed is an error, and the repeat tells again.
func (s *Service) Propose(ctx context.Context, p workflow.Proposal) error {
	a, superseded, err := s.open(ctx, p)
	if err != nil {
		return fmt.Errorf("propose plan of %s: %w", p.ID, err)
	}
	if superseded != "" {
		if err := s.Finish(ctx, superseded); err != nil {
			s.d.Log.WarnContext(ctx, "superseded approval not answered yet, sweep will repeat", "approval", superseded, "investigation", p.ID, "err", err)
		}
	}
	if a.State != incident.Pending {
		return s.Finish(ctx, a.ID)
	}
	if err := s.note(ctx, p.ID, journal.Proposed, "proposed/"+a.ID, a.Approval); err != nil {
		return err
	}
	if !a.ToldAt.IsZero() {
		return nil
	}
	return s.tell(ctx, a.ID)
}

// open makes sure that an approval of the current plan exists and holds this task's token.
func (s *Service) open(ctx context.Context, p workflow.Proposal) (a stored, superseded string, err error) {
	for {
		inv, err := record.Get(ctx, s.d.Store, p.ID)
		if err != nil {
			return a, "", err
		}
		plan, _, err := ReadPlan(ctx, s.d.Blob, inv.PlanHash)
		if err != nil {
			return a, "", err
		}
		var old stored
		var version int64
		if inv.ApprovalID != "" {
			if old, version, err = s.load(ctx, inv.ApprovalID); err != nil {
				return a, "", err
			}
		}
		if old.PlanHash == inv.PlanHash && old.State != incident.Expired && inv.ApprovalID != "" {
			a, err = old, s.retoken(ctx, old, version, p.Token)
		} else {
			a, superseded, err = s.create(ctx, inv, plan, old, version, p.Token)
		}
		if !incident.Is(err, incident.Conflict) || ctx.Err() != nil {
			return a, superseded, err
		}
	}
}

// retoken gives a known approval the token of the task that waits now. One that was decided already gets an outbox item,
// so that the new task is answered with that decision.
func (s *Service) retoken(ctx context.Context, a stored, version int64, plain string) error {
	sealed, err := s.d.Tokens.Seal(ctx, []byte(plain), about(a.ID))
	if err != nil {
		return err
	}
	ops := []kv.Op{
		kv.Check(metaKey(a.ID), kv.Version(version)),
		kv.Put(tokenKey(a.ID), token{Sealed: sealed}, kv.Always()),
	}
	if a.State != incident.Pending {
		ops = append(ops,
			kv.Put(outboxKey(a.ID), outbox{Decision: a.State}, kv.Always()),
			kv.Put(listKey(a.ID), entry{Investigation: a.Investigation, ExpiresAt: a.ExpiresAt}, kv.Always()))
	}
	return s.d.Store.Commit(ctx, ops...)
}

// create makes the approval, supersedes a pending one of an older plan, and moves the investigation, in one commit.
func (s *Service) create(ctx context.Context, inv incident.Investigation, plan incident.Plan, old stored, version int64, plain string) (stored, string, error) {
	a, err := s.fresh(inv, plan)
	if err != nil {
		return a, "", err
	}
	sealed, err := s.d.Tokens.Seal(ctx, []byte(plain), about(a.ID))
	if err != nil {
		return a, "", err
	}
	ops := []kv.Op{
		kv.Put(metaKey(a.ID), a, kv.Absent()),
		kv.Put(tokenKey(a.ID), token{Sealed: sealed}, kv.Absent()),
		kv.Put(listKey(a.ID), entry{Investigation: inv.ID, ExpiresAt: a.ExpiresAt}, kv.Absent()),
	}
	superseded := ""
	if old.State == incident.Pending {
		next := old.Approval
		next.State, next.DecidedAt = incident.Superseded, a.CreatedAt
		ops = append(ops, s.write(old, version, next)...)
		superseded = old.ID
	}
	_, err = record.Update(ctx, s.d.Store, a.CreatedAt, inv.ID, s.unchanged(ctx, inv, a.ID, version), ops...)
	return a, superseded, err
}

// unchanged moves the investigation on, unless what the approval was made from has changed since it was read.
func (s *Service) unchanged(ctx context.Context, seen incident.Investigation, id string, version int64) func(*incident.Investigation) error {
	return func(now *incident.Investigation) error {
		if now.PlanHash != seen.PlanHash || now.ApprovalID != seen.ApprovalID {
			return incident.Errorf(incident.Conflict, "plan or approval of %s changed", seen.ID)
		}
		if now.State == incident.Cancelled {
			return incident.Errorf(incident.Denied, "investigation %s was cancelled; nobody is asked about its plan", seen.ID)
		}
		if seen.ApprovalID != "" {
			if _, v, err := s.load(ctx, seen.ApprovalID); err != nil || v != version {
				return incident.Errorf(incident.Conflict, "approval %s changed", seen.ApprovalID)
			}
		}
		now.State, now.StateReason, now.ApprovalID = incident.AwaitingApproval, "", id
		return nil
	}
}

// fresh is a new pending approval with an id that nobody can guess.
func (s *Service) fresh(inv incident.Investigation, plan incident.Plan) (stored, error) {
	var raw [16]byte
	if _, err := io.ReadFull(s.d.Rand, raw[:]); err != nil {
		return stored{}, incident.Errorf(incident.Unavailable, "read randomness: %w", err)
	}
	now := s.d.Now().UTC()
	a := incident.Approval{
		ID:            "apr-" + incident.ShortHash(s.d.Space.Name, hex.EncodeToString(raw[:])),
		Investigation: inv.ID,
		PlanHash:      inv.PlanHash,
		State:         incident.Pending,
		Requester:     plan.Requester,
		Needed:        1,
		CreatedAt:     now,
		ExpiresAt:     now.Add(s.d.Space.Approvals.Timeout - Margin),
	}
	if s.d.Space.Approvals.TwoPeople(plan.Risk) {
		a.Needed = 2
	}
	return stored{Approval: a}, nil
}

// tell mints the secret of this message, stores its hash beside those of earlier attempts (one of which may have
// arrived), tells, and notes that it did.
func (s *Service) tell(ctx context.Context, id string) error {
	var raw [32]byte
	if _, err := io.ReadFull(s.d.Rand, raw[:]); err != nil {
		return incident.Errorf(incident.Unavailable, "read randomness: %w", err)
	}
	secret := base64.RawURLEncoding.EncodeToString(raw[:])
	a, err := s.edit(ctx, id, func(a *stored) {
		a.Secrets = append(a.Secrets, secretSum(secret))
		a.Secrets = a.Secrets[max(0, len(a.Secrets)-maxSecrets):]
	})
	if err != nil {
		return err
	}
	notice, err := s.notice(ctx, a.Approval, secret)
	if err != nil {
		return err
	}
	if err := s.d.Tell.Tell(ctx, notice); err != nil {
		return fmt.Errorf("tell approvers of %s: %w", a.Investigation, err)
	}
	_, err = s.edit(ctx, id, func(a *stored) { a.ToldAt = s.d.Now().UTC() })
	return err
}

func (s *Service) edit(ctx context.Context, id string, fn func(*stored)) (stored, error) {
	for {
		a, version, err := s.load(ctx, id)
		if err != nil {
			return a, err
		}
		fn(&a)
		err = s.d.Store.Commit(ctx, kv.Put(metaKey(id), a, kv.Version(version)))
		if !incident.Is(err, incident.Conflict) || ctx.Err() != nil {
			return a, err
		}
	}
}

func (s *Service) notice(ctx context.Context, a incident.Approval, secret string) (deliver.Notice, error) {
	inv, err := record.Get(ctx, s.d.Store, a.Investigation)
	if err != nil {
		return deliver.Notice{}, err
	}
	plan, _, err := s.Plan(ctx, a)
	if err != nil {
		return deliver.Notice{}, err
	}
	n := deliver.Notice{
		Kind:          deliver.Proposal,
		Key:           string(deliver.Proposal) + "/" + a.ID,
		Investigation: inv,
		Plan:          &plan,
		Approval:      &a,
		Link:          s.Link(a.ID),
		Code:          Code(a.PlanHash),
		Secret:        secret,
	}
	if c, found, err := record.Conclusion(ctx, s.d.Store, inv.ID); err == nil && found {
		n.Conclusion = &c
	}
	return n, nil
}

// Link is the address of an approval's page. Nothing in it decides.
func (s *Service) Link(id string) string {
	return strings.TrimRight(s.d.Space.PublicURL, "/") + "/approve/" + id
}
