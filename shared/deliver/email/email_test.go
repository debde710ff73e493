package email_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/delivertest"
	"github.com/firefinder/firefinder/shared/deliver/email"
	"github.com/firefinder/firefinder/shared/incident"
)

// fetched finds anything that a mail program would load or run.
var fetched = regexp.MustCompile(`(?i)<(img|script|link|iframe|object|video|audio|form|base)|<[a-z][^>]*(\ssrc=|url\(|\son\w+=|javascript:)`)
var href = regexp.MustCompile(`href="([^"]*)"`)

func TestMails(t *testing.T) {
	notices := delivertest.Notices()
	for _, name := range slices.Sorted(maps.Keys(notices)) {
		t.Run(name, func(t *testing.T) {
			n := notices[name]
			m, err := email.Compose(t.Context(), n, false)
			if err != nil {
				t.Fatal(err)
			}
			delivertest.Golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			delivertest.Golden(t, name+".html", m.HTML)
			if strings.ContainsAny(m.Subject, "\r\n") || len([]rune(m.Subject)) > 200 {
				t.Errorf("subject %q", m.Subject)
			}
			if found := fetched.FindString(m.HTML); found != "" {
				t.Errorf("the mail fetches or runs something: %s", found)
			}
			for _, h := range href.FindAllStringSubmatch(m.HTML, -1) {
				if !strings.HasPrefix(h[1], n.Link) && !strings.HasPrefix(h[1], "https://fire.example.com/undo/evt-") {
					t.Errorf("a link that is not ours: %s", h[1])
				}
			}
			secret := n.Kind == deliver.Proposal
			for _, part := range []string{m.Text, m.HTML} {
				if strings.Contains(part, n.Link+"#"+delivertest.Secret) != secret {
					t.Errorf("the fragment secret must stand in an approval request only, in both parts")
				}
			}
		})
	}
}

type outbox struct {
	sent []email.Message
	fail error
}

func (o *outbox) Send(_ context.Context, m email.Message) (string, error) {
	o.sent = append(o.sent, m)
	return "id-1", o.fail
}

func TestWhoIsWritten(t *testing.T) {
	o := &outbox{}
	ch := email.New(email.Options{From: "f@example.com", To: []string{"team@example.com"}, Approvers: []string{"kim@example.com"}, Sender: o})
	for _, name := range []string{"findings", "proposal"} {
		if _, err := ch.Deliver(t.Context(), delivertest.Notices()[name], nil, false); err != nil {
			t.Fatal(err)
		}
	}
	if o.sent[0].To[0] != "team@example.com" || o.sent[1].To[0] != "kim@example.com" || len(o.sent[1].To) != 1 {
		t.Errorf("written to %v and %v", o.sent[0].To, o.sent[1].To)
	}
	if o.sent[0].Headers["References"] != o.sent[1].Headers["References"] {
		t.Error("the mails of an investigation do not share a thread")
	}
	if _, err := ch.Deliver(t.Context(), delivertest.Notices()["findings"], nil, true); err != nil {
		t.Fatal(err)
	}
	if m := o.sent[2]; !strings.HasSuffix(m.Subject, "(repeat)") || !strings.Contains(m.Text, "second mail") || !strings.Contains(m.HTML, "second mail") {
		t.Error("a repeat is not marked")
	}
	o.fail = incident.Errorf(incident.Throttled, "slow down")
	if _, err := ch.Deliver(t.Context(), delivertest.Notices()["findings"], nil, false); !incident.Is(err, incident.Throttled) {
		t.Errorf("%v", err)
	}
	if _, err := email.New(email.Options{Sender: o}).Deliver(t.Context(), delivertest.Notices()["findings"], nil, false); !incident.Is(err, incident.Invalid) {
		t.Errorf("nobody to write to: %v", err)
	}
}

func TestBadLinksAreLeftOut(t *testing.T) {
	for _, link := range []string{"javascript:alert(1)", "https://", "//x", "https://x/\r\nBcc: a", `https://x/"><b>`, "ftp://x/"} {
		n := delivertest.Notices()["proposal"]
		n.Link = link
		m, err := email.Compose(t.Context(), n, false)
		if err != nil || strings.Contains(m.HTML, "<a ") || strings.Contains(m.Text, delivertest.Secret) {
			t.Errorf("%q: %v", link, err)
		}
	}
}
