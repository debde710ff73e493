package events_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/deliver/delivertest"
	"github.com/firefinder/firefinder/shared/deliver/events"
	"github.com/firefinder/firefinder/shared/incident"
)

// bus keeps what is published, as the bytes that would be sent.
type bus struct {
	sent []string
	last events.Event
	fail error
}

func (b *bus) Send(_ context.Context, e events.Event) error {
	detail, err := json.MarshalIndent(e.Detail, "", "  ")
	b.sent, b.last = append(b.sent, string(detail)), e
	if err != nil {
		return err
	}
	return b.fail
}

func channel(b *bus) *events.Channel {
	return events.New(events.Options{Bus: "default", Sender: b, Now: func() time.Time { return delivertest.Begin }})
}

// types are the detail-types of the notices.
var types = map[string]string{
	"findings": "Investigation Completed", "inconclusive": "Investigation Completed", "no_fault": "Investigation Completed", "partial": "Investigation Completed",
	"hostile": "Investigation Completed", "failure": "Investigation Failed", "linked": "Investigation Linked", "proposal": "Mitigation Proposed",
	"approved": "Mitigation Approved", "rejected": "Mitigation Rejected", "expired": "Mitigation Expired", "no_change": "Mitigation Not Required",
}

func TestEvents(t *testing.T) {
	page, err := os.ReadFile("../../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	notices := delivertest.Notices()
	for _, name := range slices.Sorted(maps.Keys(notices)) {
		t.Run(name, func(t *testing.T) {
			n, b := notices[name], &bus{}
			receipt, err := channel(b).Deliver(t.Context(), n, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			got := b.sent[0]
			delivertest.Golden(t, name+".json", got+"\n")
			if b.last.Type != types[name] || !strings.Contains(string(page), "`"+types[name]+"`") {
				t.Errorf("detail-type %q, want %q, and named in docs/events.md", b.last.Type, types[name])
			}
			if receipt.Ref == "" || !strings.Contains(got, `"id": "`+receipt.Ref+`"`) || !slices.Equal(b.last.Resources, []string{n.Investigation.ID}) || !b.last.At.Equal(delivertest.Begin) {
				t.Errorf("%+v %+v", receipt, b.last)
			}
			for _, secret := range []string{delivertest.Secret, delivertest.UndoSecret, n.Code} {
				if secret != "" && strings.Contains(got, secret) {
					t.Errorf("the event holds %s", secret)
				}
			}
			if !strings.Contains(got, `"id": "checkout-5xx"`) {
				t.Error("the incident's id as its sender gave it is missing")
			}
		})
	}
	sample, err := os.ReadFile("testdata/findings.json")
	if err != nil || !strings.Contains(string(page), string(sample)) {
		t.Errorf("docs/events.md does not show testdata/findings.json as it is: %v", err)
	}
}

// TestRepeat: what may have been published is published again under the same id, marked; other notices have other ids.
func TestRepeat(t *testing.T) {
	b, ids := &bus{}, map[string]bool{}
	for name, n := range delivertest.Notices() {
		first, err := channel(b).Deliver(t.Context(), n, nil, false)
		second, err2 := channel(b).Deliver(t.Context(), n, &first, true)
		if err != nil || err2 != nil || first != second || !strings.Contains(b.sent[len(b.sent)-1], `"repeat": true`) || strings.Contains(b.sent[len(b.sent)-2], `"repeat"`) {
			t.Errorf("%s: %+v, %+v, %v, %v", name, first, second, err, err2)
		}
		ids[n.Investigation.ID+n.Key] = true
	}
	refs := map[string]bool{}
	for _, n := range delivertest.Notices() {
		refs[events.Compose(n).ID] = true
	}
	if len(refs) != len(ids) {
		t.Errorf("%d ids for %d notices", len(refs), len(ids))
	}
}

func TestFailures(t *testing.T) {
	n := delivertest.Notices()["findings"]
	for _, class := range []incident.Class{incident.Throttled, incident.Unavailable, incident.Invalid} {
		if _, err := channel(&bus{fail: incident.Errorf(class, "no")}).Deliver(t.Context(), n, nil, false); !incident.Is(err, class) {
			t.Errorf("%s became %v", class, err)
		}
	}
	n.Kind = "gossip"
	if b := (&bus{}); true {
		if _, err := channel(b).Deliver(t.Context(), n, nil, false); !incident.Is(err, incident.Invalid) || len(b.sent) != 0 {
			t.Errorf("a kind without an event: %v, %d sent", err, len(b.sent))
		}
	}
}

// TestSmall: whatever a notice holds, its event stays below what a bus takes, 256 KB, and says how many alarms there are.
func TestSmall(t *testing.T) {
	n := delivertest.Notices()["findings"]
	long := strings.Repeat("<&\u202e", 5000)
	n.Investigation.Title, n.Investigation.Service, n.Investigation.Ticket, n.Investigation.Opener.IncidentID, n.Text = long, long, long, long, long
	c := *n.Conclusion
	c.Summary, c.Partial, c.Analyst = long, long, long
	c.RootCauses = slices.Repeat([]incident.RootCause{{Component: long, Change: long}}, 50)
	n.Conclusion = &c
	n.Plan = &incident.Plan{Summary: long, NoChange: long}
	a := n.Alarms[1]
	a.Event.Title, a.Event.IncidentID, a.Event.Service = long, long, long
	a.Decision.Reasons = slices.Repeat([]incident.Reason{{Name: "same_service", Detail: long}}, 50)
	a.Decision.Reversed = &incident.Reversal{By: long}
	n.Alarms = slices.Repeat([]deliver.Alarm{a}, 3000)
	d := events.Compose(n)
	data, err := json.Marshal(d)
	if err != nil || len(data) > 250_000 || d.AlarmCount != 3000 || len(d.Alarms) != 20 {
		t.Errorf("%d bytes, %d of %d alarms, %v", len(data), len(d.Alarms), d.AlarmCount, err)
	}
	if strings.Contains(string(data), "\u202e") {
		t.Error("a character that reorders text is in the event")
	}
}
