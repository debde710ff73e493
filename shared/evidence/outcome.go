package evidence

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/incident"
)

// Constants of settle.
const (
	surelyConfirmed = 0.85 // confidence from which an explained cause is called confirmed
	surelyLikely    = 0.5  // and likely
	hearsay         = 0.3  // at most, when alarms of one component are all there is
	quietConfidence = 0.7  // that nothing is wrong, when the stated symptom does not show in its own signal
)

// verdict is what the confidence in the leading cause rests on, each 0..1.
type verdict struct {
	margin    float64 // how far it stands out from its strongest rival
	force     float64 // how far the system is from normal, by the argument that speaks for it most
	agreement float64 // share of the arguments with something to say that speak for it most
	stated    bool    // a condition or a change names the mechanism
}

// The weights of confidenceOf, a logistic function. They were set by hand; how well the confidence that they state matches
// what happens is measured on public incidents in docs/benchmarks.md.
const (
	confidenceBase      = -1.0
	confidenceMargin    = 2.0
	confidenceForce     = 1.0
	confidenceAgreement = 1.0
	confidenceStated    = 1.5
)

// confidenceOf is the probability that the leading cause is right.
func confidenceOf(v verdict) float64 {
	x := confidenceBase + confidenceMargin*v.margin + confidenceForce*v.force + confidenceAgreement*v.agreement
	if v.stated {
		x += confidenceStated
	}
	return 1 / (1 + math.Exp(-x))
}

// rivalOf is the place of the strongest rival of the leading cause, -1 without one. Kin of it, such as another instance of its
// service or its host, is no rival: who looks at one sees the other.
func rivalOf(causes []Cause, g graph) int {
	lead := causes[0].Component
	return slices.IndexFunc(causes, func(c Cause) bool { return c.Component != lead && !g.kin(c.Component, lead) })
}

// verdictOf reads the ranking and the brief built from it.
func verdictOf(r ranking, b Brief, g graph) verdict {
	lead := b.Causes[0]
	v := verdict{margin: 1, stated: lead.Change != "" || lead.Category != Unknown && lead.Category != ""}
	if rival := rivalOf(b.Causes, g); rival > 0 && lead.Score > 0 {
		v.margin = 1 - min(1, b.Causes[rival].Score/lead.Score)
	}
	spoke, agreed := 0.0, 0.0
	for _, name := range slices.Sorted(maps.Keys(r.best)) {
		best, f := r.best[name], r.force[name]
		spoke += f
		if best == lead.Component {
			agreed += f
			v.force = max(v.force, f)
		}
	}
	if spoke > 0 {
		v.agreement = agreed / spoke
	}
	return v
}

// settle decides the outcome of a brief whose causes and changes are ranked. Confirmed needs more than a high confidence: a
// change that brings the cause about, or a condition that needs none.
func (sc *scene) settle(r ranking, b Brief, found correlation) (incident.Outcome, float64) {
	if len(b.Causes) == 0 {
		return incident.Inconclusive, 0.1
	}
	lead := b.Causes[0]
	condition, ok := found.leading()
	explained := lead.Change != "" || ok && condition.external && condition.Component == lead.Component
	p := confidenceOf(verdictOf(r, b, sc.graph))
	switch {
	case sc.unexamined(b):
		return incident.Inconclusive, min(p, hearsay)
	case p >= surelyConfirmed && explained:
		return incident.Confirmed, p
	case p >= surelyLikely:
		return incident.Likely, p
	}
	return incident.Inconclusive, p
}

// unexamined says that alarms of one component and its kin are all there is, that they state no mechanism, and that no change is
// to blame: what is complained about is known, and no data tell whether the trouble begins there.
func (sc *scene) unexamined(b Brief) bool {
	lead := b.Causes[0]
	if len(sc.tracks)+len(sc.in.Logs)+len(sc.in.Calls) > 0 || lead.Change != "" || !lead.Category.symptom() {
		return false
	}
	return rivalOf(b.Causes, sc.graph) < 0
}

// symptom says that the category names what is felt, and not what brings it about.
func (c Category) symptom() bool {
	return slices.Contains([]Category{"", Unknown, ErrorsRaised, Slowdown, TrafficDrop}, c)
}

// quiet says that nothing is wrong as far as metrics can tell: what is complained about does not show in its own signal, and
// no component adds latency or failures beyond doubt. Without a complaint, nothing at all may deviate.
func (sc *scene) quiet(r ranking, found correlation) bool {
	if _, stated := found.leading(); stated || r.sure["path"] || r.sure["flow"] || r.sure["time"] {
		return false
	}
	if seen, bad := sc.complaints(); seen > 0 {
		return bad == 0
	}
	if len(found.conditions) > 0 && found.conditions[0].Score >= faultyCondition {
		return false
	}
	return len(sc.tracks) > 0 && len(sc.in.Alarms) == 0 && len(sc.in.Symptoms) == 0 && sc.in.Window.Start.IsZero() && !r.sure["metrics"]
}

// complaints counts the signals that symptoms and alarms complain about, and those of them that do deviate. A signal whose
// samples end before the complaint, as when they are still on their way, has not been seen.
func (sc *scene) complaints() (seen, bad int) {
	since, step := reportedAt(sc.in), stepOf(sc.in)
	about := map[seriesKey]bool{}
	for _, s := range sc.in.Symptoms {
		about[seriesKey{s.Component, strings.ToLower(s.Metric), ""}] = true
	}
	for _, a := range sc.in.Alarms {
		about[seriesKey{a.Component, strings.ToLower(a.Metric), ""}] = true
	}
	for i := range sc.tracks {
		t := &sc.tracks[i]
		if t.Metric == "" || !about[seriesKey{t.Component, strings.ToLower(t.Metric), ""}] || len(t.after) == 0 || !reaches(t.times[len(t.times)-1], since, step) {
			continue
		}
		seen++
		if t.move.sure() {
			bad++
		}
	}
	return seen, bad
}
