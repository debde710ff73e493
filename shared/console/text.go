package console

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/firefinder/firefinder/shared/incident"
)

// visible makes every character that hides, reorders or pads text readable: control, bidirectional and zero-width
// characters, blanks that are not a space, long runs of blanks. Line breaks and tabs stay.
func visible(s string) string {
	var b, blanks strings.Builder
	for _, r := range s {
		switch {
		case r == '\r':
			continue
		case r == ' ' || r == '\n' || r == '\t':
			blanks.WriteRune(r)
			continue
		}
		b.WriteString(padding(blanks.String()))
		blanks.Reset()
		if hides(r) {
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteString(padding(blanks.String()))
	return b.String()
}

// line is visible text on one line.
func line(s string) string {
	return visible(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " "))
}

// padding is a run of blanks, unless it is long enough to push text out of sight: then it is named.
func padding(run string) string {
	switch lines := strings.Count(run, "\n"); {
	case lines > 3:
		return fmt.Sprintf("\n⟨%d blank lines⟩\n", lines-1)
	case len(run) > 32:
		return fmt.Sprintf(" ⟨%d blanks⟩ ", len(run))
	}
	return run
}

// hides reports whether a character is invisible, changes the order of others, or looks like a space without being one.
func hides(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || r == ' ':
		return false
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Z, r), r == unicode.ReplacementChar:
		return true
	case r == 0x034f || r == 0x115f || r == 0x1160 || r == 0x17b4 || r == 0x17b5 || r == 0x2800 || r == 0x3164 || r == 0xffa0: // fillers
		return true
	}
	return r >= 0xe0000 && r <= 0xe0fff || r >= 0x180b && r <= 0x180f // tags and selectors that choose nothing a reader sees
}

// stamp is a moment for people, in UTC.
func stamp(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05 UTC") }

func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// relative says how far a moment is from now, coarsely: "3 min ago", "in 2 h 5 min".
func relative(now, t time.Time) string {
	d := now.Sub(t)
	if d < 0 {
		return "in " + span(-d)
	}
	if d < time.Minute {
		return "just now"
	}
	return span(d) + " ago"
}

func span(d time.Duration) string {
	d = d.Round(time.Second)
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", minutes)
	case d < 24*time.Hour && minutes > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h", hours)
	case days < 3 && hours > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	}
	return fmt.Sprintf("%d d", days)
}

// stateWords are the states of investigations in words that say what happens now.
var stateWords = map[incident.State]string{
	incident.Opened: "opened", incident.Queued: "queued", incident.Investigating: "investigating",
	incident.RootCauseFound: "root cause found", incident.Planning: "planning", incident.AwaitingApproval: "awaiting approval",
	incident.Completed: "completed", incident.Failed: "failed", incident.TimedOut: "timed out", incident.Cancelled: "cancelled",
}

func stateWord(s incident.State) string {
	if w, ok := stateWords[s]; ok {
		return w
	}
	return line(string(s))
}

// stateKind is the colour of a state: what needs a person, what is under way, what went wrong, what is over.
func stateKind(s incident.State) string {
	switch {
	case s == incident.AwaitingApproval:
		return "act"
	case s == incident.Failed || s == incident.TimedOut:
		return "bad"
	case s.Final():
		return "over"
	}
	return "busy"
}

// anchor keeps an id to characters that are safe in an element id and a fragment.
func anchor(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, id)
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
