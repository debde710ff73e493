// Package email tells people by mail, in text and HTML, and asks approvers for their decision. The secret of the
// fragment mode stands in these mails and nowhere else.
package email

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
)

// Message is one mail in text and HTML. Its fields are those of the SES adapter's message, so that one converts to the
// other.
type Message struct {
	From    string   // address, "Name <address>" allowed
	To      []string // addresses, at most 50
	Subject string   // one line
	Text    string
	HTML    string
	Headers map[string]string
}

// Sender sends a mail and returns its id. Errors: Invalid and Denied for good, Throttled when it was not sent,
// Unavailable when it may have been.
type Sender interface {
	Send(ctx context.Context, m Message) (id string, err error)
}

// SenderFunc makes a Sender of a function, for adapters with a message type of their own.
type SenderFunc func(ctx context.Context, m Message) (id string, err error)

// Send implements Sender.
func (f SenderFunc) Send(ctx context.Context, m Message) (string, error) { return f(ctx, m) }

// Options is what a Channel needs.
type Options struct {
	From      string
	To        []string // who is told
	Approvers []string // who is asked for decisions; empty: To
	Sender    Sender
}

// Channel implements deliver.Channel.
type Channel struct{ o Options }

var _ deliver.Channel = (*Channel)(nil)

// New makes a Channel.
func New(o Options) *Channel { return &Channel{o} }

// Name implements deliver.Channel.
func (*Channel) Name() string { return "email" }

// Deliver implements deliver.Channel. Mail cannot be looked up, so a repeat is sent again and says that it may be one.
func (c *Channel) Deliver(ctx context.Context, n deliver.Notice, _ *deliver.Receipt, repeat bool) (deliver.Receipt, error) {
	to := c.o.To
	if n.Kind == deliver.Proposal && len(c.o.Approvers) > 0 {
		to = c.o.Approvers
	}
	if len(to) == 0 {
		return deliver.Receipt{}, incident.Errorf(incident.Invalid, "mail: nobody to write to; set notify.email.to or approvals.people of the space")
	}
	m, err := Compose(ctx, n, repeat)
	if err != nil {
		return deliver.Receipt{}, err
	}
	m.From, m.To = c.o.From, to
	id, err := c.o.Sender.Send(ctx, m)
	if err != nil {
		return deliver.Receipt{}, err
	}
	return deliver.Receipt{Channel: c.Name(), Ref: id, Label: strings.Join(to, ", ")}, nil
}

// letter is what the templates render.
type letter struct {
	deliver.Document
	Repeat bool
	Link   string // http or https, or empty
	Action string // what the link does
	Code   string // plan code; empty when there is nothing to type
}

const repeated = "This may be the second mail about the same thing: it could not be found out whether the first one was sent."

// Compose renders a notice as a mail without addresses.
func Compose(ctx context.Context, n deliver.Notice, repeat bool) (Message, error) {
	l := letter{Document: deliver.Compose(n), Repeat: repeat, Link: link(n), Action: "Open the investigation"}
	if n.Kind == deliver.Proposal {
		l.Action, l.Code = "Read the plan and decide", n.Code
	}
	var html strings.Builder
	if err := page(l).Render(ctx, &html); err != nil {
		return Message{}, fmt.Errorf("render mail: %w", err)
	}
	thread := "<" + n.Investigation.ID + "@firefinder.invalid>"
	return Message{
		Subject: subject(l),
		Text:    l.text(),
		HTML:    html.String(),
		Headers: map[string]string{"In-Reply-To": thread, "References": thread, "Auto-Submitted": "auto-generated"},
	}, nil
}

// subject is one line; everything that could start another header is gone since Compose made it visible.
func subject(l letter) string {
	s := []rune(l.Subject)
	if len(s) > 180 {
		s = append(s[:179], '…')
	}
	if l.Repeat {
		return string(s) + " (repeat)"
	}
	return string(s)
}

// link is the address in the mail, with the secret in its fragment, which browsers send to no server.
func link(n deliver.Notice) string {
	u, err := url.Parse(n.Link)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(n.Link, "\r\n\"<> ") {
		return ""
	}
	if n.Kind == deliver.Proposal && n.Secret != "" {
		return n.Link + "#" + n.Secret
	}
	return n.Link
}

func (l letter) text() string {
	var b strings.Builder
	if l.Repeat {
		b.WriteString(repeated + "\n\n")
	}
	b.WriteString(l.Subject + "\n\n")
	if l.Link != "" {
		b.WriteString(l.Action + ":\n" + l.Link + "\n")
		if l.Code != "" {
			b.WriteString("Plan code, to be typed there: " + l.Code + "\n")
		}
		b.WriteString("\n")
	}
	b.WriteString(l.Document.Text())
	return b.String()
}
