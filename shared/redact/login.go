package redact

import "strings"

// The password of a user and a password that are told in one breath: the second argument of BasicAuth("user", "password") and
// its like, user/pass: a / b, sqlplus a/b@host, credentials a:b, htpasswd -b file a b.

// logsIn says how much the name of a call tells about its second argument, when both are texts: keyed, it holds a password
// if it looks random; password, it holds one whatever it looks like.
func logsIn(name string) class {
	ws := words(name[strings.LastIndexByte(name, '.')+1:])
	if len(ws) == 0 {
		return harmless
	}
	last, joined := ws[len(ws)-1], strings.Join(ws, " ")
	switch {
	case strings.HasSuffix(joined, "basic auth") || strings.HasSuffix(joined, "digest auth") || strings.HasSuffix(joined, "network credential") ||
		strings.HasSuffix(joined, "password credentials") || strings.HasSuffix(joined, "password credential") || strings.HasSuffix(joined, "password authentication"):
		return password
	case last == "auth" || last == "login" || last == "credential" || last == "credentials" || last == "authenticate":
		return keyed
	}
	return harmless
}

// loginCall marks the second of two quoted arguments of the call whose bracket is at i, and of auth=("a", "b").
func (m *marks) loginCall(i int) {
	s := m.text
	end := i
	for end > 0 && (s[end-1] == ' ' || s[end-1] == '=') && end > i-3 {
		end--
	}
	c := logsIn(s[nameSet.back(s, end, 48):end])
	if c == harmless {
		return
	}
	_, to, quoted := literal(s, i+1, look)
	for to < len(s) && strings.IndexByte("\\\"'", s[to]) >= 0 {
		to++
	}
	if !quoted || to >= len(s) || s[to] != ',' {
		return
	}
	from, to, quoted := literal(s, skipBlanks(s, to+1, 4), look)
	if v := s[from:min(to, len(s))]; quoted && (c.tells(v, true) || password.tells(v, true) && strong(v)) {
		m.add(from, to)
	}
}

// strong reports whether a value is what most rules for passwords want.
func strong(v string) bool { return len(v) >= 8 && mixed(v) }

// users are what stands before the slash of user/pass.
var users = toSet("user username usr login account")

// slashed is where the password starts in user/pass: a / b, whose name "pass" ends at the separator i; 0 where it is none.
func (m *marks) slashed(i int, name string) int {
	s := m.text
	start := i - len(name)
	if start < 2 || s[start-1] != '/' || !users[strings.ToLower(s[nameSet.back(s, start-1, 12):start-1])] {
		return 0
	}
	at := skipBlanks(s, i+1, 4)
	user := bareUntil(s, at, '/')
	if user == at || user >= len(s) || s[user] != '/' && s[skipBlanks(s, user, 2)] != '/' {
		return 0
	}
	return skipBlanks(s, skipBlanks(s, user, 2)+1, 2)
}

// bareUntil is the end of the word at i, or of its part before stop.
func bareUntil(s string, i int, stop byte) int {
	for i < len(s) && s[i] != stop && strings.IndexByte(" \t\r\n\"',;", s[i]) < 0 {
		i++
	}
	return i
}

// oracles are the programs whose first argument is user/password@database.
var oracles = []string{"sqlplus ", "expdp ", "impdp ", "rman target ", "sqlldr ", "jdbc:oracle:thin:", "jdbc:oracle:oci:"}

// together marks what programs and people write as one word, or as words that follow each other.
func (m *marks) together(l string, offset int) {
	for _, p := range oracles {
		if k := strings.Index(l, p); k >= 0 {
			at := skipBlanks(l, k+len(p), 4)
			for strings.HasPrefix(l[at:], "-") { // flags, which take no word of their own here
				at = skipBlanks(l, bareUntil(l, at, ' '), 4)
			}
			slash := bareUntil(l, at, '/')
			end := bareUntil(l, slash, '@')
			if slash > at && end > slash+1 && (end < len(l) && l[end] == '@' || alike(l[slash+1:end])) && !reference(l[slash+1:end]) {
				m.add(offset+slash+1, offset+end)
			}
		}
	}
	for _, p := range []string{"credentials ", "creds "} {
		if k := strings.Index(l, p); k >= 0 {
			at := k + len(p)
			colon := bareUntil(l, at, ':')
			if end := bareUntil(l, colon, ' '); colon > at && end > colon+1 && alike(l[colon+1:end]) {
				m.add(offset+colon+1, offset+end)
			}
		}
	}
	if k := strings.Index(l, "htpasswd "); k >= 0 {
		n, batch, at := 0, false, k
		for _, f := range strings.Fields(l[k:])[1:] {
			next := strings.Index(l[at:], " "+f)
			if next < 0 { // not written with blanks
				break
			}
			at += next + 1
			if strings.HasPrefix(f, "-") {
				batch = batch || strings.Contains(f, "b")
				if strings.Contains(f, "n") { // to standard output: there is no file
					n++
				}
			} else if n++; n == 3 && batch && !reference(f) { // file, user, password
				m.add(offset+at, offset+at+len(f))
			}
		}
	}
}
