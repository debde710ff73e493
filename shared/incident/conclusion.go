package incident

import "time"

// Outcome says how sure an investigation is of its answer.
type Outcome string

// The outcomes of an investigation.
const (
	Confirmed    Outcome = "confirmed"    // the evidence leaves no competing explanation
	Likely       Outcome = "likely"       // the best explanation, others remain possible
	Inconclusive Outcome = "inconclusive" // the evidence does not single out a cause
	NoFault      Outcome = "no_fault"     // nothing is wrong with the system
)

// Observation is a raw fact that a tool returned, as shown to people; the full result is kept under Blob.
type Observation struct {
	ID      string    `json:"id"`   // obs-1, obs-2, ... in the order of the journal
	Tool    string    `json:"tool"` // the tool that returned it
	Args    string    `json:"args,omitempty"`
	Summary string    `json:"summary"`
	At      time.Time `json:"at"`
	Account string    `json:"account,omitempty"`
	Region  string    `json:"region,omitempty"`
	Blob    string    `json:"blob,omitempty"`
	Failed  bool      `json:"failed,omitempty"` // the tool could not look: a gap, never "nothing there"
}

// Finding is an interpretation that cites observations.
type Finding struct {
	ID    string   `json:"id"` // f-1, f-2, ...
	Text  string   `json:"text"`
	Cites []string `json:"cites"` // observation ids
}

// RootCause is a cause that cites findings. Change is set when a change brought it about, Condition when none did.
type RootCause struct {
	ID         string   `json:"id"` // cause-1, ...
	Component  string   `json:"component"`
	Category   string   `json:"category,omitempty"` // see evidence.Category
	Change     string   `json:"change,omitempty"`   // id of the change
	Condition  string   `json:"condition,omitempty"`
	Mechanism  string   `json:"mechanism"` // how the cause leads to the symptoms
	Cites      []string `json:"cites"`     // finding ids
	CascadesTo []string `json:"cascades_to,omitempty"`
}

// Hypothesis is an explanation that was considered and rejected, with the evidence against it.
type Hypothesis struct {
	Text    string   `json:"text"`
	Against string   `json:"against"`
	Cites   []string `json:"cites"` // observation or finding ids
}

// Gap is something the investigation could not look at: missing access or missing telemetry.
type Gap struct {
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"` // what would close it
}

// Draft is a conclusion as a model, or the offline analyst, proposes it: not yet checked.
type Draft struct {
	Outcome    Outcome      `json:"outcome"`
	Confidence float64      `json:"confidence"` // 0..1
	Summary    string       `json:"summary"`    // one or two sentences for people
	Symptoms   []Finding    `json:"symptoms"`
	Findings   []Finding    `json:"findings"`
	RootCauses []RootCause  `json:"root_causes"`
	Rejected   []Hypothesis `json:"rejected"`
	Gaps       []Gap        `json:"gaps"`
}

// Conclusion is the answer of an investigation. Every claim cites; what did not was dropped and is listed.
type Conclusion struct {
	Outcome    Outcome      `json:"outcome"`
	Confidence float64      `json:"confidence"` // 0..1, calibrated
	Summary    string       `json:"summary"`    // one or two sentences for people
	Symptoms   []Finding    `json:"symptoms"`
	Findings   []Finding    `json:"findings"`
	RootCauses []RootCause  `json:"root_causes"`
	Rejected   []Hypothesis `json:"rejected"`
	Gaps       []Gap        `json:"gaps"`
	Dropped    []string     `json:"dropped,omitempty"` // claims removed because they cite nothing that exists
	Analyst    string       `json:"analyst"`           // model id, or "offline analyst"
	Partial    string       `json:"partial,omitempty"` // why the answer is partial (budget, outage), empty if complete
	At         time.Time    `json:"at"`
}
