package redact

import "strings"

// format is a credential that its issuer gave a recognisable prefix: after the prefix come at least min characters of
// the set, and exactly min where exact says so.
type format struct {
	prefix string
	chars  *set
	min    int
	exact  bool
}

// The formats that issuers publish, or that gitleaks' rules (MIT) and GitHub's secret scanning list.
var known = index([]format{
	// AWS: access key ids, temporary credentials, Bedrock keys, marketplace, Step Functions task tokens
	{"AKIA", &upperNum, 16, true}, {"ASIA", &upperNum, 16, true}, {"ABIA", &upperNum, 16, true},
	{"ACCA", &upperNum, 16, true}, {"A3T", &upperNum, 17, true},
	{"IQoJb3JpZ2lu", &wordDash, 40, false}, {"FwoGZXIvYXdz", &wordDash, 40, false}, {"FQoGZXIvYXdz", &wordDash, 40, false},
	{"AQoDYXdz", &wordDash, 40, false}, {"ABSK", &wordDash, 100, false}, {"bedrock-api-key-", &wordDash, 20, false},
	{"amzn.mws.", &slug, 32, false}, {"AAAAKgAAAAI", &wordDash, 32, false}, {"AAAAKgAAAAM", &wordDash, 32, false},
	// GitHub, GitLab, Atlassian, other code hosts and registries
	{"ghp_", &alnum, 30, false}, {"gho_", &alnum, 30, false}, {"ghu_", &alnum, 30, false}, {"ghs_", &slugDot, 30, false},
	{"ghr_", &alnum, 30, false}, {"github_pat_", &word, 30, false},
	{"glpat-", &slugDot, 16, false}, {"gldt-", &slug, 16, false}, {"glcbt-", &slug, 16, false}, {"glrt-", &slugDot, 16, false},
	{"glptt-", &slug, 16, false}, {"glft-", &slug, 16, false}, {"glimt-", &slug, 16, false}, {"glagent-", &slug, 16, false},
	{"glsoat-", &slug, 16, false}, {"glffct-", &slug, 16, false}, {"gloas-", &slug, 16, false}, {"GR1348941", &slug, 16, false},
	{"ATATT3", &wordDash, 30, false}, {"ATCTT3", &wordDash, 30, false}, {"ATBB", &alnum, 24, false}, {"BBDC-", &wordDash, 30, false},
	{"npm_", &alnum, 30, false}, {"pypi-AgE", &slug, 20, false}, {"rubygems_", &hexLower, 40, false}, {"cio", &alnum, 32, true},
	{"oy2", &alnum, 43, true}, {"CLOJARS_", &alnum, 40, false}, {"dckr_pat_", &slug, 20, false}, {"dckr_oat_", &slug, 20, false},
	{"AKCp", &alnum, 60, false}, {"cmVmd", &alnum, 59, false}, {"sgp_", &word, 40, false}, {"bkua_", &alnum, 32, false},
	{"CCIPAT_", &word, 20, false}, {"squ_", &hexLower, 40, false}, {"sqp_", &hexLower, 40, false}, {"sqa_", &hexLower, 40, false},
	// chat and mail
	{"xoxb-", &slug, 10, false}, {"xoxp-", &slug, 10, false}, {"xoxa-", &slug, 10, false}, {"xoxr-", &slug, 10, false},
	{"xoxs-", &slug, 10, false}, {"xoxo-", &slug, 10, false}, {"xoxe-", &slug, 10, false}, {"xoxe.", &slugDot, 10, false},
	{"xoxd-", &wordDash, 10, false}, {"xoxc-", &slug, 10, false}, {"xapp-", &slug, 10, false}, {"xwfp-", &slug, 10, false},
	{"SG.", &slugDot, 32, false}, {"key-", &hexLower, 32, true}, {"xkeysib-", &slug, 32, false}, {"xsmtpsib-", &slug, 32, false},
	{"SK", &hexLower, 32, true}, {"sbp_", &hexLower, 40, false},
	// payment
	{"sk_live_", &alnum, 10, false}, {"sk_test_", &alnum, 10, false}, {"sk_prod_", &alnum, 10, false},
	{"rk_live_", &alnum, 10, false}, {"rk_test_", &alnum, 10, false}, {"rk_prod_", &alnum, 10, false}, {"whsec_", &wordDash, 20, false},
	{"sq0atp-", &slug, 22, false}, {"sq0csp-", &slug, 40, false}, {"EAAA", &slug, 55, false}, {"EZAK", &alnum, 54, false}, {"EZTK", &alnum, 54, false},
	{"shpat_", &hexAny, 32, false}, {"shpca_", &hexAny, 32, false}, {"shppa_", &hexAny, 32, false}, {"shpss_", &hexAny, 32, false},
	{"FLWSECK", &slug, 16, false}, {"shippo_live_", &hexAny, 32, false}, {"shippo_test_", &hexAny, 32, false},
	// Google, Azure, other clouds and platforms
	{"AIza", &slug, 30, false}, {"GOCSPX-", &slug, 20, false}, {"ya29.", &slugDot, 20, false}, {"1//0", &slug, 20, false},
	{"dop_v1_", &hexAny, 40, false}, {"doo_v1_", &hexAny, 40, false}, {"dor_v1_", &hexAny, 40, false}, {"LTAI", &alnum, 12, false},
	{"AKID", &alnum, 32, true}, {"AQVN", &slug, 35, false}, {"dapi", &hexLower, 32, false}, {"pscale_tkn_", &slugDot, 32, false},
	{"pscale_pw_", &slugDot, 32, false}, {"pscale_oauth_", &slugDot, 32, false}, {"pul-", &hexLower, 40, true}, {"nfp_", &alnum, 36, false},
	{"fo1_", &slug, 43, false}, {"fm2_", &wordDash, 40, false}, {"fm1r_", &wordDash, 40, false}, {"rnd_", &alnum, 28, false},
	{"tskey-", &slug, 16, false}, {"v1.0-", &bytesHexDash, 100, false}, {"HRKU-", &slug, 30, false},
	{"hvs.", &slug, 20, false}, {"hvb.", &slug, 20, false}, {"hvr.", &slug, 20, false}, {"dp.pt.", &alnum, 32, false},
	{"dp.st.", &slugDot, 32, false}, {"dp.ct.", &alnum, 32, false}, {"dp.sa.", &alnum, 32, false}, {"dp.scim.", &alnum, 32, false},
	{"AGE-SECRET-KEY-1", &upperNum, 40, false}, {"ops_eyJ", &wordDash, 60, false}, {"p8e-", &alnum, 32, false}, {"ico-", &alnum, 32, true},
	// observability
	{"NRAK-", &alnum, 20, false}, {"NRAA-", &alnum, 20, false}, {"NRII-", &slug, 20, false}, {"NRIQ-", &slug, 20, false},
	{"NRRA-", &alnum, 20, false}, {"NRSP-", &alnum, 20, false}, {"NRJS-", &hexLower, 19, true}, {"dt0c01.", &slugDot, 24, false}, {"dt0s01.", &slugDot, 24, false}, {"dt0s02.", &slugDot, 24, false},
	{"dt0s03.", &slugDot, 24, false}, {"dt0s04.", &slugDot, 24, false}, {"dt0s06.", &slugDot, 24, false}, {"dt0s08.", &slugDot, 24, false},
	{"dt0s16.", &slugDot, 24, false}, {"dt0e01.", &slugDot, 24, false}, {"pdus+_", &wordDash, 20, false}, {"pdeu+_", &wordDash, 20, false},
	{"glsa_", &word, 32, false}, {"glc_", &wordDash, 32, false}, {"eyJrIjoi", &wordDash, 32, false}, {"sntrys_", &wordDash, 40, false},
	{"sntryu_", &hexLower, 40, false}, {"hcaik_", &alnum, 40, false}, {"hcxik_", &alnum, 40, false}, {"hcbik_", &alnum, 40, false},
	{"ddpat_", &word, 24, false}, {"ddapp_", &word, 24, false}, {"phx_", &alnum, 32, false},
	{"sdk-", &bytesHexDash, 36, true}, {"api-", &bytesHexDash, 36, true}, {"mob-", &bytesHexDash, 36, true},
	// models and other services
	{"sk-ant-", &slug, 24, false}, {"sk-proj-", &slug, 24, false}, {"sk-svcacct-", &slug, 24, false}, {"sk-admin-", &slug, 24, false},
	{"sk-or-v1-", &hexLower, 40, false}, {"sk-", &alnum, 32, false}, {"hf_", &alnum, 30, false}, {"gsk_", &alnum, 40, false},
	{"xai-", &alnum, 60, false}, {"r8_", &alnum, 37, false}, {"pplx-", &alnum, 40, false}, {"nvapi-", &slug, 40, false}, {"lsv2_", &word, 40, false},
	{"lin_api_", &alnum, 30, false}, {"lin_oauth_", &alnum, 30, false}, {"secret_", &alnum, 40, false}, {"ntn_", &alnum, 40, false},
	{"PMAK-", &slug, 50, false}, {"aio_", &alnum, 28, false}, {"CFPAT-", &slug, 40, false}, {"pnu_", &alnum, 36, false}, {"rdme_", &alnum, 60, false},
	{"tfp_", &slugDot, 40, false}, {"duffel_live_", &slug, 40, false}, {"duffel_test_", &slug, 40, false}, {"figd_", &slug, 36, false},
	{"sl.", &slug, 120, false}, {"EAACEdEose0cBA", &alnum, 10, false}, {"EAA", &alnum, 100, false}, {"sk.eyJ", &slugDot, 60, false},
	{"pat-na1-", &bytesHexDash, 36, false}, {"pat-eu1-", &bytesHexDash, 36, false}, {"ory_at_", &slugDot, 40, false}, {"PVEAPIToken=", &wordDash, 20, false},
})

