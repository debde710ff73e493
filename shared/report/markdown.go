package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/firefinder/firefinder/shared/incident"
)

// Markdown renders the report as a document that reads well as plain text too.
func (r Report) Markdown() string {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	inv := r.Investigation
	w("# %s\n", line(inv.Title))
	w("%s\n", line(r.Headline()))
	if r.Conclusion != nil {
		w("- **Outcome:** %s", Certainty(*r.Conclusion))
		w("- **Analyst:** %s", line(r.Conclusion.Analyst))
	}
	w("- **Investigation:** `%s` in space %s, %s", inv.ID, inv.Space, strings.ToLower(strings.ReplaceAll(string(inv.State), "_", " ")))
	w("- **First alarm:** %s, priority %s, service %s", stamp(inv.OpenedAt), line(string(inv.Priority)), line(orElse(inv.Service, "unknown")))
	if inv.Follows != "" {
		w("- **Follows:** `%s`", inv.Follows)
	}
	if inv.Ticket != "" {
		w("- **Ticket:** %s", line(inv.Ticket))
	}
	if r.Conclusion != nil && r.Conclusion.Partial != "" {
		w("- **Partial:** %s", line(r.Conclusion.Partial))
	}
	if r.Conclusion != nil {
		r.conclusion(w, *r.Conclusion)
	}
	if r.Plan != nil {
		plan(w, *r.Plan, inv.PlanHash)
	}
	if r.Approval != nil {
		w("\n## Decision\n\n%s", line(capital(Decided(*r.Approval))))
		for _, v := range r.Approval.Late {
			w("\nToo late, without effect: %s by %s at %s.", strings.ToLower(string(v.Decision)), line(v.By.Subject), stamp(v.At))
		}
	}
	r.record(w)
	return b.String()
}

type writer func(format string, args ...any)

func (r Report) conclusion(w writer, c incident.Conclusion) {
	if len(c.RootCauses) > 0 {
		w("\n## Root cause\n")
		for _, rc := range c.RootCauses {
			w("**%s**: %s [%s]", line(rc.Component), line(rc.Mechanism), Cites(rc.Cites))
			if rc.Change != "" {
				w("\n- Brought about by change `%s`", line(rc.Change))
			} else {
				w("\n- No change is to blame. Condition: %s", line(rc.Condition))
			}
			if len(rc.CascadesTo) > 0 {
				w("- Also affected: %s", line(strings.Join(rc.CascadesTo, ", ")))
			}
		}
	}
	findings(w, "What is wrong", c.Symptoms)
	findings(w, "Evidence", c.Findings)
	if len(c.Rejected) > 0 {
		w("\n## Considered and rejected\n")
		for _, h := range c.Rejected {
			w("- %s. Against it: %s [%s]", strings.TrimSuffix(line(h.Text), "."), line(h.Against), Cites(h.Cites))
		}
	}
	if len(c.Gaps) > 0 {
		w("\n## Gaps\n")
		for _, g := range c.Gaps {
			w("- %s", line(withFix(g)))
		}
	}
	if len(c.Dropped) > 0 {
		w("\n## Removed claims\n\nThe analyst said these without citing anything that exists, so they count for nothing.\n")
		for _, d := range c.Dropped {
			w("- %s", line(d))
		}
	}
}

func withFix(g incident.Gap) string {
	if g.Fix == "" {
		return g.Text
	}
	return g.Text + ". To close it: " + g.Fix
}

func findings(w writer, title string, list []incident.Finding) {
	if len(list) == 0 {
		return
	}
	w("\n## %s\n", title)
	for _, f := range list {
		w("- **%s** %s [%s]", f.ID, line(f.Text), Cites(f.Cites))
	}
}

func plan(w writer, p incident.Plan, hash string) {
	w("\n## Mitigation plan\n\n%s", line(p.Summary))
	if p.NoChange != "" {
		w("\n%s", line(p.NoChange))
		return
	}
	w("\nRisk %s. %s Plan hash %s. Commands are for copying; Firefinder runs nothing.", p.Risk, sentence(line(p.BlastRadius)), short(hash))
	for _, phase := range incident.Phases {
		actions(w, string(phase), p.In(phase))
	}
	actions(w, "Rollback", p.Rollback)
	if len(p.Success) > 0 {
		w("\n### It worked when\n")
		for _, c := range p.Success {
			w("- %s", line(c.Text))
		}
	}
	if s := p.Spec; s != nil {
		w("\n### Specification of the fix\n")
		w("- Problem: %s", line(s.Problem))
		if s.Repository != "" {
			w("- Repository: %s", line(s.Repository))
		}
		if len(s.Files) > 0 {
			w("- Files: %s", line(strings.Join(s.Files, ", ")))
		}
		w("- Change: %s", line(s.Change))
		for _, t := range s.Tests {
			w("- Test: %s", line(t))
		}
	}
}

