package evidence

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Constants of alarmsArgument.
const (
	alarmPrior  = 0.5             // episodes in which an unseen alarm is assumed to have fired
	alarmMemory = 0.6             // weight of an episode against the one after it: what fires since lately is no news
	alarmFade   = 4 * time.Minute // an alarm this much later than the first is worth 1/e: causes fire before their echoes
	alarmHalf   = 6.0             // nats of surprise at which alarms say half of what they can
)

// bell is what makes two alarms the same: who, about what. An alarm about a call rings for both ends of it.
type bell struct{ kind, component, end, metric, direction string }

func bellsOf(a Alarm) []bell {
	if a.Peer == "" || a.Peer == a.Component {
		return []bell{{a.Kind, a.Component, "", a.Metric, a.Direction}}
	}
	return []bell{{a.Kind, a.Component, "calling", a.Metric, a.Direction}, {a.Kind, a.Peer, "called", a.Metric, a.Direction}}
}

// back is the bell of the other direction; ok is false when there is none.
func (b bell) back() (_ bell, ok bool) {
	switch b.direction {
	case "up":
		b.direction = "down"
	case "down":
		b.direction = "up"
	default:
		return b, false
	}
	return b, true
}

// ring is how a bell rang in one episode.
type ring struct {
	first time.Time // zero: unknown
	text  string
	refs  []string
}

func ringsOf(alarms []Alarm) map[bell]*ring {
	out := map[bell]*ring{}
	for i := range alarms {
		a := &alarms[i]
		for _, b := range bellsOf(*a) {
			r := out[b]
			if r == nil {
				r = &ring{text: a.Text}
				out[b] = r
			}
			if !a.Time.IsZero() && (r.first.IsZero() || a.Time.Before(r.first)) {
				r.first = a.Time
			}
			if a.Ref != "" && len(r.refs) < 3 && !slices.Contains(r.refs, a.Ref) {
				r.refs = append(r.refs, a.Ref)
			}
		}
	}
	return out
}

// spanOf is when the first and the last bell first rang.
func spanOf(rings map[bell]*ring) (begin, end time.Time) {
	for _, r := range rings {
		if r.first.IsZero() {
			continue
		}
		if begin.IsZero() || r.first.Before(begin) {
			begin = r.first
		}
		if r.first.After(end) {
			end = r.first
		}
	}
	return begin, end
}

// custom is how a bell rang in earlier episodes: in how many, and how likely it still rings: less for episodes long ago,
// and for rings at an episode's end, which may be the first signs of the next.
type custom struct{ often, lately float64 }

// customs looks at the history. Lately is a share, 1 for a bell that rang from the beginning of every episode.
func customs(history []Episode) map[bell]custom {
	of := map[bell]custom{}
	weight, recent := 1.0, 0.0
	for i := len(history) - 1; i >= 0; i-- {
		rings := ringsOf(history[i].Alarms)
		begin, end := spanOf(rings)
		for b, r := range rings {
			left := 1.0
			if !r.first.IsZero() && end.After(begin) {
				left = float64(end.Sub(r.first)) / float64(end.Sub(begin))
			}
			c := of[b]
			c.often++
			c.lately += weight * left
			of[b] = c
		}
		recent += weight
		weight *= alarmMemory
	}
	for b, c := range of {
		c.lately /= recent
		of[b] = c
	}
	return of
}

// surprise of a ring in nats: minus the logarithm of the chance that the bell rings in an episode, judged by the long run
// or by the last few episodes, whichever makes it likelier. What rang in the other direction lately may be coming back.
func surprise(b bell, of map[bell]custom, episodes int) float64 {
	c := of[b]
	p := max((c.often+alarmPrior)/(float64(episodes)+2*alarmPrior), c.lately)
	if back, ok := b.back(); ok {
		p = max(p, of[back].lately)
	}
	return -math.Log(min(p, 1))
}

// alarmsArgument weighs each alarm by how unusual it is for this system and how early it came: an alarm that fires in every
// incident says nothing about this one. Alarms of one component repeat each other, so that each further one counts less.
// After inverse document frequency (Spärck Jones 1972) as used on alert storms (Zhao et al., "Understanding and handling
// alert storm for online service systems", ICSE-SEIP 2020).
func alarmsArgument(sc *scene) argument {
	a := newArgument("alarms")
	rings := ringsOf(sc.in.Alarms)
	if len(rings) == 0 {
		return a
	}
	of := customs(sc.in.History)
	begin, _ := spanOf(rings)
	heard := map[string][]heardAlarm{}
	for b, r := range rings {
		s := surprise(b, of, len(sc.in.History)) * early(r.first, begin)
		heard[b.component] = append(heard[b.component], heardAlarm{s, b, r})
	}
	best := 0.0
	for _, who := range slices.Sorted(maps.Keys(heard)) {
		all := heard[who]
		slices.SortFunc(all, func(x, y heardAlarm) int {
			return cmp.Or(cmp.Compare(y.surprise, x.surprise), cmp.Compare(x.bell.metric, y.bell.metric), cmp.Compare(x.bell.end, y.bell.end),
				cmp.Compare(x.bell.direction, y.bell.direction), cmp.Compare(x.bell.kind, y.bell.kind))
		})
		for i, h := range all {
			a.mass[who] += h.surprise / float64(i+1)
		}
		a.metric[who], a.refs[who], a.detail[who] = all[0].bell.metric, all[0].ring.refs, all[0].detail(len(sc.in.History), of)
		best = max(best, a.mass[who])
	}
	a.force = saturate(best, alarmHalf)
	a.sure = len(sc.in.History) > 0 && a.force > 0.5
	return a
}

// heardAlarm is a bell that rang in this episode.
type heardAlarm struct {
	surprise float64
	bell     bell
	ring     *ring
}

func (h heardAlarm) detail(episodes int, of map[bell]custom) string {
	what := strings.TrimSpace(h.bell.metric + " " + h.bell.direction)
	if h.bell.end != "" {
		what += " when " + h.bell.end
	}
	if what == "" {
		what = "an alarm fired"
	} else {
		what = "an alarm fired on " + what
	}
	if episodes == 0 {
		return what
	}
	return fmt.Sprintf("%s, as in %.0f of %d earlier incidents", what, of[h.bell].often, episodes)
}

// early is 1 for the first alarms and fades with time; an alarm of unknown time is neither early nor late.
func early(at, begin time.Time) float64 {
	if at.IsZero() {
		return 0.5
	}
	return math.Exp(-float64(at.Sub(begin)) / float64(alarmFade))
}
