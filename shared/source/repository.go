package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
)

// Components are the services of a space whose code lies in a repository, which goes by several names (full name, web
// address, clone address). A space may write the repository as any of them; host and letter case do not matter, but a
// name without its owner matches no other than itself.
func Components(space config.Space, names ...string) []string {
	var out []string
	for _, svc := range space.Services {
		if want := repositoryPath(svc.Repository); want != "" && slices.ContainsFunc(names, func(n string) bool { return repositoryPath(n) == want }) {
			out = append(out, svc.Name)
		}
	}
	return out
}

// repositoryPath is a repository's path at its host: acme/checkout of https://github.com/acme/checkout.git and of
// git@github.com:acme/checkout.git, acme/checkout of https://dev.azure.com/org/acme/_git/checkout.
func repositoryPath(name string) string {
	name = strings.TrimSuffix(strings.Trim(strings.ToLower(name), "/ "), ".git")
	if _, rest, ok := strings.Cut(name, "://"); ok {
		_, name, _ = strings.Cut(rest, "/")
	} else if at, rest, ok := strings.Cut(name, ":"); ok && strings.Contains(at, "@") {
		name = rest
	} else if host, rest, ok := strings.Cut(name, "/"); ok && strings.Contains(host, ".") && strings.Contains(rest, "/") {
		name = rest
	}
	if before, repo, ok := strings.Cut(name, "/_git/"); ok {
		name = before[strings.LastIndexByte(before, '/')+1:] + "/" + repo
	}
	return strings.Trim(name, "/")
}

// Changed is what a code host's delivery comes to: the change, once for each service of the repository. A repository that
// no service of the space has is an accepted delivery of which nothing comes, and says so; in a space that names no services
// every repository counts, by its own name. What the change does not hold of the body is named as dropped.
func Changed(space config.Space, body []byte, c evidence.Change, names ...string) Parsed {
	components, note := Components(space, names...), "logged as a change of "
	if len(space.Services) == 0 {
		path := repositoryPath(c.Repository)
		components, note = []string{path[strings.LastIndexByte(path, '/')+1:]}, "this space names no services; logged as a change of "
	}
	if len(components) == 0 {
		return Nothing("no service of this space has the repository %.120q; set services[].repository in the space file", c.Repository)
	}
	var p Parsed
	c.Title, c.Diff = Clip(c.Title, 512), Clip(c.Diff, 64<<10)
	maps.DeleteFunc(c.Tags, func(_, value string) bool { return value == "" })
	for i, component := range components {
		c.Component = component
		one := c
		if i > 0 {
			one.ID += "@" + component // a change log entry each
		}
		p.Changes = append(p.Changes, one)
	}
	p.Note = note + strings.Join(components, ", ")
	p.Dropped = Left(body, p.Changes)
	return p
}

// Left names the parts of a body that no change holds, each by the highest path that is wholly left out.
func Left(body []byte, changes []evidence.Change) []string {
	var doc, held any
	raw, err := json.Marshal(changes)
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	if err != nil || dec.Decode(&doc) != nil || json.Unmarshal(raw, &held) != nil {
		return nil
	}
	texts := map[string]bool{}
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, child := range v {
				collect(child)
			}
		case []any:
			for _, child := range v {
				collect(child)
			}
		case string:
			texts[v] = true
		}
	}
	collect(held)
	out := map[string]bool{}
	if whole := left(doc, "$", texts, out); whole {
		out = map[string]bool{"$": true}
	}
	var list []string
	for _, path := range slices.Sorted(maps.Keys(out)) {
		list = append(list, path+": no part of a change")
	}
	return list
}

// left reports whether no value under v is held, and otherwise adds to out what is not.
func left(v any, path string, held, out map[string]bool) bool {
	children := map[string][]any{}
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			children[path+"."+name] = []any{child}
		}
	case []any:
		children[path+"[]"] = v
	default:
		text := fmt.Sprint(v)
		at, ok := Time(Text(text)) // a time is held in whatever spelling
		return !held[text] && !(ok && held[at.Format(time.RFC3339Nano)])
	}
	all := true
	mine := map[string]bool{}
	for at, list := range children {
		for _, child := range list {
			if left(child, at, held, out) {
				mine[at] = true
			} else {
				all = false
			}
		}
	}
	if !all {
		maps.Copy(out, mine)
	}
	return all
}

// Union is all names once, in order, at most n of them.
func Union(n int, lists ...[]string) []string {
	seen := map[string]bool{}
	for _, list := range lists {
		for _, name := range list {
			seen[name] = true
		}
	}
	out := slices.Sorted(maps.Keys(seen))
	return out[:min(n, len(out))]
}
