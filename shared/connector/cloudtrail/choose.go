package cloudtrail

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/tool"
)

// maxChanges is how many changes one call returns.
const maxChanges = 400

// choose keeps the changes that are asked for, in order of time. A change of no component stays whatever components are
// asked for: what several share is no less likely to break them.
func choose(all []evidence.Change, gaps []evidence.Gap, space config.Space, scope tool.Scope, args connector.Args) ([]evidence.Change, []evidence.Gap) {
	if len(args.Components) > 0 {
		services, strangers := args.Services(space, scope)
		for _, name := range strangers {
			gaps = append(gaps, evidence.Gap{Text: fmt.Sprintf("the space knows no component %q, so no change is known to be of it", name), Fix: "add it to the services of the space file, with the dimensions of its resources"})
		}
		all = slices.DeleteFunc(all, func(c evidence.Change) bool {
			return c.Component != "" && !slices.ContainsFunc(services, func(s config.Service) bool { return s.Name == c.Component })
		})
	}
	if want := strings.ToLower(args.Contains); want != "" {
		all = slices.DeleteFunc(all, func(c evidence.Change) bool { return !contains(c, want) })
	}
	if n := len(all); n > maxChanges {
		slices.SortFunc(all, func(a, b evidence.Change) int {
			return cmp.Or(cmp.Compare(bare(a), bare(b)), b.Time.Compare(a.Time), cmp.Compare(a.ID, b.ID))
		})
		all = all[:maxChanges]
		gaps = append(gaps, evidence.Gap{Text: fmt.Sprintf("%d changes were recorded; returned are %d, those of components of the space first, then the newest", n, maxChanges), Fix: "ask again for a shorter span (from, to), for some components, or for a text"})
	}
	slices.SortFunc(all, func(a, b evidence.Change) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	return all, gaps
}

// bare is 1 for a change of no component.
func bare(c evidence.Change) int {
	if c.Component == "" {
		return 1
	}
	return 0
}

func contains(c evidence.Change, want string) bool {
	texts := []string{c.ID, c.Title}
	for _, p := range c.Parameters {
		texts = append(texts, p.Name, p.Old, p.New)
	}
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), want) })
}
