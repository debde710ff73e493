package redact

import "strings"

// pairs marks the values of sensitive names, whatever the syntax: name=value, "name": "value", name => 'value',
// \"name\":\"value\", <name>value</name>, ['name'] = "value", {"name":"DB_PASSWORD","value":"..."}.
func pairs(m *marks) {
	s := m.text
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '=', ':':
			i = max(i, m.pair(i)-1)
		case '>':
			m.element(i)
		case '(':
			m.call(i)
			m.loginCall(i)
		}
	}
}

// pair looks at the name before the separator at i and marks the value behind it. It returns the end of what it marked,
// or 0.
func (m *marks) pair(i int) int {
	s := m.text
	if i+1 < len(s) && s[i] == ':' && s[i+1] == '/' {
		return 0
	}
	if i > 0 && (s[i-1] == '=' || s[i-1] == ':') { // seen at the first character of ==, ::, :=
		return 0
	}
	name := m.nameBefore(i)
	if len(name) < 2 || s[i] == ':' && i > len(name) && s[i-len(name)-1] == ':' { // a:secret:b is a list, an ARN
		return 0
	}
	c := classify(name)
	switch {
	case name == "default":
		c = m.variable(i)
	case c == harmless && s[i] == ':' && m.asked(i-len(name)):
		if from, to, _ := literal(s, skipBlanks(s, i+1, 4), look); strong(s[from:to]) {
			c = password
		} else {
			c = keyed
		}
	}
	if c == harmless {
		return m.named(i, name)
	}
	start := i + 1
	for start < len(s) && start < i+3 && strings.IndexByte("=:>~", s[start]) >= 0 {
		start++
	}
	if at := m.slashed(i, name); at > 0 && c == password {
		return m.value(at, password, "password", false)
	}
	spaced := start < len(s) && s[start] == ' '
	start = skipBlanks(s, start, 16)
	if below := nextLine(s, start); below > 0 && c > weak {
		start = below
	}
	return m.value(start, c, name, s[i] == ':' && spaced)
}

// nextLine is where the value starts when it stands alone on the next, indented line, as YAML allows; otherwise 0.
func nextLine(s string, i int) int {
	for n := 0; n < 3 && i < len(s) && strings.IndexByte("|>-", s[i]) >= 0; n++ {
		i++
	}
	if i < len(s) && s[i] == '\r' {
		i++
	}
	if i >= len(s) || s[i] != '\n' {
		return 0
	}
	start := skipBlanks(s, i+1, 32)
	if start == i+1 || strings.ContainsAny(s[start:min(lineEnd(s, start), start+look)], ": ") {
		return 0
	}
	return start
}

// nameBefore is the identifier that ends before i, across blanks, quotes and a closing bracket.
func (m *marks) nameBefore(i int) string {
	s := m.text
	for n := 0; n < 4 && i > 0 && (s[i-1] == ' ' || s[i-1] == '\t'); n++ {
		i--
	}
	for n := 0; n < 8 && i > 0 && strings.IndexByte("\"'`\\]", s[i-1]) >= 0; n++ {
		i--
	}
	start := nameSet.back(s, i, 97)
	if start > 0 && start < i && s[start-1] == '\\' && strings.IndexByte("nrt", s[start]) >= 0 {
		start++ // the n of an escaped line break
	}
	if start >= 3 && s[start-1] == '%' && start+2 <= i {
		start += 2 // the hex digits of a percent escape
	}
	return s[start:i]
}

// asked reports whether "password for " stands before i, as in prompts that were answered: password for admin: x.
func (m *marks) asked(i int) bool {
	const ask = "password for "
	return i >= len(ask) && hasFold(m.text[i-len(ask):], ask)
}

// variable classifies the name of the Terraform variable whose default stands at i: variable "db_password" { default = "x" }.
func (m *marks) variable(i int) class {
	before := m.text[max(0, i-300):i]
	k := strings.LastIndex(before, `variable "`)
	if k < 0 || strings.IndexByte(before[k:], '}') >= 0 {
		return harmless
	}
	name := before[k+len(`variable "`):]
	return classify(name[:nameSet.run(name, 0)])
}

// named marks the value in {"name":"DB_PASSWORD","value":"..."} and in <add key="Password" value="..."/>.
func (m *marks) named(i int, name string) int {
	s := m.text
	if len(name) > 12 || !hasFold(name, "name") && !hasFold(name, "key") && !hasFold(name, "parameterkey") {
		return 0
	}
	start, end, _ := literal(s, skipBlanks(s, i+1, 4), 96)
	c := classify(s[start:end])
	if c == harmless {
		return 0
	}
	if close := end + 1; close < len(s) && s[close] == '>' && c > weak { // <property name="db.password">x</property>
		if stop := strings.IndexByte(s[close:min(len(s), close+look)], '<'); stop > 0 && c.tells(s[close+1:close+stop], true) {
			m.add(close+1, close+stop)
			return close + stop
		}
	}
	for at, stop := end, min(len(s), end+60); at < stop; at++ {
		if !hasFold(s[at:], "value") && !hasFold(s[at:], "content") {
			continue
		}
		at = slug.run(s, at)
		for at < len(s) && strings.IndexByte("\"'\\ \t", s[at]) >= 0 {
			at++
		}
		if at < len(s) && (s[at] == ':' || s[at] == '=') {
			return m.value(skipBlanks(s, at+1, 4), max(c, keyed), name, false)
		}
		return 0
	}
	return 0
}

// look is how many bytes of a value decide whether it is a secret; what is marked then runs on to its end.
const look = 192

