package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// condition is a state of a component that explains trouble by itself: a limit reached, a capacity used up, something
// outside that failed. Score is how strongly the evidence says so, 0..1.
type condition struct {
	Component string
	Category  Category
	Score     float64
	At        time.Time
	Metric    string
	Mechanism string
	Reasons   []Reason
	external  bool     // it needs no change of the system to come about
	effects   []string // effects of a change that would bring it about nevertheless
}

// allows says whether a change can be to blame although the condition came from outside: when it does the very thing.
func (c condition) allows(a *assessment) bool {
	if !c.external {
		return true
	}
	for _, e := range a.effects {
		if slices.Contains(c.effects, e.name) && a.content >= culpritContent {
			return true
		}
	}
	return a.content >= 0.85
}

// strongestExternal is the strongest condition from outside, if one is strong enough to count.
func strongestExternal(conditions []condition) (condition, bool) {
	best := condition{}
	for _, c := range conditions {
		if c.external && c.Score >= externalStrong && c.Score > best.Score {
			best = c
		}
	}
	return best, best.Score > 0
}

// Constants of conditions.
const (
	conditionFloor = 0.15            // weaker conditions are not reported
	staleAfter     = 1 * time.Hour   // an event this long before the start, with nothing since, is history
	resolvedGrace  = 5 * time.Minute // a recovery counts when nothing bad was seen this much later
)

// clue is one piece of evidence for a condition.
type clue struct {
	component string
	category  Category
	score     float64
	at        time.Time
	metric    string
	reason    Reason
	external  bool
	effects   []string
}

// conditionsOf finds the conditions that hold while the trouble lasts, strongest first. Evidence for the same component and
// category adds up; statements of the platform itself weigh more than symptoms. What had ended before the trouble began, and
// what a later state contradicts, does not count.
func conditionsOf(in Input, t *trouble, found []Pattern) []condition {
	var clues []clue
	clues = append(clues, stateClues(in, t)...)
	clues = append(clues, eventClues(in, t)...)
	clues = append(clues, wordClues(in, t, found)...)
	clues = append(clues, metricClues(in, t)...)
	clues = append(clues, outsideClues(in, t, found)...)
	out := gather(clues)
	settleConditions(out)
	out = slices.DeleteFunc(out, func(c condition) bool { return c.Score < conditionFloor })
	slices.SortStableFunc(out, func(a, b condition) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(precedence[b.Category], precedence[a.Category]), cmp.Compare(a.Component, b.Component))
	})
	return out
}

// gather joins the clues of one component and category as independent evidence (noisy or), the best three of each.
func gather(clues []clue) []condition {
	type key struct {
		component string
		category  Category
	}
	groups := map[key][]clue{}
	var order []key
	for _, c := range clues {
		k := key{c.component, c.category}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], c)
	}
	out := make([]condition, 0, len(order))
	for _, k := range order {
		group := groups[k]
		slices.SortStableFunc(group, func(a, b clue) int { return cmp.Compare(b.score, a.score) })
		c := condition{Component: k.component, Category: k.category}
		doubt := 1.0
		seen := map[string]bool{}
		for _, g := range group {
			if seen[g.reason.Name+g.reason.Detail] || len(c.Reasons) >= 4 {
				continue
			}
			seen[g.reason.Name+g.reason.Detail] = true
			weight := g.score
			for range c.Reasons {
				weight /= 2 // further clues of one kind are seldom independent
			}
			doubt *= 1 - weight
			g.reason.Weight = g.score
			c.Reasons = append(c.Reasons, g.reason)
			c.external = c.external || g.external
			c.effects = append(c.effects, g.effects...)
			if c.Metric == "" {
				c.Metric = g.metric
			}
			if !g.at.IsZero() && (c.At.IsZero() || g.at.Before(c.At)) {
				c.At = g.at
			}
		}
		c.Score = 1 - doubt
		c.Mechanism = mechanismText(c)
		out = append(out, c)
	}
	return out
}

// precedence orders categories that appear together by what usually brings about what: a full disk blocks commits, a
// dead node leaves pods pending, a crash stalls a rollout.
var precedence = map[Category]int{
	Expiry: 20, DependencyFailure: 19, NodeNotReady: 18, StorageFull: 17, Failover: 16, QuotaExceeded: 15, ImagePull: 14, MemoryExhaustion: 13, Unschedulable: 12,
	DNSFailure: 11, RolloutStuck: 10, ProbeFailure: 9, ReplicationLag: 8, ConnectionExhaustion: 7, Throttling: 6, CPUSaturation: 5, NetworkLatency: 4, TrafficRise: 3, TrafficDrop: 3, Slowdown: 2, ErrorsRaised: 1,
}

