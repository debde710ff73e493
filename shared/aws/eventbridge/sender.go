package eventbridge

import (
	"context"

	"github.com/firefinder/firefinder/shared/deliver/events"
)

// Sender fits a Bus to the events channel.
func (b *Bus) Sender() events.Sender {
	return events.SenderFunc(func(ctx context.Context, e events.Event) error { return b.Put(ctx, Event(e)) })
}
