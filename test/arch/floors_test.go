package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// floor is one level of the house. A package may import packages of its own floor and of those below.
type floor struct {
	name  string
	holds []string // packages, or dir/... for everything below dir; the longest match counts
}

// floors is the house from the ground up, as shared/doc.go tells it.
var floors = []floor{
	{"ground", []string{
		"shared", "shared/incident", "shared/llm", "shared/llm/llmtest", "shared/redact", "shared/config", "shared/kv/...", "shared/blob/...",
		"shared/queue/...", "skills", "events/...",
	}},
	{"first", []string{
		"shared/evidence", "shared/journal", "shared/record", "shared/budget", "shared/tool/...", "shared/skill/...", "shared/report",
		"shared/workflow/...", "shared/deliver", "shared/approval", "shared/triage/...", "shared/source", "shared/source/sign",
	}},
	{"second", []string{
		"shared/investigate", "shared/llm/analyst", "shared/source/...", "shared/connector/...", "shared/deliver/...", "shared/tell",
		"shared/console/...", "shared/aws/...", "shared/boot",
	}},
	{"third", []string{"shared/embedded/..."}},
	{"fourth", []string{"shared/cli"}},
	{"roof", []string{"functions/...", "cmd/...", "infra/...", "test/..."}},
}

// matches reports whether a pattern (a path, dir/... or a path with one * for one element) covers a path, and how exactly.
func matches(pattern, path string) (bool, int) {
	if dir, ok := strings.CutSuffix(pattern, "/..."); ok {
		return under(path, dir), len(dir)
	}
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false, 0
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false, 0
		}
	}
	return true, len(path) + 1
}

func covers(pattern, path string) bool {
	ok, _ := matches(pattern, path)
	return ok
}

// floorOf is the level of a package, -1 when it stands on none.
func floorOf(path string) int {
	at, best := -1, 0
	for i, f := range floors {
		for _, pattern := range f.holds {
			if ok, length := matches(pattern, path); ok && length > best {
				at, best = i, length
			}
		}
	}
	return at
}

// upward lists imports that climb, and packages that stand on no floor.
func upward(all house) []string {
	var out []string
	for _, p := range sorted(all) {
		if !own(p.ImportPath) || p.ImportPath == "." {
			continue
		}
		at := floorOf(p.ImportPath)
		if at < 0 {
			out = append(out, fmt.Sprintf("%s stands on no floor: decide where it belongs, then add it to floors in test/arch and to the tour in shared/doc.go", p.ImportPath))
			continue
		}
		for _, to := range p.Imports {
			if above := floorOf(to); own(to) && above > at {
				out = append(out, fmt.Sprintf("%s (%s floor) imports %s (%s floor): imports go down the house, never up, so that every floor can be read without those above it",
					p.ImportPath, floors[at].name, to, floors[above].name))
			}
		}
	}
	return out
}

func sorted(all house) []pkg {
	var out []pkg
	for _, path := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[path])
	}
	return out
}

// linked is everything that a package brings into a binary, with one shortest way to it.
func linked(all house, from string) map[string][]string {
	seen := map[string][]string{from: {from}}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, to := range all[queue[0]].Imports {
			if _, ok := seen[to]; !ok {
				seen[to] = append(slices.Clone(seen[queue[0]]), to)
				queue = append(queue, to)
			}
		}
	}
	return seen
}

// unloadable lists packages of ours that the go command cannot read.
func unloadable(all house) []string {
	var out []string
	for _, p := range sorted(all) {
		if own(p.ImportPath) && p.Error != nil {
			out = append(out, fmt.Sprintf("%s: %s", p.ImportPath, p.Error.Err))
		}
	}
	return out
}
