package deliver_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/delivertest"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/redact"
)

// place is a channel that remembers what it was told and fails as told.
type place struct {
	name string
	fail []error // by call; nil afterwards
	got  []deliver.Notice
	saw  []string // previous ref and repeat of each call
}

func (p *place) Name() string { return p.name }

func (p *place) Deliver(_ context.Context, n deliver.Notice, previous *deliver.Receipt, repeat bool) (deliver.Receipt, error) {
	ref := "-"
	if previous != nil {
		ref = previous.Ref
	}
	p.saw = append(p.saw, fmt.Sprintf("%s repeat=%t", ref, repeat))
	if len(p.fail) > 0 {
		err := p.fail[0]
		p.fail = p.fail[1:]
		if err != nil {
			return deliver.Receipt{}, err
		}
	}
	p.got = append(p.got, n)
	return deliver.Receipt{Ref: fmt.Sprintf("%s-%d", p.name, len(p.got)), Label: "INC1", Ticket: p.name == "ticket"}, nil
}

func world(channels ...deliver.Channel) (*deliver.Service, kv.Store) {
	store := kv.NewMemory()
	now := delivertest.Begin
	return deliver.New(deliver.Deps{
		Store: store, Channels: channels, Redact: redact.New([]byte("k")), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { now = now.Add(time.Second); return now },
	}), store
}

func TestTellsOnce(t *testing.T) {
	ticket, chat := &place{name: "ticket"}, &place{name: "chat"}
	s, store := world(ticket, chat)
	notices := delivertest.Notices()
	inv := notices["findings"].Investigation
	if err := store.Commit(t.Context(), record.Open(inv)...); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"findings", "findings", "proposal", "proposal", "approved", "findings"} {
		if err := s.Tell(t.Context(), notices[name]); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"- repeat=false", "chat-1 repeat=false", "chat-1 repeat=false"}
	if diff := cmp.Diff(want, chat.saw); diff != "" {
		t.Error(diff)
	}
	receipts, err := s.Receipts(t.Context(), inv.ID)
	if err != nil || len(receipts) != 6 || receipts[0].Channel != "ticket" || receipts[0].Key != "findings" {
		t.Errorf("receipts %+v, %v", receipts, err)
	}
	if told := chat.got[2].Told; len(told) != 2 || told[1].Key != "proposal/apr-7h2k" {
		t.Errorf("the third notice should see two earlier receipts of its own channel: %+v", told)
	}
	if got, _ := record.Get(t.Context(), store, inv.ID); got.Ticket != "INC1" {
		t.Errorf("the investigation's ticket is %q", got.Ticket)
	}
}

func TestOneChannelDoesNotBlockAnother(t *testing.T) {
	down := incident.Errorf(incident.Unavailable, "no answer")
	denied := incident.Errorf(incident.Denied, "no scope")
	for _, c := range []struct {
		name string
		fail [2]error
		want incident.Class
	}{
		{"one is down", [2]error{down, nil}, incident.Unavailable},
		{"one refuses", [2]error{denied, nil}, ""},
		{"one refuses, one is down", [2]error{denied, down}, incident.Unavailable},
		{"both refuse", [2]error{denied, denied}, incident.Denied},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := &place{name: "a", fail: []error{c.fail[0]}}, &place{name: "b", fail: []error{c.fail[1]}}
			s, _ := world(a, b)
			n := delivertest.Notices()["findings"]
			if err := s.Tell(t.Context(), n); incident.ClassOf(err) != c.want {
				t.Fatalf("%v, want class %q", err, c.want)
			}
			if len(a.saw) != 1 || len(b.saw) != 1 {
				t.Errorf("called %d and %d times, want once each", len(a.saw), len(b.saw))
			}
			receipts, _ := s.Receipts(t.Context(), n.Investigation.ID)
			for i, r := range receipts {
				if (r.Failed != "") != (c.fail[i] != nil) {
					t.Errorf("receipt %+v does not show what happened (%v)", r, c.fail[i])
				}
			}
			if err := s.Tell(t.Context(), n); err != nil { // the cause is gone: the repeat heals it
				t.Fatal(err)
			}
			if len(a.got) != 1 || len(b.got) != 1 || c.fail[0] != nil && a.saw[1] != "- repeat=true" {
				t.Errorf("after the repeat: %d and %d told, %v", len(a.got), len(b.got), a.saw)
			}
		})
	}
}

