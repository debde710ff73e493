package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source/sign"
)

var update = flag.Bool("update", false, "write testdata")

const own = "testdata/own.json"

// entry is a vector as it stands in the file.
type entry struct {
	Name      string            `json:"name"`
	Expect    string            `json:"expect"`
	Now       string            `json:"now"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body_b64"`
	Secrets   []string          `json:"secrets_b64"`
	Why       string            `json:"why,omitempty"`
	Transport map[string]bool   `json:"transport,omitempty"`
	Repeat    int               `json:"repeat,omitempty"`
	After     string            `json:"after,omitempty"`
}

var (
	now          = time.Date(2026, 3, 10, 3, 2, 40, 0, time.UTC)
	current      = "current-secret-of-the-vectors-0123456789"
	previous     = "previous-secret-of-the-vectors-012345678"
	incidentBody = `{"eventType":"incident","incidentId":"INC-1","action":"created","priority":"HIGH","title":"checkout fails","timestamp":"2026-03-10T03:02:00Z"}`
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// delivery is a correct one; options spoil it.
func delivery(name, expect, body string, options ...func(*entry)) entry {
	stamp := sign.Stamp(now)
	e := entry{Name: name, Expect: expect, Now: stamp, Body: b64(body), Secrets: []string{b64(current), b64(previous)}, Headers: map[string]string{
		"content-type": "application/json", sign.HeaderTimestamp: stamp, sign.HeaderSignature: sign.Sign(config.NewSecret([]byte(current)), stamp, []byte(body)),
	}}
	for _, o := range options {
		o(&e)
	}
	return e
}

func signedWith(secret, stamp string) func(*entry) {
	return func(e *entry) {
		body, _ := base64.StdEncoding.DecodeString(e.Body)
		e.Headers[sign.HeaderTimestamp] = stamp
		e.Headers[sign.HeaderSignature] = sign.Sign(config.NewSecret([]byte(secret)), stamp, body)
	}
}

func at(d time.Duration) func(*entry) { return signedWith(current, sign.Stamp(now.Add(d))) }

func set(name, value string) func(*entry) { return func(e *entry) { e.Headers[name] = value } }

func without(name string) func(*entry) { return func(e *entry) { delete(e.Headers, name) } }

func secrets(values ...string) func(*entry) {
	return func(e *entry) {
		e.Secrets = []string{}
		for _, v := range values {
			e.Secrets = append(e.Secrets, b64(v))
		}
		if len(values) > 0 {
			signedWith(values[0], sign.Stamp(now))(e)
		}
	}
}

func sigs(f func(string) string) func(*entry) {
	return func(e *entry) { e.Headers[sign.HeaderSignature] = f(e.Headers[sign.HeaderSignature]) }
}

func nested(n int) string { return `{"data":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }

// table is our own list of deliveries at the edge of what is accepted.
func table() []entry {
	other := sign.Sign(config.NewSecret([]byte("somebody-else-s-secret-0123456789-01234")), sign.Stamp(now), []byte(incidentBody))
	twin := func(extra string) string { return strings.TrimSuffix(incidentBody, "}") + "," + extra + "}" }
	list := []entry{
		delivery("as documented", "accept", incidentBody),
		delivery("timestamp without milliseconds", "accept", incidentBody, signedWith(current, "2026-03-10T03:02:40Z")),
		delivery("previous secret", "accept", incidentBody, signedWith(previous, sign.Stamp(now))),
		delivery("two values, the second fits", "accept", incidentBody, sigs(func(s string) string { return other + "," + s })),
		delivery("four values, the last fits", "accept", incidentBody, sigs(func(s string) string { return strings.Repeat(other+",", 3) + s })),
		delivery("300 s late", "accept", incidentBody, at(-300*time.Second)),
		delivery("300 s early", "accept", incidentBody, at(300*time.Second)),
		delivery("content type with charset", "accept", incidentBody, set("content-type", "application/json; charset=utf-8")),
		delivery("well-formed, fields missing", "accept", `{"a":1}`),
		delivery("depth 32", "accept", nested(31)),
		delivery("vendor's names differ by case", "accept", twin(`"data":{"Title":1,"title":2}`)),
		delivery("body in base64, as the gateway may deliver it", "accept", incidentBody, func(e *entry) { e.Transport = map[string]bool{"isBase64Encoded": true} }),
		delivery("header names in capitals", "accept", incidentBody, func(e *entry) {
			for _, name := range []string{sign.HeaderTimestamp, sign.HeaderSignature} {
				e.Headers[strings.ToUpper(name)] = e.Headers[name]
				delete(e.Headers, name)
			}
		}),
		delivery("300.001 s late", "reject", incidentBody, at(-300001*time.Millisecond)),
		delivery("300.001 s early", "reject", incidentBody, at(300001*time.Millisecond)),
		delivery("an hour early", "reject", incidentBody, at(time.Hour)),
		delivery("no signature", "reject", incidentBody, without(sign.HeaderSignature)),
		delivery("no timestamp", "reject", incidentBody, without(sign.HeaderTimestamp)),
		delivery("empty signature", "reject", incidentBody, set(sign.HeaderSignature, "")),
		delivery("unknown secret", "reject", incidentBody, set(sign.HeaderSignature, other)),
		delivery("five values", "reject", incidentBody, sigs(func(s string) string { return strings.Repeat(other+",", 4) + s })),
		delivery("malformed value beside a good one", "reject", incidentBody, sigs(func(s string) string { return s + ",x" })),
		delivery("signature without padding", "reject", incidentBody, sigs(func(s string) string { return strings.TrimSuffix(s, "=") })),
		delivery("signature in hexadecimal", "reject", incidentBody, set(sign.HeaderSignature, strings.Repeat("ab", 32))),
		delivery("line break in the signature", "reject", incidentBody, sigs(func(s string) string { return s[:20] + "\r\n" + s[20:] })),
		delivery("space in front of the signature", "reject", incidentBody, sigs(func(s string) string { return " " + s })),
		delivery("cut signature", "reject", incidentBody, sigs(func(s string) string { return s[:40] })),
		delivery("body changed", "reject", incidentBody, func(e *entry) { e.Body = b64(strings.Replace(incidentBody, "HIGH", "LOW", 1)) }),
		delivery("border between timestamp and body moved", "reject", "000Z:"+incidentBody, func(e *entry) {
			signedWith(current, "2026-03-10T03:02:40")(e)
		}),
		delivery("timestamp ends in a colon and a part of the body", "reject", incidentBody, signedWith(current, sign.Stamp(now)+":x")),
		delivery("two timestamps", "reject", incidentBody, sigs(func(s string) string { return s }), func(e *entry) { e.Headers[sign.HeaderTimestamp] += "," + e.Headers[sign.HeaderTimestamp] }),
		delivery("no secret configured", "reject", incidentBody, secrets()),
		delivery("empty secret", "reject", incidentBody, secrets("")),
		delivery("short secret", "reject", incidentBody, secrets("0123456789")),
		delivery("secret ends in a line break", "reject", incidentBody, secrets(current+"\n")),
		delivery("secret ends in NUL", "reject", incidentBody, secrets(current+"\x00")),
		delivery("unfit old secret lets nobody in", "reject", incidentBody, func(e *entry) {
			e.Secrets = []string{b64(current), b64("short")}
			signedWith("short", sign.Stamp(now))(e)
		}),
		delivery("compressed", "reject", incidentBody, set("content-encoding", "gzip")),
		delivery("text", "reject", incidentBody, set("content-type", "text/plain")),
		delivery("form", "reject", incidentBody, set("content-type", "application/x-www-form-urlencoded")),
		delivery("no content type", "reject", incidentBody, without("content-type")),
		delivery("UTF-16", "reject", incidentBody, set("content-type", "application/json; charset=utf-16")),
		delivery("empty body", "reject", ""),
		delivery("not JSON", "reject", "title=checkout"),
		delivery("two documents", "reject", incidentBody+incidentBody),
		delivery("byte order mark", "reject", "\ufeff"+incidentBody),
		delivery("invalid UTF-8", "reject", twin("\"data\":\"\xff\"")),
		delivery("same name twice", "reject", twin(`"priority":"LOW"`)),
		delivery("same name twice, escaped", "reject", twin(`"\u0070riority":"LOW"`)),
		delivery("same name twice, inside data", "reject", twin(`"data":{"a":1,"a":2}`)),
		delivery("twin of a field", "reject", twin(`"Priority":"LOW"`)),
		delivery("twin of a field with a long s", "reject", twin(`"\u017fervice":"x"`)),
		delivery("NUL in a name", "reject", twin(`"a\u0000":1`)),
		delivery("depth 33", "reject", nested(32)),
		delivery("delivered twice", "reject", incidentBody, func(e *entry) { e.Repeat = 2 }),
		delivery("replayed under another timestamp", "reject", incidentBody, at(time.Second), func(e *entry) { e.After = "as documented" }),
		delivery("replayed under the previous secret", "reject", incidentBody, signedWith(previous, sign.Stamp(now)), func(e *entry) { e.After = "as documented" }),
		delivery("recovery after the fire", "accept", strings.NewReplacer("created", "resolved", "03:02:00", "03:02:30").Replace(incidentBody), func(e *entry) { e.After = "as documented" }),
	}
	for _, stamp := range []string{"1773111760", "2026-03-10T03:02:40", "2026-03-10T03:02:40+00:00", "2026-03-10T03:02:40.0Z", "2026-03-10T03:02:40.000000Z", "2026-03-10 03:02:40Z", "2026-03-10t03:02:40z", "2026-03-10T03:02:60Z", " 2026-03-10T03:02:40Z"} {
		list = append(list, delivery("timestamp "+stamp, "reject", incidentBody, signedWith(current, stamp)))
	}
	return list
}

func write(t *testing.T, path string, list []entry) {
	t.Helper()
	doc, err := json.MarshalIndent(map[string]any{"scheme_tests": list}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(doc, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// T1: our own table passes, and the runner notices every expectation that is turned round.
func TestOwnVectors(t *testing.T) {
	if *update {
		write(t, own, table())
	}
	out := filepath.Join(t.TempDir(), "decisions.json")
	var said bytes.Buffer
	n, err := run(own, out, &said)
	if err != nil || n != 0 {
		t.Fatalf("%d mismatches, %v\n%s", n, err, said.String())
	}
	t.Log(strings.TrimSpace(said.String()))
	var decisions []decision
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &decisions); err != nil || len(decisions) != len(table()) {
		t.Fatalf("%d decisions written, want %d; %v", len(decisions), len(table()), err)
	}
	for _, d := range decisions {
		if d.Status == 0 || d.Reason == "" {
			t.Errorf("%s: status %d, reason %q", d.Name, d.Status, d.Reason)
		}
	}
}

func TestFlippedVectorsAllMismatch(t *testing.T) {
	list := table()
	for i := range list {
		list[i].Expect = map[string]string{"accept": "reject", "reject": "accept"}[list[i].Expect]
	}
	file := filepath.Join(t.TempDir(), "flipped.json")
	write(t, file, list)
	var said bytes.Buffer
	n, err := run(file, "", &said)
	if err != nil || n != len(list) || strings.Count(said.String(), "MISMATCH ") != len(list) {
		t.Errorf("%d of %d reported, %v", n, len(list), err)
	}
}

func TestBadVectors(t *testing.T) {
	for name, doc := range map[string]string{
		"not JSON": "{", "empty": "{}", "no expectation": `{"scheme_tests":[{"name":"a"}]}`, "circle": `{"scheme_tests":[{"name":"a","expect":"accept","after":"a"}]}`,
		"after nobody": `{"scheme_tests":[{"name":"a","expect":"accept","after":"b"}]}`, "body not base64": `{"scheme_tests":[{"name":"a","expect":"accept","body_b64":"*"}]}`,
	} {
		file := filepath.Join(t.TempDir(), "bad.json")
		if err := os.WriteFile(file, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := run(file, "", &bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
