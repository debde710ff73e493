package cloudtrail

import (
	"maps"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/evidence"
)

// history is what the records of one account tell of how things stood before each of them, oldest first.
type history struct {
	settings    map[string]map[string]leaf // by operation and subject: the latest that was set
	revisions   map[string]string          // by operation and subject: the latest that was shipped
	definitions map[string]record          // registered task definitions by family:revision
	families    map[string][]string        // revisions by family, oldest first
}

func newHistory() *history {
	return &history{settings: map[string]map[string]leaf{}, revisions: map[string]string{}, definitions: map[string]record{}, families: map[string][]string{}}
}

// sets reports whether an operation replaces what was set before. Others add and take away, and follow nothing.
func (r record) sets() bool {
	return slices.ContainsFunc([]string{"Update", "Modify", "Put", "Set", "Register", "CreateDeployment", "StartDeployment"}, func(p string) bool { return strings.HasPrefix(r.action, p) })
}

// key tells what is the same thing, set again.
func (r record) key() string {
	_, values := r.subject()
	if len(values) == 0 || !r.sets() {
		return ""
	}
	for i, v := range values {
		values[i] = last(v)
	}
	return strings.Join(append([]string{r.api, r.action}, values...), "\n")
}

// follow returns the parameters of a record and the revision before it, and remembers what it set.
func (h *history) follow(r record) (parameters []evidence.Parameter, previous string) {
	now, key := r.settings(), r.key()
	revision := r.revision()
	previous = r.previous()
	if key != "" && previous == "" && h.revisions[key] != revision {
		previous = h.revisions[key]
	}
	switch {
	case r.is("ecs", "RegisterTaskDefinition"):
		previous = h.before(revision)
		parameters = h.definition(revision, previous)
	default:
		old := maps.Clone(h.settings[key])
		if old == nil || key == "" {
			old = map[string]leaf{}
		}
		maps.Copy(old, r.before())
		parameters = compare(now, old, r.kind() != deployment)
		if r.rollsOut() {
			was := previous
			if was == "" {
				was = h.before(revision)
			}
			parameters = append(h.definition(revision, was), parameters...)
		}
	}
	if key != "" {
		if h.settings[key] == nil {
			h.settings[key] = map[string]leaf{}
		}
		maps.Copy(h.settings[key], now)
		if revision != "" {
			h.revisions[key] = revision
		}
	}
	return parameters, previous
}

// rollsOut reports whether a record puts a task definition into service.
func (r record) rollsOut() bool {
	return r.is("ecs", "UpdateService") && r.kind() == deployment || r.is("ecs", "CreateService")
}

// register remembers the task definitions, for a service may go back to one that was registered before another.
func (h *history) register(records []record) {
	for _, r := range records {
		if revision := r.revision(); r.is("ecs", "RegisterTaskDefinition") && strings.Contains(revision, ":") {
			family, _, _ := strings.Cut(revision, ":")
			h.definitions[revision] = r
			h.families[family] = append(h.families[family], revision)
		}
	}
}

// before is the task definition that was registered before this one.
func (h *history) before(revision string) string {
	family, _, _ := strings.Cut(revision, ":")
	all := h.families[family]
	if i := slices.Index(all, revision); i > 0 {
		return all[i-1]
	}
	return ""
}

// definition is how one task definition differs from another; nothing when either is not known.
func (h *history) definition(revision, previous string) []evidence.Parameter {
	now, ok := h.definitions[revision]
	old, too := h.definitions[previous]
	if !ok || !too {
		return nil
	}
	is, was := now.settings(), old.settings()
	var out []evidence.Parameter
	for path, l := range is {
		if _, had := was[path]; !had && !l.masked() {
			out = append(out, evidence.Parameter{Name: path, New: l.shown()})
		}
	}
	out = append(append(out, compare(is, was, false)...), removed(is, was)...)
	slices.SortFunc(out, byWeight)
	return out
}
