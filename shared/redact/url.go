package redact

import "strings"

// urls marks passwords in URLs and connection strings: scheme://user:password@host, the secret parameters of signed
// URLs, webhook addresses that are secrets themselves, and user:password@tcp(host) of MySQL.
func urls(m *marks) {
	s := m.text
	for i := 0; ; {
		k := strings.Index(s[i:], "://")
		if k < 0 {
			break
		}
		at := i + k
		m.userinfo(at)
		m.hook(at + 3)
		i = at + 3
	}
	for i := 0; ; {
		k := strings.IndexByte(s[i:], '@')
		if k < 0 {
			break
		}
		m.dsn(i + k)
		i += k + 1
	}
	m.queries()
}

var urlStops = bytesOf(" \t\r\n\"'<>`{}|^\\,;)")

// userinfo marks the password of the URL whose "://" is at i; alone, a random-looking user is the credential.
func (m *marks) userinfo(i int) {
	s := m.text
	start, http := i+3, strings.HasSuffix(s[:i], "http") || strings.HasSuffix(s[:i], "https")
	at, colon, end := -1, -1, start
	for end < len(s) && end < start+2048 && !stopsUserinfo(s, end) {
		if c := s[end]; c == ':' && strings.HasPrefix(s[end:], "://") {
			break // the next URL
		} else if c == '@' {
			at = end
		} else if c == ':' && colon < 0 {
			colon = end
		} else if (c == '/' || c == '?' || c == '#') && (http || at >= 0 || colon < 0 || digits.all(s[colon+1:end])) {
			break
		}
		end++
	}
	switch {
	case at < 0:
	case colon >= 0 && colon < at:
		if v := s[colon+1 : at]; v != "" && !reference(v) && !masked(v) {
			m.add(colon+1, at)
		}
	case random(s[start:at], 16) || hexAny.all(s[start:at]) && at-start >= 16:
		m.add(start, at)
	}
}

// stopsUserinfo: these end a URL, but quotes and separators that passwords contain do so only when no @ follows soon.
func stopsUserinfo(s string, i int) bool {
	return urlStops[s[i]] && !(strings.IndexByte(",;)^|{}", s[i]) >= 0 && i+1 < len(s) && !urlStops[s[i+1]] && s[i+1] != '/')
}

// hooks are addresses whose path is the credential: everything behind the prefix goes.
var hooks = []string{"hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/", "discord.com/api/webhooks/",
	"discordapp.com/api/webhooks/", "hooks.zapier.com/hooks/catch/", "api.telegram.org/bot", "events.pagerduty.com/integration/",
	"maker.ifttt.com/trigger/", "chat.googleapis.com/v1/spaces/", "outlook.office.com/webhook/", "outlook.office365.com/webhook/", "alert.victorops.com/integrations/generic/"}

func (m *marks) hook(i int) {
	s := m.text
	prefix := ""
	for _, h := range hooks {
		if strings.HasPrefix(s[i:], h) {
			prefix = h
		}
	}
	if prefix == "" {
		const teams = ".webhook.office.com/webhookb2/"
		if host := slugDot.run(s, i); strings.HasPrefix(s[host:], "/webhookb2/") && strings.HasSuffix(s[i:host], ".webhook.office.com") {
			prefix = s[i:host] + teams[len(".webhook.office.com"):]
		} else {
			return
		}
	}
	end := i + len(prefix)
	for end < len(s) && strings.IndexByte(" \t\r\n\"'<>`\\", s[end]) < 0 {
		end++
	}
	if end-i > len(prefix)+8 {
		m.add(i+len(prefix), trimDots(s, end))
	}
}

// signed are query parameters that make a URL a bearer credential.
var signed = toSet(`sig signature x-amz-signature x-amz-security-token x-goog-signature access_token code_verifier id_token refresh_token
	client_assertion assertion samlresponse oauth_token oauth_signature key-pair-signature hdnts policy_signature token auth jwt`)

// queries marks the values of signed parameters: ?sig=..., &X-Amz-Signature=...
func (m *marks) queries() {
	s := m.text
	for i := 0; i < len(s); i++ {
		if s[i] != '?' && s[i] != '&' && s[i] != ';' && s[i] != '#' {
			continue
		}
		end := nameSet.run(s, i+1)
		if end >= len(s) || s[end] != '=' || end-i > 40 || end-i < 3 || !signed[strings.ToLower(s[i+1:end])] {
			continue
		}
		to := end + 1
		for to < len(s) && strings.IndexByte("& \t\r\n\"'<>`\\#;,)", s[to]) < 0 {
			to++
		}
		if v := s[end+1 : to]; len(v) >= 8 && (random(v, 8) || hexAny.all(v) && len(v) >= 16 || uuid(v)) {
			m.add(end+1, to)
		}
		i = to - 1
	}
}

// dsn marks user:password@tcp(host:3306)/db, and user:password@host:port without a scheme.
func (m *marks) dsn(at int) {
	s := m.text
	start := at
	for start > 0 && start > at-100 && strings.IndexByte(" \t\r\n\"'=<>`,/\\", s[start-1]) < 0 {
		start--
	}
	colon := strings.IndexByte(s[start:at], ':')
	if colon <= 0 || !nameSet[s[start+colon-1]] || !nameSet.all(strings.TrimLeft(s[start:start+colon], "([{")) {
		return
	}
	pass, rest := s[start+colon+1:at], s[at+1:]
	if pass == "" || reference(pass) || strings.HasPrefix(rest, "sha256:") || masked(pass) {
		return
	}
	for _, p := range []string{"tcp(", "unix(", "(", "tcp6("} {
		if strings.HasPrefix(rest, p) {
			m.add(start+colon+1, at)
			return
		}
	}
	host := slugDot.run(rest, 0)
	port := host + 1
	if host > 0 && port < len(rest) && (rest[host] == ':' && digits[rest[port]] || rest[host] == '/') && (random(pass, 6) || digitsAndLetters(pass)) {
		m.add(start+colon+1, at)
	}
}
