// Package tell is the deliver step: it gathers what there is to say about an investigation, tells it through the
// space's channels, and closes the investigation when there is nothing left to do.
package tell

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/blob"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/report"
	"github.com/firefinder/firefinder/shared/triage"
	"github.com/firefinder/firefinder/shared/workflow"
)

// Approvals reads approvals.
type Approvals interface {
	Get(ctx context.Context, id string) (incident.Approval, error)
}

// Teller tells a notice, once.
type Teller interface {
	Tell(ctx context.Context, n deliver.Notice) error
}

// Admitter lets the next waiting investigation start when one has ended.
type Admitter interface {
	Admit(ctx context.Context) error
}

// Archive keeps a document that nobody can change or remove until a time.
type Archive interface {
	Keep(ctx context.Context, name string, data []byte, contentType string, until time.Time) error
}

// Undo makes the address with which a reader of a notice reverses the decision on an alarm.
type Undo interface {
	Link(ctx context.Context, event string) (string, error)
}

// Deps is what a Service needs.
type Deps struct {
	Store     kv.Store
	Blob      blob.Store
	Space     config.Space
	PublicURL string // base of links; empty: no links
	Approvals Approvals
	Tell      Teller
	Admit     Admitter // may be nil
	Journals  Archive  // where closed journals are locked away; nil: nowhere
	Undo      Undo     // makes the links that reverse triage decisions; nil: notices name the command
	Now       func() time.Time
	Log       *slog.Logger
}

