package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/embedded/replay"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/report"
)

// demo is one run.
type demo struct {
	demoOptions
	app     *embedded.App
	scene   replay.Replay
	began   time.Time
	log     string // the handlers' log, in the state folder
	keep    bool   // the state folder, because an error points there
	summary demoSummary
}

const glance = 25 * time.Millisecond // how often the store is looked at for progress

func (d *demo) run(ctx context.Context) error {
	s := d.screen
	s.line("%s  %s in space %s, on this machine alone", s.paint(bold, "Firefinder"), d.scenario, d.scene.Space.Name)
	s.line("%s", s.paint(faint, "pages: "+d.app.URL()))
	s.heading("Alarms: signer, signed webhook, queue, triage")
	for _, delivery := range d.scene.Deliveries {
		if err := d.deliver(ctx, delivery); err != nil {
			return err
		}
	}
	list, err := record.List(ctx, d.app.Store, time.Now().Add(24*time.Hour), 100)
	if err != nil {
		return err
	}
	slices.Reverse(list) // oldest first
	for _, inv := range list {
		if err := d.follow(ctx, inv); err != nil {
			return err
		}
	}
	return d.finish(ctx, list)
}

// deliver hands one message to the signer's queue and waits until triage has decided on it.
func (d *demo) deliver(ctx context.Context, delivery replay.Delivery) error {
	if err := d.app.Alarm(ctx, delivery.Body); err != nil {
		return err
	}
	select {
	case hook := <-d.app.Hooks:
		if hook.Duplicate {
			return d.decided(hook, demoTriage{Alarm: hook.Title, Outcome: "duplicate", Reason: "this state change was accepted before"})
		}
		if hook.Status >= 300 {
			return incident.Errorf(incident.Invalid, "the webhook refused a delivery with status %d: %s", hook.Status, hook.Text)
		}
		alarm, err := d.await(ctx, hook.EventID)
		if err != nil {
			return err
		}
		t := demoTriage{Alarm: alarm.Event.Title, Outcome: string(alarm.Decision.Outcome), Reason: report.Reasons(alarm.Decision), Investigation: alarm.Investigation}
		if !alarm.Event.Action.Firing() {
			t.Outcome = "recovered"
		}
		hook.At = alarm.Event.Timestamp
		return d.decided(hook, t)
	case <-time.After(20 * time.Second):
		d.keep = true
		return incident.Errorf(incident.Unavailable, "an alarm did not pass the webhook within 20 s; %s says why", d.log)
	case <-ctx.Done():
		return incident.Errorf(incident.Unavailable, "demo stopped: %w", ctx.Err())
	}
}

func (d *demo) decided(hook embedded.Hook, t demoTriage) error {
	d.summary.Triage = append(d.summary.Triage, t)
	s := d.screen
	colour := map[string]string{"Proceed": red, "Linked": yellow, "Skipped": faint, "duplicate": faint, "recovered": green}[t.Outcome]
	at := "        "
	if !hook.At.IsZero() {
		at = hook.At.UTC().Format("15:04:05")
	}
	s.line("  %s  %s  %s", at, s.paint(colour, fmt.Sprintf("%-9s", t.Outcome)), t.Alarm)
	s.wrap("                       ", t.Reason)
	return nil
}

