package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
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
	return append(list, hostile()...)
}

// hostile are deliveries that somebody made who knows how verifiers go wrong.
func hostile() []entry {
	twin := func(extra string) string { return strings.TrimSuffix(incidentBody, "}") + "," + extra + "}" }
	mac := func(text string) string {
		return sign.Sign(config.NewSecret([]byte(current)), "", []byte(text)) // over ":" and the text
	}
	raw := func(f func(sum []byte) string) func(*entry) {
		return sigs(func(s string) string {
			sum, _ := base64.StdEncoding.DecodeString(s)
			return f(sum)
		})
	}
	// A body with a signature in which the two alphabets differ.
	alphabets := incidentBody
	for i := 0; !strings.ContainsAny(sign.Sign(config.NewSecret([]byte(current)), sign.Stamp(now), []byte(alphabets)), "+/"); i++ {
		alphabets = twin(fmt.Sprintf(`"data":%d`, i))
	}
	list := []entry{
		delivery("signature in the URL alphabet", "reject", alphabets, raw(base64.URLEncoding.EncodeToString)),
		delivery("signature of the same length with spare bits set", "reject", incidentBody, sigs(func(s string) string {
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			return s[:42] + string(alphabet[strings.IndexByte(alphabet, s[42])|1]) + "="
		})),
		delivery("line break in place of the padding", "reject", incidentBody, sigs(func(s string) string { return s[:43] + "\n" })),
		delivery("padded twice", "reject", incidentBody, sigs(func(s string) string { return s + "=" })),
		delivery("right signature in hexadecimal", "reject", incidentBody, raw(func(sum []byte) string { return fmt.Sprintf("%x", sum) })),
		delivery("right signature with a version", "reject", incidentBody, sigs(func(s string) string { return "v1," + s })),
		delivery("right signature with sha256=", "reject", incidentBody, sigs(func(s string) string { return "sha256=" + s })),
		delivery("quoted signature", "reject", incidentBody, sigs(func(s string) string { return `"` + s + `"` })),
		delivery("signature in lower case", "reject", incidentBody, sigs(strings.ToLower)),
		delivery("empty value first", "reject", incidentBody, sigs(func(s string) string { return "," + s })),
		delivery("empty value last", "reject", incidentBody, sigs(func(s string) string { return s + "," })),
		delivery("space behind the comma", "reject", incidentBody, sigs(func(s string) string { return s + ", " + s })),
		delivery("semicolon for a comma", "reject", incidentBody, sigs(func(s string) string { return s + ";" + s })),
		delivery("five times the right one", "reject", incidentBody, sigs(func(s string) string { return strings.Repeat(s+",", 4) + s })),
		delivery("four times the right one", "accept", incidentBody, sigs(func(s string) string { return strings.Repeat(s+",", 3) + s })),
		delivery("signed without the timestamp", "reject", incidentBody, set(sign.HeaderSignature, mac(incidentBody))),
		delivery("signed with a full stop for the colon", "reject", incidentBody, func(e *entry) {
			e.Headers[sign.HeaderSignature] = mac(e.Headers[sign.HeaderTimestamp] + "." + incidentBody)
		}),
		delivery("the secret shown for a signature", "reject", incidentBody, without(sign.HeaderSignature), set("x-firefinder-token", current)),
		delivery("another vendor's signature beside none of ours", "reject", incidentBody, without(sign.HeaderSignature), set("x-hub-signature-256", "sha256="+sign.SignHex(config.NewSecret([]byte(current)), []byte(incidentBody)))),
		delivery("body is base64 text that the gateway did not encode", "reject", b64(incidentBody), signedOver(incidentBody)),
		delivery("encoded twice", "reject", b64(incidentBody), signedOver(incidentBody), func(e *entry) { e.Transport = map[string]bool{"isBase64Encoded": true} }),
		delivery("line break added behind the body", "reject", incidentBody+"\n", signedOver(incidentBody)),
		delivery("line break signed with the body", "accept", incidentBody+"\r\n"),
		delivery("old secret alone", "reject", incidentBody, func(e *entry) { e.Secrets = e.Secrets[:1] }, signedWith(previous, sign.Stamp(now))),
		delivery("a secret of 32 bytes", "accept", incidentBody, secrets("0123456789abcdef0123456789abcdef")),
		delivery("a secret of 31 bytes", "reject", incidentBody, secrets("0123456789abcdef0123456789abcde")),
		delivery("a secret of bytes that are no text", "accept", incidentBody, secrets(strings.Repeat("\xff\x01", 16))),
		delivery("old secret with a line break lets nobody in", "reject", incidentBody, func(e *entry) { e.Secrets[1] = b64(previous + "\n") }, signedWith(previous+"\n", sign.Stamp(now))),
		delivery("content type in capitals", "accept", incidentBody, set("content-type", "Application/JSON;Charset=\"UTF-8\"")),
		delivery("two content types", "reject", incidentBody, set("content-type", "application/json,text/plain")),
		delivery("a content type that ends in +json", "reject", incidentBody, set("content-type", "application/vnd.acme+json")),
		delivery("Latin-1", "reject", incidentBody, set("content-type", "application/json; charset=iso-8859-1")),
		delivery("said to be as it is", "reject", incidentBody, set("content-encoding", "identity")),
		delivery("compressed and not said so", "reject", "\x1f\x8b\x08\x00\x00\x00\x00\x00"),
		delivery("NaN", "reject", twin(`"data":NaN`)),
		delivery("a number beyond all bounds", "accept", twin(`"data":1e999`)),
		delivery("comment", "reject", incidentBody+"/**/"),
		delivery("comma behind the last field", "reject", twin("")),
		delivery("NUL behind the body", "reject", incidentBody+"\x00"),
		delivery("overlong UTF-8", "reject", twin("\"data\":\"\xc0\x80\"")),
		delivery("surrogate in UTF-8", "reject", twin("\"data\":\"\xed\xa0\x80\"")),
		delivery("half a surrogate as a name", "reject", twin(`"\ud800":1`)),
		delivery("same name twice, four levels down", "reject", twin(`"data":{"a":[{"b":{"c":1,"\u0063":2}}]}`)),
		delivery("twin with a Kelvin sign", "reject", twin(`"tic\u212aet":"INC-2"`)),
		delivery("twin of incidentId", "reject", twin(`"incidentID":"INC-2"`)),
		delivery("33 objects", "reject", strings.Repeat(`{"a":`, 33)+"1"+strings.Repeat("}", 33)),
		delivery("white space alone", "reject", " \r\n"),
		delivery("a list", "accept", "[]"),
		delivery("a word", "accept", `"incident"`),
		delivery("the same event written otherwise", "reject", strings.ReplaceAll(incidentBody, ",", " , "), func(e *entry) { e.After = "as documented" }),
		delivery("the same refused body again", "reject", `{"a":1}`, func(e *entry) { e.Repeat = 3 }),
		delivery("no time of its own, signed again later", "accept", `{"eventType":"incident","incidentId":"INC-3","action":"created","priority":"LOW","title":"x"}`, at(time.Second), func(e *entry) { e.After = "no time of its own" }),
		delivery("no time of its own", "accept", `{"eventType":"incident","incidentId":"INC-3","action":"created","priority":"LOW","title":"x"}`),
		delivery("no time of its own, twice", "reject", `{"eventType":"incident","incidentId":"INC-3","action":"created","priority":"LOW","title":"x"}`, func(e *entry) { e.Repeat = 2 }),
	}
	for _, stamp := range []string{
		"2026-03-10T03:02:40,000Z", "2026-03-10T03:02:40.0000000Z", "2026-03-10T03:02:40.000000000Z", "2026-03-10T03:02:40-00:00", "2026-03-10T03:02:40.000z", "2026-03-10T03:02:40.000Z ",
		"2026-03-10T03:02:40.Z", "2026-03-10T3:02:40Z", "2026-069T03:02:40Z", "2026-W11-2T03:02:40Z", "20260310T030240Z", "+002026-03-10T03:02:40Z", "10000-03-10T03:02:40Z", "2026-03-10T03:01:100Z", "2026-03-09T27:02:40Z",
		"2026-03-10T03:02:4\uff10Z", "2026-03-10T03:02:40.\u0660\u0660\u0660Z", "2026\u201103\u201110T03:02:40Z", "2026-03-10T03:02:40Z\x00", "2026-03-10T03:02:40.000Z;", "1773111760000", "Tue, 10 Mar 2026 03:02:40 GMT",
	} {
		list = append(list, delivery(fmt.Sprintf("timestamp %+q", stamp), "reject", incidentBody, signedWith(current, stamp)))
	}
	return list
}

