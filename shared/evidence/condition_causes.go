package evidence

import (
	"slices"
)

// suspectsOf turns ranked causes into weights in 0..1 by rank: scores of different rankings do not compare.
func suspectsOf(causes []Cause) map[string]float64 {
	out := map[string]float64{}
	for i, c := range causes {
		if _, have := out[c.Component]; !have {
			out[c.Component] = 0.9 / (1 + 0.5*float64(i))
		}
	}
	return out
}

// Constants of merging conditions into causes.
const (
	leadScore    = 0.52 // a condition this strong, stated by platform, log or incident counter, leads the causes
	describeFrom = 0.30 // a weaker one does not even describe a cause
	sureHealthy  = 0.60 // health from here on is the answer "no fault"
)

// enrich tells causes what kind of trouble they are in, adds components that only states, events or logs speak of, puts the
// leading condition first and says which change explains it. Otherwise the order of the causes stays as it was.
func (c correlation) enrich(causes []Cause, g graph) []Cause {
	out := slices.Clone(causes)
	for i := range out {
		for _, k := range c.conditions {
			if k.Component == out[i].Component && k.Score >= describeFrom {
				out[i].describe(k)
				break
			}
		}
	}
	if lead, ok := c.leading(); ok {
		out = promote(out, lead)
	} else if len(out) == 0 && len(c.conditions) > 0 && c.conditions[0].Score >= faultyCondition {
		out = promote(out, c.conditions[0])
	}
	at := slices.IndexFunc(c.changes, func(v ChangeVerdict) bool { return v.Verdict == Culprit })
	if len(out) == 0 || at < 0 {
		return out
	}
	out = blamed(out, c.changes[at].Change, g)
	out[0].Change = c.changes[at].Change.ID
	return out
}

// blamed puts the component that the change to blame was made to before those that only feel it: when the leading cause
// depends on it, the change made it worse there, and it is there that people have to act.
func blamed(causes []Cause, change Change, g graph) []Cause {
	lead := causes[0].Component
	if change.Component == "" || g.kin(change.Component, lead) || !g.needs(lead, change.Component) {
		return causes
	}
	first, others := pick(causes, Cause{Component: change.Component, Onset: causes[0].Onset})
	first.Score = causes[0].Score
	return append([]Cause{first}, others...)
}

// pick is the cause of a component and the causes of others; fresh is taken when nothing speaks of the component yet.
func pick(causes []Cause, fresh Cause) (Cause, []Cause) {
	at := slices.IndexFunc(causes, func(c Cause) bool { return c.Component == fresh.Component })
	if at < 0 {
		return fresh, causes
	}
	return causes[at], slices.Delete(slices.Clone(causes), at, at+1)
}

func (c *Cause) describe(k condition) {
	c.Category, c.Mechanism = k.Category, k.Mechanism
	c.Reasons = append(slices.Clone(c.Reasons), k.Reasons...)
	if c.Onset.IsZero() {
		c.Onset = k.At
	}
	if c.Metric == "" {
		c.Metric = k.Metric
	}
}

// promote puts the component of a condition first, adding it when nothing else speaks of it.
func promote(causes []Cause, lead condition) []Cause {
	first, causes := pick(causes, Cause{Component: lead.Component, Score: lead.Score})
	if first.Category != lead.Category {
		first.describe(lead)
	}
	if len(causes) > 0 {
		first.Score = max(first.Score, causes[0].Score)
	}
	return append([]Cause{first}, causes...)
}

// leading is the condition that explains the trouble best, if one is strong and stated outright: by the platform, by the wording
// of logs, or by a counter of such incidents. A busy processor alone leads nothing: victims are busy too.
func (c correlation) leading() (condition, bool) {
	for _, k := range c.conditions {
		if k.Score >= leadScore && k.stated() {
			return k, true
		}
	}
	return condition{}, false
}

// stated says whether something names the condition outright.
func (c condition) stated() bool {
	for _, r := range c.Reasons {
		switch r.Name {
		case "platform_event", "platform_state", "log_wording", "provider_reports_trouble", "outside_host_fails",
			"metric_throttling", "metric_replication_lag", "metric_storage_full", "metric_expiry":
			return true
		}
	}
	return false
}

// faulty says whether some condition is strong enough to rule out that nothing is wrong. Traffic that rises or falls is load, not
// a fault.
func (c correlation) faulty() bool { return faultyAmong(c.conditions) }

func faultyAmong(conditions []condition) bool {
	return slices.ContainsFunc(conditions, func(k condition) bool {
		return k.Score >= faultyCondition && k.Category != TrafficRise && k.Category != TrafficDrop
	})
}
