package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/source"
)

// vector is one delivery and what should become of it. Fields that are not listed mean nothing and do no harm.
type vector struct {
	Name      string    `json:"name"`
	Expect    string    `json:"expect"` // accept or reject
	Now       *instant  `json:"now"`
	Headers   headers   `json:"headers"`
	Body      bytes64   `json:"body_b64"`
	Secrets   []bytes64 `json:"secrets_b64"` // the current one, then the one before it
	Why       string    `json:"why"`
	Source    string    `json:"source"` // a kind of source; default generic
	Scheme    string    `json:"scheme"` // see schemes; default that of the source
	Transport struct {
		Base64 bool `json:"isBase64Encoded"` // the body travels in base64, as API Gateway does with some bodies
	} `json:"transport"`
	Repeat int    `json:"repeat"` // delivered so many times; the last one counts
	After  string `json:"after"`  // delivered after that vector

	fault error // why it cannot be run
}

type vectors struct {
	vectors []vector
	byName  map[string]vector
	typed   bool // most vectors name a content type: then one that names none means it
}

// parse reads a file of vectors. One that is malformed does not keep the others from running: it is reported as a mismatch.
func parse(data []byte) (vectors, error) {
	var in struct {
		Tests []json.RawMessage `json:"scheme_tests"`

		Source  string    `json:"source"` // of vectors that say nothing themselves, as are these:
		Scheme  string    `json:"scheme"`
		Now     *instant  `json:"now"`
		Secrets []bytes64 `json:"secrets_b64"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return vectors{}, err
	}
	if len(in.Tests) == 0 {
		return vectors{}, errors.New("no scheme_tests in it")
	}
	set, named := vectors{byName: map[string]vector{}}, 0
	for i, raw := range in.Tests {
		v := vector{Source: in.Source, Scheme: in.Scheme}
		v.fault = json.Unmarshal(raw, &v)
		if v.Name == "" {
			v.Name = fmt.Sprintf("scheme_tests[%d]", i)
		}
		if v.Now == nil {
			v.Now = in.Now
		}
		if v.Secrets == nil {
			v.Secrets = in.Secrets
		}
		v.Expect = strings.ToLower(strings.TrimSpace(v.Expect))
		switch {
		case v.fault != nil:
		case v.Expect != "accept" && v.Expect != "reject":
			v.fault = fmt.Errorf("expect: must be accept or reject, not %q", v.Expect)
		case v.Now == nil:
			v.fault = errors.New("now: required")
		}
		set.vectors = append(set.vectors, v)
		set.byName[v.Name] = v
		if v.Headers.has("content-type") {
			named++
		}
	}
	set.typed = 2*named > len(set.vectors)
	return set, nil
}

// headers are those of the delivery, named in lower case and repeated ones joined by commas, as API Gateway hands them on.
func (set vectors) headers(v vector) map[string]string {
	out := map[string]string{}
	for _, h := range v.Headers {
		if old, ok := out[h.name]; ok {
			h.value = old + "," + h.value
		}
		out[h.name] = h.value
	}
	if !set.typed && !v.Headers.has("content-type") {
		out["content-type"] = "application/json"
	}
	return out
}

// headers are an object of one value or a list of values each; null is a header that is meant to be missing. A name that
// comes twice, in whatever case, is a header that comes twice. A list of [name, value] does as well.
type headers []header

type header struct{ name, value string }

func (h headers) has(name string) bool {
	for _, one := range h {
		if one.name == name {
			return true
		}
	}
	return false
}

// UnmarshalJSON implements json.Unmarshaler, by tokens, for an object may hold a name twice.
func (h *headers) UnmarshalJSON(data []byte) error {
	var pairs [][2]string
	if json.Unmarshal(data, &pairs) == nil {
		for _, p := range pairs {
			*h = append(*h, header{strings.ToLower(p[0]), p[1]})
		}
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return errors.New("headers: must be an object or a list of [name, value]")
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		var one source.Text
		var many []source.Text
		switch {
		case string(value) == "null":
		case value[0] == '[' && json.Unmarshal(value, &many) == nil:
		case value[0] != '{' && json.Unmarshal(value, &one) == nil:
			many = []source.Text{one}
		default:
			return fmt.Errorf("header %v: must be text or a list of texts", name)
		}
		for _, v := range many {
			*h = append(*h, header{strings.ToLower(fmt.Sprint(name)), string(v)})
		}
	}
	return nil
}

// bytes64 are bytes in base64, of any alphabet and with or without padding.
type bytes64 []byte

// UnmarshalJSON implements json.Unmarshaler.
func (b *bytes64) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "=")))
	*b = raw
	return err
}

// instant is a time in any spelling that vendors use: RFC 3339, or a number of Unix seconds or milliseconds.
type instant struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (i *instant) UnmarshalJSON(data []byte) error {
	var text source.Text
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	at, ok := source.Time(text)
	if !ok || at.IsZero() {
		return fmt.Errorf("now: %q is no time", text)
	}
	i.Time = at
	return nil
}
