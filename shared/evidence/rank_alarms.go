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

// alarmHalf is the surprise, in nats, at which alarms say half of what they can.
const alarmHalf = 6.0

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

// custom is how a bell rang in earlier episodes: in how many, and the chance that it still rings since the last one.
type custom struct{ often, still float64 }

// succession is the chance of an event that was seen in some of a number of trials (Laplace's rule of succession).
func succession(seen, trials float64) float64 { return (seen + 1) / (trials + 2) }

// customs looks at the history. What rang in the last episode may do so still, the more of the episode was left when it began:
// rings at its end may be the first signs of the next.
func customs(history []Episode) map[bell]custom {
	of := map[bell]custom{}
	for i := range history {
		rings := ringsOf(history[i].Alarms)
		begin, end := spanOf(rings)
		for b, r := range rings {
			c := of[b]
			c.often++
			if i == len(history)-1 {
				c.still = succession(1, 1)
				if !r.first.IsZero() && end.After(begin) {
					c.still *= float64(end.Sub(r.first)) / float64(end.Sub(begin))
				}
			}
			of[b] = c
		}
	}
	return of
}

// surprise of a ring in nats: minus the logarithm of the chance that the bell rings in an episode, judged by all of them or by
// the last one, whichever makes it likelier. What rang in the other direction then may be coming back.
func surprise(b bell, of map[bell]custom, episodes int) float64 {
	c := of[b]
	p := max(succession(c.often, float64(episodes)), c.still)
	if back, ok := b.back(); ok {
		p = max(p, of[back].still)
	}
	return -math.Log(p)
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
	early := earlyIn(rings)
	heard := map[string][]heardAlarm{}
	for b, r := range rings {
		s := surprise(b, of, len(sc.in.History)) * early(r.first)
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

// earlyIn returns how early a ring came: the chance that another one of the storm comes later, were they spread exponentially
// (their mean delay is the best estimate of the scale): causes fire before their echoes. A ring of unknown time is neither
// early nor late.
func earlyIn(rings map[bell]*ring) func(at time.Time) float64 {
	begin, _ := spanOf(rings)
	var delays []float64
	for _, r := range rings {
		if !r.first.IsZero() {
			delays = append(delays, float64(r.first.Sub(begin)))
		}
	}
	slices.Sort(delays) // the same sum whatever the order of the map
	scale := mean(delays)
	return func(at time.Time) float64 {
		switch {
		case at.IsZero():
			return 0.5
		case scale == 0:
			return 1
		}
		return math.Exp(-float64(at.Sub(begin)) / scale)
	}
}
