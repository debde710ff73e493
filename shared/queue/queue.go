// Package queue is the port to at-least-once queues: messages may come twice, late and in any order; a message that is
// not acknowledged comes again after its visibility timeout and ends in the dead letters with a reason.
package queue

import "context"

// MaxBody is the largest message body in bytes; larger documents go to blob and the message carries a pointer.
const MaxBody = 256 << 10

// Message is one delivery.
type Message struct {
	ID       string
	Body     []byte
	Receives int // how often this message has been delivered, this time included
}

// Sender accepts messages. When Send returns nil the message is durable. Group is a fairness hint (the space), not an
// order. An error of class Unavailable means that the message may or may not have been accepted.
type Sender interface {
	Send(ctx context.Context, group string, body []byte) error
}

// Handler consumes a batch and returns, per message id, why it failed; messages not named are done. It is the shape of
// SQS partial batch responses.
type Handler func(ctx context.Context, batch []Message) (failed map[string]error)

// DeadLetters keeps what can never succeed, with the reason, so that nothing is lost.
type DeadLetters interface {
	Bury(ctx context.Context, body []byte, reason string) error
}
