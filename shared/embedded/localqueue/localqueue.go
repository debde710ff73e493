// Package localqueue is an at-least-once queue for one process, durable in kv: a message is stored before Send returns,
// hidden while a handler has it, shown again after its visibility timeout, and buried with a reason after too many tries.
// Tries are stored before the handler has the message, so one that ends the process is buried too.
package localqueue

import (
	"context"
	"crypto/rand"
	"fmt"
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
	MaxReceives int           // after so many deliveries that failed, or that ended the process, a message is buried; default 5
}

// ForTriage are the options of the queue in front of triage: batches of as many events as triage decides in one commit,
// and a wait for a full one that nobody notices.
func ForTriage() Options {
	return Options{Batch: 25, Gather: 10 * time.Millisecond, Workers: 4}
}

// Queue implements queue.Sender and queue.DeadLetters. Make one with Open.
type Queue struct {
	store    kv.Store
	name     string
	opt      Options
	ready    chan entry   // has room for every message held
	held     atomic.Int64 // messages that are not settled
	suspects []entry      // an earlier process had them, and may have ended because of one
	next     atomic.Int64
	busy     sync.WaitGroup
	one      chan struct{} // held by the worker that gathers: one at a time, so that batches fill
	last     int           // messages of the batch before; belongs to whoever holds one
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

const capacity = 1 << 17 // messages held at once; Send refuses more

// Open makes the queue and takes up messages that an earlier process left, however many.
func Open(ctx context.Context, store kv.Store, name string, opt Options) (*Queue, error) {
	q := &Queue{store: store, name: name, opt: opt.withDefaults(), one: make(chan struct{}, 1)}
	items, err := store.Query(ctx, q.partition(), "", kv.Page{})
	if err != nil {
		return nil, fmt.Errorf("open queue %s: %w", name, err)
	}
	receives, err := q.receives(ctx)
	if err != nil {
		return nil, fmt.Errorf("open queue %s: %w", name, err)
	}
	q.held.Store(int64(len(items)))
	q.ready = make(chan entry, max(capacity, len(items)))
	for _, item := range items {
		var e entry
		if err := item.Decode(&e); err != nil {
			return nil, err
		}
		if e.Receives = receives[e.ID]; e.Receives > 0 {
			q.suspects = append(q.suspects, e)
		} else {
			q.ready <- e
		}
	}
	return q, nil
}

// receives is how often messages have been handed out, by their ids.
func (q *Queue) receives(ctx context.Context) (map[string]int, error) {
	items, err := q.store.Query(ctx, q.countKey("").PK, "", kv.Page{})
	if err != nil {
		return nil, err
	}
	out := make(map[string]int, len(items))
	for _, item := range items {
		var n int
		if err := item.Decode(&n); err != nil {
			return nil, err
		}
		out[item.SK] = n
	}
	return out, nil
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

func (q *Queue) partition() string         { return "QUEUE#" + q.name }
func (q *Queue) key(id string) kv.Key      { return kv.Key{PK: q.partition(), SK: id} }
func (q *Queue) countKey(id string) kv.Key { return kv.Key{PK: q.partition() + "#RECEIVES", SK: id} }

// Send stores a message. When it returns nil the message will be delivered at least once; when it returns Throttled,
// because the queue is full, it will not be. The group is not used: one process serves one space.
func (q *Queue) Send(ctx context.Context, _ string, body []byte) error {
	if len(body) > queue.MaxBody {
		return incident.Errorf(incident.Invalid, "message of %d bytes: at most %d", len(body), queue.MaxBody)
	}
	if q.held.Add(1) > capacity {
		q.held.Add(-1)
		return incident.Errorf(incident.Throttled, "queue %s holds %d messages already", q.name, capacity)
	}
	e := entry{ID: fmt.Sprintf("%020d-%s", q.next.Add(1), rand.Text()[:8]), Body: body}
	if err := q.store.Commit(ctx, kv.Put(q.key(e.ID), e, kv.Absent())); err != nil {
		q.held.Add(-1)
		return fmt.Errorf("send to queue %s: %w", q.name, err)
	}
	q.ready <- e
	return nil
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
