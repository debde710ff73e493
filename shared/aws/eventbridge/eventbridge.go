// Package eventbridge tells other systems about the life of an investigation, as events on an event bus.
package eventbridge

import (
	"context"
	"encoding/json"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
)

// Source is the source of all our events.
const Source = "firefinder"

// Event is one thing that happened.
type Event struct {
	Type      string    // detail-type: "Investigation Opened", "Root Cause Found", ...
	At        time.Time // whole seconds reach the bus
	Detail    any       // encoded as a JSON object
	Resources []string  // ARNs or ids it is about
}

// Bus is one event bus. It is safe for concurrent use.
type Bus struct {
	client *eventbridge.Client
	name   string
}

// New returns the bus of a name or ARN; "" is the account's default bus. It calls no service.
func New(cfg sdk.Config, name string) *Bus {
	if name == "" {
		name = "default"
	}
	return &Bus{eventbridge.NewFromConfig(cfg), name}
}

const perRequest = 10 // entries of one PutEvents

// Put publishes events in order, ten a request. It stops at the first that the bus does not take; a repeat publishes
// those before it once more, so receivers look at the ids in the detail.
func (b *Bus) Put(ctx context.Context, events ...Event) error {
	for len(events) > 0 {
		n := min(perRequest, len(events))
		if err := b.put(ctx, events[:n]); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

func (b *Bus) put(ctx context.Context, events []Event) error {
	var entries []types.PutEventsRequestEntry
	for _, e := range events {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return incident.Errorf(incident.Internal, "publish %s: %w", e.Type, err)
		}
		entries = append(entries, types.PutEventsRequestEntry{
			EventBusName: &b.name, Source: sdk.String(Source), DetailType: &e.Type, Time: &e.At, Detail: sdk.String(string(detail)), Resources: e.Resources,
		})
	}
	out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return aws.Own(err, "publish %d events", len(events))
	}
	for i, entry := range out.Entries {
		if entry.ErrorCode != nil && i < len(events) {
			return incident.Errorf(classOf(*entry.ErrorCode), "publish %s: %s: %s", events[i].Type, *entry.ErrorCode, sdk.ToString(entry.ErrorMessage))
		}
	}
	return nil
}

func classOf(code string) incident.Class {
	switch code {
	case "ThrottlingException":
		return incident.Throttled
	case "InternalFailure", "InternalException":
		return incident.Unavailable
	case "NotAuthorizedForSourceException", "NotAuthorizedForDetailTypeException", "AccessDeniedException":
		return incident.Internal // the deployment's fault
	}
	return incident.Invalid
}
