package evidence

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// The kinds of pattern shifts.
const (
	patternNew  = "new"
	patternGone = "gone"
	patternMore = "more"
	patternLess = "less"
)

// Constants of patternShifts, one set for every source.
const (
	shiftFactor  = 3.0 // a rate that changes by less than this factor is ordinary variation
	shiftSigma   = 3.0 // and so is one within three standard deviations of a Poisson count
	goneMinCount = 5   // a template must have been seen this often to be missed

	serverFailure = 500 // status codes from here on say that the server failed
)

// tally is how often one template of one component was seen on either side of the boundary.
type tally struct {
	component string
	group     int
	before    int
	after     int
	severe    int
	first     time.Time
	example   string
	template  string
	refs      []string
}

// logSpan is the time that logs cover on each side of the boundary, in minutes.
type logSpan struct{ before, after float64 }

// patternShifts mines log templates and returns those whose presence or rate differs before and after at, most telling
// first: new and severe ones, then by how far the rate moved. Rates are lines a minute; counts of sources that already
// aggregated are honoured. A Poisson test keeps ordinary variation out: counts of rare lines scatter with their square root.
// Reference logs count as before. No logs give no patterns. Time is linear in lines.
func patternShifts(in Input, book logBook, at time.Time) []Pattern {
	if len(in.Logs) == 0 {
		return nil
	}
	var out []Pattern
	span := logSpanOf(in, at)
	for _, t := range book.tallies(at) {
		if p, ok := t.shift(span); ok {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Pattern) int {
		return cmp.Or(cmp.Compare(patternWeight(b), patternWeight(a)), cmp.Compare(a.Component, b.Component), cmp.Compare(a.Template, b.Template))
	})
	return out
}

func logSpanOf(in Input, at time.Time) logSpan {
	from, to := in.Window.From, in.Window.To
	for _, l := range in.Logs {
		if l.Time.IsZero() {
			continue
		}
		if from.IsZero() || l.Time.Before(from) {
			from = l.Time
		}
		if to.IsZero() || l.Time.After(to) {
			to = l.Time
		}
	}
	minutes := func(a, b time.Time) float64 { return max(b.Sub(a).Minutes(), 1) }
	s := logSpan{before: minutes(from, at), after: minutes(at, to)}
	if in.Reference != nil && len(in.Reference.Logs) > 0 {
		first, last := in.Reference.Logs[0].Time, in.Reference.Logs[0].Time
		for _, l := range in.Reference.Logs {
			if l.Time.Before(first) {
				first = l.Time
			}
			if l.Time.After(last) {
				last = l.Time
			}
		}
		s.before += minutes(first, last)
	}
	return s
}

// minedLogs are log lines with the id of their shape and whether they read like an error, told once for each shape and level.
type minedLogs struct {
	lines  []LogLine
	ids    []int
	severe []bool
}

func mineLogs(miner *Miner, lines []LogLine) minedLogs {
	type shapeLevel struct {
		id    int
		level string
	}
	known := map[shapeLevel]bool{}
	m := minedLogs{lines: lines, ids: make([]int, len(lines)), severe: make([]bool, len(lines))}
	for i, l := range lines {
		m.ids[i] = miner.AddN(l.Message, max(l.Count, 1))
		k := shapeLevel{m.ids[i], l.Level}
		bad, ok := known[k]
		if !ok {
			bad = severeLine(l) || miner.Failure(m.ids[i]) >= serverFailure
			known[k] = bad
		}
		m.severe[i] = bad
	}
	return m
}

// logBook is all logs of an input, mined together.
type logBook struct {
	miner          *Miner
	now, reference minedLogs
}

func logBookOf(in Input) logBook {
	b := logBook{miner: NewMiner()}
	b.now = mineLogs(b.miner, in.Logs)
	if in.Reference != nil {
		b.reference = mineLogs(b.miner, in.Reference.Logs)
	}
	return b
}

