package pagerduty

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// reference is what PagerDuty writes in place of another object.
type reference struct {
	ID      source.Text `json:"id"`
	Summary source.Text `json:"summary"`
	Name    source.Text `json:"name"` // version 2
	HTMLURL string      `json:"html_url"`
}

func (r *reference) text() string {
	if r == nil {
		return ""
	}
	return string(cmp.Or(r.Summary, r.Name))
}

// thing is an incident, or an alert of the REST API.
type thing struct {
	ID          source.Text `json:"id"`
	Type        string      `json:"type"`
	HTMLURL     string      `json:"html_url"`
	Self        string      `json:"self"`
	Number      source.Text `json:"number"`
	Number2     source.Text `json:"incident_number"` // version 2
	Status      string      `json:"status"`
	Key         source.Text `json:"incident_key"`
	AlertKey    source.Text `json:"alert_key"`
	CreatedAt   source.Text `json:"created_at"`
	CreatedOn   source.Text `json:"created_on"` // version 1
	Title       source.Text `json:"title"`
	Summary     source.Text `json:"summary"`
	Description source.Text `json:"description"`
	Service     *reference  `json:"service"`
	Priority    *reference  `json:"priority"`
	Urgency     source.Text `json:"urgency"`
	Severity    source.Text `json:"severity"`
	Policy      *reference  `json:"escalation_policy"`
	Reason      *reference  `json:"resolve_reason"`
	Body        struct {
		Details json.RawMessage `json:"details"`
	} `json:"body"`
	Trigger struct { // version 1
		Subject     source.Text `json:"subject"`
		Description source.Text `json:"description"`
	} `json:"trigger_summary_data"`
}

// change is what happened to a thing.
type change struct {
	name, at string // "triggered"; where the time stood
	moment   source.Text
	agent    *reference
	of       thing
	raw      json.RawMessage
}

// Parse implements source.Source.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	var p source.Parsed
	changes, note, err := read(&p, body)
	if err != nil {
		return source.Parsed{}, err
	}
	if note != "" {
		return source.Nothing("%s", note), nil
	}
	if len(changes) == 0 {
		return source.Nothing("the list of messages or alerts is empty"), nil
	}
	for i, c := range changes {
		e, note, err := s.event(&p, c)
		if err != nil {
			return source.Parsed{}, incident.Errorf(incident.Invalid, "incident %d of %d: %w", i+1, len(changes), err)
		}
		if note != "" {
			p.Note, p.Dropped = note+"; nothing was done", append(p.Dropped, fmt.Sprintf("$: %s (%d of %d)", note, i+1, len(changes)))
			continue
		}
		p.Add(e, received)
	}
	return p, nil
}

// read takes the body apart, whichever version it is of. note is why there is nothing to do.
func read(p *source.Parsed, body []byte) (changes []change, note string, err error) {
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		changes, err = alerts(p, body)
		return changes, "", err
	}
	var in struct {
		Event *struct {
			EventType  string          `json:"event_type"`
			OccurredAt source.Text     `json:"occurred_at"`
			Agent      *reference      `json:"agent"`
			Data       json.RawMessage `json:"data"`
		} `json:"event"`
		Messages []json.RawMessage `json:"messages"`
		Alerts   json.RawMessage   `json:"alerts"`
	}
	if err := p.Read(body, &in); err != nil {
		return nil, "", err
	}
	switch {
	case in.Event == nil && in.Messages != nil:
		changes, err = second(p, body, in.Messages)
		return changes, "", err
	case in.Event == nil && in.Alerts != nil:
		changes, err = alerts(p, in.Alerts)
		for i := range changes {
			changes[i].raw = source.Narrow(body, "alerts", i)
		}
		return changes, "", err
	case in.Event == nil || in.Event.EventType == "":
		return nil, "", incident.Errorf(incident.Invalid, "event.event_type: required")
	}
	name, ok := strings.CutPrefix(in.Event.EventType, "incident.")
	if !ok || !known(name) {
		return nil, fmt.Sprintf("%.80q changes no incident", in.Event.EventType), nil
	}
	c := change{name: name, at: "$.event.occurred_at", moment: in.Event.OccurredAt, agent: in.Event.Agent, raw: body}
	if err := p.Read(in.Event.Data, &c.of); err != nil {
		return nil, "", incident.Errorf(incident.Invalid, "event.data: %w", err)
	}
	return []change{c}, "", nil
}

// second reads version 2 (https://developer.pagerduty.com/docs/webhooks/v2-overview/), and version 1 with it, in which the
// event is the type and the incident stands in data.
func second(p *source.Parsed, body []byte, messages []json.RawMessage) ([]change, error) {
	names := map[string]string{"trigger": "triggered", "acknowledge": "acknowledged", "unacknowledge": "unacknowledged", "resolve": "resolved", "escalate": "escalated", "delegate": "delegated", "assign": "reassigned"}
	var out []change
	for i, raw := range messages {
		var m struct {
			Event     string      `json:"event"`
			Type      string      `json:"type"`
			CreatedOn source.Text `json:"created_on"`
			Incident  thing       `json:"incident"`
			Data      struct {
				Incident *thing `json:"incident"`
			} `json:"data"`
		}
		if err := p.Read(raw, &m); err != nil {
			return nil, incident.Errorf(incident.Invalid, "messages[%d]: %w", i, err)
		}
		if m.Event == "" && m.Type == "" {
			return nil, incident.Errorf(incident.Invalid, "messages[%d].event: required", i)
		}
		if m.Data.Incident != nil {
			m.Incident = *m.Data.Incident
			m.Incident.CreatedAt, m.Incident.Title = cmp.Or(m.Incident.CreatedAt, m.Incident.CreatedOn), cmp.Or(m.Incident.Title, m.Incident.Trigger.Subject, m.Incident.Trigger.Description)
		}
		name := strings.TrimPrefix(cmp.Or(m.Event, m.Type), "incident.")
		out = append(out, change{name: cmp.Or(names[name], name), at: "$.messages[].created_on", moment: m.CreatedOn, of: m.Incident, raw: source.Narrow(body, "messages", i)})
	}
	return out, nil
}

