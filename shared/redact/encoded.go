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
			if strings.IndexByte(l, '+') >= 0 {
				m.through(start, end, unform)
			}
		}
		if escaped(l) {
			m.through(start, end, unescape)
		}
		start = end + 1
	}
}

// escaped reports whether a line has escapes other than of quotes, which the detectors understand as they are.
func escaped(l string) bool {
	for {
		i := strings.IndexByte(l, '\\')
		if i < 0 || i+1 == len(l) {
			return false
		}
		if l[i+1] != '"' {
			return true
		}
		l = l[i+2:]
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
func unpercent(s string) (string, []int) { return mapped(s, percent) }

// unform decodes %XX and + as forms write a blank.
func unform(s string) (string, []int) {
	return mapped(s, func(s string, i int) (byte, int) {
		if s[i] == '+' {
			return ' ', 1
		}
		return percent(s, i)
	})
}

func percent(s string, i int) (byte, int) {
	if s[i] == '%' && i+2 < len(s) && hexAny[s[i+1]] && hexAny[s[i+2]] {
		return unhex(s[i+1])<<4 | unhex(s[i+2]), 3
	}
	return s[i], 1
}

// unescape decodes the escapes of JSON strings that stand for ASCII, however deep strings were put into strings: any
// number of backslashes counts as one.
func unescape(s string) (string, []int) {
	return mapped(s, func(s string, i int) (byte, int) {
		if s[i] != '\\' {
			return s[i], 1
		}
		n := i
		for n < len(s) && s[n] == '\\' {
			n++
		}
		if n == len(s) {
			return s[i], 1
		}
		switch c := s[n]; c {
		case 'n':
			return '\n', n - i + 1
		case 'r':
			return '\r', n - i + 1
		case 't':
			return '\t', n - i + 1
		case '"', '/':
			return c, n - i + 1
		case 'u':
			if n+4 < len(s) && s[n+1] == '0' && s[n+2] == '0' && hexAny[s[n+3]] && hexAny[s[n+4]] {
				return unhex(s[n+3])<<4 | unhex(s[n+4]), n - i + 5
			}
		}
		return '\\', n - i
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
