package source

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/queue"
	"github.com/firefinder/firefinder/shared/record"
)

// messageRoom is left in a queue message for everything but the vendor's body.
const messageRoom = 32 << 10

// masked takes secrets out of what lists and pages show of an event. The vendor's body stays whole, and so does what the
// alarm's identity is made of.
func (e endpoint) masked(event incident.Event) incident.Event {
	if title := e.Redact.Text(event.Title); title != event.Title {
		event.Title = Clip(title, max(1024, len(event.Title))) // a placeholder may be longer than its secret
	}
	event.Description = e.Redact.Text(event.Description)
	event.Links = slices.Clone(event.Links)
	for i, link := range event.Links {
		event.Links[i] = e.Redact.Text(link)
	}
	return event
}

// send makes one event durable. A vendor's body that does not fit into a message goes to blob first, and the event
// carries a pointer: {"blob": hash, "bytes": n}.
func (e endpoint) send(ctx context.Context, event incident.Event) error {
	if len(event.Data) > queue.MaxBody-messageRoom {
		hash, err := e.Blob.Put(ctx, event.Data, "application/json")
		if err != nil {
			return err
		}
		event.Data, err = json.Marshal(pointer{hash, len(event.Data)})
		if err != nil {
			return err
		}
	}
	body, err := json.Marshal(event)
	if err != nil {
		return incident.Errorf(incident.Internal, "encode event %s: %w", event.EventID(), err)
	}
	return e.Queue.Send(ctx, e.Space.Name, body)
}

type pointer struct {
	Blob  string `json:"blob"`
	Bytes int    `json:"bytes"`
}

// replayMemory is how long a delivery is known as a duplicate; much longer than any signature lives. Triage knows its
// alarms for good.
const replayMemory = 24 * time.Hour

func replayKey(eventID string) kv.Key { return kv.Key{PK: "REPLAY#" + eventID, SK: "REPLAY"} }

// remembered reports whether a delivery was noted before. If that cannot be read, it was not.
func (e endpoint) remembered(ctx context.Context, id string) bool {
	item, err := e.Store.Get(ctx, replayKey(id))
	return err == nil && item.Expires.After(e.Now())
}

// remember notes events as accepted and marks those that were before. One conditional write says both, so that of two
// equal deliveries at the same moment exactly one is new. It comes after the queue took them: a delivery is never called
// a duplicate of one that got lost. If the note cannot be written the events are durable all the same.
func (e endpoint) remember(ctx context.Context, events []accepted) {
	now := e.Now()
	for i := range events {
		op := kv.Put(replayKey(events[i].EventID), struct {
			At time.Time `json:"at"`
		}{now.UTC()}, kv.Absent()).Until(now.Add(replayMemory))
		err := e.Store.Commit(ctx, op)
		switch {
		case incident.Is(err, incident.Conflict):
			events[i].Duplicate = true
		case err != nil:
			e.Log.WarnContext(ctx, "replay record not written", "source", e.rules.Kind, "event", events[i].EventID, "class", incident.ClassOf(err))
		}
	}
}

// keepChanges writes deployments and the like to the space's change log. Repeats write the same item.
func (e endpoint) keepChanges(ctx context.Context, changes []evidence.Change) error {
	for _, c := range changes {
		if err := e.Store.Commit(ctx, record.PutChange(c)); err != nil {
			return err
		}
	}
	return nil
}
