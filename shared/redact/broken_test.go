package redact

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// laterCases are secrets that line breaks fold, invisible characters interrupt, words hold fast, or that stand in the
// syntax of a call, a directive or a variable.
var laterCases = []secretCase{
	{"glued", func(d dice) (string, string) { s := "gh" + "p_" + d.of(b62, 36); return "x" + s, s }},
	{"zero width", func(d dice) (string, string) {
		s := "gh" + "p_" + d.of(b62, 36)
		return s[:9] + "\u200b" + s[9:20] + "\u2060\u00ad" + s[20:], s[20:]
	}},
	{"tag characters", func(d dice) (string, string) { s := d.chosen(); return "pass\U000e0041word=" + s, s }},
	{"folded", func(d dice) (string, string) {
		s := d.of(b62, 64)
		return "token: glc" + "_" + d.of(b62, 64) + "\n  " + s + "\n  " + d.of(b62, 64) + "\nnext: line", s
	}},
	{"folded with a backslash", func(d dice) (string, string) {
		s := d.of(b62, 40)
		return "export TOKEN=" + d.of(b62, 64) + "\\\n" + s, s
	}},
	{"call", in(`ds.setPassword("@@");`, pw)},
	{"function", in(`SELECT PASSWORD('@@')`, pw)},
	{"directive", in("requirepass @@", pw)},
	{"protocol", in("> AUTH PLAIN @@", token("", b62, 24))},
	{"variable", in("variable \"db_password\" {\n  type = string\n  default = \"@@\"\n}", pw)},
	{"property", in(`<property name="hibernate.connection.password">@@</property>`, pw)},
	{"parameter", in("aws ssm put-parameter --name /db --type SecureString --value @@", pw)},
	{"store", in("keytool -storepass @@ -list", pw)},
	{"personal access token", in("AZURE_DEVOPS_EXT_PAT=@@", token("", lowerNum, 52))},
	{"set for a user", in("SET PASSWORD FOR 'a'@'%' = '@@'", pw)},
}

func TestSecretsInPieces(t *testing.T) {
	r := New([]byte("k"))
	for _, c := range laterCases {
		for seed := range uint64(draws) {
			line, secret := c.make(dice{rand.New(rand.NewPCG(seed, 3))})
			got := r.Text(line)
			if leak := longestCommon(got, secret); leak >= max(6, len(secret)/2) || r.Text(got) != got {
				t.Errorf("%s, seed %d: %d characters left\n  line %s\n  got  %s", c.name, seed, leak, line, got)
				break
			}
		}
	}
}

func TestNeighboursOfSecretsStay(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(4, 4))}
	long := "token: gl" + "c_" + d.of(b62, 64)
	for _, below := range []string{
		"\n  at com.shop.auth.TokenService.refresh(TokenService.java:88)", "\nConnectionPoolTimeoutException: nothing within 5000 ms", "\n  " + strings.Repeat("ab12", 10), "\n2026-06-01T12:00:00Z INFO started",
	} {
		if got := New(nil).Text(long + below); !strings.HasSuffix(got, below) {
			t.Errorf("%q became %q", below, got)
		}
	}
	for _, line := range []string{`getPassword("prod/db")`, `repo.findByPassword(x)`, "the task-0123456789abcdef0123456789abcdef ended", "PASS TestLogin", "bypass=enabled", "größe \u200bweit", "default = \"db_password\""} {
		if got := New(nil).Text(line); got != line {
			t.Errorf("%q became %q", line, got)
		}
	}
}
