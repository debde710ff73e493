package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// A unit of work is what one component does within one span of one trace: an operation begins, writes log statements,
// calls others. Its context is the
// operation and the one that called it, or its first event when no span tells.
type workUnit struct{ component, trace, span string }

// work is a unit with the events that occur in it.
type work struct {
	unit    workUnit
	context int
	events  map[int]bool
	last    int // the last log statement, negative: none
	lastAt  time.Time
}

// habit is an event in a context of a component.
type habit struct {
	component      string
	context, event int
}

// Constants of flowArgument.
const (
	headWords  = 11   // words of a log statement that tell which one it is; what follows is data (Drain's prefix tree likewise)
	habitSlack = 0.07 // a habit may have this share of exceptions
	flowHalf   = 20   // nats of surprise at which broken flow says half of what it can
)

// flowEvents gives every kind of event an id.
type flowEvents struct {
	miner *Miner
	ids   map[string]int
	names []string
	bad   []bool // the text reads like a failure
}

func (e *flowEvents) id(name string) int {
	id, ok := e.ids[name]
	if !ok {
		id = len(e.names)
		e.ids[name] = id
		e.names = append(e.names, name)
		e.bad = append(e.bad, failureText.MatchString(name))
	}
	return id
}

func (e *flowEvents) severe(id int) bool { return e.bad[id] }

func (e *flowEvents) line(message string) int {
	shape := e.miner.Shape(e.miner.Add(message))
	return e.id(head(shape))
}

// failureText are the words by which programs say that something went wrong.
var failureText = expr(`(?i)\b(error|fatal|critical|panic|exception|fail(ed|ure)?|refused|timed? ?out|unavailable|denied|abort(ed)?)|exception|error`)

// head is the first words of a text.
func head(text string) string {
	n := 0
	for i := 0; i < len(text); i++ {
		if text[i] == ' ' && i > 0 && text[i-1] != ' ' {
			if n++; n == headWords {
				return text[:i]
			}
		}
	}
	return text
}

// collect gathers the units of spans and of lines that belong to a trace, in order of first appearance.
func (e *flowEvents) collect(calls []Call, lines []LogLine) []*work {
	index := map[workUnit]*work{}
	var out []*work
	at := func(u workUnit) *work {
		w := index[u]
		if w == nil {
			w = &work{unit: u, context: -1, events: map[int]bool{}, last: -1}
			index[u] = w
			out = append(out, w)
		}
		return w
	}
	type spanKey struct{ trace, span string }
	operation := make(map[spanKey]string, len(calls))
	for i := range calls {
		operation[spanKey{calls[i].Trace, calls[i].Span}] = calls[i].Operation
	}
	for i := range calls {
		c := &calls[i]
		if c.Trace == "" || c.Span == "" || c.Callee == "" {
			continue
		}
		context := c.Operation
		if up := operation[spanKey{c.Trace, c.Parent}]; up != "" {
			context = up + " > " + context
		}
		at(workUnit{c.Callee, c.Trace, c.Span}).context = e.id(context)
		if c.Parent != "" && c.Caller != "" {
			at(workUnit{c.Caller, c.Trace, c.Parent}).events[e.id("call of "+c.Operation)] = true
		}
	}
	for i := range lines {
		l := &lines[i]
		if l.Trace == "" {
			continue
		}
		w, id := at(workUnit{l.Component, l.Trace, l.Span}), e.line(l.Message)
		if w.last < 0 || !l.Time.Before(w.lastAt) {
			w.last, w.lastAt = id, l.Time
		}
		if w.context < 0 {
			w.context = id
			continue
		}
		w.events[id] = true
	}
	return out
}

// habits is what happened in which context when all was well.
type habits struct {
	seen  map[habit]int            // event -1: how often the context was
	known map[string]map[int][]int // component → context → its events
	last  map[habit]int            // how often an event was the last
	once  map[habit]int            // how many last events a context had only once; event -1
}

func habitsOf(units []*work) habits {
	h := habits{map[habit]int{}, map[string]map[int][]int{}, map[habit]int{}, map[habit]int{}}
	for _, w := range units {
		c := w.unit.component
		h.seen[habit{c, w.context, -1}]++
		if w.last >= 0 {
			h.last[habit{c, w.context, w.last}]++
		}
		for id := range w.events {
			k := habit{c, w.context, id}
			if h.seen[k]++; h.seen[k] == 1 {
				if h.known[c] == nil {
					h.known[c] = map[int][]int{}
				}
				h.known[c][w.context] = append(h.known[c][w.context], id)
			}
		}
	}
	for k, n := range h.last {
		if n == 1 {
			h.once[habit{k.component, k.context, -1}]++
		}
	}
	for _, contexts := range h.known {
		for _, ids := range contexts {
			slices.Sort(ids)
		}
	}
	return h
}

