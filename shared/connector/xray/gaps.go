package xray

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// harvest is what was read of one account, and what was not.
type harvest struct {
	account  string
	whole    bool // the graph
	nameless int  // edges that X-Ray cannot be asked for
	beyond   int  // edges beyond the bound
	series   []series
}

// telemetry is the calls with a gap for each reason why some are missing. It fails as the first edge did when all did.
func (h harvest) telemetry() (evidence.Telemetry, error) {
	var t evidence.Telemetry
	var failed, late, cut []series
	for _, s := range h.series {
		t.Calls = append(t.Calls, s.calls...)
		switch {
		case s.late:
			late = append(late, s)
		case s.err != nil:
			failed = append(failed, s)
		case !s.whole:
			cut = append(cut, s)
		}
	}
	if len(failed) > 0 && len(failed)+len(late) == len(h.series) && len(t.Calls) == 0 {
		return evidence.Telemetry{}, failed[0].err
	}
	t.Gaps = h.gaps(failed, late, cut)
	return t, nil
}

func (h harvest) gaps(failed, late, cut []series) []evidence.Gap {
	var out []evidence.Gap
	miss := func(n int, text, fix string) {
		if n > 0 {
			out = append(out, evidence.Gap{Text: "calls of " + incident.Count(n, "connection", "connections") + " in " + h.account + " " + text, Fix: fix})
		}
	}
	if !h.whole {
		out = append(out, evidence.Gap{Text: "only a part of X-Ray's graph of " + h.account + " was read", Fix: "ask for a shorter span"})
	}
	if len(failed) > 0 {
		miss(len(failed), "could not be read ("+list(failed)+"): "+failed[0].err.Error(), "investigate again; if it fails again, check the reader role of that account (docs/deploy.md)")
	}
	miss(len(late), "were not read before time was up ("+list(late)+")", "ask for fewer components or a shorter span")
	miss(len(cut), "are incomplete, X-Ray has more than was asked for ("+list(cut)+")", "ask for a shorter span")
	miss(h.beyond, "were not read: only the nearest and busiest "+strconv.Itoa(maxEdges)+" are", "ask for single components")
	miss(h.nameless, "were not read: their names cannot be asked for", "give the traced services plain names")
	return out
}

// list names the first few.
func list(all []series) string {
	const few = 5
	var names []string
	for _, s := range all[:min(few, len(all))] {
		names = append(names, s.edge.String())
	}
	if len(all) > few {
		names = append(names, "...")
	}
	return strings.Join(names, ", ")
}

// sightings are what was seen in each account: the nodes of its graph, and its calls. The zero value is ready; accounts add at
// once.
type sightings struct {
	mu    sync.Mutex
	nodes map[string][]node
	calls map[string][]evidence.Call
}

func (s *sightings) add(a aws.Account, nodes []node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nodes == nil {
		s.nodes = map[string][]node{}
	}
	s.nodes[a.ID] = append(s.nodes[a.ID], nodes...)
}

func (s *sightings) heard(a aws.Account, calls []evidence.Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string][]evidence.Call{}
	}
	s.calls[a.ID] = append(s.calls[a.ID], calls...)
}

// once are the calls of all accounts. Of a connection that several know in a minute only the account's are taken that knows
// most of them: traces of an account are copied into the accounts that monitor it.
func (s *sightings) once(accounts []aws.Account) []evidence.Call {
	type minute struct {
		at             int64
		caller, callee string
	}
	of := func(c evidence.Call) minute { return minute{c.Time.UnixMilli(), c.Caller, c.Callee} }
	most, from := map[minute]int{}, map[minute]string{}
	for _, a := range accounts {
		counts := map[minute]int{}
		for _, c := range s.calls[a.ID] {
			counts[of(c)] += c.Count
		}
		for m, n := range counts {
			if n > most[m] {
				most[m], from[m] = n, a.ID
			}
		}
	}
	var out []evidence.Call
	for _, a := range accounts {
		for _, c := range s.calls[a.ID] {
			if from[of(c)] == a.ID {
				out = append(out, c)
			}
		}
	}
	return out
}

// gaps are what only all accounts together tell: that nothing is traced, and which of the components asked for are not.
func (s *sightings) gaps(accounts []aws.Account, only []string) []evidence.Gap {
	var out []evidence.Gap
	var silent []string
	traced := false
	for _, a := range accounts {
		nodes, read := s.nodes[a.ID]
		traced = traced || len(nodes) > 0
		if read && len(nodes) == 0 {
			silent = append(silent, a.String())
		}
	}
	if where := strings.Join(silent, ", "); where != "" && !traced {
		out = append(out, evidence.Gap{Text: "X-Ray has no traces of this span in " + where,
			Fix: "enable tracing in " + where + ", or ignore this if the services are not traced"})
	}
	var missing []string
	for _, name := range only {
		if !s.has(name) {
			missing = append(missing, strconv.Quote(clean(name)))
		}
	}
	if len(missing) > 0 {
		out = append(out, evidence.Gap{Text: "X-Ray traced nothing in this span that is called " + strings.Join(missing, ", "),
			Fix: "ask without components for the names that X-Ray has; what is not traced has no calls"})
	}
	return out
}

func (s *sightings) has(name string) bool {
	for _, nodes := range s.nodes {
		if slices.ContainsFunc(nodes, func(n node) bool { return n.is(name) }) {
			return true
		}
	}
	return false
}
