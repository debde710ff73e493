package xray

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

// maxEdges bounds the connections of an account whose series are read: each costs a request.
const maxEdges = 25

// query is what a call asks for.
type query struct {
	from, to time.Time
	only     []string // components, empty: all
	near     []string // what the call is about, the nearest first
	contains string   // lower case
}

// ask makes a query of arguments. A span that X-Ray would refuse is cut to its end, where the trouble is, with a gap.
func ask(scope tool.Scope, args connector.Args) (query, []evidence.Gap, error) {
	from, to, err := args.Span(scope)
	if err != nil {
		return query{}, nil, err
	}
	if !from.Before(to) {
		return query{}, nil, incident.Errorf(incident.Invalid, "X-Ray is asked about a span, and %s to %s is none; set from and to", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	q := query{from: from, to: to, only: args.Components, near: args.Components, contains: strings.ToLower(args.Contains)}
	if len(q.near) == 0 {
		q.near = scope.Components
	}
	if to.Sub(from) <= longest {
		return q, nil, nil
	}
	q.from = to.Add(-longest)
	return q, []evidence.Gap{{Text: "X-Ray shows at most 6 hours at once: calls before " + q.from.UTC().Format(time.RFC3339) + " were not read",
		Fix: "ask again with to set to that time"}}, nil
}

// choose picks the edges to read, the nearest to what the call is about first, then the busiest, and counts those beyond
// the bound.
func (q query) choose(edges []edge) (chosen []edge, beyond int) {
	slices.SortFunc(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(q.distance(a), q.distance(b)), cmp.Compare(b.count, a.count), strings.Compare(a.selector, b.selector))
	})
	n := min(len(edges), maxEdges)
	return edges[:n], len(edges) - n
}

// distance is the place of an edge's nearer end in what the call is about; the same for all that touch none of it.
func (q query) distance(e edge) int {
	for i, name := range q.near {
		if e.touches(name) {
			return i
		}
	}
	return len(q.near)
}

// wants reports whether an edge is asked for.
func (q query) wants(e edge) bool {
	if len(q.only) > 0 && !slices.ContainsFunc(q.only, e.touches) {
		return false
	}
	return q.contains == "" || strings.Contains(strings.ToLower(e.from.component), q.contains) || strings.Contains(strings.ToLower(e.to.component), q.contains)
}
