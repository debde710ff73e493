// Package workflow holds the state machine, investigation.asl.json, which is deployed as it stands and walked as it
// stands on a laptop, and the inputs and outputs of its steps. State carries ids only: never more than 8 KiB.
package workflow

import _ "embed"

// Definition is investigation.asl.json. ${NameFunction} placeholders stand for the ARN of the function functions/name.
//
//go:embed investigation.asl.json
var Definition string

// MaxState is the largest state input or output in bytes that our steps ever produce.
const MaxState = 8 << 10

// Input starts an execution. The execution's name is ID, ID-<n> after a resume, ID-plan-<n> with Phase "plan", or
// ID-note-<event>, of the first of its alarms, with Phase "note".
type Input struct {
	ID    string `json:"id"`
	Phase string `json:"phase,omitempty"` // "" investigate, "plan" make a plan, "note" tell of late alarms; both for a finished investigation
	Event string `json:"event,omitempty"` // the late alarms' event ids with commas between, with phase note
}

// Progress is the output of the investigate step.
type Progress struct {
	ID   string `json:"id"`
	Done bool   `json:"done"` // no further turns: go on to the root cause
}

// Caused is the output of the rootcause step.
type Caused struct {
	ID   string `json:"id"`
	Plan bool   `json:"plan"` // a plan is wanted now
}

// Planned is the output of the mitigate step.
type Planned struct {
	ID      string `json:"id"`
	Approve bool   `json:"approve"` // the plan asks for something and needs a decision
}

// Proposal is the input of the propose step.
type Proposal struct {
	ID    string `json:"id"`
	Token string `json:"token"` // task token: stored encrypted, never logged, returned or shown
}

// Decision is the output with which the waiting propose step is resumed.
type Decision struct {
	ID       string `json:"id"`
	Decision string `json:"decision"` // APPROVED, REJECTED, EXPIRED, SUPERSEDED
}

// Delivery is the input of the deliver step.
type Delivery struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`            // findings, decision, failure, linked
	Event string `json:"event,omitempty"` // the late alarms' event ids with commas between, for linked
	Error string `json:"error,omitempty"` // error class, for failure
	Last  bool   `json:"last,omitempty"`  // closes the investigation afterwards
}

// Delivered is the output of the deliver step.
type Delivered struct {
	ID string `json:"id"`
}
