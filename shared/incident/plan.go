package incident

// Phase is one of the four phases of a mitigation plan.
type Phase string

// The phases, in order.
const (
	Prepare      Phase = "Prepare"
	PreValidate  Phase = "Pre-Validate"
	Apply        Phase = "Apply"
	PostValidate Phase = "Post-Validate"
)

// Phases lists the phases in order.
var Phases = []Phase{Prepare, PreValidate, Apply, PostValidate}

// Risk of an action or of a whole plan.
type Risk string

// The risks.
const (
	RiskLow    Risk = "low"
	RiskMedium Risk = "medium"
	RiskHigh   Risk = "high"
)

// PlanAction is one thing a person does. Command is for copying only; Firefinder never runs it.
type PlanAction struct {
	Phase    Phase  `json:"phase"`
	Text     string `json:"text"`
	Command  string `json:"command,omitempty"`
	Target   string `json:"target,omitempty"`
	Risk     Risk   `json:"risk"`
	Expected string `json:"expected,omitempty"`
}

// Spec is an agent-ready description of a code or configuration fix.
type Spec struct {
	Problem    string   `json:"problem"`
	Repository string   `json:"repository,omitempty"`
	Files      []string `json:"files,omitempty"`
	Change     string   `json:"change"`
	Tests      []string `json:"tests,omitempty"`
}

// Criterion is a success criterion that can be read from telemetry after the plan was applied.
type Criterion struct {
	Text      string `json:"text"`
	Component string `json:"component,omitempty"`
	Metric    string `json:"metric,omitempty"`
}

// Plan is a mitigation plan: what people could do, in four phases, and how to go back. "No change required" is a valid
// plan: NoChange says why and Actions is empty.
type Plan struct {
	Investigation string       `json:"investigation"`
	Version       int          `json:"version"`
	Summary       string       `json:"summary"`
	NoChange      string       `json:"no_change,omitempty"`
	Actions       []PlanAction `json:"actions"`
	Rollback      []PlanAction `json:"rollback"`
	BlastRadius   string       `json:"blast_radius,omitempty"`
	Risk          Risk         `json:"risk"`
	Success       []Criterion  `json:"success"`
	Spec          *Spec        `json:"spec,omitempty"`
	Cites         []string     `json:"cites"`     // root cause and finding ids it rests on
	Blocks        []string     `json:"blocks"`    // mitigation blocks (skill/block) it was assembled from
	Requester     string       `json:"requester"` // who asked for it: a person, or "firefinder" when automatic
	Analyst       string       `json:"analyst"`
}

// PlanDraft is a plan as a model, or the offline analyst, proposes it.
type PlanDraft struct {
	Summary     string       `json:"summary"`
	NoChange    string       `json:"no_change,omitempty"`
	Actions     []PlanAction `json:"actions"`
	Rollback    []PlanAction `json:"rollback"`
	BlastRadius string       `json:"blast_radius,omitempty"`
	Risk        Risk         `json:"risk"`
	Success     []Criterion  `json:"success"`
	Spec        *Spec        `json:"spec,omitempty"`
	Cites       []string     `json:"cites"`
	Blocks      []string     `json:"blocks,omitempty"`
}

// In returns the actions of one phase, in order.
func (p Plan) In(phase Phase) []PlanAction {
	var out []PlanAction
	for _, a := range p.Actions {
		if a.Phase == phase {
			out = append(out, a)
		}
	}
	return out
}
