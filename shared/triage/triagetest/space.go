// Package triagetest simulates a space whose queue and store do what theirs may do, and judges what triage made of it.
// shared/triage runs it in virtual time over memory, the AWS contract lane in real time over the DynamoDB adapter.
package triagetest

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Alarms of a space, in so many outages. Porcupine wants many small histories.
const (
	Alarms  = 200
	outages = 3
	workers = 3
)

// Maker makes a triage over a store: the real one, Protocol, or a naive one that must fail.
type Maker func(store kv.Store, start triage.Starter) (handle queue.Handler, sweep func(context.Context) error)

// Protocol is the triage that ships.
func Protocol(store kv.Store, start triage.Starter) (queue.Handler, func(context.Context) error) {
	s := triage.New(triage.Deps{
		Store: store, Space: config.Space{Name: name, Budget: config.Budget{Concurrent: 1000}}, Start: start, Dead: Discard{}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	return s.Handle, s.Sweep
}

const name = "sim" // of every space; each has a store of its own

// Discard takes dead letters and forgets them.
type Discard struct{}

// Bury implements queue.DeadLetters.
func (Discard) Bury(context.Context, []byte, string) error { return nil }

// Pace is how fast a simulation goes.
type Pace struct {
	Speed      int           // how many times faster than their event times alarms come in
	Visibility time.Duration // after which the queue gives a message to somebody else
	Sweep      time.Duration // between two sweeps
	Answer     time.Duration // the most that is added to a request's own time
}

// Virtual is the pace of a space as it is deployed, for a synctest bubble.
var Virtual = Pace{Speed: 1, Visibility: 30 * time.Second, Sweep: time.Minute, Answer: 10 * time.Millisecond}

// Space is one simulated space. Make one with New and change its fields before it runs.
type Space struct {
	Chance *Chance
	Store  kv.Store          // without the faults
	Start  triage.Starter    // likewise; nil: starts are only remembered
	Make   Maker             // of the workers' triage
	Faults float64           // share of the requests that fail, half of them after the effect
	Mutate func(kv.Op) kv.Op // takes a guard away; nil: none
	Refuse int               // starts that fail, whatever chance says
	Pace   Pace
	Epoch  time.Time // when its first outage begins

	mu      sync.Mutex
	started map[string]time.Time
	handed  map[string]time.Time // event id -> when triage was first given it
	decided map[string]span      // event id -> when its decision was made
	did     Counts
}

// Counts are what a space did.
type Counts struct{ Deliveries, Faults, Requests int }

// span is a time within which something happened.
type span struct{ from, to time.Time }

// delivered is the key under which a context holds when its delivery began.
type delivered struct{}

// New makes a space over memory, at the pace of virtual time. Seed and number decide its workload.
func New(seed, number uint64, faults float64) *Space {
	return &Space{
		Chance: &Chance{r: rand.New(rand.NewPCG(seed, number))}, Store: kv.NewMemory(), Make: Protocol, Faults: faults, Pace: Virtual,
		Epoch:   time.Date(2026, 3, 1, 2, 40, 0, 0, time.UTC),
		started: map[string]time.Time{}, handed: map[string]time.Time{}, decided: map[string]span{},
	}
}

// Did counts what has happened so far.
func (s *Space) Did() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.did
}

// Chance is a source of chance that goroutines share. Which of them comes first is up to the scheduler, so a seed gives
// the same workload, not the same history.
type Chance struct {
	mu sync.Mutex
	r  *rand.Rand
}

// Hits reports true in a share p of all calls.
func (c *Chance) Hits(p float64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.r.Float64() < p
}

// UpTo is a span of at most d.
func (c *Chance) UpTo(d time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.r.Int64N(int64(d) + 1))
}

// starter starts executions for a space, with faults of its own.
type starter struct{ *Space }

// Start implements triage.Starter.
func (s starter) Start(ctx context.Context, name string, in workflow.Input) error {
	if s.Chance.Hits(s.Faults / 2) {
		return incident.Errorf(incident.Unavailable, "simulated fault before the start")
	}
	s.mu.Lock()
	refused := s.Refuse > 0
	if refused {
		s.Refuse--
	}
	s.mu.Unlock()
	if refused {
		return incident.Errorf(incident.Unavailable, "refused")
	}
	if s.Space.Start != nil {
		if err := s.Space.Start.Start(ctx, name, in); err != nil {
			return err
		}
	}
	s.mu.Lock()
	if s.started[name].IsZero() {
		s.started[name] = time.Now()
	}
	s.mu.Unlock()
	if s.Chance.Hits(s.Faults / 2) {
		return incident.Errorf(incident.Unavailable, "simulated fault after the start")
	}
	return nil
}

// Triage makes the space's triage over its store and machine with their faults.
func (s *Space) Triage() (queue.Handler, func(context.Context) error) {
	return s.Make(s.Faulty(), s.Starter())
}

// Starter is the space's machine with its faults.
func (s *Space) Starter() triage.Starter { return starter{s} }

// Started tells of each execution when it was started first.
func (s *Space) Started() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.started)
}

// alarms are the events of a space: three outages some hours apart, around the turn of an hour, on minute ticks.
func (s *Space) alarms() []incident.Event {
	var out []incident.Event
	for i := range Alarms {
		outage := i % outages
		spread := 70 * time.Minute
		if s.Chance.Hits(0.4) {
			spread = 2 * time.Minute // most things break at once
		}
		at := s.Epoch.Add(time.Duration(outage)*5*time.Hour + s.Chance.UpTo(spread).Truncate(time.Minute))
		out = append(out, incident.Event{
			EventType: incident.EventType, IncidentID: fmt.Sprint("alarm-", i), Rule: fmt.Sprint("alarm-", i), Action: incident.Created, Priority: incident.High,
			Title: fmt.Sprint("alarm ", i), Service: "checkout", Source: "cloudwatch", Account: "1", Region: "eu-central-1", Timestamp: at,
		})
	}
	return out
}
