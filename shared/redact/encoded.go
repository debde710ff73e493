package redact

import "strings"

// encoded looks once behind base64, percent-encoding and JSON escapes. What base64 hides is replaced as a whole; behind
// the other two, the encoded form of the secret alone.
func encoded(m *marks) {
	s := m.text
	for i := 0; i < len(s); {
		if !base64Set[s[i]] {
			i++
			continue
		}
		end := base64Set.run(s, i)
		if end-i >= 16 {
			stop := end
			for stop < len(s) && stop < end+2 && s[stop] == '=' {
				stop++
			}
			if text, ok := unbase64(s[i:end]); ok && hidesSecret(text) {
				m.add(i, stop)
			}
		}
		i = end
	}
	for start := 0; start < len(s); {
		end := lineEnd(s, start)
		l := s[start:end]
		if strings.Contains(l, "%3") || strings.Contains(l, "%2") || strings.Contains(l, "%4") {
			m.through(start, end, unpercent)
		}
		if strings.IndexByte(l, '\\') >= 0 {
			m.through(start, end, unescape)
		}
		start = end + 1
	}
}

func hidesSecret(text string) bool {
	inner := &marks{text: text}
	plain(inner)
	return len(inner.spans) > 0
}

// hidesPair reports whether v is base64 of user:password, as in Docker's auth entries.
func hidesPair(v string) bool { return len(v) >= 8 && userPass(v) }

// through decodes a line, looks for secrets in it and marks where they came from.
func (m *marks) through(start, end int, decode func(string) (string, []int)) {
	text, origin := decode(m.text[start:end])
	if len(text) == end-start {
		return
	}
	inner := &marks{text: text}
	plain(inner)
	for _, sp := range inner.spans {
		m.add(start+origin[sp.start], start+origin[sp.end])
	}
}

// unpercent decodes %XX; origin[i] is where byte i of the result came from, with one more entry for the end.
func unpercent(s string) (string, []int) {
	return mapped(s, func(s string, i int) (byte, int) {
		if s[i] == '%' && i+2 < len(s) && hexAny[s[i+1]] && hexAny[s[i+2]] {
			return unhex(s[i+1])<<4 | unhex(s[i+2]), 3
		}
		return s[i], 1
	})
}

// unescape decodes the escapes of JSON strings that stand for ASCII.
func unescape(s string) (string, []int) {
	return mapped(s, func(s string, i int) (byte, int) {
		if s[i] != '\\' || i+1 >= len(s) {
			return s[i], 1
		}
		switch c := s[i+1]; c {
		case 'n':
			return '\n', 2
		case 'r':
			return '\r', 2
		case 't':
			return '\t', 2
		case '"', '\\', '/':
			return c, 2
		case 'u':
			if i+5 < len(s) && s[i+2] == '0' && s[i+3] == '0' && hexAny[s[i+4]] && hexAny[s[i+5]] {
				return unhex(s[i+4])<<4 | unhex(s[i+5]), 6
			}
		}
		return s[i], 1
	})
}

func mapped(s string, next func(s string, i int) (c byte, width int)) (string, []int) {
	out := make([]byte, 0, len(s))
	origin := make([]int, 0, len(s)+1)
	for i := 0; i < len(s); {
		c, width := next(s, i)
		out = append(out, c)
		origin = append(origin, i)
		i += width
	}
	return string(out), append(origin, len(s))
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
