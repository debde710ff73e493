package evidence

import (
	"slices"
	"time"
)

// Constants of GroupAlarms.
const (
	stormGap     = time.Minute      // this long a silence ends every incident
	stormProof   = 3                // different alarms that fit no incident under way,
	stormProofIn = 30 * time.Second // within this time, are one more
	stormsAtOnce = 4                // one more than this, and the oldest is taken to be over
)

// GroupAlarms gives each alarm the number of the incident it belongs to, from 0 in order of first alarm, and says whether
// that is sure. Alarms must be in order of time. A silence ends an incident. While one lasts each of its alarms rings once,
// and all its components are connected in the topology: when several different alarms within a short time rang before or are
// of an unconnected part, another incident has begun. Which of them a later alarm belongs to is settled by what rang in
// either and by what one request set off (see attribute); what that leaves open goes, unsure, to the youngest, since alarms
// thin out as an incident ages. Linear in alarms.
func GroupAlarms(alarms []Alarm, topology []Dependency) (incident []int, sure []bool) {
	incident, sure = make([]int, len(alarms)), make([]bool, len(alarms))
	strokes := strokesOf(alarms, regionsOf(newGraph(Input{Telemetry: Telemetry{Dependencies: topology}})))
	incidents := 0
	for from, to := 0, 0; from < len(alarms); from = to {
		for to = from + 1; to < len(alarms) && alarms[to].Time.Sub(alarms[to-1].Time) <= stormGap; to++ {
		}
		of := make([]*burst, to-from)
		for _, b := range attribute(strokes[from:to], stormsOf(strokes[from:to])) {
			for _, i := range b.strokes {
				of[i] = b
			}
		}
		number := map[*storm]int{}
		for i, b := range of {
			s := b.storms[len(b.storms)-1]
			if _, ok := number[s]; !ok {
				number[s] = incidents
				incidents++
			}
			incident[from+i], sure[from+i] = number[s], len(b.storms) == 1
		}
	}
	return incident, sure
}

// stroke is an alarm in numbers: those with the same bell are the same alarm.
type stroke struct {
	at     time.Time
	bell   int
	region int    // of its component in the topology, 0: unknown
	ends   [2]int // component and peer, each told apart by the kind of alarm; 0: none
}

func strokesOf(alarms []Alarm, region map[string]int) []stroke {
	type text struct {
		bell
		text string
	}
	type end struct{ kind, component string }
	bells, ends := map[text]int{}, map[end]int{{}: 0}
	number := func(kind, component string) int {
		if component == "" {
			return 0
		}
		e := end{kind, component}
		if _, ok := ends[e]; !ok {
			ends[e] = len(ends)
		}
		return ends[e]
	}
	out := make([]stroke, len(alarms))
	for i := range alarms {
		a := &alarms[i]
		k := text{bell{a.Kind, a.Component, a.Peer, a.Metric, a.Direction}, a.Text}
		if _, ok := bells[k]; !ok {
			bells[k] = len(bells)
		}
		out[i] = stroke{at: a.Time, bell: bells[k], region: region[a.Component], ends: [2]int{number(a.Kind, a.Component), number(a.Kind, a.Peer)}}
	}
	return out
}

// storm is an incident among others that overlap it.
type storm struct {
	from   int // the stroke that it began with
	rung   map[int]bool
	region int // of the topology, 0: unknown
}

// stormsOf finds where incidents begin among strokes without a silence; the first stroke begins one.
func stormsOf(strokes []stroke) []*storm {
	storms := []*storm{begin(strokes, 0)}
	var strange []int // the latest strokes of different bells that fit nothing
	for i := 1; i < len(strokes); i++ {
		s := strokes[i]
		if f := fitting(storms, s); f != nil {
			f.ring(s)
			continue
		}
		strange = slices.DeleteFunc(strange, func(j int) bool { return s.at.Sub(strokes[j].at) > stormProofIn || strokes[j].bell == s.bell })
		strange = append(strange, i)
		if len(strange) == stormProof {
			storms = append(storms, begin(strokes, strange...))
			strange = nil
		}
	}
	return storms
}

func begin(strokes []stroke, with ...int) *storm {
	s := &storm{from: with[0], rung: map[int]bool{}}
	for _, i := range with {
		s.ring(strokes[i])
	}
	return s
}

func (s *storm) ring(k stroke) {
	s.rung[k.bell] = true
	if s.region == 0 {
		s.region = k.region
	}
}

// near says whether the stroke is not known to be of an unconnected part of the topology.
func (s *storm) near(k stroke) bool { return k.region == 0 || s.region == 0 || k.region == s.region }

// fitting is the youngest storm that the stroke may belong to: its bell has not rung in it.
func fitting(storms []*storm, k stroke) *storm {
	for i := len(storms) - 1; i >= max(0, len(storms)-stormsAtOnce); i-- {
		if !storms[i].rung[k.bell] && storms[i].near(k) {
			return storms[i]
		}
	}
	return nil
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