// signedOver signs another body than the one that is sent.
func signedOver(body string) func(*entry) {
	return func(e *entry) {
		e.Headers[sign.HeaderSignature] = sign.Sign(config.NewSecret([]byte(current)), e.Headers[sign.HeaderTimestamp], []byte(body))
	}
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
	for name, doc := range map[string]string{"not JSON": "{", "empty": "{}", "no vectors": `{"scheme_tests":[]}`} {
		if _, _, err := runText(t, doc); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	good := `,{"name":"good","expect":"reject","now":1773111760}]}`
	for name, one := range map[string]string{
		"no expectation": `{"name":"a","now":1}`, "circle": `{"name":"a","expect":"accept","now":1,"after":"a"}`, "after nobody": `{"name":"a","expect":"accept","now":1,"after":"b"}`,
		"body not base64": `{"name":"a","expect":"reject","now":1,"body_b64":"*"}`, "no time": `{"name":"a","expect":"reject"}`, "time is none": `{"name":"a","expect":"reject","now":"soon"}`,
		"headers are none": `{"name":"a","expect":"reject","now":1,"headers":7}`, "no object": `7`,
	} {
		n, said, err := runText(t, `{"scheme_tests":[`+one+good)
		if err != nil || n != 1 || !strings.Contains(said, "cannot be run: ") || !strings.Contains(said, "2 vectors, 1 as expected, 1 mismatches") {
			t.Errorf("%s: %d mismatches, %v\n%s", name, n, err, said)
		}
	}
}

// runText runs a file with this text.
func runText(t *testing.T, doc string) (mismatches int, said string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "vectors.json")
	if err := os.WriteFile(file, []byte(doc), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	mismatches, err = run(file, "", &out)
	return mismatches, out.String(), err
}

// However a file writes times, header names, repeated headers and base64, it is the same delivery.
func TestSpellings(t *testing.T) {
	stamp := sign.Stamp(now)
	sig := sign.Sign(config.NewSecret([]byte(current)), stamp, []byte(incidentBody))
	other := sign.Sign(config.NewSecret([]byte(previous)), stamp, []byte(`{}`))
	tests := map[string]string{}
	for _, at := range []string{`"2026-03-10T03:02:40Z"`, `"2026-03-10T04:02:40.000+01:00"`, `"2026-03-10 03:02:40"`, `1773111760`, `1773111760.25`, `1773111760000`, `"1773111760"`} {
		tests["now "+at] = fmt.Sprintf(`"now":%s,"headers":{"x-amzn-event-timestamp":%q,"x-amzn-event-signature":%q}`, at, stamp, sig)
	}
	for name, h := range map[string]string{
		"capitals": `{"X-Amzn-Event-Timestamp":"T","X-AMZN-EVENT-SIGNATURE":"S"}`, "list": `{"x-amzn-event-timestamp":["T"],"x-amzn-event-signature":["O","S"]}`,
		"name twice": `{"x-amzn-event-timestamp":"T","x-amzn-event-signature":"O","X-Amzn-Event-Signature":"S"}`, "same name twice": `{"x-amzn-event-timestamp":"T","x-amzn-event-signature":"O","x-amzn-event-signature":"S"}`,
		"pairs": `[["x-amzn-event-timestamp","T"],["x-amzn-event-signature","S"]]`, "others": `{"x-amzn-event-timestamp":"T","x-amzn-event-signature":"S","content-length":12,"user-agent":null,"host":"x"}`,
	} {
		tests["headers "+name] = `"now":1773111760,"headers":` + strings.NewReplacer(`"T"`, `"`+stamp+`"`, `"S"`, `"`+sig+`"`, `"O"`, `"`+other+`"`).Replace(h)
	}
	for name, fields := range tests {
		doc := fmt.Sprintf(`{"about":"x","scheme_tests":[{"name":"a","expect":"Accept",%s,"body_b64":%q,"secrets_b64":[%q],"more":{"x":1},"source":"somebody","transport":null}]}`,
			fields, strings.TrimRight(b64(incidentBody), "="), base64.URLEncoding.EncodeToString([]byte(current)))
		if n, said, err := runText(t, doc); err != nil || n != 0 {
			t.Errorf("%s: %d mismatches, %v\n%s", name, n, err, said)
		}
	}
}

// Vectors of other schemes go to the sources that have them.
func TestOtherSchemes(t *testing.T) {
	body, whsec := `{"eventType":"incident"}`, "whsec_"+b64("key-of-the-vectors-0123456789-01")
	stamp, standard, err := sign.SignStandard(config.NewSecret([]byte(whsec)), "msg_1", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	hexed := sign.SignHex(config.NewSecret([]byte(current)), []byte(body))
	for scheme, c := range map[string]struct{ secret, headers string }{
		"standard":    {whsec, fmt.Sprintf(`{"webhook-id":"msg_1","webhook-timestamp":%q,"webhook-signature":%q}`, stamp, standard)},
		"bearer":      {current, fmt.Sprintf(`{"authorization":"Bearer %s"}`, current)},
		"pagerduty":   {current, fmt.Sprintf(`{"x-pagerduty-signature":"v1=%s"}`, hexed)},
		"GitHub":      {current, fmt.Sprintf(`{"x-hub-signature-256":"sha256=%s"}`, hexed)},
		"sentry":      {current, fmt.Sprintf(`{"sentry-hook-signature":%q}`, hexed)},
		"grafana":     {current, fmt.Sprintf(`{"x-grafana-alerting-signature":%q}`, hexed)},
		"svix":        {whsec, fmt.Sprintf(`{"svix-id":"msg_1","svix-timestamp":%q,"svix-signature":%q}`, stamp, standard)},
		"gitlab":      {current, fmt.Sprintf(`{"x-gitlab-token":%q}`, current)},
		"no such one": {current, fmt.Sprintf(`{"x-amzn-event-timestamp":%q,"x-amzn-event-signature":%q}`, sign.Stamp(now), sign.Sign(config.NewSecret([]byte(current)), sign.Stamp(now), []byte(body)))},
	} {
		test := func(name, expect, secret string) string {
			return fmt.Sprintf(`{"name":%q,"expect":%q,"scheme":%q,"now":1773111760,"headers":%s,"body_b64":%q,"secrets_b64":[%q]}`, name, expect, scheme, c.headers, b64(body), b64(secret))
		}
		stranger := strings.NewReplacer("current", "strange", "whsec_a", "whsec_b").Replace(c.secret)
		if n, said, err := runText(t, `{"scheme_tests":[`+test("ours", "accept", c.secret)+`,`+test("a stranger's", "reject", stranger)+`]}`); err != nil || n != 0 {
			t.Errorf("%s: %d mismatches, %v\n%s", scheme, n, err, said)
		} else if (scheme == "no such one") != strings.Contains(said, "NOTE ours: ") {
			t.Errorf("%s: %s", scheme, said)
		}
	}
}

// Bodies of the greatest size that is accepted, and of one byte more.
func TestLargestBody(t *testing.T) {
	sized := func(n int) string {
		return strings.TrimSuffix(incidentBody, "}") + `,"data":"` + strings.Repeat("x", n-len(incidentBody)-len(`,"data":""`)) + `"}`
	}
	file := filepath.Join(t.TempDir(), "large.json")
	write(t, file, []entry{delivery("256 KiB", "accept", sized(256<<10)), delivery("256 KiB and a byte", "reject", sized(256<<10+1)),
		delivery("256 KiB in base64", "accept", sized(256<<10), func(e *entry) { e.Transport = map[string]bool{"isBase64Encoded": true} })})
	var said bytes.Buffer
	if n, err := run(file, "", &said); err != nil || n != 0 {
		t.Errorf("%d mismatches, %v\n%s", n, err, said.String())
	}
}
