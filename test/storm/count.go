package main

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/firefinder/firefinder/shared/kv"
)

// counter counts what one part asks of the store: requests, and items written.
type counter struct {
	kv.Store
	requests, items atomic.Int64
}

func (c *counter) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	c.requests.Add(1)
	return c.Store.Get(ctx, key)
}

func (c *counter) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	c.requests.Add(1)
	return c.Store.Query(ctx, pk, prefix, page)
}

func (c *counter) Commit(ctx context.Context, ops ...kv.Op) error {
	c.requests.Add(1)
	err := c.Store.Commit(ctx, ops...)
	if err == nil {
		c.items.Add(int64(len(ops)))
	}
	return err
}

// per is requests and items for each of n alarms.
func (c *counter) per(n int) (requests, items float64) {
	return float64(c.requests.Load()) / float64(n), float64(c.items.Load()) / float64(n)
}

// judge is triage's store; it notes when the decision on each alarm is committed.
type judge struct {
	counter
	storm   storm
	decided []atomic.Int64 // nanoseconds since the clock's start; 0: not yet
	left    atomic.Int64
	done    chan struct{}
	clock   time.Time
}

func (j *judge) Commit(ctx context.Context, ops ...kv.Op) error {
	if err := j.counter.Commit(ctx, ops...); err != nil {
		return err
	}
	at := int64(time.Since(j.clock))
	for _, op := range ops {
		id, ok := strings.CutPrefix(op.Key.PK, "ALARM#")
		if i, known := j.storm.number[id]; ok && known && j.decided[i].CompareAndSwap(0, at) && j.left.Add(-1) == 0 {
			close(j.done)
		}
	}
	return nil
}
