package nezha

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
)

// span is a row of a trace table, with its place in the trace.
type span struct {
	trace, id, parent, service, operation string
	start, end                            int64 // nanoseconds
	up                                    *span
	children                              []*span
	waits                                 *[]*span // spans of the same service and trace that wait for another service
}

// readTrace turns spans into calls.
func (d *day) readTrace(name string, into *evidence.Telemetry) error {
	t, err := d.zip.Table(name)
	cell, missing := t.Columns("TraceID", "SpanID", "ParentID", "PodName", "OperationName", "StartTimeUnixNano", "EndTimeUnixNano")
	spans := make([]span, 0, len(t.Rows))
	for _, r := range t.Rows {
		start, err1 := strconv.ParseInt(cell(r, "StartTimeUnixNano"), 10, 64)
		end, err2 := strconv.ParseInt(cell(r, "EndTimeUnixNano"), 10, 64)
		if err1 != nil || err2 != nil {
			continue
		}
		spans = append(spans, span{trace: cell(r, "TraceID"), id: cell(r, "SpanID"), parent: cell(r, "ParentID"),
			service: service(cell(r, "PodName")), operation: cell(r, "OperationName"), start: start, end: end})
	}
	link(spans)
	waiting(spans)
	for i := range spans {
		into.Calls = append(into.Calls, spans[i].call())
	}
	return errors.Join(err, missing)
}

// link sets parents and children.
func link(spans []span) {
	type key struct{ trace, id string }
	index := make(map[key]*span, len(spans))
	for i := range spans {
		index[key{spans[i].trace, spans[i].id}] = &spans[i]
	}
	for i := range spans {
		s := &spans[i]
		if p := index[key{s.trace, s.parent}]; p != nil && p != s {
			s.up = p
			p.children = append(p.children, s)
		}
	}
}

// remote says whether the span is the waiting side of one call to another service: all its time is the callee's and the
// network's, none its own.
func (s *span) remote() bool {
	return len(s.children) == 1 && s.children[0].service != s.service
}

// waiting gives each span the waits of its service in its trace: reactive code does not nest them.
func waiting(spans []span) {
	type key struct{ trace, service string }
	index := map[key]*[]*span{}
	for i := range spans {
		s := &spans[i]
		k := key{s.trace, s.service}
		if index[k] == nil {
			index[k] = &[]*span{}
		}
		s.waits = index[k]
		if s.remote() {
			*s.waits = append(*s.waits, s)
		}
	}
}

// call is the span as evidence. Own is its duration less the time that its children cover or its service waits for others.
func (s *span) call() evidence.Call {
	c := evidence.Call{Time: time.Unix(0, s.start).UTC(), Callee: s.service, Operation: s.operation, Trace: s.trace, Span: s.id,
		Duration: time.Duration(s.end - s.start)}
	if !s.remote() {
		c.Own = c.Duration - s.covered()
	}
	if s.up != nil {
		c.Caller, c.Parent = s.up.service, s.up.id
		if s.up.service != s.service && s.up.remote() {
			c.Seen = time.Duration(s.up.end - s.up.start)
		}
	}
	return c
}

// covered is how long at least one child was running or one call to another service was out.
func (s *span) covered() time.Duration {
	busy := append(slices.Clone(s.children), *s.waits...)
	slices.SortFunc(busy, func(a, b *span) int { return cmp.Compare(a.start, b.start) })
	var sum, until int64
	for _, c := range busy {
		from, to := max(c.start, s.start, until), min(c.end, s.end)
		if to > from {
			sum += to - from
			until = to
		}
	}
	return time.Duration(sum)
}
