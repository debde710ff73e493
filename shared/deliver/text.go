package deliver

import (
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/report"
)

// Document is a notice in words. Every channel renders this one, so that ticket, chat and mail give the same reasons.
// All strings are single lines with control and bidirectional characters made visible, except Command.
type Document struct {
	Subject  string   // one line that says what happened
	Lead     []string // what a tired reader must know
	Sections []Section
	Footer   []string // where to look further, what it cost
}

// Section is a titled list.
type Section struct {
	Title string
	Items []Item
}

// Item is one entry: a line, perhaps a command to copy, perhaps further lines that belong to it.
type Item struct {
	Text    string
	Command string // may have several lines; shown as they are, never run
	Notes   []string
	Link    Link
}

// Link is an address of ours and what it does; the zero value is none.
type Link struct{ Text, URL string }

// Text renders the document as plain text: what a work note, a log or the text part of a mail holds.
func (d Document) Text() string {
	var b strings.Builder
	for _, l := range d.Lead {
		b.WriteString(l + "\n")
	}
	for _, s := range d.Sections {
		b.WriteString(s.Text())
	}
	if len(d.Footer) > 0 {
		b.WriteString("\n" + strings.Join(d.Footer, "\n") + "\n")
	}
	return b.String()
}

// Text renders a section with an empty line before it.
func (s Section) Text() string {
	var b strings.Builder
	b.WriteString("\n" + strings.ToUpper(s.Title) + "\n")
	for _, i := range s.Items {
		b.WriteString("- " + i.Text + "\n")
		if i.Command != "" {
			b.WriteString("      " + strings.ReplaceAll(i.Command, "\n", "\n      ") + "\n")
		}
		for _, n := range i.Notes {
			b.WriteString("  " + n + "\n")
		}
		if i.Link != (Link{}) {
			b.WriteString("  " + i.Link.Text + ": " + i.Link.URL + "\n")
		}
	}
	return b.String()
}

func one(s string) string { return strings.Join(strings.Fields(report.Visible(s)), " ") }

// command keeps the line breaks of a command and shows what hides in it.
func command(s string) string {
	ls := strings.Split(strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")), "\n")
	for i, l := range ls {
		ls[i] = report.Visible(l)
	}
	return strings.Join(ls, "\n")
}

func labelled(label, s string) string {
	if s = full(s); s == "" {
		return ""
	}
	return label + s
}

// full ends a sentence.
func full(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

func short(hash string) string { return hash[:min(12, len(hash))] }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
