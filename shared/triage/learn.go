package triage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
)

// Edges that traces showed live in one item and are forgotten when no trace has shown them for a month.
const (
	edgeMemory = 30 * 24 * time.Hour
	maxEdges   = 2000
	edgeFresh  = 24 * time.Hour  // an edge seen again within it is not written again
	graphFresh = 5 * time.Minute // how long a process uses the graph before it reads the pairs again
)

var pairsKey = kv.Key{PK: "GRAPH", SK: "LEARNED"}

type edge struct {
	A    string    `json:"a"`
	B    string    `json:"b"`
	Seen time.Time `json:"seen"`
}

type pairs struct {
	List []edge `json:"list"`
}

// Learn remembers that services depend on each other, as traces show. Only calls between components that the space names
// count: everything else would relate strangers. Repeats are safe and mostly write nothing.
func Learn(ctx context.Context, s kv.Store, known func(component string) bool, deps []evidence.Dependency, now time.Time) error {
	for range attempts {
		var have pairs
		v, _, err := kv.Read(ctx, s, pairsKey, &have)
		if err != nil {
			return fmt.Errorf("read learned dependencies: %w", err)
		}
		next, changed := have.with(known, deps, now)
		if !changed {
			return nil
		}
		err = s.Commit(ctx, kv.Put(pairsKey, next, kv.Version(v)))
		if !incident.Is(err, incident.Conflict) {
			return err
		}
	}
	return incident.Errorf(incident.Throttled, "learned dependencies changed too often; the next investigation learns them")
}

func (e pairs) with(known func(string) bool, deps []evidence.Dependency, now time.Time) (pairs, bool) {
	next := slices.DeleteFunc(slices.Clone(e.List), func(x edge) bool { return now.Sub(x.Seen) > edgeMemory })
	changed := len(next) != len(e.List)
	for _, d := range deps {
		a, b := min(d.Caller, d.Callee), max(d.Caller, d.Callee)
		if a == b || !known(a) || !known(b) {
			continue
		}
		i := slices.IndexFunc(next, func(x edge) bool { return x.A == a && x.B == b })
		switch {
		case i < 0:
			next, changed = append(next, edge{a, b, now}), true
		case now.Sub(next[i].Seen) > edgeFresh:
			next[i].Seen, changed = now, true
		}
	}
	slices.SortFunc(next, func(x, y edge) int { return strings.Compare(x.A+"\x00"+x.B, y.A+"\x00"+y.B) })
	return pairs{next[:min(len(next), maxEdges)]}, changed
}

// drawn is a graph and when it was drawn.
type drawn struct {
	graph Graph
	at    time.Time
}

// refresh draws the graph anew now and then. If the pairs cannot be read, the graph that is there serves on: fewer
// relations link fewer alarms, they lose none.
func (s *Service) refresh(ctx context.Context) {
	now := s.Now()
	if d := s.graph.Load(); d != nil && now.Sub(d.at).Abs() < graphFresh {
		return
	}
	learned, err := Learned(ctx, s.Store)
	if err != nil {
		s.Log.WarnContext(ctx, "learned dependencies not read", "class", incident.ClassOf(err))
		if s.graph.Load() != nil {
			return
		}
	}
	s.graph.Store(&drawn{GraphOf(s.Space, slices.Concat(s.Learned, learned)...), now})
}

// Learned reads the pairs that Learn has remembered.
func Learned(ctx context.Context, s kv.Store) ([][2]string, error) {
	var have pairs
	if _, _, err := kv.Read(ctx, s, pairsKey, &have); err != nil {
		return nil, fmt.Errorf("read learned dependencies: %w", err)
	}
	out := make([][2]string, len(have.List))
	for i, e := range have.List {
		out[i] = [2]string{e.A, e.B}
	}
	return out, nil
}
