// Package ses sends mail by SES.
package ses

import (
	"context"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/incident"
)

// Message is one mail in text and HTML.
type Message struct {
	From    string   // address, "Name <address>" allowed
	To      []string // addresses, at most 50
	Subject string   // one line
	Text    string
	HTML    string
	Headers map[string]string // further headers, such as Message-ID's cousins In-Reply-To and References
}

const answerTime = 10 * time.Second // how long SES may take to accept a mail

// Mailer sends mail. It is safe for concurrent use.
type Mailer struct{ client *sesv2.Client }

// New returns a mailer. It calls no service. A lost answer is not repeated by the SDK: whether the mail went out is
// unknown then, and the caller's intent record decides about a second one.
func New(cfg sdk.Config) *Mailer {
	return &Mailer{sesv2.NewFromConfig(aws.Patient(cfg, answerTime, 1))}
}

// Send hands the mail to SES and returns its id. Invalid: an address or header is malformed, or the sender is not
// verified. Unavailable: it may have been sent or not. Throttled: it was not sent.
func (m *Mailer) Send(ctx context.Context, msg Message) (id string, err error) {
	if err := msg.check(); err != nil {
		return "", err
	}
	utf8 := func(s string) *types.Content { return &types.Content{Data: &s, Charset: sdk.String("UTF-8")} }
	simple := &types.Message{Subject: utf8(msg.Subject), Body: &types.Body{Text: utf8(msg.Text), Html: utf8(msg.HTML)}}
	for _, name := range slices.Sorted(maps.Keys(msg.Headers)) {
		value := msg.Headers[name]
		simple.Headers = append(simple.Headers, types.MessageHeader{Name: &name, Value: &value})
	}
	out, err := m.client.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress: &msg.From,
		Destination:      &types.Destination{ToAddresses: msg.To},
		Content:          &types.EmailContent{Simple: simple},
	})
	if code := aws.Code(err); code == "MessageRejected" || code == "MailFromDomainNotVerifiedException" {
		return "", incident.Errorf(incident.Denied, "send mail from %s: %w; verify the address or its domain in SES, and leave the sandbox", msg.From, err)
	}
	if err != nil {
		return "", aws.Wrap(err, "send mail to %d people", len(msg.To))
	}
	return sdk.ToString(out.MessageId), nil
}

// check refuses what could smuggle a header or reach nobody.
func (msg Message) check() error {
	if len(msg.To) == 0 || len(msg.To) > 50 {
		return incident.Errorf(incident.Invalid, "send mail: %d recipients, must be 1 to 50", len(msg.To))
	}
	for _, address := range append([]string{msg.From}, msg.To...) {
		if _, err := mail.ParseAddress(address); err != nil {
			return incident.Errorf(incident.Invalid, "send mail: address %q: %w", address, err)
		}
	}
	if msg.Subject == "" || msg.Text == "" || msg.HTML == "" {
		return incident.Errorf(incident.Invalid, "send mail: subject, text and HTML are required")
	}
	if strings.ContainsAny(msg.Subject, "\r\n") {
		return incident.Errorf(incident.Invalid, "send mail: the subject has a line break")
	}
	for name, value := range msg.Headers {
		if name == "" || strings.ContainsFunc(name, notHeader) || strings.ContainsAny(value, "\r\n") {
			return incident.Errorf(incident.Invalid, "send mail: header %q is malformed", name)
		}
	}
	return nil
}

func notHeader(r rune) bool { return r <= ' ' || r > '~' || r == ':' }
