package console

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, ünïcode 漢字 🔥":             "plain text, ünïcode 漢字 🔥",
		"two\nlines\tand a tab":                "two\nlines\tand a tab",
		"a\u202eb":                             "a⟨U+202E⟩b",
		"a\u200bb\ufeff":                       "a⟨U+200B⟩b⟨U+FEFF⟩",
		"\x1b[31mred":                          "⟨U+001B⟩[31mred",
		"a\u00a0b\u3164\u2800":                 "a⟨U+00A0⟩b⟨U+3164⟩⟨U+2800⟩",
		"tag\U000e0041":                        "tag⟨U+E0041⟩",
		"\xff":                                 "⟨U+FFFD⟩",
		"a\r\nb":                               "a\nb",
		"a" + strings.Repeat("\n", 200) + "rm": "a\n⟨199 blank lines⟩\nrm",
		"a" + strings.Repeat(" ", 300) + "rm":  "a ⟨300 blanks⟩ rm",
		"a" + strings.Repeat("\n", 3) + "b":    "a\n\n\nb",
		strings.Repeat(" ", 40) + strings.Repeat("\t", 9): " ⟨49 blanks⟩ ",
		"a" + strings.Repeat(" \n", 50) + "rm":            "a\n⟨49 blank lines⟩\nrm",
	} {
		if got := visible(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := line("a\nb\r\n c"); got != "a b  c" {
		t.Errorf("line: %q", got)
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("a\u202e\x00 b")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range visible(s) {
			if r != '\n' && r != '\t' && (!unicode.IsPrint(r) && !unicode.In(r, unicode.M, unicode.Cn) || r == '\u3164') {
				t.Fatalf("%q shows %U", s, r)
			}
		}
	})
}

func TestRelative(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "just now", 59 * time.Second: "just now", time.Minute: "1 min ago", 3*time.Hour + 5*time.Minute: "3 h 5 min ago", 2 * time.Hour: "2 h ago",
		26 * time.Hour: "1 d 2 h ago", 80 * time.Hour: "3 d ago", -30 * time.Second: "in 30 s", -90 * time.Minute: "in 1 h 30 min",
	} {
		if got := relative(now, now.Add(-d)); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