// lossy loses the answer of a commit, before or after the effect.
type lossy struct {
	kv.Store
	at, calls int
	after     bool
}

func (l *lossy) Commit(ctx context.Context, ops ...kv.Op) error {
	if l.calls++; l.calls != l.at {
		return l.Store.Commit(ctx, ops...)
	}
	if l.after {
		if err := l.Store.Commit(ctx, ops...); err != nil {
			return err
		}
	}
	return incident.Errorf(incident.Unavailable, "connection reset")
}

// TestCrashAtEveryWrite stops the protocol at each of its writes, resumes, and looks that every second call of the channel
// was announced as a repeat.
func TestCrashAtEveryWrite(t *testing.T) {
	for at := 1; at <= 3; at++ {
		for _, after := range []bool{false, true} {
			p := &place{name: "p"}
			store := &lossy{Store: kv.NewMemory(), at: at, after: after}
			s := deliver.New(deliver.Deps{Store: store, Channels: []deliver.Channel{p}, Redact: redact.New(nil), Now: func() time.Time { return delivertest.Begin }, Log: slog.New(slog.DiscardHandler)})
			n := delivertest.Notices()["findings"]
			first := s.Tell(t.Context(), n)
			if at <= 2 && !incident.Is(first, incident.Unavailable) {
				t.Errorf("write %d: %v", at, first)
			}
			if err := s.Tell(t.Context(), n); err != nil {
				t.Errorf("write %d, after=%t: %v", at, after, err)
			}
			if len(p.got) > 1 && p.saw[1] != "- repeat=true" || len(p.got) == 0 || len(p.got) > 2 {
				t.Errorf("write %d, after=%t: calls %v", at, after, p.saw)
			}
		}
	}
}

func TestEverythingIsRedacted(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	secret := "gh" + "p_"
	for range 36 {
		secret += string("abcdefghijklmnopqrstuvwxyz0123456789"[dice.IntN(36)])
	}
	p := &place{name: "p"}
	s, store := world(p)
	n := delivertest.Notices()["proposal"]
	n.Alarms, n.Skipped = delivertest.Notices()["findings"].Alarms, delivertest.Notices()["findings"].Skipped
	n.Alarms[1].Event.Rule = secret // part of the event's identity
	n.Text, n.Cost = secret, secret
	n.Investigation.Title, n.Investigation.Opener.Data = secret, []byte(`{"a":"`+secret+`"}`)
	n.Alarms[0].Event.Title, n.Alarms[0].Event.Data, n.Alarms[1].Decision.Reasons[0].Detail = secret, []byte(`"`+secret+`"`), secret
	n.Skipped[0].Event.Title, n.Skipped[0].Event.Data = secret, []byte(`"`+secret+`"`)
	n.Conclusion.Summary, n.Conclusion.Findings[0].Text, n.Conclusion.Gaps[0].Fix = secret, secret, secret
	n.Plan.Actions[1].Command = "curl -H 'Authorization: token " + secret + "'"
	n.Approval.Votes = []incident.Vote{{Comment: secret}}
	p.fail = []error{incident.Errorf(incident.Denied, "refused %s", secret)}
	_ = s.Tell(t.Context(), n) // refused, and the refusal names the secret
	if err := s.Tell(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	items, _ := store.Query(t.Context(), record.Partition(n.Investigation.ID), "", kv.Page{})
	var bodies []string
	for _, item := range items {
		bodies = append(bodies, string(item.Body))
	}
	if shown := fmt.Sprintf("%+v %s %q", p.got, deliver.Compose(p.got[0]).Text(), bodies); strings.Contains(shown, secret) {
		t.Error("the secret reaches the channel or the store")
	}
	if n.Conclusion.Summary != secret || n.Plan.Actions[1].Command == "" {
		t.Error("the caller's notice was changed")
	}
	if got := p.got[0]; got.Link != n.Link || got.Code != n.Code || got.Secret != n.Secret {
		t.Error("link, code or fragment secret did not survive")
	}
	if got := p.got[0]; got.Alarms[1].ID != n.Alarms[1].ID || got.Alarms[1].Undo != n.Alarms[1].Undo || got.Skipped[0].Undo != n.Skipped[0].Undo {
		t.Error("an alarm's id or link did not survive")
	}
}