// breach is the most surprising thing about a unit.
type breach struct {
	surprise float64 // nats
	habit    habit
	kind     string
}

func (b breach) before(o breach) bool {
	return cmp.Or(cmp.Compare(b.habit.context, o.habit.context), cmp.Compare(b.habit.event, o.habit.event), cmp.Compare(b.kind, o.kind)) < 0
}

// The kinds of breaches.
const (
	breachMissing = "without" // what always happened did not
	breachFailure = "with"    // a failure that never happened before
	breachEnd     = "ending"  // work stopped where it never did before
)

// judge finds what a unit lacks that always was there, and what it has that speaks of failure and never was there.
func (h habits) judge(w *work, severe func(id int) bool) breach {
	c := w.unit.component
	n := h.seen[habit{c, w.context, -1}]
	if n < seenBefore || w.context < 0 {
		return breach{}
	}
	var worst breach
	weigh := func(exceptions int, b breach) {
		b.surprise = -math.Log(succession(float64(exceptions), float64(n)))
		if b.surprise > worst.surprise {
			worst = b
		}
	}
	for _, id := range h.known[c][w.context] {
		k := habit{c, w.context, id}
		if !severe(id) && !w.events[id] && float64(n-h.seen[k]) <= habitSlack*float64(n) {
			weigh(n-h.seen[k], breach{habit: k, kind: breachMissing})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.events)) {
		k := habit{c, w.context, id}
		if h.seen[k] == 0 && severe(id) {
			weigh(0, breach{habit: k, kind: breachFailure})
		}
	}
	// Only a statement that is known in this context can be the wrong one to end with.
	k := habit{c, w.context, w.last}
	if w.last >= 0 && h.last[k] == 0 && (h.seen[k] > 0 || w.last == w.context) {
		weigh(h.once[habit{c, w.context, -1}], breach{habit: k, kind: breachEnd})
	}
	return worst
}

// flowArgument looks for units of work that break a habit: an expected log statement or call is missing, or a failure
// appears where there was none. Habits depend on the operation, so that the mix of requests does not matter, and not on
// order, so that skewed clocks do not either. Of several components that break in one trace the one furthest down the call
// graph counts: its callers break because it did. After Nezha (Yu et al., ESEC/FSE 2023), which compares the support of
// event patterns before and after.
func flowArgument(sc *scene) argument {
	a := newArgument("flow")
	if sc.in.Reference == nil {
		return a
	}
	events := &flowEvents{miner: NewMiner(), ids: map[string]int{}}
	known := habitsOf(events.collect(sc.in.Reference.Calls, sc.in.Reference.Logs))
	if len(known.seen) == 0 {
		return a
	}
	type place struct{ trace, component string }
	worst := map[place]breach{}
	for _, w := range events.collect(sc.in.Calls, sc.in.Logs) {
		p := place{w.unit.trace, w.unit.component}
		if b := known.judge(w, events.severe); b.surprise > worst[p].surprise {
			worst[p] = b
		}
	}
	traces := map[string][]string{}
	for p := range worst {
		traces[p.trace] = append(traces[p.trace], p.component)
	}
	kinds := map[string]map[breach]int{}
	for _, trace := range slices.Sorted(maps.Keys(traces)) {
		broken := traces[trace]
		slices.Sort(broken)
		for _, c := range broken {
			if sc.explainedBelow(c, broken) {
				a.tail[c] += 0.01
				continue
			}
			b := worst[place{trace, c}]
			a.mass[c] += b.surprise
			if kinds[c] == nil {
				kinds[c] = map[breach]int{}
			}
			kinds[c][b]++
		}
	}
	most := 0.0
	for c := range a.mass {
		most = max(most, a.mass[c])
		a.detail[c] = events.describe(kinds[c])
	}
	a.force = saturate(most, flowHalf)
	a.sure = a.force > 0.5
	return a
}

// describe says what broke most often.
func (e *flowEvents) describe(kinds map[breach]int) string {
	var best breach
	n, all := 0, 0
	for b, k := range kinds {
		all += k
		if k > n || k == n && b.before(best) {
			best, n = b, k
		}
	}
	context, event := e.names[best.habit.context], e.names[best.habit.event]
	switch best.kind {
	case breachMissing:
		return fmt.Sprintf("%d requests broke a habit: %q without %q", all, context, event)
	case breachEnd:
		return fmt.Sprintf("%d requests broke a habit: %q stopped after %q", all, context, event)
	}
	return fmt.Sprintf("%d requests broke a habit: %q with %q for the first time", all, context, event)
}

// explainedBelow says whether something that c depends on is among the broken.
func (sc *scene) explainedBelow(c string, broken []string) bool {
	near := sc.below(c)
	for _, b := range broken {
		if b != c && near[b] > 0 {
			return true
		}
	}
	return false
}
