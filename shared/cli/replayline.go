package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/report"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/triage"
)

// replayLine is one object of the output of `triage replay`: an alarm with the decision on it, or a delivery that carries
// none.
type replayLine struct {
	Line   int    `json:"line,omitempty"` // of the file that it was read from
	Result string `json:"result"`         // Proceed, Linked, Skipped; recovery, duplicate; change, ignored, error
	*triage.Replayed
	Note  string `json:"note,omitempty"`
	Error string `json:"error,omitempty"`

	event *incident.Event // to be decided on
}

// replayLines reads deliveries. What does not say when it happened is taken to have happened right after what stands
// before it, or now.
func replayLines(src source.Source, all []delivery, now time.Time) (out []*replayLine) {
	for _, d := range all {
		p, err := d.parse(src, now)
		switch {
		case err != nil:
			out = append(out, &replayLine{Line: d.line, Result: "error", Error: err.Error()})
		case len(p.Changes) > 0:
			out = append(out, &replayLine{Line: d.line, Result: "change", Note: p.Note})
		case len(p.Events) == 0:
			out = append(out, &replayLine{Line: d.line, Result: "ignored", Note: p.Note})
		}
		for _, e := range p.Events {
			out = append(out, &replayLine{Line: d.line, Note: p.Note, event: &e})
			now = e.Timestamp.Add(time.Millisecond)
		}
	}
	return out
}

// decide replays the events of the lines.
func decide(ctx context.Context, deps triage.Deps, lines []*replayLine, did map[string]incident.Decision) error {
	var events []incident.Event
	var of []*replayLine
	for _, l := range lines {
		if l.event != nil {
			events, of = append(events, *l.event), append(of, l)
		}
	}
	decisions, err := triage.Replay(ctx, deps, events, did)
	if err != nil {
		return err
	}
	for i, r := range decisions {
		l := of[i]
		l.Replayed, l.Error, l.Result = &r, r.Error, string(r.Would.Outcome)
		switch {
		case r.Error != "":
			l.Result = "error"
		case r.Duplicate:
			l.Result = "duplicate"
		case !r.Event.Action.Firing():
			l.Result = "recovery"
		}
	}
	return nil
}

func (l *replayLine) changed() string {
	if l.Replayed == nil {
		return ""
	}
	return l.Replayed.Changed
}

func (l *replayLine) print(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	if asJSON(cmd) {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(l)
	}
	if l.Replayed == nil {
		_, err := fmt.Fprintf(w, "line %d  %s  %s%s\n", l.Line, l.Result, l.Note, l.Error)
		return err
	}
	e := l.Replayed.Event
	_, err := fmt.Fprintf(w, "%s  %-9s  %-8s  %s\n    %s%s\n", e.Timestamp.UTC().Format("2006-01-02 15:04:05"), l.Result, e.Priority, e.Title, report.Reasons(l.Would), l.Error)
	if err == nil && l.Changed != "" {
		_, err = fmt.Fprintf(w, "    DIFFERENT: %s\n", l.Changed)
	}
	return err
}

// replayTally counts lines by their result.
type replayTally struct {
	results              map[string]int
	bodies, changed, bad int
}

func tally(lines []*replayLine) replayTally {
	t, seen := replayTally{results: map[string]int{}}, map[int]bool{}
	for _, l := range lines {
		t.results[l.Result]++
		if l.Line > 0 && !seen[l.Line] {
			seen[l.Line] = true
			t.bodies++
		}
		if l.changed() != "" {
			t.changed++
		}
	}
	t.bad = t.results["error"]
	return t
}

func (t replayTally) summary(known int) string {
	events := 0
	for _, result := range []string{"Proceed", "Linked", "Skipped", "recovery", "duplicate"} {
		events += t.results[result]
	}
	text := fmt.Sprintf("%s: %d Proceed, %d Linked, %d Skipped, %s, %s", incident.Count(events, "event", "events"), t.results["Proceed"], t.results["Linked"], t.results["Skipped"],
		incident.Count(t.results["recovery"], "recovery", "recoveries"), incident.Count(t.results["duplicate"], "duplicate", "duplicates"))
	if t.bodies > 0 {
		text = fmt.Sprintf("%s, %s; %s, %d ignored, %s", incident.Count(t.bodies, "delivery", "deliveries"), text, incident.Count(t.results["change"], "change", "changes"), t.results["ignored"], incident.Count(t.bad, "error", "errors"))
	}
	if known > 0 {
		text += fmt.Sprintf("; %d would be decided differently", t.changed)
	}
	return text
}
