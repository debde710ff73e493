package console

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/report"
)

// investigationView is everything the page of one investigation shows.
type investigationView struct {
	report.Report
	Frame  frame
	Now    time.Time
	Events []report.Entry // the report's timeline with the journal's steps
	Told   []deliver.Receipt
	Brief  *evidence.Brief // what the deterministic analysis says, while there is no conclusion
	Link   string          // approval page, when there is an approval
	Undo   func(record.Alarm) undoWay
}

func (p *readPages) view(ctx context.Context, id string) (investigationView, error) {
	v := investigationView{Now: p.d.Now().UTC()}
	var err error
	if v.Report, err = p.d.Reports.Report(ctx, id); err != nil {
		return v, err
	}
	records, err := journal.Read(ctx, p.d.Store, id)
	if err != nil {
		return v, err
	}
	v.Events = merge(v.Timeline, steps(records))
	if v.Told, err = p.told.Receipts(ctx, id); err != nil {
		return v, err
	}
	if v.Conclusion == nil {
		if v.Brief, err = p.brief(ctx, id); err != nil {
			return v, err
		}
	}
	v.Undo = p.undoing(ctx)
	if v.Approval != nil {
		v.Link = "/approve/" + v.Approval.ID
	}
	for i, c := range v.Charts {
		v.Charts[i] = shown(c)
	}
	v.Frame = p.frame(v.Investigation.Title)
	if v.Frame.Live = !v.Investigation.State.Final(); v.Frame.Live {
		v.Frame.Script = "live.js"
	}
	return v, nil
}

// brief reads the deterministic analysis; nil while there is none.
func (p *readPages) brief(ctx context.Context, id string) (*evidence.Brief, error) {
	var b evidence.Brief
	err := record.ReadJSON(ctx, p.d.Store, p.d.Blob, id, "brief.json", &b)
	if incident.Is(err, incident.NotFound) {
		return nil, nil
	}
	return &b, err
}

// shown is a chart whose words hide nothing.
func shown(c report.Chart) report.Chart {
	c.Title, c.Unit = line(c.Title), line(c.Unit)
	c.Marks = slices.Clone(c.Marks)
	for i := range c.Marks {
		c.Marks[i].Label = line(c.Marks[i].Label)
	}
	return c
}

// stepWords are the journal's records that people follow an investigation by; the others are details of these.
var stepWords = map[journal.Kind]string{
	journal.Opened: "taken up", journal.Briefed: "deterministic analysis ready", journal.Steered: "a note reached the analyst",
	journal.Concluded: "conclusion checked and stored", journal.PlanMade: "mitigation plan made", journal.Told: "people told",
	journal.Proposed: "approval asked for", journal.Decided: "decision recorded", journal.Closed: "closed",
	journal.TriageMoved: "a person changed a triage decision",
}

func steps(records []journal.Record) []report.Entry {
	var out []report.Entry
	for _, r := range records {
		text, ok := stepWords[r.Kind]
		if !ok {
			continue
		}
		if r.Kind == journal.Told {
			text += ": " + line(strings.TrimPrefix(r.Key, "told/"))
		}
		out = append(out, report.Entry{At: r.Time, What: "step", Text: text})
	}
	return out
}

func merge(a, b []report.Entry) []report.Entry {
	out := slices.Concat(a, b)
	slices.SortStableFunc(out, func(x, y report.Entry) int { return x.At.Compare(y.At) })
	return out
}

// scoreRow is one compared feature of a triage decision.
type scoreRow struct {
	Feature          string
	Winner, RunnerUp string
}

// scores lays the compared windows side by side, feature by feature, in the winner's order.
func scores(d incident.Decision) []scoreRow {
	var rows []scoreRow
	at := map[incident.ReasonName]int{}
	add := func(c *incident.Candidate, set func(*scoreRow, string)) {
		if c == nil {
			return
		}
		for _, f := range c.Features {
			i, ok := at[f.Name]
			if !ok {
				i = len(rows)
				at[f.Name] = i
				rows = append(rows, scoreRow{Feature: strings.ReplaceAll(string(f.Name), "_", " ")})
			}
			text := fmt.Sprintf("%.2f", f.Score)
			if f.Detail != "" {
				text += " (" + f.Detail + ")"
			}
			set(&rows[i], text)
		}
	}
	add(d.Winner, func(r *scoreRow, s string) { r.Winner = s })
	add(d.RunnerUp, func(r *scoreRow, s string) { r.RunnerUp = s })
	return rows
}

func total(c *incident.Candidate) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%.2f", c.Score)
}

// recovered reports whether an alarm record tells of a recovery.
func recovered(a record.Alarm) bool { return !a.Event.Action.Firing() }

func outcomeWord(o incident.Outcome) string {
	if o == incident.NoFault {
		return "no fault found"
	}
	return string(o)
}

// cause puts a root cause's reason into words.
func causeReason(c incident.RootCause) string {
	if c.Change != "" {
		return "Brought about by change " + line(c.Change) + "."
	}
	if c.Condition != "" {
		return "No change is to blame. Condition: " + visible(c.Condition)
	}
	return "No change is to blame."
}

func analystOf(r report.Report) string {
	if r.Conclusion == nil {
		return ""
	}
	return r.Conclusion.Analyst
}

// toldWhere names a notice and the place it went to; its kind is the first part of its key ("proposal/<approval id>").
func toldWhere(r deliver.Receipt) string {
	kind, _, _ := strings.Cut(r.Key, "/")
	return line(capital(kind) + ": " + strings.TrimSpace(r.Channel+" "+r.Label))
}
