package evidence

import (
	"math"
	"time"
)

// Constants of GroupAlarms.
const (
	stormGap     = 60 * time.Second  // this long a silence ends every storm
	stormFade    = 100 * time.Second // a storm's alarms thin out by 1/e in this time
	stormProof   = 3                 // alarms that ring again,
	stormProofIn = 30 * time.Second  // within this time, open a storm
	stormNear    = 1.0               // nats that an alarm of the same or a neighbouring component is worth
)

// storm is an incident while it lasts.
type storm struct {
	id    int
	begin time.Time
	last  time.Time
	rung  map[bellText]bool
	heard map[string]float64 // component → alarms
	n     float64
}

// bellText tells alarms apart more finely than a bell: by their text as well.
type bellText struct {
	bell
	text string
}

func bellTextOf(a Alarm) bellText {
	return bellText{bell{kind: a.Kind, component: a.Component, end: a.Peer, metric: a.Metric, direction: a.Direction}, a.Text}
}

// GroupAlarms gives each alarm the number of the incident it belongs to, from 0. Alarms must be in order of time. A silence
// ends an incident. While one lasts each alarm rings once: when several ring again within a short time another incident
// has begun, and from then on an alarm goes to the incident in which it has not rung yet, is more to be expected by its
// age (alarms thin out with time), and whose components are nearer in the topology.
func GroupAlarms(alarms []Alarm, topology []Dependency) []int {
	g := newGraph(Input{Telemetry: Telemetry{Dependencies: topology}})
	out := make([]int, len(alarms))
	var open []*storm
	next := 0
	start := func(at time.Time) *storm {
		s := &storm{id: next, begin: at, rung: map[bellText]bool{}, heard: map[string]float64{}}
		next++
		open = append(open, s)
		return s
	}
	for i := range alarms {
		a := &alarms[i]
		if len(open) > 0 && a.Time.Sub(latest(open)) > stormGap {
			open = nil
		}
		if len(open) == 0 {
			start(a.Time)
		}
		s := likeliest(open, *a, g)
		if s == nil {
			if again(alarms[i:], open) >= stormProof {
				s = start(a.Time)
			} else {
				s = open[len(open)-1]
			}
		}
		s.take(*a)
		out[i] = s.id
	}
	return out
}

func latest(open []*storm) time.Time {
	var t time.Time
	for _, s := range open {
		if s.last.After(t) {
			t = s.last
		}
	}
	return t
}

// again counts the alarms, from the first on, that ring within stormProofIn though they rang in every open storm.
func again(alarms []Alarm, open []*storm) (n int) {
	for _, a := range alarms {
		if a.Time.Sub(alarms[0].Time) > stormProofIn {
			break
		}
		if rungInAll(open, a) {
			n++
		}
	}
	return n
}

func rungInAll(open []*storm, a Alarm) bool {
	for _, s := range open {
		if !s.rung[bellTextOf(a)] {
			return false
		}
	}
	return true
}

// likeliest is the storm that the alarm most likely belongs to, nil when it has rung in all.
func likeliest(open []*storm, a Alarm, g graph) *storm {
	var best *storm
	most := math.Inf(-1)
	for _, s := range open {
		if s.rung[bellTextOf(a)] {
			continue
		}
		v := -float64(a.Time.Sub(s.begin))/float64(stormFade) + stormNear*s.near(a, g)
		if v >= most {
			best, most = s, v
		}
	}
	return best
}

// near is how much of the storm is about the alarm's components or their neighbours, 0..1.
func (s *storm) near(a Alarm, g graph) float64 {
	if s.n == 0 {
		return 0
	}
	sum := 0.0
	for _, c := range []string{a.Component, a.Peer} {
		if c == "" {
			continue
		}
		sum = max(sum, s.heard[c]/s.n)
	}
	return sum
}

func (s *storm) take(a Alarm) {
	s.rung[bellTextOf(a)] = true
	s.last = a.Time
	s.heard[a.Component]++
	if a.Peer != "" && a.Peer != a.Component {
		s.heard[a.Peer]++
	}
	s.n++
}
