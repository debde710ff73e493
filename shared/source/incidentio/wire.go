package incidentio

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// declared is an incident or an alert: https://docs.incident.io/api-reference/webhooks
type declared struct {
	ID        source.Text     `json:"id"`
	Reference source.Text     `json:"reference"`
	Name      source.Text     `json:"name"`
	Summary   source.Text     `json:"summary"`
	Mode      string          `json:"mode"`
	Permalink string          `json:"permalink"`
	CreatedAt source.Text     `json:"created_at"`
	UpdatedAt source.Text     `json:"updated_at"`
	Status    json.RawMessage `json:"status"` // version 1 of incidents, and alerts: a word
	State     *status         `json:"incident_status"`
	Severity  *named          `json:"severity"`
	Type      *named          `json:"incident_type"`
	Fields    []struct {
		Field  named `json:"custom_field"`
		Values []struct {
			Text    source.Text `json:"value_text"`
			Link    source.Text `json:"value_link"`
			Number  source.Text `json:"value_numeric"`
			Option  *option     `json:"value_option"`
			Catalog *named      `json:"value_catalog_entry"`
		} `json:"values"`
	} `json:"custom_field_entries"`

	Title       source.Text `json:"title"` // alerts
	Description source.Text `json:"description"`
	SourceURL   string      `json:"source_url"`
	Dedup       source.Text `json:"deduplication_key"`
	ResolvedAt  source.Text `json:"resolved_at"`
}

type named struct {
	Name source.Text `json:"name"`
}

type option struct {
	Value source.Text `json:"value"`
}

type status struct {
	Name     source.Text `json:"name"`
	Category string      `json:"category"`
}

// Parse implements source.Source. Only creation, changes of status and updates say something about whether there is
// trouble; other kinds are accepted and nothing is done.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	var in map[string]json.RawMessage
	if err := source.Decode(body, &in); err != nil {
		return source.Parsed{}, err
	}
	var kind string
	if json.Unmarshal(in["event_type"], &kind) != nil || kind == "" {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "event_type: required")
	}
	scope, what, _ := strings.Cut(kind, ".")
	switch {
	case strings.HasPrefix(scope, "private_"):
		return source.Nothing("%.80q carries no more than an id", kind), nil
	case scope == "public_incident" && strings.HasPrefix(what, "incident_"), scope == "public_alert":
	default:
		return source.Nothing("%.80q is no incident and no alert", kind), nil
	}
	inner := in[kind]
	var wrapped struct {
		Incident json.RawMessage `json:"incident"`
		Alert    json.RawMessage `json:"alert"`
		Message  source.Text     `json:"message"`
	}
	var p source.Parsed
	if err := p.Read(inner, &wrapped); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "%.80s: %w", kind, err)
	}
	if wrapped.Incident != nil {
		inner = wrapped.Incident
	} else if wrapped.Alert != nil {
		inner = wrapped.Alert
	}
	var d declared
	if err := p.Read(inner, &d); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "%.80s: %w", kind, err)
	}
	if d.Mode == "tutorial" {
		return source.Nothing("the incident is a tutorial"), nil
	}
	return s.parsed(p, body, kind, what, string(wrapped.Message), d, received)
}

func (s Source) parsed(p source.Parsed, body []byte, kind, what, message string, d declared, received time.Time) (source.Parsed, error) {
	title := cmp.Or(d.Name, d.Title, d.Reference)
	if err := source.Require(map[string]bool{kind + ".id": d.ID == "", kind + ".name": title == ""}); err != nil {
		return source.Parsed{}, err
	}
	at := func(field string, text source.Text) source.Named {
		return source.Named{Path: "$." + kind + "." + field, Text: text}
	}
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", IncidentID: string(cmp.Or(d.Reference, Kind+"-"+d.ID)), Rule: string(cmp.Or(d.Dedup, d.ID)), Unique: true, Title: string(title), Data: body,
		Timestamp: p.At(at("created_at", d.CreatedAt)), Links: source.Links(d.Permalink, d.SourceURL), Action: incident.Updated,
	}
	if strings.Contains(what, "_created") {
		e.Action = incident.Created
	}
	if word := state(what, d); over[word] {
		e.Action, e.Timestamp = incident.Resolved, p.At(at("resolved_at", d.ResolvedAt), at("updated_at", d.UpdatedAt))
		if word != "resolved" && word != "learning" && word != "post-incident" {
			e.Action = incident.Closed
		}
	}
	if e.Action == incident.Updated && e.Timestamp.IsZero() {
		return source.Nothing("an update that does not say when the incident was declared"), nil
	}
	var values []string
	e.Description, values = describe(d, message)
	e.Service = s.service(string(title), values)
	e.Priority = s.priority(d)
	p.Add(e, received)
	return p, nil
}

// service is the one that a custom field names, otherwise the one in the title. Other values of fields are no services.
func (s Source) service(title string, values []string) string {
	for _, v := range values {
		if _, ok := s.space.Service(v); ok {
			return v
		}
		if name := source.Service(s.space, nil, nil, v); name != v {
			return name
		}
	}
	return source.Service(s.space, nil, nil, title)
}

// over are the states and categories of states in which there is no trouble any more.
var over = map[string]bool{"resolved": true, "closed": true, "declined": true, "canceled": true, "merged": true, "learning": true, "post-incident": true}

func state(what string, d declared) string {
	if d.State != nil && d.State.Category != "" {
		return d.State.Category
	}
	var word string
	if json.Unmarshal(d.Status, &word) == nil && word != "" {
		return word
	}
	if strings.Contains(what, "_resolved") {
		return "resolved"
	}
	return ""
}

// priorities are the severities that incident.io starts an account with; other words are mapped as everywhere.
var priorities = map[string]incident.Priority{"critical": incident.Critical, "major": incident.High, "minor": incident.Low}

func (s Source) priority(d declared) incident.Priority {
	if d.Severity != nil {
		word := strings.ToLower(string(d.Severity.Name))
		if p, ok := priorities[word]; ok {
			return p
		}
		if p, ok := source.Priority(strings.ReplaceAll(word, "-", "")); ok {
			return p
		}
	}
	return source.Fallback(s.space, Kind)
}

// describe is what people read, and the values of custom fields, one of which may name the service.
func describe(d declared, message string) (text string, values []string) {
	lines := []string{string(d.Summary), string(d.Description), message, string(d.Reference)}
	note := func(name, value source.Text) {
		if value != "" {
			lines = append(lines, string(name)+": "+string(value))
		}
	}
	if d.State != nil {
		note("status", d.State.Name)
	}
	if d.Severity != nil {
		note("severity", d.Severity.Name)
	}
	if d.Type != nil {
		note("type", d.Type.Name)
	}
	for _, f := range d.Fields {
		for _, v := range f.Values {
			value := cmp.Or(v.Text, v.Link, v.Number)
			if v.Option != nil {
				value = v.Option.Value
			}
			if v.Catalog != nil {
				value = v.Catalog.Name
			}
			note(f.Field.Name, value)
			values = append(values, string(value))
		}
	}
	return source.Lines(lines...), values
}