// tallies counts the templates of every component on both sides.
func (b logBook) tallies(at time.Time) []*tally {
	type key struct {
		component string
		group     int
		failure   int // a request that begins to fail is news, though its statement is old
	}
	index := map[key]*tally{}
	var out []*tally
	count := func(l *LogLine, id int, severe, before bool) {
		k := key{l.Component, b.miner.Group(id), b.miner.Failure(id)}
		t := index[k]
		if t == nil {
			t = &tally{component: l.Component, group: k.group, template: b.miner.Template(id)}
			index[k] = t
			out = append(out, t)
		}
		t.count(l, severe, before)
	}
	for i := range b.reference.lines {
		count(&b.reference.lines[i], b.reference.ids[i], b.reference.severe[i], true)
	}
	for i := range b.now.lines {
		count(&b.now.lines[i], b.now.ids[i], b.now.severe[i], b.now.lines[i].Time.Before(at))
	}
	return out
}

func (t *tally) count(l *LogLine, severe, before bool) {
	n := max(l.Count, 1)
	if severe {
		t.severe += n
	}
	if before {
		t.before += n
		if t.example == "" {
			t.example = l.Message
		}
		return
	}
	if t.after == 0 {
		t.first, t.example = l.Time, l.Message
	}
	if l.Time.Before(t.first) {
		t.first = l.Time
	}
	t.after += n
	if l.Ref != "" && len(t.refs) < 3 && !slices.Contains(t.refs, l.Ref) {
		t.refs = append(t.refs, l.Ref)
	}
}

// shift judges one template. The expected count after is the rate before times the span after.
func (t *tally) shift(span logSpan) (Pattern, bool) {
	p := Pattern{Template: t.template, Component: t.component, First: t.first, Example: t.example, Refs: t.refs,
		Severe: 2*t.severe > t.before+t.after, Before: float64(t.before) / span.before, After: float64(t.after) / span.after}
	expected := p.Before * span.after
	back := p.After * span.before
	switch {
	case t.before == 0:
		p.Kind = patternNew
		return p, true
	case t.after == 0:
		p.Kind = patternGone
		return p, t.before >= goneMinCount && expected >= shiftSigma
	case p.After > shiftFactor*p.Before && float64(t.after)-expected > shiftSigma*math.Sqrt(max(expected, 1)):
		p.Kind = patternMore
		return p, true
	case p.Before > shiftFactor*p.After && float64(t.before)-back > shiftSigma*math.Sqrt(max(back, 1)):
		p.Kind = patternLess
		return p, true
	}
	return p, false
}

// patternWeight orders shifts: severe before harmless, new before more, then by rate.
func patternWeight(p Pattern) float64 {
	w := math.Log1p(max(p.After, p.Before))
	switch p.Kind {
	case patternNew:
		w += 2
	case patternMore:
		w += 1
	}
	if p.Severe {
		w += 10
	}
	return w
}

// Words by which a line without a usable level reads like trouble, and phrases that contain such a word but mean success.
var (
	severeWords = []string{"error", "exception", "fatal", "panic", "fail", "refused", "timeout", "timed out", "denied", "unavailable", "exhausted",
		"cannot", "could not", "unable to", "oom", "out of memory", "killed", "crash", "abort", "corrupt", "deadlock", "throttl", "exceeded", "unhealthy",
		"rejected", "unreachable", "no space left", "traceback", "segfault", "expired"}
	harmlessWords = []string{"0 error", "0 errors", "no error", "no errors", "errors=0", "error=0", "error=nil", "0 failed", "failed=0", "without error",
		"errors: 0", "failed: 0", "failures=0", "error_count=0", "0 failures", "not an error", "failover complete",
		`"error":null`, `"error": null`, `"error":""`, `"error": ""`, `"error":false`, `"error": false`, `"errors":[]`, `"errors": []`, `"errors":0`,
		`"errors": 0`, `"errors":null`, `"errors": null`, `"exception":null`, `"exception": null`, `"failed":false`, `"failed": false`}
)

// severeLine says whether a line reads like an error: by its level when it has one that says so, else by its wording.
func severeLine(l LogLine) bool {
	switch strings.ToLower(strings.TrimSpace(l.Level)) {
	case "error", "err", "fatal", "panic", "critical", "crit", "alert", "emerg", "emergency", "severe":
		return true
	case "debug", "trace", "notice":
		return false
	case "warn", "warning":
		return true
	}
	return severeText(l.Message)
}

func severeText(text string) bool {
	text = strings.ToLower(text)
	for _, h := range harmlessWords {
		text = strings.ReplaceAll(text, h, "")
	}
	return slices.ContainsFunc(severeWords, func(w string) bool { return strings.Contains(text, w) })
}