var bytesHexDash = bytesOf("0-9a-fA-F-")

// telling reports whether nothing but the credential begins like this, so that it is seen also where it is glued to a word.
func (f format) telling() bool {
	return !f.exact && len(f.prefix) >= 4 && strings.ContainsAny(f.prefix, "_-.")
}

// formatsBy groups formats by the first two bytes of their prefixes: at[two bytes] is a place in groups, 0 for none.
type formatsBy struct {
	at     [1 << 16]uint16
	groups []formatGroup
}

type formatGroup struct {
	formats []format
	telling bool // one of them is
}

func index(all []format) *formatsBy {
	by := &formatsBy{groups: make([]formatGroup, 1, 128)}
	for _, f := range all {
		two := int(f.prefix[0])<<8 | int(f.prefix[1])
		if by.at[two] == 0 {
			by.at[two] = uint16(len(by.groups))
			by.groups = append(by.groups, formatGroup{})
		}
		g := &by.groups[by.at[two]]
		g.formats, g.telling = append(g.formats, f), g.telling || f.telling()
	}
	return by
}

// formats marks credentials of known shape.
func formats(m *marks) {
	s := m.text
	for i := 0; i < len(s); i++ {
		c := s[i]
		if i+1 < len(s) {
			if n := known.at[int(c)<<8|int(s[i+1])]; n > 0 {
				i = m.prefixed(i, known.groups[n])
				continue
			}
		}
		if c == '~' || c == '-' || c == '$' || c == '.' || c == ':' {
			m.shaped(i)
		}
	}
	jwts(m)
	bare(m)
}

