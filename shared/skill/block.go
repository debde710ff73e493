package skill

import (
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/incident"
)

// Block is a mitigation block: a piece of a plan that a skill's mitigations.yaml offers for some categories of cause.
// Texts hold placeholders such as {component}, which are filled from cited evidence; a block whose placeholders cannot all be
// filled is not used. {cluster?} in a command is left to the person where it is not known. Fields of the YAML have the names
// of the JSON fields; actions use those of incident.PlanAction.
type Block struct {
	Skill       string                `json:"skill" yaml:"-"` // set by the loader
	Name        string                `json:"name" yaml:"name"`
	Categories  []string              `json:"categories" yaml:"categories"` // evidence categories; "*" fits all
	Needs       []string              `json:"needs,omitempty" yaml:"needs"` // facts that must be known ("change"), or must not ("!change")
	Summary     string                `json:"summary" yaml:"summary"`
	Risk        incident.Risk         `json:"risk" yaml:"risk"`
	BlastRadius string                `json:"blast_radius" yaml:"blast_radius"`
	Actions     []incident.PlanAction `json:"actions" yaml:"actions"`
	Rollback    []incident.PlanAction `json:"rollback" yaml:"rollback"`
	Success     []incident.Criterion  `json:"success" yaml:"success"`
	Spec        *incident.Spec        `json:"spec,omitempty" yaml:"spec"`
}

// Fits reports whether the block is meant for the category and its needs are met by the known facts.
func (b Block) Fits(category string, facts map[string]string) bool {
	meant := false
	for _, c := range b.Categories {
		meant = meant || c == category || c == "*"
	}
	for _, need := range b.Needs {
		name, not := strings.CutPrefix(need, "!")
		if (facts[name] == "") != not {
			return false
		}
	}
	return meant
}

// fault says what is wrong with a block, or "".
func (b Block) fault() string {
	risks := []incident.Risk{incident.RiskLow, incident.RiskMedium, incident.RiskHigh}
	switch {
	case b.Name == "" || b.Summary == "":
		return "needs name and summary"
	case len(b.Categories) == 0:
		return "needs categories"
	case !slices.Contains(risks, b.Risk):
		return "risk must be low, medium or high"
	case len(b.Actions) == 0:
		return "needs actions"
	}
	applies := false
	for _, a := range slices.Concat(b.Actions, b.Rollback) {
		if a.Text == "" || !slices.Contains(incident.Phases, a.Phase) || !slices.Contains(risks, a.Risk) {
			return "every action needs text, phase (Prepare, Pre-Validate, Apply, Post-Validate) and risk"
		}
	}
	for _, a := range b.Actions {
		applies = applies || a.Phase == incident.Apply
	}
	if applies && len(b.Rollback) == 0 {
		return "what is applied needs a rollback"
	}
	return ""
}
