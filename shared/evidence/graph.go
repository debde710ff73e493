package evidence

import "slices"

// graph holds who calls whom, what runs on what and what is an instance of what. Inverse relations that a source also
// states ("hosts", "has_instance") are folded into their direct form, so that each fact counts once.
type graph struct {
	nodes     map[string]bool
	callees   map[string][]string // caller → callees
	callers   map[string][]string
	host      map[string]string   // instance → what it runs on
	residents map[string][]string // host → what runs on it
	service   map[string]string   // instance → what it is an instance of
	instances map[string][]string // service → instances
}

// Words that sources use for the two structural relations; every other kind is a call.
var (
	hostedKinds    = map[string]bool{"hosted_on": true, "runs_on": true, "scheduled_on": true, "deployed_on": true}
	hostingKinds   = map[string]bool{"hosts": true, "runs": true}
	instanceKinds  = map[string]bool{"instance_of": true, "member_of": true, "part_of": true, "replica_of": true}
	instancedKinds = map[string]bool{"has_instance": true, "has_member": true, "contains": true}
)

// newGraph reads dependencies and calls; the reference's calls count too, for a callee that is down is not called.
func newGraph(in Input) graph {
	g := graph{nodes: map[string]bool{}, callees: map[string][]string{}, callers: map[string][]string{}, host: map[string]string{},
		residents: map[string][]string{}, service: map[string]string{}, instances: map[string][]string{}}
	seen := map[[2]string]bool{}
	for _, d := range in.Dependencies {
		g.depend(d, seen)
	}
	calls := [][]Call{in.Calls}
	if in.Reference != nil {
		for _, d := range in.Reference.Dependencies {
			g.depend(d, seen)
		}
		calls = append(calls, in.Reference.Calls)
	}
	for _, cs := range calls {
		for i := range cs {
			if cs[i].Callee != "" {
				g.nodes[cs[i].Callee] = true
			}
			g.link(cs[i].Caller, cs[i].Callee, seen)
		}
	}
	g.sort()
	return g
}

// depend adds one stated dependency under its direct form.
func (g *graph) depend(d Dependency, seen map[[2]string]bool) {
	from, to := d.Caller, d.Callee
	if from == "" || to == "" || from == to {
		return
	}
	g.nodes[from], g.nodes[to] = true, true
	switch {
	case hostingKinds[d.Kind]:
		g.place(to, from)
	case hostedKinds[d.Kind]:
		g.place(from, to)
	case instancedKinds[d.Kind]:
		g.enlist(to, from)
	case instanceKinds[d.Kind]:
		g.enlist(from, to)
	default:
		g.link(from, to, seen)
	}
}

func (g *graph) place(resident, host string) {
	if g.host[resident] == "" {
		g.host[resident] = host
		g.residents[host] = append(g.residents[host], resident)
	}
}

func (g *graph) enlist(instance, service string) {
	if g.service[instance] == "" {
		g.service[instance] = service
		g.instances[service] = append(g.instances[service], instance)
	}
}

func (g *graph) link(caller, callee string, seen map[[2]string]bool) {
	if caller == "" || callee == "" || caller == callee || seen[[2]string{caller, callee}] {
		return
	}
	seen[[2]string{caller, callee}] = true
	g.nodes[caller], g.nodes[callee] = true, true
	g.callees[caller] = append(g.callees[caller], callee)
	g.callers[callee] = append(g.callers[callee], caller)
}

// sort makes iteration independent of the order of facts.
func (g *graph) sort() {
	for _, m := range []map[string][]string{g.callees, g.callers, g.residents, g.instances} {
		for k := range m {
			slices.Sort(m[k])
		}
	}
}

// kin says whether one is an instance of the other, runs on the other, or both are instances of one service.
func (g *graph) kin(a, b string) bool {
	return g.service[a] == b || g.service[b] == a || g.service[a] != "" && g.service[a] == g.service[b] || g.host[a] == b || g.host[b] == a
}

// needs says whether a, or the service that it is an instance of, calls b, directly or through others.
func (g *graph) needs(a, b string) bool {
	_, ok := reach([]string{a, g.service[a]}, g.callees)[b]
	return ok && a != b
}

// reach returns the nodes reachable from the given ones over next, with their distance in hops; the given ones are 0.
func reach(from []string, next map[string][]string) map[string]int {
	dist := map[string]int{}
	queue := make([]string, 0, len(from))
	for _, f := range from {
		if _, ok := dist[f]; !ok {
			dist[f] = 0
			queue = append(queue, f)
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, m := range next[n] {
			if _, ok := dist[m]; !ok {
				dist[m] = dist[n] + 1
				queue = append(queue, m)
			}
		}
	}
	return dist
}
