package ses

import (
	"context"

	"github.com/firefinder/firefinder/shared/deliver/email"
)

// Sender fits a Mailer to the mail channel.
func (m *Mailer) Sender() email.Sender {
	return email.SenderFunc(func(ctx context.Context, msg email.Message) (string, error) { return m.Send(ctx, Message(msg)) })
}
