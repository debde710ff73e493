package source

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/firefinder/firefinder/shared/incident"
)

// Text is any JSON value as text: strings, numbers and booleans as they are, null and what is empty as "", lists and objects
// as they stand. Vendors change between them from version to version, templates turn everything into strings, and no
// alarm is worth losing over it.
type Text string

// UnmarshalJSON implements json.Unmarshaler. It never fails on well-formed JSON.
func (t *Text) UnmarshalJSON(raw []byte) error {
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = Text(s)
	case '{', '[':
		var compact bytes.Buffer
		_ = json.Compact(&compact, raw) // it is well-formed
		*t = ""
		if compact.Len() > len("{}") {
			*t = Text(compact.String())
		}
	case 'n':
		*t = ""
	default:
		*t = Text(raw)
	}
	return nil
}

// Account is the first of the values that is an AWS account id, "" if none is.
func Account(values ...string) string {
	for _, v := range values {
		if len(v) == 12 && strings.Trim(v, "0123456789") == "" {
			return v
		}
	}
	return ""
}

// Decode reads a vendor's body. Invalid names the field that has another shape than the vendor documents.
func Decode(body []byte, into any) error {
	odd, err := decode(body, into)
	if err == nil && odd != "" {
		return incident.Errorf(incident.Invalid, "%s", odd)
	}
	return err
}

// Read is Decode for what is not worth an alarm: a value of another shape than the vendor documents is left out, and the
// first of them named as dropped. What an alarm cannot do without must be asked for afterwards.
func (p *Parsed) Read(body []byte, into any) error {
	odd, err := decode(body, into)
	if err == nil && odd != "" {
		p.Dropped = append(p.Dropped, "$."+odd+"; left out")
	}
	return err
}

// decode reads as much as it can; odd is the first field that it cannot.
func decode(body []byte, into any) (odd string, err error) {
	if len(body) == 0 {
		return "", incident.Errorf(incident.Invalid, "missing")
	}
	err = json.Unmarshal(body, into)
	var shape *json.UnmarshalTypeError
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &shape) && shape.Field != "":
		return shape.Field + ": must not be a JSON " + shape.Value, nil
	case errors.As(err, &shape):
		return "", incident.Errorf(incident.Invalid, "the body must not be a JSON %s", shape.Value)
	}
	return "", incident.Errorf(incident.Invalid, "the body cannot be read: %w", err)
}

var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05Z07:00",
}

// Time reads the spellings of a moment that vendors use: ISO 8601 with or without a zone (then UTC), and seconds,
// milliseconds, microseconds or nanoseconds since 1970. Nothing, null and the year 1 are the zero time; ok is false for
// what is no moment at all.
func Time(text Text) (at time.Time, ok bool) {
	s := strings.TrimSpace(string(text))
	if s == "" || s == "null" || s == "-1" {
		return time.Time{}, true
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return sane(t.UTC())
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f >= 1e19 {
		return time.Time{}, false
	}
	if f == 0 {
		return time.Time{}, true
	}
	for f >= 1e11 { // seconds stay below this until the year 5138
		f /= 1000
	}
	return sane(time.UnixMilli(int64(f*1000 + 0.5)).UTC())
}

// sane keeps times that can be written as JSON and that a monitoring system may mean.
func sane(t time.Time) (time.Time, bool) {
	if t.Year() == 1 {
		return time.Time{}, true
	}
	return t, t.Year() >= 1971 && t.Year() < 9999
}

// At is the first of the named times that is set. A text that is no time is skipped and named as dropped: an alarm is not
// lost because of a bad clock.
func (p *Parsed) At(times ...Named) time.Time {
	for _, n := range times {
		t, ok := Time(n.Text)
		if !ok {
			p.Dropped = append(p.Dropped, n.Path+": is no time; another one stands in")
			continue
		}
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// Named is a value of a body and where it stood.
type Named struct {
	Path string
	Text Text
}

// Clip cuts text at a character's border so that it has at most n bytes.
func Clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	cut := n - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// Add appends a vendor's alarm as an event that holds to the limits of the contract: a blank title becomes the rule's
// name, long titles are cut, long ids hashed. data keeps all of them whole.
func (p *Parsed) Add(e incident.Event, received time.Time) {
	e.Title = Clip(cmp.Or(strings.TrimSpace(e.Title), strings.TrimSpace(e.Rule), e.Source+" alarm"), 1024)
	if len(e.IncidentID) > 512 {
		e.IncidentID = e.Source + "-" + incident.ShortHash(e.IncidentID)
	}
	p.Events = append(p.Events, e.Normalise(received))
}

// Narrow is a body with a list of several members cut down to one of them, so that each alarm's data carries what is
// common and its own. With one member it is the body itself.
func Narrow(body []byte, list string, i int) json.RawMessage {
	var all map[string]json.RawMessage
	var members []json.RawMessage
	if json.Unmarshal(body, &all) != nil || json.Unmarshal(all[list], &members) != nil || len(members) < 2 {
		return body
	}
	one, err := json.Marshal(members[i : i+1])
	if err != nil {
		return body
	}
	all[list] = one
	out, err := json.Marshal(all)
	if err != nil {
		return body
	}
	return out
}

// Beside names, as dropped, what stands in a body beside a list whose members are the data of events of their own.
func Beside(body []byte, path, list string) []string {
	var all map[string]json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name != list {
			out = append(out, path+"."+name+": stands beside the list")
		}
	}
	return out
}

// Lines joins the parts that say something, one a line, each once.
func Lines(parts ...string) string {
	var out []string
	seen := map[string]bool{}
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" && !seen[part] {
			seen[part] = true
			out = append(out, part)
		}
	}
	return strings.Join(out, "\n")
}

// Links keeps the addresses that are set, each once.
func Links(addresses ...string) []string {
	var out []string
	seen := map[string]bool{}
	for _, a := range addresses {
		if (strings.HasPrefix(a, "https://") || strings.HasPrefix(a, "http://")) && !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}
