// Package deliver tells people: ticket, chat, mail. A Notice is what is to be said; a Channel says it in one place.
package deliver

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// Kind of a notice. One investigation sends each kind at most once per channel, approvals once per approval.
type Kind string

// The kinds of notice.
const (
	Findings Kind = "findings" // conclusion with root cause
	Proposal Kind = "proposal" // plan awaiting a decision, with the link
	Verdict  Kind = "decision" // what was decided, or that no decision was needed
	Failure  Kind = "failure"  // the investigation could not be finished
	Linked   Kind = "linked"   // a late alarm joined a finished investigation
)

// Notice is what to tell. Everything in it has passed redaction.
type Notice struct {
	Kind          Kind
	Key           string // idempotency key: kind, or kind/<approval id>
	Investigation incident.Investigation
	Alarms        []Alarm
	Skipped       []Alarm // meanwhile, by a rule; they belong to no investigation
	Conclusion    *incident.Conclusion
	Plan          *incident.Plan
	Approval      *incident.Approval
	Link          string // approval page, or the investigation's page; empty when there is none
	Code          string // plan code that the fragment mode asks for
	Secret        string // fragment secret, for mail only
	Cost          string // e.g. "3 model calls, $0.042"
	Text          string // reason of a failure, or free text of a linked notice

	Told []Receipt // what this channel said of the investigation before, oldest first; filled by Service
}

// Alarm is one alarm of the investigation and how it was decided.
type Alarm struct {
	ID       string            `json:"id"` // event id
	Event    incident.Event    `json:"event"`
	Decision incident.Decision `json:"decision"`
	Undo     string            `json:"-"` // address of the page that reverses the decision; empty: there is none
}

// Receipt is where a notice went, so that later ones find the same place.
type Receipt struct {
	Channel string    `json:"channel"`
	Ref     string    `json:"ref"`              // sys_id, message ts, mail id
	Label   string    `json:"label,omitempty"`  // shown to people: INC0010001, #incidents
	Ticket  bool      `json:"ticket,omitempty"` // Label is the number of the investigation's ticket
	Key     string    `json:"key,omitempty"`    // notice key; filled by Service
	At      time.Time `json:"at,omitzero"`      // when; filled by Service
	Failed  string    `json:"failed,omitempty"` // why this channel could not be told, until a repeat succeeds; filled by Service
}

// Channel says notices in one place. Deliver is an upsert: repeat tells that an earlier attempt may have succeeded, so
// the channel looks for its own marker first. previous is the channel's first receipt of this investigation (its ticket,
// its thread), nil when there is none. Errors: Throttled and Unavailable are retried later, Denied and Invalid
// are not.
type Channel interface {
	Name() string
	Deliver(ctx context.Context, n Notice, previous *Receipt, repeat bool) (Receipt, error)
}
