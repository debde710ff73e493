package servicenow

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// value is a field of a record: plain, as reference {link, value}, or with its display value beside it.
type value struct{ plain, shown string }

// UnmarshalJSON implements json.Unmarshaler.
func (v *value) UnmarshalJSON(raw []byte) error {
	var in struct {
		Value        source.Text `json:"value"`
		DisplayValue source.Text `json:"display_value"`
		DisplayName  source.Text `json:"displayValue"`
	}
	if raw[0] == '{' {
		if err := json.Unmarshal(raw, &in); err != nil {
			return err
		}
		v.plain, v.shown = string(in.Value), string(cmp.Or(in.DisplayValue, in.DisplayName))
		return nil
	}
	var text source.Text
	err := json.Unmarshal(raw, &text)
	v.plain = string(text)
	return err
}

// record is an incident. Names are compared without regard to case and underscores, so that the business rule's
// shortDescription is the table's short_description.
type record map[string]value

func (r record) get(names ...string) string {
	for _, name := range names {
		if v := r[bare(name)]; v.plain != "" {
			return v.plain
		}
	}
	return ""
}

// show prefers what people see, and never shows a bare sys_id.
func (r record) show(names ...string) string {
	for _, name := range names {
		if v := r[bare(name)]; v.shown != "" || v.plain != "" && !sysID.MatchString(v.plain) {
			return cmp.Or(v.shown, v.plain)
		}
	}
	return ""
}

func bare(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// Parse implements source.Source. It reads the body of the business rule (see docs/sources/servicenow.md) and records as
// the Table API writes them, alone or under result, data, incident or record, one or a list.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	raws, beside, err := unwrap(body, "$", 0)
	if err != nil {
		return source.Parsed{}, err
	}
	var p source.Parsed
	if len(raws) > 1 {
		p.Dropped = beside
	}
	for i, raw := range raws {
		r, err := read(raw)
		if err != nil {
			return source.Parsed{}, err
		}
		e, note, err := s.event(&p, r)
		if err != nil {
			return source.Parsed{}, err
		}
		if note != "" {
			p.Note, p.Dropped = note+"; nothing was done", append(p.Dropped, fmt.Sprintf("$: %s (%d of %d)", note, i+1, len(raws)))
			continue
		}
		e.Data = raw
		if len(raws) == 1 {
			e.Data = body
		}
		p.Add(e, received)
	}
	if len(raws) == 0 {
		return source.Nothing("the list of records is empty"), nil
	}
	return p, nil
}

// unwrap finds the records in what may be around them; beside is what else is there.
func unwrap(body []byte, path string, depth int) (records []json.RawMessage, beside []string, err error) {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		var list []json.RawMessage
		err := source.Decode(body, &list)
		return list, nil, err
	}
	var in map[string]json.RawMessage
	if err := source.Decode(body, &in); err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"result", "data", "incident", "record", "records"} {
		if inner := bytes.TrimSpace(in[name]); depth < 3 && len(inner) > 0 && (inner[0] == '{' || inner[0] == '[') {
			records, beside, err = unwrap(inner, path+"."+name, depth+1)
			return records, append(beside, source.Beside(body, path, name)...), err
		}
	}
	return []json.RawMessage{body}, nil, nil
}

func read(raw []byte) (record, error) {
	var in map[string]json.RawMessage
	if err := source.Decode(raw, &in); err != nil {
		return nil, err
	}
	r := record{}
	for name, field := range in {
		var v value
		var more map[string]value
		switch { // a field of another shape, as of a list of people, says nothing here; data keeps it
		case bare(name) == "additionalcontext" && json.Unmarshal(field, &more) == nil:
			for inner, v := range more {
				r[bare(inner)] = v
			}
		case json.Unmarshal(field, &v) == nil:
			r[bare(name)] = v
		}
	}
	return r, nil
}