// prefixed marks a credential of the group that starts at i, at a word's beginning or, if it is telling, inside one. It
// returns the last byte that it looked at and consumed.
func (m *marks) prefixed(i int, group formatGroup) int {
	s := m.text
	at := boundary(s, i)
	if !at && !group.telling {
		return i
	}
	for _, f := range group.formats {
		if !strings.HasPrefix(s[i:], f.prefix) || !at && !f.telling() {
			continue
		}
		start := i + len(f.prefix)
		end := f.chars.run(s, start)
		n := end - start
		if n < f.min || f.exact && (n != f.min || end < len(s) && alnum[s[end]]) {
			continue
		}
		end = trimDots(s, end)
		m.add(i, end)
		if n == 16 && f.exact {
			m.secretAfter(end)
		}
		return end - 1
	}
	return i
}

func trimDots(s string, end int) int {
	for end > 0 && s[end-1] == '.' {
		end--
	}
	return end
}

// secretAfter marks the secret half that commonly follows an AWS access key id: 40 characters of base64.
func (m *marks) secretAfter(i int) {
	s := m.text
	for stop := min(len(s), i+300); i < stop; i++ {
		if !base64Set[s[i]] {
			continue
		}
		end := base64Set.run(s, i)
		if end-i == 40 && mixed(s[i:end]) {
			m.add(i, end)
			return
		}
		i = end
	}
}

// shaped marks credentials that are recognised by something in their middle.
func (m *marks) shaped(i int) {
	s := m.text
	around := func(before, after *set, limit int) (start, end int) {
		return before.back(s, i, limit), after.run(s, i+1)
	}
	switch {
	case s[i] == '~' && i >= 5 && s[i-1] == 'Q' && digits[s[i-2]]: // Azure AD client secret: xxx8Q~...
		if start, end := around(&azureSet, &azureSet, 8); end-i > 30 {
			m.add(start, trimDots(s, end))
		}
	case s[i] == '-' && strings.HasPrefix(s[i:], "-us"): // Mailchimp: 32 hex, -us, data centre
		if start, end := around(&hexLower, &alnum, 40); i-start == 32 {
			m.add(start, end)
		}
	case s[i] == '$' && boundary(s, i): // password hashes in crypt(3) form
		for _, p := range []string{"$2a$", "$2b$", "$2y$", "$1$", "$5$", "$6$", "$y$", "$apr1$", "$argon2", "$pbkdf2", "$scrypt$"} {
			if end := cryptSet.run(s, i); strings.HasPrefix(s[i:], p) && end-i >= 20 {
				m.add(i, end)
			}
		}
	case s[i] == '.' && strings.HasPrefix(s[i:], ".atlasv1."): // Terraform Cloud
		if start, end := around(&alnum, &slugDot, 20); i-start >= 10 && end-i > 40 {
			m.add(start, end)
		}
	case s[i] == ':' && strings.HasPrefix(s[i:], ":AA"): // Telegram bot: digits:AA...
		if start, end := around(&digits, &slug, 12); i-start >= 8 && end-i >= 34 {
			m.add(start, end)
		}
	case s[i] == ':' && strings.HasPrefix(s[i:], ":APA91b"): // Firebase server key
		if start, end := around(&slug, &slug, 20); end-i >= 100 {
			m.add(start, end)
		}
	case s[i] == '.':
		m.dotted(i)
	}
}

