package kv

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/firefinder/firefinder/shared/incident"
)

// Memory is a Store in memory, for simulations and tests. The zero value is not usable; see NewMemory.
type Memory struct {
	mu         sync.Mutex
	partitions map[string]map[string]Item
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{partitions: map[string]map[string]Item{}} }

var _ Store = (*Memory)(nil)

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key Key) (Item, error) {
	if err := ctx.Err(); err != nil {
		return Item{}, incident.Errorf(incident.Unavailable, "get %s/%s: %w", key.PK, key.SK, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	item, ok := m.partitions[key.PK][key.SK]
	if !ok {
		return Item{}, incident.Errorf(incident.NotFound, "get %s/%s: no such item", key.PK, key.SK)
	}
	item.Body = bytes.Clone(item.Body)
	return item, nil
}

// Query implements Store.
func (m *Memory) Query(ctx context.Context, pk, prefix string, page Page) ([]Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, incident.Errorf(incident.Unavailable, "query %s/%s: %w", pk, prefix, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Item
	for sk, item := range m.partitions[pk] {
		past := page.After == "" || (!page.Desc && sk > page.After) || (page.Desc && sk < page.After)
		if past && strings.HasPrefix(sk, prefix) {
			item.Body = bytes.Clone(item.Body)
			out = append(out, item)
		}
	}
	slices.SortFunc(out, func(a, b Item) int {
		if page.Desc {
			a, b = b, a
		}
		return strings.Compare(a.SK, b.SK)
	})
	if page.Limit > 0 && len(out) > page.Limit {
		out = out[:page.Limit]
	}
	return out, nil
}

// Commit implements Store.
func (m *Memory) Commit(ctx context.Context, ops ...Op) error {
	if err := CheckLimits(ops); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return incident.Errorf(incident.Unavailable, "commit: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, op := range ops {
		if !op.Cond.Holds(m.current(op.Key)) {
			return incident.Errorf(incident.Conflict, "commit: condition on %s/%s failed", op.Key.PK, op.Key.SK)
		}
	}
	for _, op := range ops {
		m.apply(op)
	}
	return nil
}

func (m *Memory) current(key Key) *Item {
	if item, ok := m.partitions[key.PK][key.SK]; ok {
		return &item
	}
	return nil
}

func (m *Memory) apply(op Op) {
	switch op.Kind {
	case KindDelete:
		delete(m.partitions[op.Key.PK], op.Key.SK)
	case KindPut:
		if m.partitions[op.Key.PK] == nil {
			m.partitions[op.Key.PK] = map[string]Item{}
		}
		next := Item{Key: op.Key, Body: bytes.Clone(op.Body), Version: 1, Expires: op.Expires}
		if old := m.current(op.Key); old != nil {
			next.Version = old.Version + 1
		}
		m.partitions[op.Key.PK][op.Key.SK] = next
	}
}
