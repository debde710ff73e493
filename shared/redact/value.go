package redact

import "strings"

// saysNothing lists values that stand where a secret would and are none.
var saysNothing = toSet(`null nil none undefined true false yes no on off empty unset missing required optional invalid valid expired wrong incorrect
	rejected accepted denied failed failure failing ok error unknown string str text varchar char bytes byte int integer number bool boolean object
	redacted filtered masked hidden removed omitted not must is was has cannot could should will the for and authentication
	reset changed updated created deleted rotated rotation bearer basic digest user username default plaintext encrypted disabled enabled
	todo tbd n/a na secretsmanager ssm vault env file pending active inactive ascii utf-8 utf8 base64 hex json missing. required. invalid.
	got expected received provided present absent mismatch nothing rds oauth oauth2 oidc saml iam saml2 key value`)

// tells reports whether a value of a name of class c is to be taken for a secret. quoted says that it stood in quotes.
func (c class) tells(value string, quoted bool) bool {
	trimmed := strings.Trim(value, " \t\"'`,;")
	if len(trimmed) < 3 || isPlaceholder(trimmed) || reference(trimmed) || saysNothing[strings.ToLower(trimmed)] || masked(trimmed) {
		return false
	}
	switch c {
	case password:
		return !codeLike(trimmed, quoted) && !arnLike(trimmed) && !(trimmed[0] == '/' && pathWords(trimmed))
	case keyed:
		return !codeLike(trimmed, quoted) && (random(trimmed, 7) || uuid(trimmed) || long(trimmed) && hexAny.all(trimmed))
	case weak:
		return random(trimmed, 16) && !ordinary(trimmed)
	}
	return false
}

func long(s string) bool { return len(s) >= 16 }

// reference reports whether a value only points to a secret: ${VAR}, {{ .Values.x }}, %VAR%, <your-token>, $(cmd).
func reference(s string) bool {
	if s == "" {
		return false
	}
	switch {
	case strings.HasPrefix(s, "${"), strings.HasPrefix(s, "$("), strings.HasPrefix(s, "{{"), strings.HasPrefix(s, "#{"), strings.HasPrefix(s, "%("):
		return true
	case s[0] == '!' && yamlTags[s]:
		return true
	case s[0] == '<' && s[len(s)-1] == '>':
		return true
	case len(s) > 2 && s[0] == '%' && s[len(s)-1] == '%' && word.all(s[1:len(s)-1]):
		return true
	case s[0] == '$' && len(s) > 1 && (uppers[s[1]] || s[1] == '_') && bytesUpperName.all(s[1:]):
		return true
	case strings.HasPrefix(s, "{resolve:"), strings.HasPrefix(s, "vault:"), strings.HasPrefix(s, "op://"), strings.HasPrefix(s, "secretref:"):
		return true
	}
	return s[0] == '[' && s[len(s)-1] == ']' && !digitsAndLetters(s)
}

// yamlTags begin values that CloudFormation, GitLab, Ansible and Home Assistant look up.
var yamlTags = toSet("!Ref !Sub !GetAtt !ImportValue !FindInMap !Join !Select !If !reference !vault !secret !env_var")

var bytesUpperName = bytesOf("A-Z0-9_")

// masked reports whether a value was blanked already: ****, xxxx, ........
func masked(s string) bool {
	stars := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '*', 'x', 'X', '.', '-', '_', '#', '?':
			stars++
		}
	}
	return stars == len(s) || strings.Count(s, "*")*2 > len(s) || strings.Contains(s, "•••")
}

// codeLike reports whether a value is program text: a call, a member, a type.
func codeLike(s string, quoted bool) bool {
	if quoted {
		return false
	}
	if i := strings.IndexAny(s, "(["); i > 0 && nameSet.all(s[:i]) && !digitsAndLetters(s[:i]) {
		return true
	}
	if !strings.Contains(s, ".") {
		return false
	}
	parts := strings.Split(s, ".")
	for _, p := range parts {
		if !wordLike(p) {
			return false
		}
	}
	return classify(parts[len(parts)-1]) != harmless || parts[0] == "process" || parts[0] == "os" || parts[0] == "config" || parts[0] == "self" || parts[0] == "this"
}

func arnLike(s string) bool { return strings.HasPrefix(s, "arn:") }

func pathWords(s string) bool {
	for _, p := range strings.Split(s, "/") {
		if p != "" && !nameLike(p) {
			return false
		}
	}
	return true
}

func digitsAndLetters(s string) bool {
	return digits.count(s) > 0 && lowers.count(s)+uppers.count(s) > 0
}