func actions(w writer, title string, list []incident.PlanAction) {
	if len(list) == 0 {
		return
	}
	w("\n### %s\n", title)
	for i, a := range list {
		w("%d. %s (%s risk)", i+1, line(a.Text), a.Risk)
		if a.Command != "" {
			w("\n   ```sh")
			for _, l := range strings.Split(strings.TrimSpace(a.Command), "\n") {
				w("   %s", strings.ReplaceAll(Visible(l), "```", "'''")) // nothing in a command ends its block
			}
			w("   ```\n")
		}
		if a.Expected != "" {
			w("   Expect: %s", line(a.Expected))
		}
	}
}

// record closes the report: the order of events, alarms with their triage decisions, observations, cost, seal.
func (r Report) record(w writer) {
	if len(r.Timeline) > 0 {
		w("\n## Timeline (UTC)\n")
		for _, e := range r.Timeline {
			w("- %s %s: %s", clock(e.At), e.What, line(e.Text))
		}
	}
	if len(r.Alarms) > 0 {
		w("\n## Alarms\n")
		for _, a := range r.Alarms {
			w("- %s %s: %s (%s)", clock(a.Event.Timestamp), line(a.Event.Title), a.Decision.Outcome, line(Reasons(a.Decision)))
			if undo := Undo(a.ID, a.Event, a.Decision); undo != "" {
				w("  - %s", line(undo))
			}
		}
	}
	if len(r.Observations) > 0 {
		w("\n## Observations\n")
		for _, o := range r.Observations {
			text := o.Summary
			if o.Failed {
				text = "could not look: " + text
			}
			w("- **%s** %s: %s", o.ID, line(o.Tool), line(text))
		}
	}
	analyst := ""
	if r.Conclusion != nil {
		analyst = r.Conclusion.Analyst
	}
	w("\n## Cost and record\n")
	w("- %s", Cost(r.Spent, analyst))
	if r.Journal.Records == 0 {
		w("- Journal: no records yet")
		return
	}
	w("- Journal: %s, sealed by `%s`", incident.Count(r.Journal.Records, "record", "records"), r.Journal.Head)
}

// Reasons joins the named reasons of a triage decision for people.
func Reasons(d incident.Decision) string {
	var out []string
	for _, r := range d.Reasons {
		text := string(r.Name)
		if r.Detail != "" {
			text += ": " + r.Detail
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// Undo says how a person reverses the triage decision on an alarm from the command line, or who did; empty for a recovery
// and for an alarm that opened an investigation, since there is nothing to undo.
func Undo(id string, e incident.Event, d incident.Decision) string {
	if r := d.Reversed; r != nil {
		by := r.By
		if r.Method != "" {
			by += " (" + r.Method + ")"
		}
		why := r.Why
		if why == "" {
			why = "no reason given"
		}
		return fmt.Sprintf("Reversed by %s at %s: %s", by, r.At.UTC().Format("2006-01-02 15:04:05Z"), sentence(why))
	}
	switch {
	case !e.Action.Firing():
		return ""
	case d.Outcome == incident.Linked:
		return "Not related? Undo: firefinder unlink " + id
	case d.Outcome == incident.Skipped:
		return "Investigate anyway: firefinder unskip " + id
	}
	return ""
}

func short(hash string) string {
	if len(hash) < 12 {
		return "without a hash"
	}
	return "`" + hash[:12] + "`"
}

// sentence ends one.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// inert takes the meaning out of what makes links (also of bare addresses), images, HTML, code and tables.
var inert = strings.NewReplacer("<", "&lt;", ">", "&gt;", "[", "\\[", "]", "\\]", "`", "'", "|", "\\|", "://", "\\://", "www.", "www\\.")

// line makes text from outside safe for one line of Markdown: control characters visible, no line breaks, no markup,
// and no beginning that would make a heading, a list, a rule or a quotation.
func line(s string) string {
	s = strings.TrimSpace(inert.Replace(Visible(s)))
	if s != "" && strings.IndexByte("#-+=*_~", s[0]) >= 0 {
		return "\\" + s
	}
	return s
}

// Visible replaces line breaks by spaces and shows control, bidirectional and zero-width characters as their code
// points, so that nothing can hide in a text or reorder it.
func Visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case r < 0x20 || (r >= 0x7f && r < 0xa0) || hidden(r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden reports characters without a shape: formats, line and paragraph separators, private ones, fillers, selectors.
func hidden(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0, unicode.ReplacementChar:
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r >= 0xe0000 && r <= 0xe0fff || r >= 0x180b && r <= 0x180f || r >= 0xfe00 && r <= 0xfe0e
}
