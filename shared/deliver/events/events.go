// Package events tells other programs, as events on an event bus: what an investigation found, that a plan waits, what
// was decided. docs/events.md has the contract.
package events

import (
	"context"
	"time"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
)

// Event is one thing that happened. Its fields are those of the EventBridge adapter's event, so that one converts to the
// other.
type Event struct {
	Type      string // detail-type
	At        time.Time
	Detail    any      // encoded as a JSON object
	Resources []string // what it is about
}

// Sender publishes an event. Errors: Throttled and Unavailable when a repeat may help, others for good.
type Sender interface {
	Send(ctx context.Context, e Event) error
}

// SenderFunc makes a Sender of a function, for adapters with an event type of their own.
type SenderFunc func(ctx context.Context, e Event) error

// Send implements Sender.
func (f SenderFunc) Send(ctx context.Context, e Event) error { return f(ctx, e) }

// Options is what a Channel needs.
type Options struct {
	Bus    string // name or ARN, shown to people
	Sender Sender
	Now    func() time.Time
}

// Channel implements deliver.Channel.
type Channel struct{ o Options }

var _ deliver.Channel = (*Channel)(nil)

// New makes a Channel.
func New(o Options) *Channel { return &Channel{o} }

// Name implements deliver.Channel.
func (*Channel) Name() string { return "events" }

// Deliver implements deliver.Channel. A bus cannot be looked up, so a repeat is published again: with the same id in its
// detail, by which receivers know it, and marked.
func (c *Channel) Deliver(ctx context.Context, n deliver.Notice, _ *deliver.Receipt, repeat bool) (deliver.Receipt, error) {
	name := Type(n)
	if name == "" {
		return deliver.Receipt{}, incident.Errorf(incident.Invalid, "events: no event tells of a notice of kind %q", n.Kind)
	}
	d := Compose(n)
	d.Repeat = repeat
	if err := c.o.Sender.Send(ctx, Event{Type: name, At: c.o.Now(), Detail: d, Resources: []string{n.Investigation.ID}}); err != nil {
		return deliver.Receipt{}, err
	}
	return deliver.Receipt{Channel: c.Name(), Ref: d.ID, Label: c.o.Bus}, nil
}

// Type is the detail-type of a notice's event; empty for a kind that has none.
func Type(n deliver.Notice) string {
	switch n.Kind {
	case deliver.Findings:
		return "Investigation Completed"
	case deliver.Failure:
		return "Investigation Failed"
	case deliver.Linked:
		return "Investigation Linked"
	case deliver.Proposal:
		return "Mitigation Proposed"
	case deliver.Verdict:
		return verdicts[state(n.Approval)]
	}
	return ""
}

// verdicts are the detail-types of decisions. Without an approval there was nothing to decide.
var verdicts = map[incident.ApprovalState]string{
	"": "Mitigation Not Required", incident.Approved: "Mitigation Approved", incident.Rejected: "Mitigation Rejected",
	incident.Expired: "Mitigation Expired", incident.Superseded: "Mitigation Superseded", incident.Pending: "Mitigation Expired",
}

func state(a *incident.Approval) incident.ApprovalState {
	if a == nil {
		return ""
	}
	return a.State
}
