package evidence

import "strings"

// What a piece of a log line is, by its looks alone.

// Words that are values only next to one: names of days, months and zones in a date, units after a number.
var (
	dateWords   = vocabulary("Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
	unitWords   = vocabulary("B KB MB GB TB kB KiB MiB GiB TiB ns us ms AM PM UTC GMT PST PDT MST MDT CST CDT EST EDT CET CEST")
	literals    = vocabulary("true false null nil none None True False NULL NaN undefined")
	statusKeys  = vocabulary("status Status status_code statusCode StatusCode http_status httpStatus code")
	httpMethods = vocabulary("GET HEAD POST PUT PATCH DELETE OPTIONS get post put patch delete")
	// domains that end the names of machines and of nothing else in a log
	domains = []string{".com", ".net", ".org", ".edu", ".gov", ".internal", ".local", ".localdomain"}
)

func vocabulary(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// isVersion says whether a path segment is the version of an API.
func isVersion(segment string) bool {
	return len(segment) > 1 && len(segment) < 4 && segment[0] == 'v' && strings.Trim(segment[1:], "0123456789") == ""
}

// isPath says whether a word with a slash is a path or an address rather than a pair of words ("and/or", "B/s").
func isPath(word string) bool {
	slashes := strings.Count(word, "/")
	return slashes > 1 || slashes == 1 && (word[0] == '/' && len(word) > 1 || strings.ContainsAny(word, ".0123456789"))
}

// datelike says whether what follows a day or month name continues a date: a number or another such name.
func datelike(rest string) bool {
	rest = strings.TrimLeft(rest, " ,")
	return rest != "" && (classes[rest[0]] == digit || len(rest) > 3 && dateWords[rest[:3]] && classes[rest[3]] == space)
}

// hexGroups is the length of a run of at least four groups of one to four hexadecimal digits joined by colons at the
// start of text: a MAC or IPv6 address. 0 when there is none.
func hexGroups(text string) int {
	groups, size, end := 0, 0, 0
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && isHex(text[i]) && size < 4:
			size++
			continue
		case size > 0:
			groups++
			size, end = 0, i
		}
		if i == len(text) || text[i] != ':' || i > 0 && text[i-1] == ':' {
			break
		}
	}
	if groups < 4 || end < len(text) && classes[text[end]] == letter {
		return 0
	}
	return end
}

func isHex(b byte) bool {
	return classes[b] == digit || b|0x20 >= 'a' && b|0x20 <= 'f'
}

// isValue says whether a word is a value by its looks alone: a number, an id, an address, hexadecimal, binary. A word
// with a single digit inside (ssh2, http2) is left to statistics.
func isValue(word string) bool {
	digits, letters, edge := 0, 0, false
	for i := 0; i < len(word); i++ {
		switch c := word[i]; {
		case classes[c] == digit:
			digits++
			edge = edge || i == 0 || word[i-1] == '-' || word[i-1] == '_' || word[i-1] == '#' || word[i-1] == '.'
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
		case classes[c] == control:
			return true
		}
	}
	switch {
	case digits > 1 || digits == 1 && letters < 2:
		return true
	case edge:
		return true
	}
	return strings.Contains(word, "@") || strings.Contains(word, ".") && isHost(word)
}

// hasPort says whether a dotted word is followed by a port.
func hasPort(word, rest string) bool {
	return len(rest) > 1 && rest[0] == ':' && classes[rest[1]] == digit && strings.Contains(word, ".")
}

// isHost says whether a word ends like the name of a machine.
func isHost(word string) bool {
	for _, d := range domains {
		if strings.HasSuffix(word, d) {
			return true
		}
	}
	return false
}

// isEmptyValue says whether the mark before i opens a value that is not there: "key= ", "()", "[]", and quotes likewise.
// A line that lacks a value comes from the same statement as one that has it.
func isEmptyValue(line string, i int) bool {
	next := byte(' ')
	if i < len(line) {
		next = line[i]
	}
	switch line[i-1] {
	case '=':
		return i > 1 && classes[line[i-2]] == letter && (classes[next] == space || next == ',' || next == ';')
	case '(':
		return next == ')'
	case '[':
		return next == ']'
	case '{':
		return next == '}'
	}
	return false
}

// isStatus says whether a word is an HTTP status code.
func isStatus(word string) bool {
	return len(word) == 3 && word[0] >= '1' && word[0] <= '5' && classes[word[1]] == digit && classes[word[2]] == digit
}

// failureOf is the status code of 400 and above in a shape, 0 for none: masking leaves no other number of three digits.
func failureOf(shape string) int {
	for _, w := range columns(shape) {
		if isStatus(w.text) && w.text[0] >= '4' {
			return int(w.text[0]-'0')*100 + int(w.text[1]-'0')*10 + int(w.text[2]-'0')
		}
	}
	return 0
}