// Service runs the deliver step and gathers reports.
type Service struct{ Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

// Deliver tells one notice of an investigation and, when it is the last, closes the investigation. Safe to repeat: what
// was told is not told again.
func (s *Service) Deliver(ctx context.Context, in workflow.Delivery) (workflow.Delivered, error) {
	out := workflow.Delivered{ID: in.ID}
	n, err := s.notice(ctx, in)
	if err != nil {
		return out, err
	}
	if n.Kind == deliver.Linked && len(n.Alarms) == 0 {
		return out, nil
	}
	told := s.Tell.Tell(ctx, n)
	if told != nil && !incident.Is(told, incident.Denied) && !incident.Is(told, incident.Invalid) {
		return out, fmt.Errorf("tell %s of %s: %w", in.Kind, in.ID, told)
	}
	entry := map[string]string{"kind": in.Kind}
	if told != nil { // permanent: the record says so, and the investigation goes on
		entry["failed"] = told.Error()
	}
	if err := journal.Note(ctx, s.Store, s.Blob, in.ID, s.Now, journal.Told, "told/"+n.Key, entry); err != nil {
		return out, err
	}
	if !in.Last {
		return out, nil
	}
	return out, s.close(ctx, in)
}

func (s *Service) notice(ctx context.Context, in workflow.Delivery) (n deliver.Notice, err error) {
	if deliver.Kind(in.Kind) == deliver.Linked {
		n, err = s.lateAlarms(ctx, in)
	} else {
		n, err = s.outcome(ctx, in)
	}
	if s.PublicURL != "" {
		n.Link = s.PublicURL + "/investigations/" + in.ID
	}
	return n, err
}

// lateAlarms tells of alarms that a finished investigation explains. A storm may bring hundreds: it reads those of this note
// and what was concluded, and not all that is known.
func (s *Service) lateAlarms(ctx context.Context, in workflow.Delivery) (deliver.Notice, error) {
	events := strings.Split(in.Event, ",")
	n := deliver.Notice{Kind: deliver.Linked, Key: in.Kind + "/" + events[0]}
	var late []record.Alarm
	for _, id := range events {
		a, err := record.GetAlarm(ctx, s.Store, id)
		if err != nil {
			return n, err
		}
		if a.Investigation == in.ID { // not undone meanwhile
			late = append(late, a)
		}
	}
	if len(late) == 0 {
		return n, nil
	}
	slices.SortStableFunc(late, func(a, b record.Alarm) int { return a.Event.Timestamp.Compare(b.Event.Timestamp) })
	n.Alarms = s.alarms(ctx, late)
	n.Text = "A later alarm has the same root cause: "
	if len(late) > 1 {
		n.Text = fmt.Sprintf("%d later alarms have the same root cause, the first: ", len(late))
	}
	n.Text += late[0].Event.Title + " at " + late[0].Event.Timestamp.UTC().Format("2006-01-02 15:04:05Z") + "."
	var err error
	if n.Investigation, err = record.Get(ctx, s.Store, in.ID); err != nil {
		return n, err
	}
	c, found, err := record.Conclusion(ctx, s.Store, in.ID)
	if found {
		n.Conclusion = &c
	}
	return n, err
}

// outcome tells where an investigation stands.
func (s *Service) outcome(ctx context.Context, in workflow.Delivery) (deliver.Notice, error) {
	r, err := s.Report(ctx, in.ID)
	if err != nil {
		return deliver.Notice{}, err
	}
	n := deliver.Notice{Kind: deliver.Kind(in.Kind), Key: in.Kind, Investigation: r.Investigation, Conclusion: r.Conclusion}
	n.Alarms = s.alarms(ctx, r.Alarms)
	if r.Conclusion != nil {
		n.Cost = report.Cost(r.Spent, r.Conclusion.Analyst)
	}
	switch n.Kind {
	case deliver.Findings:
		skipped, _, err := record.SkippedBetween(ctx, s.Store, r.Investigation.OpenedAt.Add(-triage.Reach), s.Now(), mostSkipped)
		if err != nil {
			return n, err
		}
		n.Skipped = s.alarms(ctx, skipped)
	case deliver.Verdict:
		n.Plan, n.Approval = r.Plan, r.Approval
		if r.Approval != nil {
			n.Key += "/" + r.Approval.ID
		}
	case deliver.Failure:
		n.Text = failure(in.Error)
	}
	return n, nil
}

// mostSkipped is how many alarms skipped meanwhile are looked at; a notice lists the first few of them.
const mostSkipped = 50

// alarms are alarms as a notice lists them, with a link wherever a decision can be undone. A notice goes out without its
// links rather than not at all.
func (s *Service) alarms(ctx context.Context, list []record.Alarm) []deliver.Alarm {
	var out []deliver.Alarm
	undo := s.Undo
	for _, a := range list {
		d := deliver.Alarm{ID: a.ID, Event: a.Event, Decision: a.Decision}
		if text, _ := deliver.Undo(d); text != "" && undo != nil {
			var err error
			if d.Undo, err = undo.Link(ctx, a.ID); err != nil {
				s.Log.WarnContext(ctx, "notice without undo links", "investigation", a.Investigation, "class", incident.ClassOf(err), "err", err.Error())
				undo = nil // it would fail for all
			}
		}
		out = append(out, d)
	}
	return out
}

// failure says in words what an error class means for the person who waits for an answer.
func failure(class string) string {
	switch incident.Class(class) {
	case incident.Denied:
		return "An access was denied. `firefinder doctor` names what is missing."
	case incident.Throttled, incident.Unavailable:
		return "A service that the investigation needs did not answer in time, several tries included. It can be started again."
	}
	return "The investigation stopped on an error of its own (" + class + "). The function's log has the details; it can be started again."
}

// close ends the investigation and lets the next waiting one in.
func (s *Service) close(ctx context.Context, in workflow.Delivery) error {
	state := incident.Completed
	if deliver.Kind(in.Kind) == deliver.Failure {
		state = incident.Failed
	}
	err := journal.Note(ctx, s.Store, s.Blob, in.ID, s.Now, journal.Closed, "closed/"+in.Kind, map[string]any{"state": state, "error": in.Error})
	if err != nil {
		return err
	}
	_, err = record.Update(ctx, s.Store, s.Now(), in.ID, func(inv *incident.Investigation) error {
		if !inv.State.Final() || inv.State == state {
			inv.State, inv.StateReason = state, in.Error
		}
		return nil
	})
	if err == nil {
		err = s.lock(ctx, in.ID)
	}
	if err != nil || s.Admit == nil {
		return err
	}
	if err := s.Admit.Admit(ctx); err != nil { // sweep tries again within a minute
		s.Log.WarnContext(ctx, "next investigation not admitted", "class", incident.ClassOf(err))
	}
	return nil
}

// lock puts a copy of the closed journal where it cannot be changed, for as long as the space says.
func (s *Service) lock(ctx context.Context, id string) error {
	if s.Journals == nil {
		return nil
	}
	records, err := journal.Read(ctx, s.Store, id)
	if err != nil {
		return err
	}
	until := s.Now().AddDate(0, 0, s.Space.Deploy.JournalLockDays)
	return s.Journals.Keep(ctx, "journals/"+id+".jsonl", journal.Export(records), "application/jsonl", until)
}

// Report gathers everything that is known about an investigation.
func (s *Service) Report(ctx context.Context, id string) (report.Report, error) {
	r := report.Report{}
	var err error
	if r.Investigation, err = record.Get(ctx, s.Store, id); err != nil {
		return r, err
	}
	if r.Alarms, err = record.Alarms(ctx, s.Store, id); err != nil {
		return r, err
	}
	records, err := journal.Read(ctx, s.Store, id)
	if err != nil {
		return r, err
	}
	if n := len(records); n > 0 {
		r.Journal = report.Journal{Records: n, Head: records[n-1].Hash}
	}
	if r.Observations, err = investigate.Observations(ctx, s.Blob, records); err != nil {
		return r, err
	}
	r.Spent, _ = investigate.Spent(ctx, s.Blob, records)
	c, found, err := record.Conclusion(ctx, s.Store, id)
	if err != nil {
		return r, err
	}
	if found {
		r.Conclusion = &c
	}
	return s.rest(ctx, r)
}

// rest adds the parts that come later in an investigation's life.
func (s *Service) rest(ctx context.Context, r report.Report) (report.Report, error) {
	id := r.Investigation.ID
	var brief evidence.Brief
	if err := optional(record.ReadJSON(ctx, s.Store, s.Blob, id, "brief.json", &brief)); err != nil {
		return r, err
	}
	var series []evidence.Series
	if err := optional(record.ReadJSON(ctx, s.Store, s.Blob, id, "chart.json", &series)); err != nil {
		return r, err
	}
	r.Charts = report.Charts(series, brief)
	if r.Investigation.PlanHash != "" {
		r.Plan = &incident.Plan{}
		if err := record.ReadJSON(ctx, s.Store, s.Blob, id, "plan.json", r.Plan); err != nil {
			return r, err
		}
	}
	if approval := r.Investigation.ApprovalID; approval != "" {
		a, err := s.Approvals.Get(ctx, approval)
		if err != nil {
			return r, err
		}
		r.Approval = &a
	}
	r.Timeline = report.Timeline(r.Alarms, brief, r.Approval)
	return r, nil
}

// optional forgives that something does not exist yet.
func optional(err error) error {
	if incident.Is(err, incident.NotFound) {
		return nil
	}
	return err
}
