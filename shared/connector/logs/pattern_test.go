package logs_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/firefinder/firefinder/shared/aws/awstest"
	"github.com/firefinder/firefinder/shared/connector/logs"
	"github.com/firefinder/firefinder/shared/incident"
)

func TestContains(t *testing.T) {
	for _, c := range []struct {
		text string
		from []string // lines
		want []string
		gap  bool // the service cannot ignore case
	}{
		{"OutOfMemory", []string{"java.lang.OutOfMemoryError", "OUTOFMEMORY", "out of memory"}, []string{"java.lang.OutOfMemoryError", "OUTOFMEMORY"}, false},
		{"connection REFUSED", []string{"Connection refused", "connection:refused"}, []string{"Connection refused"}, false},
		{`"status":500`, []string{`{"Status":500}`, `{"status":200}`, `'status':500`}, []string{`{"Status":500}`}, false},
		{`C:\logs`, []string{`c:\LOGS\x`, `c:/logs`}, []string{`c:\LOGS\x`}, false},
		{"-error %x% ?y", []string{"an -error %x% ?Y", "error x y"}, []string{"an -error %x% ?Y"}, false},
		{"größe", []string{"Größe", "GRÖSSE", "gRöße", "GRÖßE"}, []string{"Größe", "GRÖßE"}, true},
		{"接続", []string{"接続が拒否", "接"}, []string{"接続が拒否"}, false},
		{`"\`, []string{`a"\b`, `a\"b`}, []string{`a"\b`}, false},
	} {
		s := store{ownReader: {"/ecs/checkout": lines(time.Second, c.from...)}}
		cloud := cloud(t, s.answer)
		arguments, _ := json.Marshal(map[string]any{"components": []string{"checkout"}, "contains": c.text})
		got, _, err := ask(t, shop, cloud.Accounts(ownReader), string(arguments))
		if err != nil || !slices.Equal(messages(got), c.want) {
			t.Errorf("%q: %q, want %q, %v", c.text, messages(got), c.want, err)
		}
		if c.gap {
			gap(t, got, "spell it otherwise")
		} else if len(got.Gaps) != 0 {
			t.Errorf("%q: %+v", c.text, got.Gaps)
		}
		if n := len(cloud.Calls("FilterLogEvents")); n != 12 {
			t.Errorf("%q: %d calls, want one for each part", c.text, n)
		}
	}
}

func TestContainsSaysWhenItSampled(t *testing.T) {
	s := store{ownReader: {"/ecs/checkout": many(12_000, "ERROR order %d")}}
	got, summary, err := ask(t, shop, cloud(t, s.answer).Accounts(ownReader), `{"components":["checkout"],"contains":"order"}`)
	if err != nil || len(got.Logs) != 2400 || summary != "2400 log lines of 1 log group, a sample" {
		t.Fatalf("%d lines, %q, %v", len(got.Logs), summary, err)
	}
	gap(t, got, "only a sample", "the first 200 lines with the text")
}

// A service that takes no regular expressions is asked in terms, and the result says what that misses.
func TestWithoutRegularExpressions(t *testing.T) {
	s := store{ownReader: {"/ecs/checkout": lines(time.Second, "Disk Full", "Disk full", "fine")}}
	c := cloud(t, func(call awstest.Call) (map[string]any, error) {
		if pattern, _ := call.Input["filterPattern"].(string); strings.HasPrefix(pattern, "%") {
			return nil, &awstest.Error{Status: 400, Code: "InvalidParameterException", Message: "Invalid filter pattern"}
		}
		return s.answer(call)
	})
	got, _, err := ask(t, shop, c.Accounts(ownReader), `{"components":["checkout"],"contains":"disk full"}`)
	if err != nil || !slices.Equal(messages(got), []string{"Disk full"}) || len(got.Gaps) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	gap(t, got, "spell it otherwise")
	if got, _, err = ask(t, shop, c.Accounts(ownReader), `{"components":["checkout"]}`); err != nil || len(got.Logs) != 3 || len(got.Gaps) != 1 {
		t.Errorf("trouble: %+v, %v", got, err)
	}
	gap(t, got, "in their usual spellings only")
}

func TestTextsThatCannotBeLookedFor(t *testing.T) {
	c := cloud(t, store{}.answer)
	for _, text := range []string{strings.Repeat("x", 201), "a\nb", "a\x00", "\u0085"} {
		arguments, _ := json.Marshal(map[string]any{"contains": text})
		if _, _, err := ask(t, shop, c.Accounts(ownReader), string(arguments)); !incident.Is(err, incident.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if n := len(c.Calls("FilterLogEvents")); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestTroubleIsFoundInBothWays(t *testing.T) {
	pattern, plain := logs.Trouble()
	if len(pattern) > 1024 || len(plain) > 1024 {
		t.Errorf("%d and %d characters; the service takes 1024", len(pattern), len(plain))
	}
	for _, line := range []string{"ERROR x", "Exception in thread", "a fatal thing", "panic: nil", "Connection refused", "Task timed out", "WARN pool", "access Denied", "Unable to connect", "OUT OF MEMORY"} {
		if !matches(pattern, line) || !matches(plain, line) {
			t.Errorf("%q: %t, %t", line, matches(pattern, line), matches(plain, line))
		}
	}
	if line := "order 4711 served in 12 ms"; matches(pattern, line) || matches(plain, line) {
		t.Errorf("%q reads like trouble", line)
	}
}

var expression = regexp.MustCompile(`^%(\[[A-Z][a-z]\]|[0-9]|\.)+%$`)

// Whatever a text holds, its patterns are of one form, short enough, and find a line with the text.
func FuzzContains(f *testing.F) {
	for _, text := range []string{"error", `"`, `\`, `\"`, `?"a" ?"b"`, "%x%", "{ $.a = 1 }", "[w1, w2]", "größe", " -x", "K", "ǆ", "xÖ" + strings.Repeat(`"`, 197), strings.Repeat("x", 200)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pattern, plain, err := logs.Containing(text)
		allowed := len(text) <= 200 && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
		if allowed != (err == nil) || err != nil && !incident.Is(err, incident.Invalid) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		line := "before " + text + " after"
		for _, p := range []string{pattern, plain} {
			if len(p) > 1024 {
				t.Errorf("%q: %d bytes of pattern", text, len(p))
			}
			if p != "" && !matches(p, line) {
				t.Errorf("%q is not found by %s", text, p)
			}
		}
		if !strings.HasPrefix(pattern, "%") {
			plain = pattern
		} else if !expression.MatchString(pattern) || !matches(pattern, strings.ToUpper(line)) || !matches(pattern, strings.ToLower(line)) {
			t.Errorf("%q: %s is no plain expression, or has regard to case", text, pattern)
		}
		for _, term := range terms(plain) {
			if !strings.EqualFold(strings.ToLower(term), strings.ToLower(text)) && strings.ToUpper(term) != strings.ToUpper(text) {
				t.Errorf("%q: looks for %q in %s", text, term, plain)
			}
		}
	})
}
