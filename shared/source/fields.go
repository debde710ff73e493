package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/firefinder/firefinder/shared/incident"
)

// Fields are the values of a body whose form the vendor lets each customer write: templates differ in spelling
// (alert_id, alertId, AlertID) and in depth (alert.alert_id). Names are compared by their letters and digits alone.
type Fields map[string]string

// vague are names that mean nothing without the object around them.
var vague = map[string]bool{"id": true, "name": true, "title": true, "url": true, "type": true, "status": true, "state": true, "date": true, "value": true, "message": true}

// Flatten reads a templated body: every value under its full name and, unless that is vague or taken by a value nearer to
// the top, under its last name. Lists of plain values are joined by commas. Values that the vendor left unfilled are not
// there. Invalid means that the body is no object.
func Flatten(body []byte) (Fields, error) {
	var top map[string]json.RawMessage
	if err := Decode(body, &top); err != nil {
		return nil, err
	}
	if top == nil {
		return nil, incident.Errorf(incident.Invalid, "the body must be a JSON object")
	}
	full, last := Fields{}, Fields{}
	flatten("", top, full, last)
	for name, value := range last {
		if _, ok := full[name]; !ok {
			full[name] = value
		}
	}
	return full, nil
}

func flatten(under string, object map[string]json.RawMessage, full, last Fields) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		name, raw := bare(key), object[key]
		var text Text
		var list []Text
		var inner map[string]json.RawMessage
		switch {
		case raw[0] == '{' && json.Unmarshal(raw, &inner) == nil:
			flatten(under+name, inner, full, last)
			continue
		case raw[0] == '[' && json.Unmarshal(raw, &list) == nil && plain(list):
			text = Text(joined(list))
		case raw[0] == '[' || json.Unmarshal(raw, &text) != nil:
			continue // a list of objects: the vendor's own parser reads it if it matters
		}
		value := strings.TrimSpace(string(text))
		if unfilled.MatchString(value) {
			continue
		}
		put(full, under+name, value)
		if under != "" && !vague[name] {
			put(last, name, value)
		}
	}
}

// plain reports whether a list holds neither lists nor objects.
func plain(list []Text) bool {
	return !slices.ContainsFunc(list, func(t Text) bool { return t != "" && (t[0] == '{' || t[0] == '[') && json.Valid([]byte(t)) })
}

func put(f Fields, name, value string) {
	if _, ok := f[name]; !ok {
		f[name] = value
	}
}

func joined(list []Text) string {
	parts := make([]string, len(list))
	for i, t := range list {
		parts[i] = string(t)
	}
	return strings.Join(parts, ",")
}

// bare keeps a name's letters and digits, in lower case.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Get is the value of the first of the names that is set.
func (f Fields) Get(names ...string) string {
	for _, name := range names {
		if v := f[bare(name)]; v != "" {
			return v
		}
	}
	return ""
}

// Named is the value of one field with its name, for Parsed.At.
func (f Fields) Named(name string) Named { return Named{Path: "$." + name, Text: Text(f.Get(name))} }

// Pairs reads "key:value" items (or key=value) of a comma-separated list, as Datadog writes scopes and tags. Items
// without a value are left out.
func Pairs(list string) map[string]string {
	var out map[string]string
	for item := range strings.SplitSeq(strings.Trim(list, "{}[] "), ",") {
		at := strings.IndexAny(item, ":=")
		if at <= 0 || at == len(item)-1 {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[strings.TrimSpace(item[:at])] = strings.TrimSpace(item[at+1:])
	}
	return out
}

// Require reports the names of what is missing as one Invalid error.
func Require(faults map[string]bool) error {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		if faults[name] {
			out = append(out, name+": required")
		}
	}
	if len(out) == 0 {
		return nil
	}
	return incident.Errorf(incident.Invalid, "%s", strings.Join(out, "; "))
}

// Nothing is the answer to a delivery that carries no alarm and no change.
func Nothing(format string, args ...any) Parsed {
	note := fmt.Sprintf(format, args...)
	return Parsed{Note: note + "; nothing was done", Dropped: []string{"$: " + note}}
}