var (
	azureSet = bytesOf("A-Za-z0-9_~.-")
	cryptSet = bytesOf("A-Za-z0-9$./=,+_-")
)

// dotted marks Discord bot tokens (24-28 . 6 . 27+), Airtable tokens (pat14 . 64 hex) and Kubernetes bootstrap tokens.
func (m *marks) dotted(i int) {
	s := m.text
	start, end := slug.back(s, i, 40), slug.run(s, i+1)
	left, right := s[start:i], s[i+1:end]
	switch {
	case len(left) >= 24 && len(left) <= 28 && len(right) == 6 && end < len(s) && s[end] == '.' && mixed(left):
		if last := slug.run(s, end+1); last-end > 27 {
			m.add(start, last)
		}
	case strings.HasPrefix(left, "pat") && len(left) == 17 && len(right) == 64 && hexLower.all(right):
		m.add(start, end)
	case left == "s" && len(right) == 24 && alnum.all(right) && mixed(right): // HashiCorp Vault, before 1.10
		m.add(start, end)
	}
}

// jwts marks signed and encrypted JSON web tokens: eyJ... . ... . ...
func jwts(m *marks) {
	s := m.text
	for i := 0; ; {
		k := strings.Index(s[i:], "eyJ")
		if k < 0 {
			return
		}
		start := i + k
		end := slugDot.run(s, start)
		for end < len(s) && s[end] == '=' {
			end++
		}
		i = max(end, start+3)
		if tok := strings.TrimRight(s[start:end], "."); boundary(s, start) && len(tok) >= 24 && isJWT(tok) {
			m.add(start, start+len(tok))
		}
	}
}

func isJWT(tok string) bool {
	parts := strings.Split(tok, ".")
	return len(parts) >= 3 && len(parts[1]) > 4 || len(parts) == 2 && strings.HasPrefix(parts[1], "eyJ")
}

// bare marks what is recognisable by its length and alphabet alone: a lone AWS secret access key (40 characters of
// base64 with all three kinds of character), a New Relic licence key (…NRAL), a task token with its length prefix.
func bare(m *marks) {
	s := m.text
	for i := 0; i < len(s); {
		if !base64Set[s[i]] {
			i++
			continue
		}
		end := base64Set.run(s, i)
		switch tok := s[i:end]; {
		case len(tok) < 36:
		case len(tok) == 40 && strings.HasSuffix(tok, "NRAL"):
			m.add(i, end)
		case len(tok) == 40 && !equalsAt(s, end) && !labelledID(s, i) && noDash(tok) && mixed(tok) && entropy(tok) >= 4.5 && !pathLike(tok):
			m.add(i, end)
		case len(tok) == 84 && tok[76:80] == "AZDO": // Azure DevOps
			m.add(i, end)
		case strings.HasPrefix(tok, "AQC") && strings.Contains(tok[:min(28, len(tok))], "AAAAKgAAAA"):
			m.add(i, wordDash.run(s, end))
		}
		i = end
	}
}

func equalsAt(s string, i int) bool { return i < len(s) && s[i] == '=' }

func noDash(s string) bool { return !strings.ContainsAny(s, "-_") }

// mixed reports whether upper case, lower case and digits all occur.
func mixed(s string) bool {
	return uppers.count(s) > 0 && lowers.count(s) > 0 && digits.count(s) > 0
}

// pathLike reports whether the slashes of s separate words rather than random bytes.
func pathLike(s string) bool {
	parts := strings.Split(s, "/")
	words := 0
	for _, p := range parts {
		if len(p) >= 3 && wordLike(p) {
			words++
		}
	}
	return words >= 2 && words*2 >= len(parts)
}
