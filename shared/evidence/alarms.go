package evidence

import "time"

// Constants of GroupAlarms.
const (
	stormGap     = 60 * time.Second // this long a silence ends every storm
	stormProof   = 3                // alarms that fit no open storm,
	stormProofIn = 30 * time.Second // within this time, open one
)

// storm is an incident while it lasts.
type storm struct {
	id     int
	last   time.Time
	rung   map[bellText]bool
	region int // of the topology, 0: unknown
}

// bellText tells alarms apart more finely than a bell: by their text as well.
type bellText struct {
	bell
	text string
}

func bellTextOf(a Alarm) bellText {
	return bellText{bell{kind: a.Kind, component: a.Component, end: a.Peer, metric: a.Metric, direction: a.Direction}, a.Text}
}

// GroupAlarms gives each alarm the number of the incident it belongs to, from 0 in order of first alarm. Alarms must be in
// order of time. A silence ends an incident. While one lasts each of its alarms rings once, and all its components are
// connected in the topology: when several alarms within a short time rang before or are of an unconnected part, another
// incident has begun. From then on an alarm goes to the youngest connected incident in which it has not rung: alarms thin
// out as an incident ages. Linear in alarms.
func GroupAlarms(alarms []Alarm, topology []Dependency) []int {
	region := regionsOf(newGraph(Input{Telemetry: Telemetry{Dependencies: topology}}))
	out := make([]int, len(alarms))
	var open []*storm
	next := 0
	for i := range alarms {
		a := &alarms[i]
		if len(open) > 0 && a.Time.Sub(latest(open)) > stormGap {
			open = nil
		}
		s := fitting(open, *a, region)
		if s == nil && (len(open) == 0 || misfits(alarms[i:], open, region) >= stormProof) {
			s = &storm{id: next, rung: map[bellText]bool{}}
			next++
			open = append(open, s)
		}
		if s == nil {
			s = open[len(open)-1]
		}
		s.rung[bellTextOf(*a)], s.last = true, a.Time
		if s.region == 0 {
			s.region = region[a.Component]
		}
		out[i] = s.id
	}
	return out
}

// regionsOf numbers the connected parts of a topology from 1.
func regionsOf(g graph) map[string]int {
	near := map[string][]string{}
	link := func(a, b string) { near[a], near[b] = append(near[a], b), append(near[b], a) }
	for caller, callees := range g.callees {
		for _, c := range callees {
			link(caller, c)
		}
	}
	for resident, host := range g.host {
		link(resident, host)
	}
	for instance, service := range g.service {
		link(instance, service)
	}
	out, n := map[string]int{}, 0
	for c := range near {
		if out[c] > 0 {
			continue
		}
		n++
		for d := range reach([]string{c}, near) {
			out[d] = n
		}
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

// fits says whether the alarm may belong to the storm: it has not rung in it and its component is not known to be elsewhere.
func (s *storm) fits(a Alarm, region map[string]int) bool {
	r := region[a.Component]
	return !s.rung[bellTextOf(a)] && (r == 0 || s.region == 0 || r == s.region)
}

// fitting is the youngest storm that the alarm may belong to.
func fitting(open []*storm, a Alarm, region map[string]int) *storm {
	for i := len(open) - 1; i >= 0; i-- {
		if open[i].fits(a, region) {
			return open[i]
		}
	}
	return nil
}

// misfits counts the alarms, from the first on, that ring within stormProofIn and fit no open storm.
func misfits(alarms []Alarm, open []*storm, region map[string]int) (n int) {
	for _, a := range alarms {
		if n >= stormProof || a.Time.Sub(alarms[0].Time) > stormProofIn {
			break
		}
		if fitting(open, a, region) == nil {
			n++
		}
	}
	return n
}
