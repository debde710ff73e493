package evidence

import (
	"bytes"
	"strings"
)

// Masking is the first step of template mining: what is surely a value (numbers, ids, addresses, times, quantities,
// hexadecimal) becomes a wildcard before any statistics, so that most lines of one statement are equal right away. Keys
// stay apart from values, because a word ends at "=" and ":", and a path keeps the segments that are words.

// wildcard stands for a value in shapes and templates.
const wildcard = "<*>"

const maxMasked = 1024 // bytes of a line that are looked at: a template does not become clearer after that

// class of a byte, by table: one lookup a byte keeps masking at memory speed.
type class uint8

const (
	letter class = iota // part of a word
	digit
	space   // separates words, runs count once
	mark    // separates words and is kept
	control // neither text nor space: binary junk, treated as part of a value
)

var classes = classTable()

func classTable() (t [256]class) {
	for b := range t {
		switch {
		case b >= '0' && b <= '9':
			t[b] = digit
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			t[b] = space
		case b < ' ' || b == 0x7f:
			t[b] = control
		}
	}
	for _, b := range []byte(`=:,;()[]{}<>"'|!?&`) {
		t[b] = mark
	}
	return t
}

// masker writes the masked form of a line.
type masker struct {
	out []byte
	gap bool // a space is due before the next word
}

// maskLine writes the masked form of line into buffer: words separated by single spaces, marks kept, values as
// wildcards, neighbouring wildcards folded into one.
func maskLine(buffer []byte, line string) []byte {
	line = line[:min(len(line), maxMasked)]
	m := masker{out: buffer[:0]}
	for i := 0; i < len(line); {
		switch classes[line[i]] {
		case space:
			m.gap = len(m.out) > 0
			i++
		case mark:
			m.write(line[i : i+1])
			i++
			if isEmptyValue(line, i) {
				m.value()
			}
		default:
			i += m.word(line[i:])
		}
	}
	return m.out
}

// write appends text, after a space if one is due.
func (m *masker) write(text string) {
	if m.gap {
		m.out = append(m.out, ' ')
		m.gap = false
	}
	m.out = append(m.out, text...)
}

// word masks the word that rest begins with and returns its length.
func (m *masker) word(rest string) int {
	n, plain := wordSpan(rest)
	if n == 0 { // a row of dots is a ruler, not part of a word
		m.gap = len(m.out) > 0
		return len(rest) - len(strings.TrimLeft(rest, "."))
	}
	if n <= 4 && n < len(rest) && rest[n] == ':' {
		if address := hexGroups(rest); address > 0 {
			m.value()
			return address
		}
	}
	core := rest[:n]
	if !plain {
		if dots := strings.Index(core, ".."); dots > 0 {
			n = dots
		}
		core = strings.TrimRight(rest[:n], ".-")
	}
	switch {
	case core == "":
		m.write(rest[:1])
	case !plain && strings.Contains(core, "/") && isPath(core):
		if n < len(rest) && rest[n] == '?' { // a query belongs to its path
			for n < len(rest) && classes[rest[n]] != space && rest[n] != '"' {
				n++
			}
			core = rest[:n]
		}
		m.path(core)
	case !plain && isStatus(core) && m.afterStatus():
		m.write(core)
	case !plain && (isValue(core) || hasPort(core, rest[n:])), plain && m.isValueHere(core, rest[n:]):
		m.value()
	default:
		m.write(core)
	}
	return n
}

// wordSpan is the length of the word that text begins with, and whether it is plain: letters, "_" and the like alone. The
// length is 0 for a row of dots.
func wordSpan(text string) (n int, plain bool) {
	if text[0] == '.' && len(text) > 1 && text[1] == '.' {
		return 0, false
	}
	plain = true
	for ; n < len(text); n++ {
		switch c := text[n]; classes[c] {
		case space, mark:
			return n, plain
		case letter:
			if c == '.' || c == '-' || c == '/' || c == '@' || c == '#' {
				plain = false
			}
		default:
			plain = false
		}
	}
	return n, plain
}

// isValueHere says whether a plain word is a value where it stands: a literal after a key, a part of a date, a unit.
func (m *masker) isValueHere(word, rest string) bool {
	switch n := len(word); {
	case n > 9:
		return false
	case m.afterKey() && literals[word]:
		return true
	case n == 3 && word[0] < 'a' && dateWords[word]:
		return datelike(rest)
	}
	return len(word) <= 4 && m.afterValue() && unitWords[word]
}

// value appends a wildcard, unless the line so far ends in one with nothing but ":", "," or a space after it: then this
// is the same value going on (a time, an address with its port, a quantity with its unit, a list).
func (m *masker) value() {
	if m.afterValue() {
		end := len(m.out)
		for m.out[end-1] != '>' {
			end--
		}
		m.out, m.gap = m.out[:end], false
		return
	}
	m.write(wildcard)
}

func (m *masker) afterValue() bool {
	end := len(m.out)
	for end > 0 && (m.out[end-1] == ':' || m.out[end-1] == ',' || m.out[end-1] == ' ') {
		end--
	}
	n := len(wildcard)
	return end >= n && string(m.out[end-n:end]) == wildcard
}

// afterKey says whether the line so far ends in "=" or ":".
func (m *masker) afterKey() bool {
	return len(m.out) > 0 && (m.out[len(m.out)-1] == '=' || m.out[len(m.out)-1] == ':')
}

// afterStatus says whether the line so far ends in what a status code follows: a key that says so, an
// HTTP version, or the path of a request.
func (m *masker) afterStatus() bool {
	end := len(m.out)
	for end > 0 && (m.out[end-1] == '=' || m.out[end-1] == ':' || m.out[end-1] == '"' || m.out[end-1] == ' ') {
		end--
	}
	begin := bytes.LastIndexByte(m.out[:end], ' ') + 1
	if bytes.HasPrefix(m.out[begin:end], []byte("HTTP/")) {
		return true
	}
	if bytes.IndexByte(m.out[begin:end], '/') >= 0 {
		before := bytes.TrimRight(m.out[:begin], ` "`)
		return httpMethods[string(before[bytes.LastIndexAny(before, ` "`)+1:])]
	}
	for k := end; k > begin; k-- {
		if classes[m.out[k-1]] != letter {
			begin = k
		}
	}
	return statusKeys[string(m.out[begin:end])]
}

// path appends a path with the segments that are values masked, without its query.
func (m *masker) path(path string) {
	path, _, _ = strings.Cut(path, "?")
	for i := 0; i < len(path); {
		j := i + 1
		for j < len(path) && path[j] != '/' {
			j++
		}
		switch segment := strings.TrimPrefix(path[i:j], "/"); {
		case isVersion(segment) || !isValue(segment):
			m.write(path[i:j])
		case segment == path[i:j]:
			m.write(wildcard)
		default:
			m.write("/" + wildcard)
		}
		i = j
	}
}
