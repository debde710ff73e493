package redact

import "strings"

// class says how much a name tells about its value.
type class int

const (
	harmless class = iota
	weak           // may hold a secret: the value must look random (session, key, auth)
	keyed          // holds a secret or a reference to one (token, api key): the value must not look like a name
	password       // holds a secret whatever it looks like
)

// header names whose value is scheme and credential
var authorization = map[string]bool{"authorization": true, "proxy authorization": true, "x authorization": true, "x amz authorization": true}

// suspect is a cheap filter: only names that contain one of these stems (in any case) are looked at closely.
func suspect(name string) bool {
	for i := 0; i+1 < len(name); i++ {
		rest := name[i:]
		switch lower(name[i]) {
		case 'p':
			if hasFold(rest, "pass") || hasFold(rest, "pwd") || hasFold(rest, "psw") || hasFold(rest, "pw") || hasFold(rest, "pin") || hasFold(rest, "pat") {
				return true
			}
		case 's':
			if hasFold(rest, "secret") || hasFold(rest, "sig") || hasFold(rest, "sess") || hasFold(rest, "sid") || hasFold(rest, "sas") || hasFold(rest, "seed") || hasFold(rest, "senha") {
				return true
			}
		case 't':
			if hasFold(rest, "token") {
				return true
			}
		case 'k':
			if hasFold(rest, "key") || hasFold(rest, "kennwort") {
				return true
			}
		case 'a':
			if hasFold(rest, "auth") || hasFold(rest, "apik") {
				return true
			}
		case 'c':
			if hasFold(rest, "cred") || hasFold(rest, "cookie") || hasFold(rest, "csrf") || hasFold(rest, "contrasena") {
				return true
			}
		case 'j':
			if hasFold(rest, "jwt") {
				return true
			}
		case 'h':
			if hasFold(rest, "honeycomb") {
				return true
			}
		case 'm':
			if hasFold(rest, "mnemonic") {
				return true
			}
		case 'w':
			if hasFold(rest, "wachtwoord") {
				return true
			}
		case 'x':
			if hasFold(rest, "xsrf") {
				return true
			}
		}
	}
	return false
}

// words splits a name into lower-case words at separators and at camel-case humps: DB_userPassword -> db user password.
func words(name string) []string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		c := name[i]
		hump := uppers[c] && i > 0 && (lowers[name[i-1]] || digits[name[i-1]] || uppers[name[i-1]] && i+1 < len(name) && lowers[name[i+1]])
		switch {
		case !alnum[c]:
			b.WriteByte(' ')
			continue
		case hump:
			b.WriteByte(' ')
		}
		b.WriteByte(lower(c))
	}
	return strings.Fields(b.String())
}

// describes lists last words that make a name talk about a secret instead of holding it.
var describes = toSet(`name names id ids arn arns url uri endpoint host path file filename type types count length len size
	ttl expiry expires expiration expired age policy rotation version versions limit limits budget usage used status state
	required enabled disabled field header ref reference provider store manager algorithm alg prefix reset attempts
	bucket min max valid invalid validator validation error errors exception service class method mode source lifetime
	at date time on in out per remaining total strength changed updated created last format kind scope scopes audience issuer
	location dir directory map value_from label title description hint prompt placeholder handler factory filter schema spec
	fingerprint thumbprint rotated rotator cache index input output read write stdin duration seconds minutes days uses interval`)

var passwords = toSet(`password kennwort senha wachtwoord contrasena passe pw passwd passphrase passcode pwd pswd psw passwort requirepass masterauth mnemonic userpass
	rootpw bindpw adminpw clientsecret sharedsecret secretkey apisecret appsecret consumersecret secretaccesskey webhooksecret`)

// passing are words that end like storepass and keypass and hold nothing.
var passing = toSet("bypass compass trespass surpass overpass underpass encompass")

// compound names that hold a secret as surely as a password does
var certain = []string{"client secret", "shared secret", "secret key", "api secret", "app secret", "application secret",
	"consumer secret", "secret access key", "webhook secret", "signing secret", "jwt secret", "session secret", "hmac secret", "oauth secret", "auth secret", "bind pw", "root pw",
	"secret key base", "honeycomb team", "seed phrase", "recovery phrase", "hec token", "private token", "encryption key", "cookie secret", "secret token", "master key"}