// random reports whether s looks drawn at random: at least min bytes, not composed of words, numbers and versions.
func random(s string, min int) bool {
	if len(s) < min || arnLike(s) || strings.Contains(s, "://") || nameLike(s) || measure(s) || strings.ContainsAny(s, " \t") {
		return false
	}
	symbols := len(s) - alnum.count(s)
	switch {
	case digitsAndLetters(s):
		return len(s) < 16 || entropy(s) >= 2.8
	case symbols > 0 && strings.ContainsAny(s, "!@#$%^&*?+=~"):
		return lowers.count(s)+uppers.count(s) > 0
	}
	return len(s) >= 16 && lowers.count(s) > 0 && uppers.count(s) > 0 && entropy(s) >= 3.5 && !camel(s) || len(s) >= 20 && digits.all(s)
}

// nameLike reports whether s is made of words, small numbers and versions joined by separators, as names of resources
// are; a short random tail after two words (a pod's, a stack's) does not change that.
func nameLike(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("-_./: $#,@[]", r) })
	named, odd := 0, 0
	for _, p := range parts {
		switch {
		case wordLike(p) || camel(p):
			named++
		case digits.all(p) && len(p) <= 14 || versionLike(p):
		case len(p) <= 10 && lowers.count(p)+digits.count(p) == len(p), len(p) <= 17 && hexLower.all(p):
			odd++
		default:
			return false
		}
	}
	return odd == 0 || named >= 2 && odd <= 2 && named >= odd
}

// wordLike reports whether s could be a word: letters of one case (or capitalised), with vowels in a natural share.
func wordLike(s string) bool {
	if s == "" || len(s) > 20 {
		return s == ""
	}
	low := lowers.count(s)
	if low != len(s) && uppers.count(s) != len(s) && !(uppers[s[0]] && low == len(s)-1) {
		return false
	}
	if len(s) <= 4 {
		return true
	}
	run := 0
	for i := 0; i < len(s); i++ {
		if strings.IndexByte("aeiouy", lower(s[i])) >= 0 {
			run = 0
			continue
		}
		if run++; run > 5 {
			return false
		}
	}
	return true
}

// camel reports whether s is words in camel case, perhaps with a small number at the end: CheckoutService2.
func camel(s string) bool {
	for len(s) > 0 && digits[s[len(s)-1]] {
		s = s[:len(s)-1]
	}
	parts := words(s)
	short := 0
	for _, p := range parts {
		if !wordLike(p) {
			return false
		}
		if len(p) <= 2 {
			short++
		}
	}
	return len(parts) > 0 && short*3 <= len(parts)
}

// versionLike: v1, v2alpha1, 1a, 2x.
func versionLike(s string) bool {
	if len(s) > 8 {
		return false
	}
	if lower(s[0]) == 'v' && len(s) > 1 && digits[s[1]] {
		return true
	}
	i := digits.run(s, 0)
	return i > 0 && len(s)-i <= 2 && alnum.all(s)
}

// measure reports whether s is a number with a unit, a date, a time or an address.
func measure(s string) bool {
	digitsOrMarks := 0
	for i := 0; i < len(s); i++ {
		if digits[s[i]] || strings.IndexByte(".,:-+/TZ%", s[i]) >= 0 {
			digitsOrMarks++
		}
	}
	return len(s) < 40 && len(s)-digitsOrMarks <= 3 && digits.count(s) > 0 && (digits[s[0]] || s[0] == '-' || s[0] == '+') && strings.IndexFunc(s, isOdd) < 0 && len(s)-digits.count(s) < 8
}

func isOdd(r rune) bool { return strings.ContainsRune("!@#$^&*~=?<>", r) }

// uuid reports the canonical form 8-4-4-4-12.
func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !hexAny[s[i]] {
			return false
		}
	}
	return true
}

// ordinary reports whether s is an id that investigations need: UUID, hash, digest, trace id, ARN, resource id.
func ordinary(s string) bool {
	if uuid(s) || hexAny.all(strings.TrimPrefix(s, "0x")) || arnLike(s) || strings.ContainsAny(s, "{},") {
		return true
	}
	for _, p := range []string{"sha256:", "sha512:", "sha1:", "sha256-", "sha384-", "sha512-", "SHA256:", "h1:", "md5:", "sha256=", "sha1=", "v1,", "v1=", "v0=", "1-", "Root=1-", "req-", "req_", "msg_", "evt_", "evt-", "inv-", "W/"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	i := strings.LastIndexByte(s, '-') // i-0abc..., subnet-..., sg-...
	return i > 0 && i <= 12 && len(s)-i > 8 && hexAny.all(s[i+1:]) && lowers.count(s[:i])+strings.Count(s[:i], "-") == i
}
