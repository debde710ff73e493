package cloudtrail

import (
	"context"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/firefinder/firefinder/shared/aws"
)

// limits bound what one call asks of an account.
type limits struct {
	pause time.Duration // between two requests to one account
	pages int           // of everything, newest first, 50 events each
	first time.Duration // for these
	total time.Duration // for all accounts together
}

// reading is one account on its way to its events.
type reading struct {
	account  aws.Account
	limits   limits
	from, to time.Time

	client *cloudtrail.Client
	asked  bool
	seen   map[string]bool
	events []types.Event

	part   bool      // not everything of the span was read
	since  time.Time // if so, everything after that was
	why    string    // what ended the reading early
	looked []string  // operations that were looked for before since
	capped []string  // those of which there are more than were read
}

// read reads everything that changed something, newest first, as far as the limits allow; for what is older it asks by
// the names of the operations that matter most. It fails when nothing at all can be read.
func (r *reading) read(ctx context.Context) error {
	r.client, r.seen = cloudtrail.NewFromConfig(r.account.Config), map[string]bool{}
	if err := r.everything(ctx); err != nil {
		return err
	}
	if !r.part || r.why != "" {
		return nil
	}
	for _, name := range lookups {
		out, err := r.named(ctx, name, r.from, r.since)
		if err != nil {
			r.why = short(err)
			return nil
		}
		r.looked = append(r.looked, name)
		if out.NextToken != nil {
			r.capped = append(r.capped, name)
		}
	}
	return nil
}

func (r *reading) everything(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.limits.first)
	defer cancel()
	in := &cloudtrail.LookupEventsInput{StartTime: moment(r.from), EndTime: moment(r.to), LookupAttributes: attribute(types.LookupAttributeKeyReadOnly, "false")}
	for n := range r.limits.pages {
		out, err := r.page(ctx, in)
		switch {
		case err != nil && n == 0:
			return err
		case err != nil:
			// Running out of the time for these pages leaves time for the operations by name; another fault does not.
			r.part, r.since = true, r.oldest()
			if ctx.Err() == nil {
				r.why = short(err)
			}
			return nil
		case out.NextToken == nil:
			return nil
		}
		in.NextToken = out.NextToken
	}
	r.part, r.since = true, r.oldest()
	return nil
}

// named asks for the latest events of one operation.
func (r *reading) named(ctx context.Context, name string, from, to time.Time) (*cloudtrail.LookupEventsOutput, error) {
	return r.page(ctx, &cloudtrail.LookupEventsInput{StartTime: moment(from), EndTime: moment(to), LookupAttributes: attribute(types.LookupAttributeKeyEventName, name)})
}

// page asks once, at the pace that CloudTrail allows, and keeps the events that are new.
func (r *reading) page(ctx context.Context, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	if r.asked {
		pause := time.NewTimer(r.limits.pause)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
			return nil, aws.Wrap(ctx.Err(), "look up changes in CloudTrail")
		}
	}
	r.asked = true
	in.MaxResults = sdk.Int32(50)
	out, err := r.client.LookupEvents(ctx, in)
	if err != nil {
		return nil, aws.Wrap(err, "look up changes in CloudTrail")
	}
	for _, e := range out.Events {
		if id := sdk.ToString(e.EventId); id != "" && e.EventTime != nil && !r.seen[id] {
			r.seen[id] = true
			r.events = append(r.events, e)
		}
	}
	return out, nil
}

func (r *reading) oldest() time.Time {
	at := r.to
	for _, e := range r.events {
		if at.IsZero() || e.EventTime.Before(at) {
			at = *e.EventTime
		}
	}
	return at
}

func attribute(key types.LookupAttributeKey, value string) []types.LookupAttribute {
	return []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}
}

// moment leaves an open bound of the span out of the question.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
