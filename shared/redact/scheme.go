package redact

import (
	"encoding/base64"
	"strings"
)

// authSchemes are words that stand before a credential in HTTP headers and logs of them.
var authSchemes = []string{"bearer", "basic", "token", "splunk", "geniekey", "ssws", "apikey", "api-key", "negotiate", "ntlm", "oauth", "jwt", "key", "digest", "aws4-hmac-sha256", "bot", "hmac", "pveapitoken", "sso-key", "sharedaccesssignature"}

// schemes marks "Bearer <token>" and "Basic <base64>" wherever they stand.
func schemes(m *marks) {
	s := m.text
	for i := 0; i < len(s); i++ {
		if c := lower(s[i]); c != 'b' && c != 's' && c != 'g' || !boundary(s, i) {
			continue
		}
		for _, scheme := range []string{"bearer", "basic", "splunk", "geniekey", "ssws"} {
			if !hasFold(s[i:], scheme) {
				continue
			}
			at := i + len(scheme)
			start := at
			for start < len(s) && start < at+4 && strings.IndexByte(" \t:=+\"'", s[start]) >= 0 {
				start++
			}
			if strings.HasPrefix(s[at:], "%20") {
				start = at + 3
			}
			end := wordDash.run(s, start)
			if start > at && schemeTells(scheme, s[start:end]) {
				m.add(start, end)
			}
		}
	}
}

func schemeTells(scheme, v string) bool {
	switch scheme {
	case "basic":
		return userPass(v)
	case "bearer":
		return random(v, 12) || uuid(v) || len(v) >= 16 && hexAny.all(v)
	}
	return uuid(v) || random(v, 16) || len(v) >= 16 && hexAny.all(v)
}

// userPass reports whether v is base64 of user:password.
func userPass(v string) bool {
	if len(v) < 6 {
		return false
	}
	text, ok := unbase64(v)
	return ok && strings.Contains(text, ":")
}

// unbase64 decodes standard or URL base64, padded or not, to printable text.
func unbase64(v string) (string, bool) {
	v = strings.TrimRight(v, "=")
	enc := base64.RawStdEncoding
	if strings.ContainsAny(v, "-_") {
		enc = base64.RawURLEncoding
	}
	if len(v)%4 == 1 {
		v = v[:len(v)-1]
	}
	if len(v) >= 16 { // most words are no base64 of text: look at the first bytes before decoding all
		var head [12]byte
		if n, err := enc.Decode(head[:], []byte(v[:16])); err != nil || !printable(head[:n]) {
			return "", false
		}
	}
	out, err := enc.DecodeString(v)
	if err != nil || len(out) == 0 || !printable(out) {
		return "", false
	}
	return string(out), true
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c > 0x7e {
			return false
		}
	}
	return true
}

// credential marks what an Authorization header carries, from start to the end of the header, and returns its end, or 0.
func (m *marks) credential(start int) int {
	s := m.text
	for start < len(s) && strings.IndexByte("\"'\\[ ", s[start]) >= 0 {
		start++
	}
	end := headerEnd(s, start)
	value := s[start:end]
	if hasFold(value, "digest ") || hasFold(value, "aws4-") || hasFold(value, "oauth ") && strings.Contains(value, "=") {
		return m.fields(start, min(lineEnd(s, start), start+4096)) // keep what identifies, take what signs
	}
	rest := afterSchemes(value)
	start += len(value) - len(rest)
	if sp := strings.IndexByte(rest, ' '); sp > 0 && !digitsAndLetters(rest[:sp]) {
		return 0 // a sentence
	} else if sp > 0 {
		end, rest = start+sp, rest[:sp]
	}
	if len(rest) < 6 || reference(rest) || masked(rest) || saysNothing[strings.ToLower(strings.Trim(rest, "., "))] {
		return 0
	}
	m.add(start, end)
	return end
}

// afterSchemes drops "Bearer ", "Token token=" and the like.
func afterSchemes(value string) string {
	for again := true; again; {
		again = false
		for _, scheme := range authSchemes {
			if hasFold(value, scheme) && len(value) > len(scheme) && strings.IndexByte(" =:", value[len(scheme)]) >= 0 {
				value = strings.TrimLeft(value[len(scheme):], " =:")
				again = true
				break
			}
		}
	}
	return value
}

// headerEnd is where a header's value ends: a quote, a line break, at most 16 KiB.
func headerEnd(s string, i int) int {
	for stop := min(len(s), i+16<<10); i < stop && strings.IndexByte("\r\n\"'`<>]}", s[i]) < 0; i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("rn\"'", s[i+1]) >= 0 {
			break
		}
	}
	return i
}

// fields marks what signs in a parameter list (response, signature, token); the rest identifies and stays.
func (m *marks) fields(start, end int) int {
	s := m.text
	for i := start; i < end; i++ {
		if s[i] != '=' || i+1 >= end {
			continue
		}
		name := m.nameBefore(i)
		if hasFold(name, "response") || hasFold(name, "signature") || hasFold(name, "oauth_") || hasFold(name, "mac") || hasFold(name, "token") {
			if from, to, _ := literal(s, i+1, 4096); min(to, end)-from >= 16 {
				m.add(from, min(to, end))
			}
		}
	}
	return end
}
