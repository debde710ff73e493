package servicenow

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/report"
)

// Note is one work note and the reference by which it is found again.
type Note struct{ Text, Ref string }

// Notes renders a notice as work notes of at most limit characters each, cut between lines. The reference of a part
// depends on the notice and the part's place, not on its words, so that a repeat finds it even when a figure changed.
func Notes(n deliver.Notice, limit int) []Note {
	d := deliver.Compose(n)
	body := plain(d.Text())
	if n.Link != "" {
		body += plain(linkLine(n)) + "\n"
	}
	subject := plain(d.Subject)
	room := limit - len([]rune(subject)) - 100 // title, part and reference
	parts := split(body, max(room, 200))
	out := make([]Note, len(parts))
	for i, p := range parts {
		ref := reference(n, i+1)
		title := subject
		if len(parts) > 1 {
			title = fmt.Sprintf("%s (part %d of %d)", subject, i+1, len(parts))
		}
		out[i] = Note{Text: title + "\n\n" + strings.TrimSpace(p) + "\n\nReference " + ref, Ref: ref}
	}
	return out
}

func linkLine(n deliver.Notice) string {
	if n.Kind == deliver.Proposal {
		return "Decide here: " + n.Link
	}
	return "Open it: " + n.Link
}

// reference is unique to a notice's part and has no character that an encoded query gives a meaning.
func reference(n deliver.Notice, part int) string {
	return fmt.Sprintf("ff-%s-%02d", incident.ShortHash("note", n.Investigation.ID, n.Key), part)
}

// Description is what a newly created incident says.
func Description(n deliver.Notice) string {
	e := n.Investigation.Opener
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nFirst alarm: %s", report.Visible(n.Investigation.Title), n.Investigation.OpenedAt.UTC().Format("2006-01-02 15:04:05Z"))
	if e.Source != "" {
		fmt.Fprintf(&b, ", from %s", report.Visible(e.Source))
	}
	if n.Investigation.Service != "" {
		fmt.Fprintf(&b, ", service %s", report.Visible(n.Investigation.Service))
	}
	if e.Description != "" {
		fmt.Fprintf(&b, "\n%s", report.Visible(e.Description))
	}
	fmt.Fprintf(&b, "\n\nFirefinder investigates this as %s and writes what it finds into the work notes. It changes nothing.", n.Investigation.ID)
	return b.String()
}

// code is the markup with which journal fields switch to HTML. None of our text may do so.
var code = regexp.MustCompile(`(?i)\[(\s*/?\s*code\s*)\]`)

// plain defuses ServiceNow's [code] markup.
func plain(s string) string { return code.ReplaceAllString(s, "($1)") }

func clip(s string, runes int) string {
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes-1]) + "…"
}

// split cuts text into pieces of at most limit runes: before a section where possible, else between lines, and inside a
// line only where the line alone is longer.
func split(text string, limit int) []string {
	var out []string
	var piece strings.Builder
	size := 0
	flush := func() {
		if strings.TrimSpace(piece.String()) != "" {
			out = append(out, piece.String())
		}
		piece.Reset()
		size = 0
	}
	for _, section := range strings.SplitAfter(text, "\n\n") {
		if n := len([]rune(section)); size+n > limit && n <= limit {
			flush()
		}
		for _, l := range strings.SplitAfter(section, "\n") {
			for r := []rune(l); len(r) > 0; {
				if size+len(r) > limit && size > 0 {
					flush()
				}
				n := min(len(r), limit)
				piece.WriteString(string(r[:n]))
				size += n
				r = r[n:]
			}
		}
	}
	flush()
	return out
}
