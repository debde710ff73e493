package triage

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Starter starts executions of the state machine. A name that was started before is success.
type Starter interface {
	Start(ctx context.Context, name string, in workflow.Input) error
}

// Deps is what a Service needs.
type Deps struct {
	Store   kv.Store
	Space   config.Space
	Skills  skill.Library
	Learned [][2]string // dependencies known from traces, beside those of the space file
	Start   Starter     // nil: this process may not start executions, and what it opens waits for a Sweep in one that may
	Dead    queue.DeadLetters
	Now     func() time.Time
	Log     *slog.Logger
}

// Service commits triage decisions. It is safe for concurrent use, in as many processes as there are.
type Service struct {
	Deps
	graph   atomic.Pointer[drawn]
	rules   []skill.SkipRule
	one     sync.Mutex  // held by whoever starts: workers of one process would only get into each other's way
	pending atomic.Bool // something was opened since whoever starts began to look
}

// New makes a Service.
func New(d Deps) *Service {
	return &Service{Deps: d, rules: d.Skills.Active(d.Space.Skills).Skips()}
}

// attempts bounds how often one event is decided anew after a lost race.
const attempts = 40

// Handle decides on a batch of events (queue messages holding incident.Event as JSON) and commits the decisions.
//
// The protocol does not depend on order, and repeats are safe: an event whose decision is stored keeps it. A whole batch
// is committed at once on the assumption that its alarms are new; if any condition fails, it is decided again with their
// histories read, and if that fails too, one by one. Joining a window writes no shared item, so joins never conflict with each other; opening
// one requires that no other was opened meanwhile. What can never succeed is buried with a reason and counts as done.
func (s *Service) Handle(ctx context.Context, batch []queue.Message) map[string]error {
	s.refresh(ctx)
	failed := map[string]error{}
	byEvent := map[string][]string{} // event id -> message ids
	var events []incident.Event
	for _, m := range batch {
		e, err := parse(m.Body)
		if err != nil {
			s.Log.WarnContext(ctx, "message buried", "message", m.ID, "class", incident.ClassOf(err))
			if err := s.Dead.Bury(ctx, m.Body, err.Error()); err != nil {
				failed[m.ID] = err
			}
			continue
		}
		id := e.EventID()
		if byEvent[id] == nil {
			events = append(events, e)
		}
		byEvent[id] = append(byEvent[id], m.ID)
	}
	slices.SortStableFunc(events, func(a, b incident.Event) int { return a.Timestamp.Compare(b.Timestamp) })
	for id, err := range s.decideAll(ctx, events) {
		for _, message := range byEvent[id] {
			failed[message] = err
		}
	}
	return failed
}

func parse(body []byte) (incident.Event, error) {
	var e incident.Event
	if err := json.Unmarshal(body, &e); err != nil {
		return e, incident.Errorf(incident.Invalid, "not an event: %w", err)
	}
	return e, e.Validate()
}

// together is how many events are decided in one commit at most: with what they write, they fit into its limits.
const together = 25

// decideAll decides on distinct events, as many at once as a commit takes.
func (s *Service) decideAll(ctx context.Context, events []incident.Event) map[string]error {
	failed := map[string]error{}
	opened := false
	for chunk := range slices.Chunk(events, together) {
		opened = s.decideChunk(ctx, chunk, failed) || opened
	}
	s.start(ctx, opened)
	return failed
}

// decideChunk tries three ways, cheapest first: all at once on the assumption that no alarm has a history, again if that
// may have lost a race of openings only; all at once with the histories read; one by one.
func (s *Service) decideChunk(ctx context.Context, events []incident.Event, failed map[string]error) (opened bool) {
	raced := true
	for _, look := range []bool{false, false, false, true} {
		if len(events) == 1 {
			break
		}
		if !raced && !look {
			continue
		}
		t := s.begin(len(events), look)
		err := t.takeAll(ctx, events)
		if err == nil {
			err = t.commit(ctx)
		}
		switch incident.ClassOf(err) {
		case "":
			return t.opened
		case incident.Conflict:
			raced = t.opened
			continue
		case incident.Invalid: // more than a commit takes
			half := len(events) / 2
			first := s.decideChunk(ctx, events[:half], failed)
			return s.decideChunk(ctx, events[half:], failed) || first
		}
		for _, e := range events {
			failed[e.EventID()] = err
		}
		return t.opened // nobody knows whether it was committed
	}
	for _, e := range events {
		open, err := s.decideOne(ctx, e)
		opened = opened || open
		if err != nil {
			failed[e.EventID()] = err
		}
	}
	return opened
}

// decideOne decides on one event against what is stored, again after each lost race.
func (s *Service) decideOne(ctx context.Context, e incident.Event) (opened bool, err error) {
	for attempt := range attempts {
		stored, err := record.GetAlarm(ctx, s.Store, e.EventID())
		if err == nil {
			return stored.Opener, nil // decided before; an unconfirmed start is finished with the others
		}
		if !incident.Is(err, incident.NotFound) {
			return false, err
		}
		t := s.begin(1, true)
		if err = t.takeAll(ctx, []incident.Event{e}); err == nil {
			err = t.commit(ctx)
		}
		if err == nil {
			return t.opened, nil
		}
		if !incident.Is(err, incident.Conflict) {
			return false, err
		}
		if err := backoff(ctx, attempt); err != nil {
			return false, err
		}
	}
	return false, incident.Errorf(incident.Throttled, "triage of %s lost %d races; it will be tried again", e.EventID(), attempts)
}

// start admits what was opened and tells of late alarms. A failure here is not the event's: its decision stands, and sweep starts what is left.
func (s *Service) start(ctx context.Context, opened bool) {
	if !opened || s.Start == nil {
		return
	}
	s.pending.Store(true)
	for s.pending.Load() && s.one.TryLock() { // who finds it held leaves the rest to its holder, who looks again
		s.pending.Store(false)
		if err := s.Sweep(ctx); err != nil {
			s.Log.WarnContext(ctx, "start left to sweep", "class", incident.ClassOf(err), "err", err.Error())
		}
		s.one.Unlock()
	}
}

// backoff waits with full jitter, up to 200 ms.
func backoff(ctx context.Context, attempt int) error {
	ceiling := min(200*time.Millisecond, time.Millisecond<<min(attempt, 8))
	timer := time.NewTimer(rand.N(ceiling))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return incident.Errorf(incident.Unavailable, "triage: %w", ctx.Err())
	}
}
