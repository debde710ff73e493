package triage

import (
	"maps"
	"slices"

	"github.com/firefinder/firefinder/shared/config"
)

// Graph says which services depend on each other, without direction: trouble travels both ways.
type Graph struct{ near map[string]map[string]bool }

// GraphOf draws the graph of a space file; learned holds further pairs, from traces.
func GraphOf(space config.Space, learned ...[2]string) Graph {
	g := Graph{near: map[string]map[string]bool{}}
	for _, svc := range space.Services {
		for _, dep := range svc.DependsOn {
			g.add(svc.Name, dep)
		}
	}
	for _, pair := range learned {
		g.add(pair[0], pair[1])
	}
	return g
}

func (g Graph) add(a, b string) {
	for _, p := range [][2]string{{a, b}, {b, a}} {
		if g.near[p[0]] == nil {
			g.near[p[0]] = map[string]bool{}
		}
		g.near[p[0]][p[1]] = true
	}
}

// Hops is how far apart two services are: 0 the same, 1 neighbours, 2 with one between, 3 further or unrelated.
func (g Graph) Hops(a, b string) int {
	switch {
	case a == b && a != "":
		return 0
	case g.near[a][b]:
		return 1
	}
	for mid := range g.near[a] {
		if g.near[mid][b] {
			return 2
		}
	}
	return 3
}

// Around lists services: those given, then their neighbours, then the neighbours of those, each once. Order within a ring
// is by name.
func (g Graph) Around(centre ...string) []string {
	var out []string
	ring := slices.Clone(centre)
	for range 3 {
		next := map[string]bool{}
		for _, name := range ring {
			if name == "" || slices.Contains(out, name) {
				continue
			}
			out = append(out, name)
			maps.Copy(next, g.near[name])
		}
		ring = slices.Sorted(maps.Keys(next))
	}
	return out
}
