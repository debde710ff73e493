package cost_test

import (
	"context"
	"strings"
	"sync"

	"github.com/firefinder/firefinder/shared/kv"
)

// use is what DynamoDB bills: write units of 1 KiB, twice as many in a transaction, and consistent read units of 4 KiB.
// Requests are counted beside them.
type use struct{ writes, reads, requests int }

func (u use) minus(v use) use {
	return use{u.writes - v.writes, u.reads - v.reads, u.requests - v.requests}
}

// meter counts what a store is asked for, without what is no table on AWS.
type meter struct {
	kv.Store
	mu   sync.Mutex
	used use
}

// elsewhere are the partitions of the embedded queues (SQS on AWS) and executions (Step Functions).
func elsewhere(pk string) bool {
	return strings.HasPrefix(pk, "QUEUE#") || strings.HasPrefix(pk, "DEAD#") || pk == "EXECUTIONS"
}

func (m *meter) add(u use) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used = use{m.used.writes + u.writes, m.used.reads + u.reads, m.used.requests + u.requests}
}

func (m *meter) total() use {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

func (m *meter) Get(ctx context.Context, key kv.Key) (kv.Item, error) {
	item, err := m.Store.Get(ctx, key)
	if !elsewhere(key.PK) {
		m.add(use{reads: units(size(key, item.Body), 4<<10), requests: 1})
	}
	return item, err
}

func (m *meter) Query(ctx context.Context, pk, prefix string, page kv.Page) ([]kv.Item, error) {
	items, err := m.Store.Query(ctx, pk, prefix, page)
	bytes := 0
	for _, item := range items {
		bytes += size(item.Key, item.Body)
	}
	if !elsewhere(pk) {
		m.add(use{reads: units(bytes, 4<<10), requests: 1})
	}
	return items, err
}

func (m *meter) Commit(ctx context.Context, ops ...kv.Op) error {
	u, factor := use{}, min(len(ops), 2)
	for _, op := range ops {
		if !elsewhere(op.Key.PK) {
			u.writes += factor * units(size(op.Key, op.Body), 1<<10)
			u.requests = 1
		}
	}
	m.add(u)
	return m.Store.Commit(ctx, ops...)
}

func size(key kv.Key, body []byte) int { return len(key.PK) + len(key.SK) + len(body) }

func units(size, unit int) int { return max(1, (size+unit-1)/unit) }