// echoes says which conditions usually only follow another one on the same system.
var echoes = map[Category][]Category{
	NodeNotReady:         {Unschedulable, RolloutStuck, ProbeFailure, NetworkLatency, ErrorsRaised},
	StorageFull:          {CPUSaturation, ConnectionExhaustion, ReplicationLag, Slowdown, ErrorsRaised, ProbeFailure},
	Failover:             {ConnectionExhaustion, ReplicationLag, NetworkLatency, ErrorsRaised, CPUSaturation, TrafficDrop},
	QuotaExceeded:        {RolloutStuck, Unschedulable, ErrorsRaised},
	ImagePull:            {RolloutStuck, Unschedulable, ErrorsRaised, ProbeFailure},
	MemoryExhaustion:     {RolloutStuck, ErrorsRaised, ProbeFailure, CPUSaturation},
	Unschedulable:        {RolloutStuck, ErrorsRaised},
	RolloutStuck:         {ErrorsRaised, ProbeFailure},
	ProbeFailure:         {ErrorsRaised},
	ReplicationLag:       {CPUSaturation, Slowdown, TrafficRise, ConnectionExhaustion},
	ConnectionExhaustion: {Slowdown, ErrorsRaised, NetworkLatency, TrafficRise, DependencyFailure},
	Throttling:           {ErrorsRaised, NetworkLatency, Slowdown, TrafficRise},
	CPUSaturation:        {Slowdown, NetworkLatency, TrafficRise},
	DNSFailure:           {NetworkLatency, ErrorsRaised, DependencyFailure},
	Expiry:               {NetworkLatency, ErrorsRaised, DependencyFailure},
	DependencyFailure:    {NetworkLatency, ErrorsRaised, Throttling, Slowdown},
}

// settleConditions weakens what only echoes a stronger condition.
func settleConditions(all []condition) {
	strength := map[Category]float64{}
	for _, c := range all {
		strength[c.Category] = max(strength[c.Category], c.Score)
	}
	for i := range all {
		for cause, follows := range echoes {
			if slices.Contains(follows, all[i].Category) && strength[cause] >= 0.6 && strength[cause] >= 0.8*all[i].Score {
				all[i].Score = min(all[i].Score, 0.6*strength[cause])
			}
		}
	}
}

var conditionText = map[Category]string{
	ConnectionExhaustion: "the connections or the pool of %s are used up, so that requests wait for one and fail",
	Throttling:           "%s refuses requests above its rate or capacity",
	CPUSaturation:        "%s runs out of processor time, so that its work queues up",
	MemoryExhaustion:     "%s runs out of memory and is killed or crawls",
	StorageFull:          "%s runs out of storage, so that writes block or fail",
	ReplicationLag:       "replication on %s falls behind, so that reads are stale",
	Failover:             "%s failed over, which cut its connections",
	ImagePull:            "the image of %s cannot be pulled, so that its containers do not start",
	Unschedulable:        "no node takes the workload of %s",
	ProbeFailure:         "%s fails its health probes and is taken out or restarted for it",
	QuotaExceeded:        "a quota keeps %s from getting what it asks for",
	DNSFailure:           "%s cannot resolve the names that it needs",
	NodeNotReady:         "node %s is not ready, so that what ran on it is down",
	RolloutStuck:         "the rollout of %s makes no progress: its new replicas do not become available",
	NetworkLatency:       "calls of %s do not get through in time",
	ErrorsRaised:         "%s fails by itself",
	Slowdown:             "%s became slow by itself",
	TrafficRise:          "%s gets much more traffic than before",
	TrafficDrop:          "%s gets much less traffic than before",
	DependencyFailure:    "%s, which is outside of the system, fails",
	Expiry:               "a certificate or credential that %s needs has expired",
}

// text says what holds, without what shows it.
func (c condition) text() string {
	format := conditionText[c.Category]
	if format == "" {
		format = "%s is in trouble"
	}
	return fmt.Sprintf(format, c.Component)
}

func mechanismText(c condition) string {
	text := c.text()
	if len(c.Reasons) > 0 {
		text += ": " + c.Reasons[0].Detail
	}
	return text
}

// quote shortens a text for a reason.
func quote(text string) string {
	return fmt.Sprintf("%q", clip(strings.Join(strings.Fields(text), " "), 110))
}

// current says whether an event can belong to the trouble: not long before it.
func (t *trouble) current(at time.Time) bool {
	mark := t.start
	if mark.IsZero() {
		mark = t.end
	}
	return at.IsZero() || mark.IsZero() || !at.Before(mark.Add(-staleAfter))
}
