// Package localqueue is an at-least-once queue for one process, durable in kv: a message is stored before Send returns,
// hidden while a handler has it, shown again after its visibility timeout, and buried with a reason after too many tries.
package localqueue

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
)

// Options of a queue; zero values take defaults.
type Options struct {
	Batch       int           // messages handed to the handler at once; default 10
	Gather      time.Duration // how long a batch that is not full waits for more, while messages come in company; default 0, not at all
	Workers     int           // handlers that run at the same time; default 2
	Visibility  time.Duration // how long a message stays hidden after it was handed out; default 30 s
	MaxReceives int           // after so many failed deliveries a message is buried; default 5
}

// ForTriage are the options of the queue in front of triage: batches of as many events as triage decides in one commit,
// and a wait for a full one that nobody notices.
func ForTriage() Options {
	return Options{Batch: 25, Gather: 10 * time.Millisecond, Workers: 4}
}

// Queue implements queue.Sender and queue.DeadLetters. Make one with Open.
type Queue struct {
	store kv.Store
	name  string
	opt   Options
	ready chan entry
	next  atomic.Int64
	busy  sync.WaitGroup
	one   chan struct{} // held by the worker that gathers: one at a time, so that batches fill
	last  int           // messages of the batch before; belongs to whoever holds one
}

type entry struct {
	ID       string `json:"id"`
	Body     []byte `json:"body"`
	Receives int    `json:"-"`
}

type dead struct {
	Body   []byte    `json:"body"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

const capacity = 1 << 17 // messages in memory at once; Send refuses more

// Open makes the queue and takes up messages that an earlier process left.
func Open(ctx context.Context, store kv.Store, name string, opt Options) (*Queue, error) {
	q := &Queue{store: store, name: name, opt: opt.withDefaults(), ready: make(chan entry, capacity), one: make(chan struct{}, 1)}
	items, err := store.Query(ctx, q.partition(), "", kv.Page{})
	if err != nil {
		return nil, fmt.Errorf("open queue %s: %w", name, err)
	}
	for _, item := range items {
		var e entry
		if err := item.Decode(&e); err != nil {
			return nil, err
		}
		q.ready <- e
	}
	return q, nil
}

func (o Options) withDefaults() Options {
	if o.Batch == 0 {
		o.Batch = 10
	}
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Visibility == 0 {
		o.Visibility = 30 * time.Second
	}
	if o.MaxReceives == 0 {
		o.MaxReceives = 5
	}
	return o
}

func (q *Queue) partition() string    { return "QUEUE#" + q.name }
func (q *Queue) key(id string) kv.Key { return kv.Key{PK: q.partition(), SK: id} }

// Send stores a message. When it returns nil the message will be delivered at least once. The group is not used: one
// process serves one space.
func (q *Queue) Send(ctx context.Context, _ string, body []byte) error {
	if len(body) > queue.MaxBody {
		return incident.Errorf(incident.Invalid, "message of %d bytes: at most %d", len(body), queue.MaxBody)
	}
	e := entry{ID: fmt.Sprintf("%020d-%s", q.next.Add(1), rand.Text()[:8]), Body: body}
	if err := q.store.Commit(ctx, kv.Put(q.key(e.ID), e, kv.Absent())); err != nil {
		return fmt.Errorf("send to queue %s: %w", q.name, err)
	}
	select {
	case q.ready <- e:
		return nil
	default:
		return incident.Errorf(incident.Throttled, "queue %s holds %d messages already", q.name, capacity)
	}
}

// Bury keeps a message that can never succeed, with the reason.
func (q *Queue) Bury(ctx context.Context, body []byte, reason string) error {
	key := kv.Key{PK: "DEAD#" + q.name, SK: incident.ShortHash(string(body))}
	return q.store.Commit(ctx, kv.Put(key, dead{Body: body, Reason: reason, At: time.Now().UTC()}, kv.Always()))
}

// Dead lists the buried messages' reasons by their bodies.
func (q *Queue) Dead(ctx context.Context) (map[string]string, error) {
	items, err := q.store.Query(ctx, "DEAD#"+q.name, "", kv.Page{})
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(items))
	for _, item := range items {
		var d dead
		if err := item.Decode(&d); err != nil {
			return nil, err
		}
		out[string(d.Body)] = d.Reason
	}
	return out, nil
}

// Run hands batches to the handler until ctx ends, then waits for handlers that are still running.
func (q *Queue) Run(ctx context.Context, handle queue.Handler) {
	for range q.opt.Workers {
		q.busy.Go(func() {
			for {
				batch := q.receive(ctx)
				if len(batch) == 0 {
					return
				}
				q.deliver(ctx, handle, batch)
			}
		})
	}
	q.busy.Wait()
}

// receive waits for one message and takes what else is ready, up to a batch, or comes while it gathers. It gathers only
// after a batch that had company, so that a lone message is not kept waiting for others that are unlikely to come.
func (q *Queue) receive(ctx context.Context) []entry {
	select {
	case q.one <- struct{}{}:
	case <-ctx.Done():
		return nil
	}
	var batch []entry
	defer func() { q.last = len(batch); <-q.one }()
	select {
	case e := <-q.ready:
		batch = append(batch, e)
	case <-ctx.Done():
		return nil
	}
	timer := time.NewTimer(q.opt.Gather)
	defer timer.Stop()
	for len(batch) < q.opt.Batch {
		select {
		case e := <-q.ready:
			batch = append(batch, e)
			continue
		default:
		}
		if q.opt.Gather == 0 || q.last < 2 && len(batch) < 2 {
			return batch
		}
		select {
		case e := <-q.ready:
			batch = append(batch, e)
		case <-timer.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

func (q *Queue) deliver(ctx context.Context, handle queue.Handler, batch []entry) {
	hctx, cancel := context.WithTimeout(ctx, q.opt.Visibility)
	defer cancel()
	messages := make([]queue.Message, len(batch))
	for i := range batch {
		batch[i].Receives++
		messages[i] = queue.Message{ID: batch[i].ID, Body: batch[i].Body, Receives: batch[i].Receives}
	}
	failed := handle(hctx, messages)
	done := make([]kv.Op, 0, len(batch))
	for _, e := range batch {
		reason, bad := failed[e.ID]
		switch {
		case !bad:
			done = append(done, kv.Delete(q.key(e.ID), kv.Always()))
		case e.Receives >= q.opt.MaxReceives:
			if q.Bury(ctx, e.Body, fmt.Sprintf("failed %d times: %v", e.Receives, reason)) == nil {
				done = append(done, kv.Delete(q.key(e.ID), kv.Always()))
			}
		default:
			q.again(ctx, e)
		}
	}
	q.remove(ctx, done)
}

// remove forgets messages. If that fails, they come again after a restart: consumers bear repeats.
func (q *Queue) remove(ctx context.Context, done []kv.Op) {
	for ops := range slices.Chunk(done, kv.MaxOps) {
		_ = q.store.Commit(ctx, ops...)
	}
}

// again shows a failed message once more, later each time.
func (q *Queue) again(ctx context.Context, e entry) {
	q.busy.Go(func() {
		select {
		case <-time.After(min(q.opt.Visibility, time.Duration(e.Receives*e.Receives)*50*time.Millisecond)):
			q.ready <- e
		case <-ctx.Done():
		}
	})
}
