package evidence

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// How much of each list a person is shown; the JSON form holds everything.
const (
	textOnsets   = 12
	textCauses   = 5
	textChanges  = 8
	textPatterns = 10
	textReasons  = 4
	textWidth    = 110
)

// Text writes the brief as a person reads it: the answer first, then what it rests on. It writes plain text without
// control characters, and shows the head of long lists with a count of the rest.
func (b Brief) Text(w io.Writer) error {
	p := &printer{w: w}
	b.textHead(p)
	b.textCauses(p)
	b.textChanges(p)
	b.textOnsets(p)
	b.textPatterns(p)
	b.textRejected(p)
	b.textGaps(p)
	return p.err
}

// printer remembers the first write error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(visible(fmt.Sprintf(format, args...)), " "))
	}
}

func (p *printer) section(title string) {
	p.line("")
	p.line("%s", title)
}

func (p *printer) rest(all, shown int) {
	if all > shown {
		p.line("  and %d more", all-shown)
	}
}

// visible replaces control and direction characters, which telemetry may contain, so that a terminal cannot be steered.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r == 0x7f, r >= 0x80 && r < 0xa0, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff:
			return '.'
		}
		return r
	}, s)
}

var outcomeText = map[incident.Outcome]string{
	incident.Confirmed: "Confirmed", incident.Likely: "Likely", incident.Inconclusive: "Inconclusive", incident.NoFault: "No fault",
}

func (b Brief) textHead(p *printer) {
	switch {
	case b.Outcome == incident.NoFault:
		p.line("No fault: nothing is wrong with the system (%s sure)", percent(b.Confidence))
	case len(b.Causes) == 0:
		p.line("%s: no component stands out as the cause", outcomeText[b.Outcome])
	default:
		c := b.Causes[0]
		p.line("%s: %s, %s (%s sure)", outcomeText[b.Outcome], c.Component, words(string(c.Category)), percent(b.Confidence))
		for _, l := range wrap(c.Mechanism, textWidth-2) {
			p.line("  %s", l)
		}
		if change, ok := b.Culprit(); ok {
			p.line("  Brought about by %s.", changeName(change.Change))
		} else if i := slices.IndexFunc(b.Changes, func(v ChangeVerdict) bool { return v.Verdict == Possible }); i >= 0 {
			p.line("  No change is shown to be the cause; possible is %s.", changeName(b.Changes[i].Change))
		} else {
			p.line("  No change is to blame.")
		}
	}
	if !b.Window.From.IsZero() && !b.Window.To.IsZero() {
		p.line("  Looked at %s to %s.", b.Window.From.UTC().Format("2006-01-02 15:04"), b.clock(b.Window.To))
	}
	if !b.Onset.IsZero() && b.Outcome != incident.NoFault {
		p.line("  Trouble began at %s.", b.clock(b.Onset))
	}
}

func (b Brief) textCauses(p *printer) {
	if len(b.Causes) == 0 {
		return
	}
	p.section("Causes, most likely first")
	for i, c := range b.Causes[:min(len(b.Causes), textCauses)] {
		p.line("  %d. %-28s %5s  %s%s", i+1, c.Component, number(c.Score), words(string(c.Category)), since(b, c.Onset))
		b.textReasons(p, c.Reasons)
		if len(c.CascadesTo) > 0 {
			p.line("       also affected: %s", strings.Join(c.CascadesTo, ", "))
		}
	}
	p.rest(len(b.Causes), textCauses)
}

func since(b Brief, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return ", since " + b.clock(at)
}

func (b Brief) textReasons(p *printer, reasons []Reason) {
	for _, r := range reasons[:min(len(reasons), textReasons)] {
		for i, l := range wrap(r.Detail+cites(r.Refs), textWidth-9) {
			mark := "-"
			if i > 0 {
				mark = " "
			}
			p.line("       %s %s", mark, l)
		}
	}
}

