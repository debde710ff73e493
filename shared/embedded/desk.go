package embedded

import (
	"context"
	"sync"

	"github.com/firefinder/firefinder/shared/deliver"
)

// Desk is the delivery channel of the person at this laptop: it keeps the newest approval request of each investigation
// so that the terminal can print its link, which otherwise stands in a mail only.
type Desk struct {
	mu        sync.Mutex
	proposals map[string]deliver.Notice
}

// Name implements deliver.Channel.
func (*Desk) Name() string { return "terminal" }

// Deliver implements deliver.Channel.
func (d *Desk) Deliver(_ context.Context, n deliver.Notice, _ *deliver.Receipt, _ bool) (deliver.Receipt, error) {
	if n.Kind == deliver.Proposal {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.proposals == nil {
			d.proposals = map[string]deliver.Notice{}
		}
		d.proposals[n.Investigation.ID] = n
	}
	return deliver.Receipt{Channel: "terminal", Ref: n.Key}, nil
}

// Proposal returns the newest approval request of an investigation.
func (d *Desk) Proposal(investigation string) (deliver.Notice, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, ok := d.proposals[investigation]
	return n, ok
}
