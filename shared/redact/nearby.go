package redact

import "strings"

// cues are words after which, in the same line, a random-looking string is taken for a secret. strong ones make even a
// plain hex string or UUID directly behind them one; pass ones also a chosen password.
var cues = indexCues([]cue{
	{"password", true, true}, {"passwd", true, true}, {"passphrase", true, true}, {"passcode", true, true}, {"pwd", true, true}, {"credentials", true, true},
	{"api key", true, false}, {"api-key", true, false}, {"api_key", true, false}, {"apikey", true, false}, {"access key", true, false}, {"private key", true, false},
	{"license key", true, false}, {"licence key", true, false}, {"integration key", true, false}, {"routing key", true, false}, {"app key", true, false},
	{"application key", true, false}, {"account key", true, false}, {"encryption key", true, false}, {"signing key", true, false}, {"auth key", true, false},
	{"webhook key", true, false}, {"hec token", true, false}, {"auth token", true, false}, {"access token", true, false},
	{"secret", false, false}, {"token", false, false}, {"credential", false, false}, {"bearer", false, false}, {"cookie", false, false}, {"connection string", false, false},
})

type cue struct {
	text         string
	strong, pass bool
}

func indexCues(all []cue) (by [256][]cue) {
	for _, c := range all {
		by[c.text[0]] = append(by[c.text[0]], c)
		by[c.text[0]-'a'+'A'] = append(by[c.text[0]-'a'+'A'], c)
	}
	return by
}

// reach is how many bytes behind a cue a secret is looked for.
const reach = 96

// nearby marks random-looking strings that prose brings up as secrets: "rotated the token to Zk3...".
func nearby(m *marks) {
	s := m.text
	var now cue // the last cue of this line, and where it ended
	end, first := -1, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\n' || end >= 0 && i > end+reach {
			end = -1
		}
		if end >= 0 && i >= end && opaque[c] && (i == end || !opaque[s[i-1]]) {
			first = m.brought(i, now, first) && first
		}
		if by := cues[c]; len(by) > 0 && (i == 0 || !lowers[s[i-1]]) {
			for _, q := range by {
				if hasFold(s[i:], q.text) {
					now, end, first = q, i+len(q.text), true
					i = end - 1
					break
				}
			}
		}
	}
}

// opaque are the bytes of a string that may be a secret in prose.
var opaque = bytesOf("A-Za-z0-9+/_=.~!?@#$%^&*-")

// brought marks the string at i if the cue makes it a secret, and reports whether it is a filler word between the two. A
// string with a label of its own (request id: x) is not the cue's.
func (m *marks) brought(i int, q cue, first bool) (fills bool) {
	s := m.text
	end := opaque.run(s[:min(len(s), i+2048)], i)
	if first && s[i] == '=' && i > 0 && alnum[s[i-1]] {
		return false // name=value is seen elsewhere
	}
	v := strings.TrimRight(s[i:end], ".!=")
	if len(v) < 6 {
		return filler[strings.ToLower(strings.Trim(v, "!#*"))]
	}
	if q.pass && first && strings.IndexByte(" \"'", s[i-1]) >= 0 && strings.ContainsAny(v, "!#$%^&*") && digitsAndLetters(v) && alike(v) {
		m.add(i, end) // use password hunter#2 to
		return false
	}
	if strings.IndexByte(v, '=') >= 0 || len(v) < 16 && !q.pass || strings.HasPrefix(s[end:], "://") || reference(v) || labelledID(s, i) {
		return false
	}
	switch {
	case q.pass && linking(s, i) && alike(v): // "the password is hunter2"
		m.add(i, end)
	case q.strong && first && len(v) >= 16 && (hexAny.all(strings.TrimPrefix(v, "0x")) && digitsAndLetters(v) || uuid(v)):
		m.add(i, end)
	case len(v) >= 16 && !ordinary(v) && scrambled(v):
		m.add(i, end)
	}
	return false
}

// filler are words that may stand between a cue and its secret.
var filler = toSet(`is was to the a an of for set as key token secret value now new old was: is: = -> used using with header`)

// linking reports whether the words before i say that a value follows: "is", "was", "to", "=".
func linking(s string, i int) bool {
	before := strings.TrimRight(s[max(0, i-12):i], " \t\"'`:")
	for _, w := range []string{" is", " was", " to", " as", " be", " using", "now", " /"} {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	return false
}

// alike reports whether a short word looks like a chosen password: letters with digits or symbols in it.
func alike(v string) bool {
	if len(v) < 6 || measure(v) || strings.Contains(v, "/") || ordinary(v) || versionLike(v) {
		return false
	}
	return digitsAndLetters(v) || strings.ContainsAny(v, "!@#$%^&*") && alnum.count(v) > 4 && !strings.Contains(v[1:], ".")
}

// scrambled reports whether the longest unbroken piece of v is at least 16 characters in which letters and digits
// alternate as they do by chance, or all three kinds of character occur.
func scrambled(v string) bool {
	if strings.Contains(v, "@") || strings.Count(v, "/") > 3 || measure(v) {
		return false
	}
	best := ""
	for _, p := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune("-_./=", r) }) {
		if len(p) > len(best) {
			best = p
		}
	}
	if len(best) < 16 {
		return len(v) >= 24 && mixed(v) && entropy(v) >= 4 && !nameLike(v)
	}
	changes := 0
	for i := 1; i < len(best); i++ {
		if digits[best[i]] != digits[best[i-1]] {
			changes++
		}
	}
	return changes >= 4 && entropy(best) >= 3.3 && !hexAny.all(best) || mixed(best) && entropy(best) >= 3.7 && !camel(best)
}

// labelledID reports whether the string at i carries a label that makes it something else: "request id: x", "etag=x".
func labelledID(s string, i int) bool {
	at := i
	for at > 0 && at > i-4 && strings.IndexByte(" \"'\\(", s[at-1]) >= 0 {
		at--
	}
	if at == 0 || s[at-1] != ':' && s[at-1] != '=' {
		return labelWord(s, at)
	}
	at--
	for at > 0 && strings.IndexByte("\"'\\ ", s[at-1]) >= 0 {
		at--
	}
	name := s[nameSet.back(s, at, 40):at]
	return name != "" && classify(name) == harmless && !filler[strings.ToLower(name)]
}

// labelWord reports whether the word that ends at i names an id: "commit 9fce...", "digest sha256...".
func labelWord(s string, i int) bool {
	w := strings.ToLower(s[nameSet.back(s, i, 24):i])
	return idWords[w] || strings.HasSuffix(w, "_id") || strings.HasSuffix(w, "-id")
}

var idWords = toSet(`id ids commit digest hash checksum sha sha1 sha256 md5 etag trace span revision version request requestid correlation
	fingerprint image nonce arn user role function pod container task instance host stream bucket`)
