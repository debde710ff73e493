package triagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/queue"
)

// envelope is a message in the queue.
type envelope struct {
	event    incident.Event
	visible  time.Time
	receives int
}

// line is a queue with the rules of SQS: at least once, in any order, again after the visibility timeout.
type line struct {
	*Space
	mu      sync.Mutex
	pending []*envelope
}

// newLine holds every event, 30 % of them twice, 20 % of the copies up to 100 minutes late.
func (s *Space) newLine(events []incident.Event) *line {
	l, base := &line{Space: s}, time.Now()
	for _, e := range events {
		copies := 1
		if s.Chance.Hits(0.3) {
			copies++
		}
		for range copies {
			delay := s.Chance.UpTo(500 * time.Millisecond)
			if s.Chance.Hits(0.2) {
				delay = s.Chance.UpTo(100 * time.Minute)
			}
			after := (e.Timestamp.Sub(s.Epoch) + delay) / time.Duration(s.Pace.Speed)
			l.pending = append(l.pending, &envelope{event: e, visible: base.Add(after)})
		}
	}
	return l
}

func (l *line) take() (batch []*envelope, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait = l.Pace.Visibility
	most := 1 + int(l.Chance.UpTo(9))
	for _, m := range l.pending {
		switch until := time.Until(m.visible); {
		case until > 0:
			wait = min(wait, until)
		case len(batch) < most:
			m.visible = time.Now().Add(l.Pace.Visibility)
			m.receives++
			batch = append(batch, m)
		}
	}
	return batch, wait
}

func (l *line) settle(done map[*envelope]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = slices.DeleteFunc(l.pending, func(m *envelope) bool { return done[m] })
}

func (l *line) left() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pending)
}

// Run delivers all alarms and returns them once everything is settled. At the pace of virtual time it must run in a bubble.
func (s *Space) Run(ctx context.Context) []incident.Event {
	events := s.alarms()
	l := s.newLine(events)
	sweeping, cancel := context.WithCancel(ctx)
	defer cancel()
	var group, sweeper sync.WaitGroup
	for range workers {
		handle, _ := s.Triage()
		group.Go(func() { l.work(ctx, handle) })
	}
	_, sweep := s.Triage()
	sweeper.Go(func() {
		for {
			select {
			case <-time.After(s.Pace.Sweep):
				_ = sweep(ctx) // it comes again
			case <-sweeping.Done():
				return
			}
		}
	})
	group.Wait()
	cancel()
	sweeper.Wait()
	for range 15 {
		_ = sweep(ctx) // what is left
	}
	return events
}

// work handles batches until the queue is empty.
func (l *line) work(ctx context.Context, handle queue.Handler) {
	for l.left() > 0 && ctx.Err() == nil {
		batch, wait := l.take()
		if len(batch) > 0 {
			l.settle(l.deliver(ctx, handle, batch))
			continue
		}
		pass(ctx, wait)
		if l.Chance.Hits(0.3) {
			pass(ctx, l.Chance.UpTo(time.Second)/time.Duration(l.Pace.Speed)) // a queue gathers batches now and then
		}
	}
}

func (l *line) deliver(ctx context.Context, handle queue.Handler, batch []*envelope) map[*envelope]bool {
	var messages []queue.Message
	s := l.Space
	s.mu.Lock()
	for i, m := range batch {
		body, _ := json.Marshal(m.event)
		messages = append(messages, queue.Message{ID: fmt.Sprint(i), Body: body, Receives: m.receives})
		id := m.event.EventID()
		if s.handed[id].IsZero() {
			s.handed[id] = time.Now()
		}
		s.did.Deliveries++
	}
	s.mu.Unlock()
	failed := handle(context.WithValue(ctx, delivered{}, time.Now()), messages)
	done := map[*envelope]bool{}
	for i, m := range batch {
		if failed[fmt.Sprint(i)] == nil {
			done[m] = true
		}
	}
	return done
}
