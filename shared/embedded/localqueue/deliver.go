package localqueue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
)

// Run hands batches to the handler until ctx ends, then waits for handlers that are still running. First, one by one,
// come the messages that an earlier process had when it ended: one that ends this process too is charged to itself alone.
func (q *Queue) Run(ctx context.Context, handle queue.Handler) {
	for _, e := range q.suspects {
		if ctx.Err() == nil {
			q.deliver(ctx, handle, []entry{e})
		}
	}
	q.suspects = nil
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
	if batch = q.handOut(ctx, batch); len(batch) == 0 {
		return
	}
	hctx, cancel := context.WithTimeout(ctx, q.opt.Visibility)
	defer cancel()
	messages := make([]queue.Message, len(batch))
	for i, e := range batch {
		messages[i] = queue.Message{ID: e.ID, Body: e.Body, Receives: e.Receives}
	}
	failed := handle(hctx, messages)
	done := make([]kv.Op, 0, 2*len(batch))
	for _, e := range batch {
		reason, bad := failed[e.ID]
		switch {
		case !bad:
			done = append(done, q.forget(e)...)
		case ctx.Err() != nil: // the queue ends, which is not the message's fault
			done = append(done, kv.Put(q.countKey(e.ID), e.Receives-1, kv.Always()))
		case e.Receives >= q.opt.MaxReceives:
			done = append(done, q.giveUp(ctx, e, fmt.Sprintf("failed %d times: %v", e.Receives, reason))...)
		default:
			q.again(ctx, e)
		}
	}
	_ = q.settle(ctx, done) // if it fails, they come again after a restart: consumers bear repeats
}

// handOut counts a delivery of each message before it happens, and gives up those whose last one ended the process.
func (q *Queue) handOut(ctx context.Context, batch []entry) []entry {
	var out []entry
	var ops []kv.Op
	for _, e := range batch {
		if e.Receives >= q.opt.MaxReceives {
			ops = append(ops, q.giveUp(ctx, e, fmt.Sprintf("handed out %d times, and the process ended before it was done", e.Receives))...)
			continue
		}
		e.Receives++
		out = append(out, e)
		ops = append(ops, kv.Put(q.countKey(e.ID), e.Receives, kv.Always()))
	}
	if q.settle(ctx, ops) == nil {
		return out
	}
	for _, e := range out {
		e.Receives--
		q.again(ctx, e)
	}
	return nil
}

// giveUp buries a message; if that fails it comes again.
func (q *Queue) giveUp(ctx context.Context, e entry, reason string) []kv.Op {
	if err := q.Bury(context.WithoutCancel(ctx), e.Body, reason); err != nil {
		q.again(ctx, e)
		return nil
	}
	return q.forget(e)
}

// forget is what removes a message from the store.
func (q *Queue) forget(e entry) []kv.Op {
	q.held.Add(-1)
	return []kv.Op{kv.Delete(q.key(e.ID), kv.Always()), kv.Delete(q.countKey(e.ID), kv.Always())}
}

// settle writes what became of messages, also when the queue ends meanwhile.
func (q *Queue) settle(ctx context.Context, all []kv.Op) error {
	for ops := range slices.Chunk(all, kv.MaxOps) {
		if err := q.store.Commit(context.WithoutCancel(ctx), ops...); err != nil {
			return err
		}
	}
	return nil
}

// again shows a message once more, later each time that it failed.
func (q *Queue) again(ctx context.Context, e entry) {
	q.busy.Go(func() {
		select {
		case <-time.After(min(q.opt.Visibility, time.Duration(max(1, e.Receives*e.Receives))*50*time.Millisecond)):
			q.ready <- e
		case <-ctx.Done():
		}
	})
}