// key of what: these words before "key" make it a credential
var keyOf = toSet(`api access account secret private encryption signing shared application app license licence integration
	routing ingest ingestion insert master storage auth webhook consumer ssh deploy rsa hmac subscription instrumentation client
	pd pagerduty opsgenie genie admin write read sas session data cookie jwt root rest function functions host user events event service primary secondary connection`)

// tokens that only page, deduplicate or count
var plainToken = toSet(`next page continuation idempotency sync cancellation request pagination cursor marker start resume
	client max min input output total prompt completion used cached reasoning resource`)

func toSet(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// aside are last words that change nothing: api_key_2, TOKEN_VALUE, password_old.
var aside = toSet("value b64 base64 plaintext old new prev previous current")

// classify says what a name promises about its value.
func classify(name string) class {
	if len(name) > 96 || !suspect(name) {
		return harmless
	}
	ws := words(name)
	for n := len(ws); n > 1 && (digits.all(ws[n-1]) || aside[ws[n-1]]); n-- {
		ws = ws[:n-1]
	}
	if n := len(ws); n > 1 && ws[n-1] == "id" && (ws[n-2] == "secret" && ws[0] != "aws" || ws[n-2] == "session") {
		return map[bool]class{true: keyed, false: weak}[ws[n-2] == "secret"] // a Vault role's secret id; a web session
	}
	if len(ws) == 0 || describes[ws[len(ws)-1]] && len(ws) > 1 {
		return harmless
	}
	joined := strings.Join(ws, " ")
	if c := classifyWords(ws, joined); c != harmless {
		return c
	}
	return classifyLast(ws)
}

func classifyWords(ws []string, joined string) class {
	for _, c := range certain {
		if strings.HasSuffix(joined, c) {
			return password
		}
	}
	for _, w := range ws {
		if passwords[w] || strings.HasSuffix(w, "pass") && len(w) > 4 && !passing[w] || strings.HasSuffix(w, "password") || strings.HasSuffix(w, "passwd") || strings.HasSuffix(w, "pwd") {
			return password
		}
	}
	return harmless
}

func classifyLast(ws []string) class {
	last, before := ws[len(ws)-1], ""
	if len(ws) > 1 {
		before = ws[len(ws)-2]
	}
	switch {
	case last == "pass":
		return password
	case last == "pin":
		return weak
	case last == "pat" && before != "":
		return keyed
	case last == "tokens" || strings.HasSuffix(last, "token") || last == "jwt":
		if plainToken[before] || last == "tokens" && len(ws) > 1 || last == "nexttoken" || last == "clienttoken" || last == "clientrequesttoken" {
			return harmless
		}
		return keyed
	case strings.HasSuffix(last, "secret") || last == "secrets" || last == "credential" || last == "credentials" || last == "creds" || last == "sas":
		return keyed
	case last == "apikey" || last == "apikeys" || last == "accesskey" || last == "privatekey" || last == "accountkey" || last == "licensekey":
		return keyed
	case last == "hash" && before != "" && classify(before) == password:
		return password
	case (last == "key" || last == "keys") && keyOf[before]:
		return keyed
	case strings.HasSuffix(last, "key") && len(ws) == 1 && len(last) > 3 && keyOf[strings.TrimSuffix(last, "key")]:
		return keyed
	case last == "key" && len(ws) > 1 && before != "public" && before != "partition" && before != "sort":
		return weak
	case strings.HasPrefix(last, "sess") || strings.HasSuffix(last, "sessid") || strings.HasSuffix(last, "sessionid") || last == "sid" || strings.HasSuffix(last, "cookie") ||
		last == "auth" || last == "authorization" || last == "csrf" || last == "xsrf": // signatures are no secrets; those that sign a URL are marked there
		return weak
	}
	for _, w := range ws {
		if w == "secret" || w == "token" || w == "apikey" || w == "credentials" {
			return weak
		}
	}
	return harmless
}