func (b Brief) textChanges(p *printer) {
	if len(b.Changes) == 0 {
		return
	}
	p.section("Changes")
	for _, c := range b.Changes[:min(len(b.Changes), textChanges)] {
		p.line("  %-9s %s  %s", c.Verdict.Words(), b.clock(c.Change.Time), changeName(c.Change))
		b.textReasons(p, c.Reasons)
	}
	p.rest(len(b.Changes), textChanges)
}

func (b Brief) textOnsets(p *printer) {
	if len(b.Onsets) == 0 {
		return
	}
	p.section("Signals that changed")
	for _, o := range b.Onsets[:min(len(b.Onsets), textOnsets)] {
		back := ""
		if !o.Recovered.IsZero() {
			back = ", back to normal " + b.clock(o.Recovered)
		}
		p.line("  %s  %-4s %s %s: %s -> %s%s", b.clock(o.At), o.Direction, o.Component, strings.TrimSpace(o.Metric+" "+o.Statistic), Amount(o.Before, o.Unit), Amount(o.After, o.Unit), back)
	}
	p.rest(len(b.Onsets), textOnsets)
}

func (b Brief) textPatterns(p *printer) {
	if len(b.Patterns) == 0 {
		return
	}
	p.section("Log patterns (lines a minute before -> after)")
	for _, t := range b.Patterns[:min(len(b.Patterns), textPatterns)] {
		p.line("  %-4s %s  %s: %s", t.Kind, number(t.Before)+" -> "+number(t.After), t.Component, clip(t.Template, textWidth-len(t.Component)-26))
	}
	p.rest(len(b.Patterns), textPatterns)
}

func (b Brief) textRejected(p *printer) {
	said := false
	for _, h := range b.Hypotheses {
		if !h.Rejected {
			continue
		}
		if !said {
			p.section("Considered and rejected")
			said = true
		}
		p.line("  %s", clip(h.Text, textWidth-2))
		b.textReasons(p, h.Against)
	}
}

func (b Brief) textGaps(p *printer) {
	if len(b.Gaps) == 0 {
		return
	}
	p.section("Gaps")
	for _, g := range b.Gaps {
		text := g.Text
		if g.Fix != "" {
			text += "; " + g.Fix
		}
		for i, l := range wrap(text, textWidth-4) {
			mark := "-"
			if i > 0 {
				mark = " "
			}
			p.line("  %s %s", mark, l)
		}
	}
}

// clock shows a time, with its date when it is not the day on which the window begins.
func (b Brief) clock(t time.Time) string {
	if t.IsZero() {
		return "   ?    "
	}
	t = t.UTC()
	if !b.Window.From.IsZero() && t.Format(time.DateOnly) != b.Window.From.UTC().Format(time.DateOnly) {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format(time.TimeOnly)
}

func changeName(c Change) string {
	name := strings.TrimSpace(c.Kind + " " + shortID(c.ID))
	if c.Component != "" {
		name += " of " + c.Component
	}
	if c.Title != "" {
		name += ": " + clip(c.Title, 60)
	}
	return name
}

// shortID shortens a commit hash as tools do; other ids stay.
func shortID(id string) string {
	if len(id) != 40 || strings.Trim(id, "0123456789abcdef") != "" {
		return id
	}
	return id[:10]
}

func words(s string) string { return strings.ReplaceAll(s, "_", " ") }

func percent(p float64) string { return strconv.Itoa(int(math.Round(p*100))) + " %" }

func number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "?"
	case a != 0 && a < 0.001, a >= 1e7:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a < 1:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a < 100:
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	}
	return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
}

func cites(refs []string) string {
	if len(refs) == 0 {
		return ""
	}
	return " [" + strings.Join(refs, ", ") + "]"
}

func clip(s string, width int) string {
	r := []rune(s)
	if width < 1 || len(r) <= width {
		return s
	}
	return string(r[:width-1]) + "…"
}

// wrap breaks text at spaces; a word longer than the width stays whole.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