// await waits until triage has stored its decision.
func (d *demo) await(ctx context.Context, eventID string) (record.Alarm, error) {
	for {
		a, err := record.GetAlarm(ctx, d.app.Store, eventID)
		if !incident.Is(err, incident.NotFound) {
			return a, err
		}
		if err := pause(ctx); err != nil {
			return a, err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(glance):
		return nil
	case <-ctx.Done():
		return incident.Errorf(incident.Unavailable, "demo stopped: %w", ctx.Err())
	}
}

// follow shows an investigation as it happens, from its journal, and decides or waits when a plan needs a decision.
func (d *demo) follow(ctx context.Context, inv incident.Investigation) error {
	s := d.screen
	s.heading("Investigation " + inv.ID + ": " + inv.Title)
	shown, asked := 0, ""
	for {
		records, err := journal.Read(ctx, d.app.Store, inv.ID)
		if err != nil {
			return err
		}
		for _, rec := range records[shown:] {
			if err := d.show(ctx, inv.ID, rec); err != nil {
				return err
			}
		}
		shown = len(records)
		if inv, err = record.Get(ctx, d.app.Store, inv.ID); err != nil {
			return err
		}
		if inv.State.Final() && shown == len(records) {
			s.wait("")
			return d.concluded(ctx, inv)
		}
		if inv.State == incident.AwaitingApproval && inv.ApprovalID != asked {
			if ok, err := d.propose(ctx, inv); err != nil {
				return err
			} else if ok {
				asked = inv.ApprovalID
			}
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// propose prints the approval link and, with --yes, decides as the demo approver.
func (d *demo) propose(ctx context.Context, inv incident.Investigation) (bool, error) {
	n, ok := d.app.Desk.Proposal(inv.ID)
	if !ok || n.Approval == nil || n.Approval.ID != inv.ApprovalID {
		return false, nil
	}
	s := d.screen
	s.heading("Approval")
	link := n.Link
	if n.Secret != "" {
		link += "#" + n.Secret
	}
	s.line("  %s", s.paint(blue, link))
	s.line("  plan code %s, approvers: %s", s.paint(bold, n.Code), approvers(d.scene))
	if !d.yes {
		s.wait("waiting for the decision on that page (Ctrl-C stops; --yes decides for you)")
		return true, nil
	}
	if len(d.scene.Space.Approvals.People) == 0 {
		return true, incident.Errorf(incident.Invalid, "space.yaml names no approver; --yes needs one under approvals.people")
	}
	p := d.scene.Space.Approvals.People[0]
	_, verdict, err := d.app.Approvals.Decide(ctx, n.Approval.ID, n.Approval.PlanHash, incident.Approved, incident.Person{Subject: p.Email, Name: p.Name, Method: "demo"}, "")
	if err == nil && !verdict.Accepted {
		err = incident.Errorf(incident.Conflict, "the demo approver's decision was not accepted: %s", verdict.Detail)
	}
	return true, err
}

func approvers(r replay.Replay) string {
	var out []string
	for _, p := range r.Space.Approvals.People {
		out = append(out, p.Email)
	}
	return strings.Join(out, ", ")
}

// finish writes the files of the first investigation that found something, and sums up.
func (d *demo) finish(ctx context.Context, list []incident.Investigation) error {
	if err := os.MkdirAll(d.out, 0o755); err != nil {
		return incident.Errorf(incident.Unavailable, "make the output folder: %w", err)
	}
	for i, inv := range list {
		prefix := ""
		if i > 0 {
			prefix = fmt.Sprintf("%d-", i+1)
		}
		if err := d.write(ctx, inv.ID, prefix); err != nil {
			return err
		}
	}
	ticket, err := d.app.Tickets()
	if err != nil {
		return err
	}
	if err := d.file("ticket.json", ticket); err != nil {
		return err
	}
	d.summary.Seconds = time.Since(d.began).Seconds()
	s := d.screen
	s.heading("Summary")
	s.line("  %s, %s, $%.4f", since(time.Since(d.began)), incident.Count(d.summary.ModelCalls, "model call", "model calls"), d.summary.Dollars)
	var names []string
	for _, f := range d.summary.Files {
		names = append(names, filepath.Base(f))
	}
	s.line("  files in %s", d.out)
	s.wrap("    ", strings.Join(names, ", "))
	s.line("  check the record: firefinder journal verify %s", filepath.Join(d.out, "journal.jsonl"))
	return nil
}

func (d *demo) write(ctx context.Context, id, prefix string) error {
	r, err := d.app.Reports.Report(ctx, id)
	if err != nil {
		return err
	}
	d.summary.Dollars += r.Spent.Dollars
	if r.Spent.TokensIn > 0 {
		d.summary.ModelCalls += r.Spent.Calls
	}
	html, err := r.HTML()
	if err != nil {
		return err
	}
	js, err := r.JSON()
	if err != nil {
		return err
	}
	records, err := journal.Read(ctx, d.app.Store, id)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{"report.md", []byte(r.Markdown())}, {"report.html", html}, {"report.json", js}, {"journal.jsonl", journal.Export(records)}} {
		if err := d.file(prefix+f.name, f.data); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) file(name string, data []byte) error {
	path := filepath.Join(d.out, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return incident.Errorf(incident.Unavailable, "write %s: %w", path, err)
	}
	d.summary.Files = append(d.summary.Files, path)
	return nil
}
