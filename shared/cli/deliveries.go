package cli

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
)

// delivery is one body of a file, and where it stands.
type delivery struct {
	line     int
	body     []byte
	received time.Time // zero: not said
}

// deliveries splits a file: one JSON document, one a line, or several one after another, each over several lines. Blank
// lines count as lines and are no deliveries.
func deliveries(data []byte) []delivery {
	if json.Valid(data) {
		return []delivery{unwrap(delivery{line: firstLine(data), body: data})}
	}
	lines := byLine(data)
	if len(lines) > 0 && !json.Valid(lines[0].body) {
		if documents, ok := byDocument(data); ok {
			lines = documents
		}
	}
	for i := range lines {
		lines[i] = unwrap(lines[i])
	}
	return lines
}

func firstLine(data []byte) int {
	return 1 + bytes.Count(data[:len(data)-len(bytes.TrimLeft(data, " \t\r\n"))], []byte("\n"))
}

func byLine(data []byte) (out []delivery) {
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, len(data)+1)
	for n := 1; scanner.Scan(); n++ {
		if text := bytes.TrimSpace(scanner.Bytes()); len(text) > 0 {
			out = append(out, delivery{line: n, body: bytes.Clone(text)})
		}
	}
	return out
}

func byDocument(data []byte) (out []delivery, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	for dec.More() {
		var doc json.RawMessage
		if err := dec.Decode(&doc); err != nil {
			return nil, false
		}
		out = append(out, delivery{line: bytes.Count(data[:dec.InputOffset()-int64(len(doc))], []byte("\n")) + 1, body: doc})
	}
	return out, true
}

// envelope are the names that may stand around a body: what scenarios keep ({at, body}), what people record ({headers,
// body}) and what API Gateway logs.
var envelope = []string{
	"at", "received", "headers", "body", "isBase64Encoded", "version", "routeKey", "rawPath", "rawQueryString", "requestContext",
	"queryStringParameters", "pathParameters", "stageVariables", "cookies", "method", "path",
}

// unwrap takes an envelope off. What is none, or cannot be taken off, stays as it is.
func unwrap(d delivery) delivery {
	var names map[string]json.RawMessage
	if json.Unmarshal(d.body, &names) != nil || names["body"] == nil || names["at"] == nil && names["received"] == nil && names["headers"] == nil {
		return d
	}
	for name := range names {
		if !slices.Contains(envelope, name) {
			return d
		}
	}
	var in struct {
		At       source.Text     `json:"at"`
		Received source.Text     `json:"received"`
		Body     json.RawMessage `json:"body"`
		Base64   bool            `json:"isBase64Encoded"`
	}
	if json.Unmarshal(d.body, &in) != nil {
		return d
	}
	var text string
	if json.Unmarshal(in.Body, &text) != nil {
		d.body = in.Body
	} else if raw, err := base64.StdEncoding.DecodeString(text); in.Base64 && err == nil {
		d.body = raw
	} else {
		d.body = []byte(text)
	}
	for _, at := range []source.Text{in.At, in.Received} {
		if t, ok := source.Time(at); ok && !t.IsZero() {
			d.received = t
		}
	}
	return d
}

// parse reads a delivery as the webhook would after it was authenticated.
func (d delivery) parse(src source.Source, received time.Time) (source.Parsed, error) {
	rules := src.Rules()
	limit, depth := rules.MaxBody, rules.MaxDepth
	if limit == 0 {
		limit = source.OurBody
	}
	if len(d.body) > limit {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "the body is larger than %d bytes; the webhook answers 413", limit)
	}
	if depth == 0 {
		depth = source.OurDepth
	}
	if err := source.Strict(d.body, depth, rules.Fields); err != nil {
		return source.Parsed{}, err
	}
	if !d.received.IsZero() {
		received = d.received
	}
	p, err := src.Parse(d.body, received)
	if err != nil {
		return source.Parsed{}, err
	}
	for i := range p.Events {
		p.Events[i] = p.Events[i].Normalise(received)
		if err := p.Events[i].Validate(); err != nil {
			return source.Parsed{}, err
		}
	}
	return p, nil
}

func sourceKinds() (kinds []string) {
	for _, s := range catalogue.All(config.Space{}) {
		kinds = append(kinds, s.Rules().Kind)
	}
	return kinds
}

func sourceOf(kind string, space config.Space) (source.Source, error) {
	all := catalogue.All(space)
	i := slices.IndexFunc(all, func(s source.Source) bool { return s.Rules().Kind == kind })
	if i < 0 {
		return nil, incident.Errorf(incident.Invalid, "no source %q; there are %s", kind, strings.Join(sourceKinds(), ", "))
	}
	return all[i], nil
}
