package cloudtrail

import (
	"context"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// short is what an error says, for a gap.
func short(err error) string {
	if aws.Code(err) == "" && strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
		return "the time was up"
	}
	return err.Error()
}

// gaps says what of the span was not read, and of how many events nothing but the name is known.
func (r *reading) gaps(unread int) []evidence.Gap {
	name := r.account.String()
	var out []evidence.Gap
	if r.part {
		out = append(out, evidence.Gap{Text: "of " + name + " every change after " + r.since.UTC().Format(time.RFC3339) + " was read; " + r.older(),
			Fix: "ask again for a shorter span before that time (from, to)"})
	}
	if unread > 0 {
		out = append(out, evidence.Gap{Text: "of " + name + ", " + incident.Count(unread, "event", "events") + " could not be read beyond the name", Fix: "look at them in the account's CloudTrail event history"})
	}
	return out
}

func (r *reading) older() string {
	var text string
	switch {
	case len(r.looked) == 0:
		text = "older changes were not looked for at all"
	case len(r.looked) < len(lookups):
		text = "older changes were looked for by some operations only: " + strings.Join(r.looked, ", ")
	default:
		text = "older changes were looked for by these operations only: " + strings.Join(r.looked, ", ")
	}
	if len(r.capped) > 0 {
		text += "; of " + strings.Join(r.capped, ", ") + " only the latest 50"
	}
	if r.why != "" {
		text += " (" + r.why + ")"
	}
	return text
}
