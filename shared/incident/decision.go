package incident

import "time"

// TriageOutcome is what triage says about an alarm.
type TriageOutcome string

// The triage outcomes.
const (
	Linked  TriageOutcome = "Linked"  // belongs to an investigation that exists
	Skipped TriageOutcome = "Skipped" // a rule of an active skill says that nobody needs to look
	Proceed TriageOutcome = "Proceed" // opens an investigation
)

// ReasonName is a named reason of a decision; the same word appears in logs, metrics, ticket, console and CLI.
type ReasonName string

// Reason is one named reason with its contribution to the score (0 when it carries none) and a sentence for people.
type Reason struct {
	Name   ReasonName `json:"name"`
	Detail string     `json:"detail,omitempty"`
	Score  float64    `json:"score,omitempty"`
}

// Candidate is an open window that an alarm was compared with, and what each compared feature contributed.
type Candidate struct {
	Window        string   `json:"window"`
	Investigation string   `json:"investigation"`
	Score         float64  `json:"score"`
	Features      []Reason `json:"features"`
}

// Decision is the stored answer of triage for one event. It is never overwritten: a person's reversal is recorded
// beside it with who and why.
type Decision struct {
	Outcome       TriageOutcome `json:"outcome"`
	Reasons       []Reason      `json:"reasons"`
	Threshold     float64       `json:"threshold,omitempty"`
	Winner        *Candidate    `json:"winner,omitempty"`
	RunnerUp      *Candidate    `json:"runner_up,omitempty"`
	Rule          string        `json:"rule,omitempty"` // skill/rule that skipped it
	Investigation string        `json:"investigation,omitempty"`
	Window        string        `json:"window,omitempty"`
	DecidedAt     time.Time     `json:"decided_at"`
	Reversed      *Reversal     `json:"reversed,omitempty"`
}

// Reversal is a person's undo of a decision ("unlink", "investigate anyway").
type Reversal struct {
	By            string    `json:"by"`
	Method        string    `json:"method,omitempty"` // how we know who it was, as of a Person
	At            time.Time `json:"at"`
	Why           string    `json:"why,omitempty"`
	Investigation string    `json:"investigation,omitempty"` // the investigation it led to
}
