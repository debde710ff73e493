package source

import (
	"encoding/json"
	"regexp"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
)

// Choice is what the space says about a kind of source; the zero value if it says nothing.
func Choice(space config.Space, kind string) config.Source {
	for _, c := range space.Sources {
		if c.Kind == kind {
			return c
		}
	}
	return config.Source{Kind: kind}
}

// Fallback is the priority of alarms that carry no hint of their own.
func Fallback(space config.Space, kind string) incident.Priority {
	if p := Choice(space, kind).Priority; p != "" {
		return p
	}
	return incident.Medium
}

// ServiceAmong names the service of an alarm that goes by several names: the first of them in which a service of the
// space is found, otherwise the first that is set.
func ServiceAmong(space config.Space, dimensions, tags map[string]string, names ...string) string {
	first := ""
	for _, name := range names {
		if name == "" {
			continue
		}
		if first == "" {
			first = name
		}
		if s := Service(space, dimensions, tags, name); s != name {
			return s
		}
		if _, ok := space.Service(name); ok {
			return name
		}
	}
	return first
}

// unfilled are values of a templated body that the vendor left empty: "", "null", or a variable that it did not know.
var unfilled = regexp.MustCompile(`^(?:null|n/a|none|\$[A-Z_]+|\{[A-Za-z]+\}|\{\{.*\}\})?$`)

// IsContract reports whether a body is not the vendor's own but our webhook contract, as templates made for AWS DevOps
// Agent write it.
func IsContract(body []byte) bool {
	var in struct {
		EventType  any `json:"eventType"`
		IncidentID any `json:"incidentId"`
	}
	return json.Unmarshal(body, &in) == nil && in.EventType == incident.EventType && in.IncidentID != nil
}

// Templated reads the webhook contract as a vendor's template wrote it: with the vendor's names for priorities, and the
// service found as for every source.
func Templated(body []byte, space config.Space, kind string, received time.Time) (Parsed, error) {
	if err := Strict(body, OurDepth, ContractFields); err != nil {
		return Parsed{}, err
	}
	p, err := Contract(translated(body), kind, received)
	for i := range p.Events {
		e := &p.Events[i]
		if e.Service == "" {
			e.Service = Service(space, e.Dimensions, nil, e.Title)
		}
		e.Source, e.Data = kind, body // whoever wrote the template, it came from there
	}
	return p, err
}

// translated replaces a priority in the vendor's words, and a time in numbers, by what the contract asks for.
func translated(body []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return body
	}
	var word, moment Text
	changed := false
	if json.Unmarshal(fields["priority"], &word) == nil {
		if p, ok := Priority(string(word)); ok {
			fields["priority"], changed = json.RawMessage(`"`+string(p)+`"`), true
		}
	}
	if raw, ok := fields["timestamp"]; ok && json.Unmarshal(raw, &moment) == nil {
		if at, ok := Time(moment); ok {
			delete(fields, "timestamp")
			if !at.IsZero() {
				fields["timestamp"] = json.RawMessage(`"` + at.Format(time.RFC3339Nano) + `"`)
			}
			changed = true
		}
	}
	out, err := json.Marshal(fields)
	if err != nil || !changed {
		return body
	}
	return out
}
