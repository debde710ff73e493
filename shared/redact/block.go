package redact

import "strings"

// blocks marks private keys in PEM, OpenSSH, PGP and PuTTY form, also cut off in the middle and with escaped line
// breaks. Certificates and public keys stay.
func blocks(m *marks) {
	s := m.text
	ends := -2 // position of the next "-----END ", -1 when there is none
	for i := 0; ; {
		k := strings.Index(s[i:], "-----BEGIN ")
		if k < 0 {
			break
		}
		start := i + k
		label := s[start+len("-----BEGIN ") : min(len(s), start+len("-----BEGIN ")+60)]
		if cut := strings.Index(label, "-----"); cut >= 0 {
			label = label[:cut]
		}
		i = start + len("-----BEGIN ")
		if !strings.Contains(label, "PRIVATE KEY") {
			continue
		}
		if ends != -1 && ends < start {
			if ends = strings.Index(s[start:], "-----END "); ends >= 0 {
				ends += start
			}
		}
		i = blockEnd(s, start, ends, label)
		m.add(start, i)
	}
	if strings.Contains(s, "kty") {
		m.jwk()
	}
	if k := strings.Index(s, "PuTTY-User-Key-File-"); k >= 0 {
		if p := strings.Index(s[k:], "Private-Lines:"); p >= 0 {
			m.add(k+p, bodyEnd(s, k+p+len("Private-Lines:")))
		}
	}
}

// jwk marks the private members of a JSON web key.
func (m *marks) jwk() {
	s := m.text
	for i := 0; i < len(s); i++ {
		if s[i] != ':' {
			continue
		}
		switch m.nameBefore(i) {
		case "d", "p", "q", "dp", "dq", "qi", "k":
			if from, to, quoted := literal(s, skipBlanks(s, i+1, 4), len(s)); quoted && to-from >= 20 && base64Set.all(s[from:to]) {
				m.add(from, to)
				i = to
			}
		}
	}
}

// blockEnd is behind the END line at ends, if nothing but the key's lines stands before it, or else where those stop.
func blockEnd(s string, start, ends int, label string) int {
	body := bodyEnd(s, min(len(s), start+len("-----BEGIN -----")+len(label)))
	if ends < 0 || ends > body {
		return body
	}
	end := ends + len("-----END ")
	if strings.HasPrefix(s[end:], label) {
		end += len(label)
	}
	if strings.HasPrefix(s[end:], "-----") {
		end += 5
	}
	return max(body, end)
}

// bodyEnd runs over lines of base64 and PEM headers, real or escaped line breaks between them.
func bodyEnd(s string, i int) int {
	for i < len(s) {
		c := s[i]
		if base64Set[c] || c == '=' || c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == ':' || c == ',' || c == '\\' {
			i++
			continue
		}
		break
	}
	return i
}