var (
	sysID  = regexp.MustCompile(`^[0-9a-f]{32}$`)
	ticket = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// states are ServiceNow's codes and words of an incident's state.
var states = map[string]string{
	"1": "new", "2": "in progress", "3": "on hold", "6": "resolved", "7": "closed", "8": "canceled",
	"new": "new", "in progress": "in progress", "on hold": "on hold", "resolved": "resolved", "closed": "closed", "canceled": "canceled", "cancelled": "canceled",
}

func (s Source) event(p *source.Parsed, r record) (e incident.Event, note string, err error) {
	id, number, what := r.get("sys_id", "sysId"), r.get("number", "task_effective_number"), strings.ToLower(r.get("eventType", "operation"))
	if err := source.Require(map[string]bool{"sys_id": id == "" && number == ""}); err != nil {
		return e, "", err
	}
	if class := r.get("sys_class_name"); class != "" && !strings.EqualFold(class, "incident") {
		return e, fmt.Sprintf("a record of %.80q is no incident", class), nil
	}
	if r.get("correlation_display") == "Firefinder" {
		return e, "the ticket was made by Firefinder itself", nil
	}
	e = incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", Rule: cmp.Or(id, number), Unique: true, IncidentID: cmp.Or(number, Kind+"-"+id), Ticket: name(number, id),
		Title: cmp.Or(r.show("short_description"), firstLine(r.show("description")), "ticket "+cmp.Or(number, id)), Description: describe(r), Priority: s.priority(r), Links: s.links(r, id),
	}
	e.Service = source.ServiceAmong(s.space, map[string]string{"cmdb_ci": r.show("cmdb_ci"), "business_service": r.show("business_service")}, nil, r.show("cmdb_ci"), r.show("business_service"), e.Title)
	opened := p.At(named(r, "opened_at"), named(r, "sys_created_on"))
	state := states[strings.ToLower(r.get("state", "incident_state"))]
	switch {
	case state == "resolved":
		e.Action, e.Timestamp = incident.Resolved, p.At(named(r, "resolved_at"), named(r, "sys_updated_on"))
	case state == "closed", state == "canceled", what == "delete", strings.EqualFold(r.get("active"), "false"):
		e.Action, e.Timestamp = incident.Closed, p.At(named(r, "closed_at"), named(r, "sys_updated_on"))
	case r.get("reopened_time") != "":
		e.Action, e.Timestamp = incident.Created, p.At(named(r, "reopened_time"))
	case what == "update" && opened.IsZero():
		return e, "an update that does not say when the ticket was opened is no news of the trouble", nil
	case what == "update":
		e.Action, e.Timestamp = incident.Updated, opened
	default:
		e.Action, e.Timestamp = incident.Created, opened
	}
	return e, "", nil
}

// name is how the ticket is found again: its number, otherwise its sys_id; "" when it has the form of neither.
func name(number, id string) string {
	for _, n := range []string{number, id} {
		if ticket.MatchString(n) {
			return n
		}
	}
	return ""
}

func named(r record, field string) source.Named {
	return source.Named{Path: "$." + field, Text: source.Text(r.get(field))}
}

// priority is the ticket's, 1 to 5, alone or in front of its word ("2 - High"); otherwise its severity, 1 to 3.
func (s Source) priority(r record) incident.Priority {
	word := func(field string) string {
		code, _, _ := strings.Cut(r.get(field), " - ")
		return strings.TrimSpace(code)
	}
	if p, ok := source.Priority(word("priority")); ok {
		return p
	}
	if p, ok := map[string]incident.Priority{"1": incident.High, "2": incident.Medium, "3": incident.Low}[word("severity")]; ok {
		return p
	}
	return source.Fallback(s.space, Kind)
}

func (s Source) links(r record, id string) []string {
	if n := s.space.Notify.ServiceNow; n != nil && sysID.MatchString(id) {
		return source.Links(strings.TrimRight(n.Instance, "/") + "/incident.do?sys_id=" + id)
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// describe is what people read: the description, then what says where, who and how bad.
func describe(r record) string {
	lines := []string{r.show("description")}
	for _, field := range []string{"number", "cmdb_ci", "business_service", "service_offering", "category", "subcategory", "impact", "urgency", "severity", "state", "incident_state", "location", "assignment_group", "opened_by", "correlation_id", "comments", "work_notes", "close_notes", "opened_at"} {
		if v := r.show(field); v != "" {
			lines = append(lines, field+": "+v)
		}
	}
	return source.Lines(lines...)
}
