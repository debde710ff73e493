package analyst

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/skill"
)

// plan takes the first block whose placeholders can all be filled from the facts. Without one it says so.
func plan(o investigate.Offer) incident.PlanDraft {
	out := incident.PlanDraft{
		Actions: []incident.PlanAction{}, Rollback: []incident.PlanAction{}, Success: []incident.Criterion{}, Cites: []string{},
		Risk: incident.RiskLow,
	}
	if o.Conclusion.Outcome == incident.NoFault {
		out.Summary = "No change required."
		out.NoChange = o.Conclusion.Summary + " If this alarm keeps firing without a fault, its threshold is too tight for it."
		return out
	}
	if len(o.Conclusion.RootCauses) == 0 {
		out.Summary = "No plan: the investigation did not single out a cause."
		out.NoChange = "There is nothing to mitigate until a cause is known. The gaps of the report say what would help to find it."
		return out
	}
	cause := o.Conclusion.RootCauses[0]
	for _, b := range o.Blocks {
		if filled, ok := fill(b, o.Facts); ok {
			return fromBlock(filled, cause)
		}
	}
	out.Summary = fmt.Sprintf("No plan: no mitigation block is for %s (%s).", trouble(cause.Category), cause.Component)
	out.NoChange = "The skills of this space offer nothing for this cause. Plan by hand from the root cause, and add a mitigation block for the next time."
	out.Cites = []string{cause.ID}
	return out
}

// trouble is a category in words.
func trouble(category string) string {
	if category == "" || category == string(evidence.Unknown) {
		return "trouble of an unknown kind"
	}
	return strings.ReplaceAll(category, "_", " ")
}

func fromBlock(b skill.Block, cause incident.RootCause) incident.PlanDraft {
	return incident.PlanDraft{
		Summary: b.Summary, Actions: b.Actions, Rollback: nonNil(b.Rollback), BlastRadius: b.BlastRadius, Risk: b.Risk,
		Success: nonNil(b.Success), Spec: b.Spec, Cites: append([]string{cause.ID}, cause.Cites...), Blocks: []string{b.Skill + "/" + b.Name},
	}
}

func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// placeholder is {name}, or {name?} in a command for a fact that a person can fill in where it is not known.
var placeholder = regexp.MustCompile(`\{([a-z_]+)\??\}`)

func nameOf(placeholder string) (name string, optional bool) {
	name, optional = strings.CutSuffix(strings.Trim(placeholder, "{}"), "?")
	return name, optional
}

// literal is a fact that a shell takes as one word, as it stands, and a program as no flag. Facts come from telemetry, which
// strangers write: in a command that somebody copies, nothing of theirs may mean more than a name.
var literal = regexp.MustCompile(`^[\p{L}\p{N}_./:@=,+%][\p{L}\p{N}_./:@=,+%-]*$`)

// fill replaces every placeholder of a block by its fact; ok is false when one is unknown.
func fill(b skill.Block, facts map[string]string) (skill.Block, bool) {
	ok := true
	text := func(s string) string {
		return placeholder.ReplaceAllStringFunc(s, func(m string) string {
			name, _ := nameOf(m)
			ok = ok && facts[name] != ""
			return facts[name]
		})
	}
	command := func(s string) string {
		return placeholder.ReplaceAllStringFunc(s, func(m string) string {
			name, optional := nameOf(m)
			ok = ok && (optional || facts[name] != "")
			if !literal.MatchString(facts[name]) {
				return "<" + name + ">" // for the person to fill in, as blocks write what they do not know
			}
			return facts[name]
		})
	}
	actions := func(in []incident.PlanAction) []incident.PlanAction {
		out := make([]incident.PlanAction, len(in))
		for i, a := range in {
			out[i] = incident.PlanAction{Phase: a.Phase, Risk: a.Risk, Text: text(a.Text), Command: command(a.Command), Target: text(a.Target), Expected: text(a.Expected)}
		}
		return out
	}
	b.Summary, b.BlastRadius = text(b.Summary), text(b.BlastRadius)
	b.Actions, b.Rollback = actions(b.Actions), actions(b.Rollback)
	success := make([]incident.Criterion, len(b.Success))
	for i, c := range b.Success {
		success[i] = incident.Criterion{Text: text(c.Text), Component: text(c.Component), Metric: text(c.Metric)}
	}
	b.Success = success
	if b.Spec != nil {
		b.Spec = fillSpec(*b.Spec, facts)
	}
	return b, ok
}

// fillSpec fills a spec as far as facts go; a spec may leave out what is not known.
func fillSpec(s incident.Spec, facts map[string]string) *incident.Spec {
	text := func(in string) string {
		return placeholder.ReplaceAllStringFunc(in, func(m string) string {
			if name, _ := nameOf(m); facts[name] != "" {
				return facts[name]
			}
			return "(not known)"
		})
	}
	s.Problem, s.Change = text(s.Problem), text(s.Change)
	if s.Repository = facts["repository"]; facts["files"] != "" {
		s.Files = strings.Split(facts["files"], ", ")
	}
	tests := make([]string, len(s.Tests))
	for i, t := range s.Tests {
		tests[i] = text(t)
	}
	s.Tests = tests
	return &s
}
