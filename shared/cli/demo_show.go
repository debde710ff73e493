package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/investigate"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/llm"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/report"
)

// quietLog writes the handlers' log lines to a file: the terminal belongs to the demo.
func quietLog(path string) *slog.Logger {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewJSONHandler(f, nil))
}

// show prints one journal record as a line of progress.
func (d *demo) show(ctx context.Context, id string, rec journal.Record) error {
	s := d.screen
	switch rec.Kind {
	case journal.Observed:
		var obs incident.Observation
		if err := journal.Decode(ctx, d.app.Blob, rec, &obs); err != nil {
			return err
		}
		text := obs.Summary
		if obs.Failed {
			text = s.paint(yellow, "could not look: ") + text
		}
		s.line("  %-7s %-14s %s", obs.ID, obs.Tool, text)
	case journal.Briefed:
		var b evidence.Brief
		if err := journal.Decode(ctx, d.app.Blob, rec, &b); err != nil {
			return err
		}
		s.line("  brief   %s changed, %s ranked, %s weighed, %s shifted", incident.Count(len(b.Onsets), "signal", "signals"), incident.Count(len(b.Causes), "cause", "causes"),
			incident.Count(len(b.Changes), "change", "changes"), incident.Count(len(b.Patterns), "log pattern", "log patterns"))
	case journal.Answered:
		var a llm.Response
		if err := journal.Decode(ctx, d.app.Blob, rec, &a); err != nil {
			return err
		}
		s.line("  %-7s %s %s", turn(rec.Key), a.Model, does(a.ToolUses()))
		if text := a.Message.Text(); text != "" {
			s.wrap("          ", text)
		}
	case journal.Concluded:
		return d.conclusion(ctx, rec)
	case journal.Told:
		var told map[string]string
		if err := journal.Decode(ctx, d.app.Blob, rec, &told); err != nil {
			return err
		}
		return d.told(ctx, id, told)
	case journal.PlanMade:
		return d.plan(ctx, rec)
	}
	return nil
}

// turn names a model's answer by its record's key: turn/001 is turn 1, plan/response is the plan.
func turn(key string) string {
	what, number, _ := strings.Cut(key, "/")
	if number = strings.TrimLeft(number, "0"); what == "turn" {
		what += " " + number
	}
	return what
}

// does says what a model did with its tool calls.
func does(uses []llm.ToolUse) string {
	var looks []string
	for _, u := range uses {
		switch u.Name {
		case investigate.ConcludeTool:
			return "concludes"
		case investigate.PlanTool:
			return "makes a plan"
		}
		looks = append(looks, u.Name)
	}
	if len(looks) == 0 {
		return "thinks"
	}
	return "looks at " + strings.Join(looks, ", ")
}

func (d *demo) conclusion(ctx context.Context, rec journal.Record) error {
	var c incident.Conclusion
	if err := journal.Decode(ctx, d.app.Blob, rec, &c); err != nil {
		return err
	}
	s := d.screen
	s.heading("Root cause")
	colour := map[incident.Outcome]string{incident.Confirmed: red, incident.Likely: red, incident.Inconclusive: yellow, incident.NoFault: green}[c.Outcome]
	s.line("  %s", s.paint(colour, report.Certainty(c)))
	s.wrap("  ", c.Summary)
	for _, f := range c.Findings[:min(6, len(c.Findings))] {
		s.item("    ", f.ID, f.Text+" ["+report.Cites(f.Cites)+"]")
	}
	if len(c.Findings) > 6 {
		s.line("    (%d more in the report)", len(c.Findings)-6)
	}
	for _, h := range c.Rejected {
		s.item("    ", "rejected:", strings.TrimSuffix(h.Text, ".")+": "+h.Against)
	}
	for _, g := range c.Gaps {
		s.item("    ", "gap:", g.Text)
	}
	for _, text := range c.Dropped {
		s.item("    ", "removed:", text)
	}
	return nil
}

func (d *demo) told(ctx context.Context, id string, told map[string]string) error {
	inv, err := record.Get(ctx, d.app.Store, id)
	if err != nil {
		return err
	}
	where := "no ticket configured"
	if inv.Ticket != "" {
		where = "ticket " + inv.Ticket
	}
	if why := told["failed"]; why != "" {
		where += " (" + why + ")"
	}
	what := told["kind"]
	if what == string(deliver.Verdict) && inv.ApprovalID == "" {
		what = "outcome" // there was nothing to decide
	}
	d.screen.line("\n  %s written to %s", what, where)
	return nil
}

func (d *demo) plan(ctx context.Context, rec journal.Record) error {
	var p incident.Plan
	if err := journal.Decode(ctx, d.app.Blob, rec, &p); err != nil {
		return err
	}
	s := d.screen
	s.heading("Mitigation plan")
	s.wrap("  ", p.Summary)
	if p.NoChange != "" {
		s.wrap("  ", p.NoChange)
		return nil
	}
	s.wrap("  ", fmt.Sprintf("Risk %s. %s", p.Risk, p.BlastRadius))
	for _, phase := range incident.Phases {
		for _, a := range p.In(phase) {
			s.item("    ", fmt.Sprintf("%-13s", phase), a.Text)
		}
	}
	for _, a := range p.Rollback {
		s.item("    ", "Rollback     ", a.Text)
	}
	if p.Spec != nil {
		s.item("    ", "Fix in code  ", p.Spec.Change)
	}
	return nil
}

// concluded notes how an investigation ended.
func (d *demo) concluded(ctx context.Context, inv incident.Investigation) error {
	c, found, err := record.Conclusion(ctx, d.app.Store, inv.ID)
	if err != nil {
		return err
	}
	out := demoConcluded{ID: inv.ID, Ticket: inv.Ticket}
	if found {
		out.Outcome, out.Confidence, out.Summary = string(c.Outcome), c.Confidence, c.Summary
		if len(c.RootCauses) > 0 {
			out.Component, out.Change, out.Category = c.RootCauses[0].Component, c.RootCauses[0].Change, c.RootCauses[0].Category
		}
	}
	if inv.ApprovalID != "" {
		a, err := d.app.Approvals.Get(ctx, inv.ApprovalID)
		if err != nil {
			return err
		}
		out.Decision = string(a.State)
		d.screen.line("  %s", d.screen.paint(bold, report.Decided(a)))
	}
	d.summary.Investigations = append(d.summary.Investigations, out)
	if inv.State != incident.Completed {
		d.keep = true
		return incident.Errorf(incident.Internal, "the investigation ended as %s (%s); %s says why", inv.State, inv.StateReason, d.log)
	}
	return nil
}