// value marks the literal at start if it tells a secret, and returns its end, or 0.
func (m *marks) value(start int, c class, name string, prose bool) int {
	s := m.text
	if start >= len(s) {
		return 0
	}
	if isAuthorization(name) {
		return m.credential(start)
	}
	from, to, quoted := literal(s, start, look)
	if end := phrase(s, to); !quoted && c == password && end > to {
		m.add(from, end)
		return end
	}
	if !quoted && prose && to < len(s) && prosy(s, from, to) {
		return 0
	}
	if strings.EqualFold(name, "pass") && !digitsAndLetters(s[from:to]) {
		return 0 // a test result
	}
	if !c.tells(s[from:to], quoted) && !(c == weak && hidesPair(s[from:to])) {
		return 0
	}
	if to-from >= look {
		_, to, _ = literal(s, start, len(s))
	}
	m.add(from, to)
	return to
}

// phrase is where the lower-case words end that follow at i, if there are as many as a wallet's recovery phrase has.
func phrase(s string, i int) int {
	end, n := i, 1
	for end < len(s) && s[end] == ' ' && n < 24 {
		next := lowers.run(s, end+1)
		if next-end < 4 || next-end > 9 { // the lists have words of three to eight letters
			break
		}
		end, n = next, n+1
	}
	if n < 12 {
		return i
	}
	return end
}

func isAuthorization(name string) bool { return authorization[strings.Join(words(name), " ")] }

// prosy reports whether an unquoted word after "name: " is the start of a sentence rather than a value.
func prosy(s string, from, to int) bool {
	v := strings.TrimRight(s[from:to], ".,!")
	next := skipBlanks(s, to, 4)
	return next > to && next < len(s) && alnum[s[next]] && wordLike(v) && alnum.run(s, next) > next+1
}

// literal finds the value at i: quoted (with any number of backslashes before the quotes) or bare. It returns the bytes
// between the quotes, at most limit of them.
func literal(s string, i, limit int) (start, end int, quoted bool) {
	q := i
	for q < len(s) && (s[q] == 'b' || s[q] == 'u' || s[q] == 'r' || s[q] == '[' || s[q] == '(' || s[q] == '@') && q < i+2 {
		q++
	}
	slashes := q
	for q < len(s) && s[q] == '\\' {
		q++
	}
	if q < len(s) && (s[q] == '"' || s[q] == '\'' || s[q] == '`') {
		return q + 1, closing(s, q, q-slashes, limit), true
	}
	return i, bareEnd(s, i, limit), false
}

// closing finds the quote that closes the one at q: the next with the same number of backslashes before it, or fewer.
func closing(s string, q, slashes, limit int) int {
	limit = min(len(s), q+1+limit)
	for i := q + 1; i < limit; i++ {
		if s[i] == '\n' && s[q] != '`' {
			return i
		}
		if s[i] != s[q] {
			continue
		}
		n := 0
		for i-1-n > q && s[i-1-n] == '\\' {
			n++
		}
		if n == slashes || slashes == 0 && n%2 == 0 || n < slashes {
			return i - n
		}
	}
	return limit
}

// bareEnd finds the end of an unquoted value. Separators that also occur in passwords end it only where something
// follows that looks like the next pair or the end of the list.
func bareEnd(s string, i, limit int) int {
	open := 0
	for stop := i + min(limit, len(s)-i); i < stop; i++ {
		switch s[i] {
		case ' ', '\t', '\n', '\r', '"', '\'', '`', '<', '|':
			return i
		case '\\':
			if i+1 < len(s) && strings.IndexByte("nrt\"'", s[i+1]) >= 0 {
				return i
			}
		case '(', '[', '{':
			open++
		case ')', ']', '}':
			if open == 0 {
				return i
			}
			open--
		case ',', ';', '&':
			if endsHere(s, i+1) {
				return i
			}
		}
	}
	return i
}

// endsHere reports whether a new pair, a blank or the end follows at i.
func endsHere(s string, i int) bool {
	if i >= len(s) || strings.IndexByte(" \t\r\n\"'\\})]<", s[i]) >= 0 {
		return true
	}
	end := i
	for end < len(s) && end < i+64 && (nameSet[s[end]] || s[end] == ' ' || s[end] == '$') {
		end++
	}
	return end > i && end < len(s) && (s[end] == '=' || s[end] == ':')
}

// call marks the argument of setPassword("x") and PASSWORD('x'): what a password is looked up by stands in other calls.
func (m *marks) call(i int) {
	s := m.text
	at := i + 1
	for at < len(s) && s[at] == '\\' {
		at++
	}
	if at >= len(s) || s[at] != '"' && s[at] != '\'' {
		return
	}
	name := s[nameSet.back(s, i, 48):i]
	if classify(name) != password {
		return
	}
	ws := words(name[strings.LastIndexByte(name, '.')+1:])
	if len(ws) == 0 || ws[0] != "set" && ws[0] != "with" && classify(ws[0]) != password {
		return
	}
	m.tell(i+1, password)
}

// element marks the text of an XML element with a sensitive name.
func (m *marks) element(i int) {
	s := m.text
	start := nameSet.back(s, i, 64)
	if start == 0 || start == i || s[start-1] != '<' && s[start-1] != ':' {
		return
	}
	c := classify(s[start:i])
	end := strings.IndexByte(s[i:min(len(s), i+4096)], '<')
	if c == harmless || end < 0 {
		return
	}
	if v := s[i+1 : i+end]; c.tells(v, true) {
		m.add(i+1, i+end)
	}
}
