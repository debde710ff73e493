// Package slack tells people in a Slack channel, as one thread an investigation, and carries the buttons with which a
// verified approver decides on a plan.
//
// Text is shown in rich text elements, which Slack does not parse: what telemetry says cannot mention anybody, link
// anywhere or format itself. Messages carry a marker in their metadata; before one is posted again, the channel's history
// is searched for it. The app needs the scopes chat:write and channels:history (groups:history for a private channel).
package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
)

// Options is what a Channel needs.
type Options struct {
	Channel string                                    // id (C0123…) or name
	Token   func(ctx context.Context) (string, error) // bot token
	HTTP    *http.Client
	Base    string // of the Web API; empty: Slack's
}

// Channel implements deliver.Channel.
type Channel struct {
	c    client
	name string
}

var _ deliver.Channel = (*Channel)(nil)

// New makes a Channel.
func New(o Options) *Channel {
	if o.Base == "" {
		o.Base = api
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	return &Channel{client{base: strings.TrimRight(o.Base, "/"), token: o.Token, http: o.HTTP}, o.Channel}
}

// Secret is the JSON of the space's Slack secret.
type Secret struct {
	Token         string `json:"token"`
	SigningSecret string `json:"signing_secret"`
}

// String keeps the secret out of logs.
func (Secret) String() string { return "[secret]" }

// ParseSecret reads {"token","signing_secret"}.
func ParseSecret(data []byte) (Secret, error) {
	var s Secret
	if err := json.Unmarshal(data, &s); err != nil || s.Token == "" || s.SigningSecret == "" {
		return Secret{}, incident.Errorf(incident.Invalid, `the Slack secret must be {"token":…,"signing_secret":…}`)
	}
	return s, nil
}

// Name implements deliver.Channel.
func (*Channel) Name() string { return "slack" }

// message is the body of chat.postMessage and chat.update.
type message struct {
	Channel     string   `json:"channel"`
	Text        string   `json:"text"` // notification and fallback
	Blocks      []block  `json:"blocks"`
	Metadata    metadata `json:"metadata"`
	TS          string   `json:"ts,omitempty"`        // update
	Thread      string   `json:"thread_ts,omitempty"` // post
	Broadcast   bool     `json:"reply_broadcast,omitempty"`
	UnfurlLinks bool     `json:"unfurl_links"`
	UnfurlMedia bool     `json:"unfurl_media"`
	LinkNames   bool     `json:"link_names"`
}

// Deliver implements deliver.Channel: the first notice opens a thread, later ones go into it. A decision also takes the
// buttons off the message that asked for it.
func (c *Channel) Deliver(ctx context.Context, n deliver.Notice, previous *deliver.Receipt, repeat bool) (deliver.Receipt, error) {
	ref := incident.ShortHash("slack", n.Investigation.ID, n.Key)
	m := message{Channel: c.name, Text: escape(deliver.Compose(n).Subject), Blocks: Blocks(n), Metadata: metadata{"firefinder_notice", map[string]string{"ref": ref}}}
	if previous != nil {
		m.Channel, m.Thread = place(previous.Ref)
		m.Broadcast = n.Kind == deliver.Proposal || n.Kind == deliver.Verdict
	}
	if n.Kind == deliver.Verdict && n.Approval != nil {
		if err := c.close(ctx, n); err != nil {
			return deliver.Receipt{}, err
		}
	}
	if repeat {
		if found, err := c.posted(ctx, m, n, ref); err != nil || found != "" {
			return c.receipt(m.Channel, found), err
		}
	}
	a, err := c.c.post(ctx, "chat.postMessage", m)
	if err != nil {
		return deliver.Receipt{}, err
	}
	return c.receipt(a.Channel, a.TS), nil
}

func (c *Channel) receipt(channel, ts string) deliver.Receipt {
	return deliver.Receipt{Channel: c.Name(), Ref: channel + "/" + ts, Label: c.name}
}

func place(ref string) (channel, ts string) {
	channel, ts, _ = strings.Cut(ref, "/")
	return channel, ts
}

// posted looks for our marker in the thread, or in the channel since the investigation began. History is read by channel
// id: with a name, Slack answers channel_not_found, which is Denied and says what to do.
func (c *Channel) posted(ctx context.Context, m message, n deliver.Notice, ref string) (ts string, err error) {
	method, params := "conversations.history", url.Values{"channel": {m.Channel}, "include_all_metadata": {"true"}, "limit": {"200"}}
	if m.Thread != "" {
		method = "conversations.replies"
		params.Set("ts", m.Thread)
	} else {
		params.Set("oldest", unix(n.Investigation.CreatedAt))
	}
	a, err := c.c.get(ctx, method, params)
	if err != nil {
		return "", err
	}
	for _, msg := range a.Messages {
		if msg.Metadata.Payload["ref"] == ref {
			return msg.TS, nil
		}
	}
	return "", nil
}

func unix(t time.Time) string { return strconv.FormatInt(max(0, t.Unix()-60), 10) }

// close replaces the buttons of the message that asked for this decision. Updating twice is the same as once.
func (c *Channel) close(ctx context.Context, n deliver.Notice) error {
	for _, told := range n.Told {
		if told.Key != string(deliver.Proposal)+"/"+n.Approval.ID {
			continue
		}
		asked := n
		asked.Kind = deliver.Proposal
		channel, ts := place(told.Ref)
		m := message{Channel: channel, TS: ts, Text: escape(deliver.Compose(n).Subject), Blocks: decidedBlocks(asked), Metadata: metadata{"firefinder_notice", map[string]string{"ref": incident.ShortHash("slack", n.Investigation.ID, told.Key)}}}
		_, err := c.c.post(ctx, "chat.update", m)
		return err
	}
	return nil
}

// escape makes text literal in mrkdwn: Slack's three control characters, and an @ that could name somebody.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@\u2060").Replace(s)
}