// alerts reads a list of alerts of the REST API; their status is all that is known of what happened.
func alerts(p *source.Parsed, list []byte) ([]change, error) {
	var members []json.RawMessage
	if err := source.Decode(list, &members); err != nil {
		return nil, incident.Errorf(incident.Invalid, "alerts: %w", err)
	}
	var out []change
	for i, raw := range members {
		c := change{at: "$[].created_at", raw: raw}
		if err := p.Read(raw, &c.of); err != nil {
			return nil, incident.Errorf(incident.Invalid, "alerts[%d]: %w", i, err)
		}
		c.name, c.moment = c.of.Status, c.of.CreatedAt
		out = append(out, c)
	}
	return out, nil
}

// known are the changes of an incident that say something about whether there is trouble.
func known(name string) bool {
	_, ok := effects[name]
	return ok
}

// effects says what each change does to the alarm, and whether it is a new state (with its own time) or only a reminder
// of the one that began when the incident was created.
var effects = map[string]struct {
	action incident.Action
	fresh  bool
}{
	"triggered": {incident.Created, false}, "reopened": {incident.Created, true}, "priority_updated": {incident.Updated, true},
	"resolved": {incident.Resolved, true}, "acknowledged": {incident.Updated, false}, "unacknowledged": {incident.Updated, false},
	"delegated": {incident.Updated, false}, "escalated": {incident.Updated, false}, "reassigned": {incident.Updated, false}, "service_updated": {incident.Updated, false},
}

func (s Source) event(p *source.Parsed, c change) (e incident.Event, note string, err error) {
	effect, ok := effects[c.name]
	of := c.of
	switch {
	case !ok:
		return e, fmt.Sprintf("%.80q changes no incident", c.name), nil
	case of.ID == "":
		return e, "", incident.Errorf(incident.Invalid, "id of the incident: required")
	case effect.action == incident.Updated && !effect.fresh && of.CreatedAt == "":
		return e, fmt.Sprintf("the incident was %s, which is no news of the trouble", c.name), nil
	}
	details, _ := source.Flatten(of.Body.Details) // free text of a sender: worth a name, not a refusal
	e = incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", Action: effect.action, IncidentID: Kind + "-" + string(of.ID), Rule: tenant(of.HTMLURL, of.Self) + string(of.ID), Unique: true,
		Title:   cmp.Or(string(of.Title), string(of.Summary), details.Get("alert_name", "title", "summary"), string(of.Description), "incident "+string(of.ID)),
		Account: source.Account(details.Get("account_id"), details.Get("aws_account_id"), details.Get("aws_account"), details.Get("account")), Region: details.Get("region", "aws_region"), Links: source.Links(of.HTMLURL, of.Self), Data: c.raw,
	}
	created, own := source.Named{Path: "$.event.data.created_at", Text: of.CreatedAt}, source.Named{Path: c.at, Text: c.moment}
	if effect.fresh {
		e.Timestamp = p.At(own)
	} else {
		e.Timestamp = p.At(created, own)
	}
	e.Description = describe(of, c)
	if of.Service != nil {
		e.Dimensions = map[string]string{"pagerduty_service": string(of.Service.ID)}
		e.Links = source.Links(append(e.Links, of.Service.HTMLURL)...)
	}
	e.Service = source.ServiceAmong(s.space, map[string]string{"service": of.Service.text(), "pagerduty_service": e.Dimensions["pagerduty_service"]}, nil, of.Service.text(), e.Title)
	e.Priority = s.priority(of)
	return e, "", nil
}

// priority is the incident's own (P1 and the like, or the word of the account's scheme), otherwise its urgency.
func (s Source) priority(of thing) incident.Priority {
	for _, word := range []string{of.Priority.text(), string(of.Severity), string(of.Urgency)} {
		if p, ok := source.Priority(strings.ReplaceAll(word, "-", "")); ok {
			return p
		}
	}
	return source.Fallback(s.space, Kind)
}

func describe(of thing, c change) string {
	named := func(name, value string) string {
		if value == "" {
			return ""
		}
		return name + ": " + value
	}
	details := ""
	var compact bytes.Buffer
	if d := of.Body.Details; string(d) != "null" && json.Compact(&compact, d) == nil {
		details = strings.Trim(compact.String(), `"`)
	}
	return source.Lines(string(of.Description), details, named("service", of.Service.text()), named("incident", string(cmp.Or(of.Number, of.Number2))), named("created", string(of.CreatedAt)), named("incident key", string(cmp.Or(of.Key, of.AlertKey))),
		named("urgency", string(of.Urgency)), named("status", of.Status), named(c.name+" by", c.agent.text()), named("escalation policy", of.Policy.text()), named("resolved because", of.Reason.text()))
}

// tenant is the account, the first part of its host name, as a prefix of ids.
func tenant(addresses ...string) string {
	for _, a := range addresses {
		if u, err := url.Parse(a); err == nil {
			if account, ok := strings.CutSuffix(u.Hostname(), ".pagerduty.com"); ok && account != "api" {
				return account + "/"
			}
		}
	}
	return ""
}
