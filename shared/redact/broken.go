package redact

import (
	"strings"
	"unicode/utf8"
)

// unseen are the first bytes of characters that no reader sees: soft hyphen, joiners, zero-width, directions, selectors, tags.
var unseen = []string{"\xc2\xad", "\xcd\x8f", "\xd8\x9c", "\xe1\xa0\x8e", "\xe2\x80", "\xe2\x81", "\xef\xb8", "\xef\xbb\xbf", "\xf3\xa0"}

// interrupted marks secrets into which such characters were put.
func interrupted(m *marks) {
	s := m.text
	for _, first := range unseen {
		if !strings.Contains(s, first) {
			continue
		}
		for start := 0; start < len(s); {
			end := lineEnd(s, start)
			if l := s[start:end]; strings.IndexFunc(l, invisible) >= 0 {
				m.through(start, end, visible)
			}
			start = end + 1
		}
		return
	}
}

func invisible(r rune) bool {
	switch {
	case r == 0xad || r == 0x34f || r == 0x61c || r == 0x180e || r == 0xfeff:
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r >= 0xfe00 && r <= 0xfe0f:
		return true
	}
	return r >= 0xe0000 && r <= 0xe01ef
}

// visible is s without invisible characters; origin[i] is where byte i of the result came from, with one more entry for the end.
func visible(s string) (string, []int) {
	out, origin := make([]byte, 0, len(s)), make([]int, 0, len(s)+1)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		for j := 0; j < n && !invisible(r); j++ {
			out, origin = append(out, s[i+j]), append(origin, i+j)
		}
		i += n
	}
	return string(out), append(origin, len(s))
}

const foldedAt = 40 // bytes of a secret at the end of a line, from which on it may go on in the next one

// folded marks what a long secret at the end of a line goes on with in the lines below: nothing but random-looking
// characters, perhaps behind blanks.
func folded(m *marks) {
	s := m.text
	for _, sp := range m.spans {
		for start, end := sp.start, sp.end; end-start >= foldedAt; {
			at := end
			for at < len(s) && at < end+2 && (s[at] == '\\' || s[at] == '\r') {
				at++
			}
			if at >= len(s) || s[at] != '\n' {
				break
			}
			start = skipBlanks(s, at+1, 32)
			end = wordDash.run(s, start)
			if v := strings.TrimRight(s[start:end], "="); len(v) < 16 || nameLike(v) || ordinary(v) || !mixed(v) && !random(v, 16) {
				break
			}
			m.add(start, end)
		}
	}
}
