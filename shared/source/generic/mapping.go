package generic

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// Some vendors post a body of their own and let nobody change it. Those below are recognised by their shape and mapped to
// the contract; docs/webhook.md has the tables. Everything they send stays in data.

// mapped reads a body that is not of the contract; ok is false when nobody's shape is recognised.
func (s Source) mapped(body []byte) (p source.Parsed, ok bool, err error) {
	var shape struct {
		Contract  json.RawMessage `json:"eventType"`
		EventType string          `json:"event_type"` // incident.io
		Action    string          `json:"action"`
		Alert     json.RawMessage `json:"alert"` // Opsgenie, with action
		Data      json.RawMessage `json:"data"`  // Sentry, with action
	}
	if json.Unmarshal(body, &shape) != nil || shape.Contract != nil {
		return p, false, nil
	}
	var e incident.Event
	var note string
	switch {
	case strings.Contains(shape.EventType, "."):
		e, note, err = incidentIO(body, shape.EventType)
	case shape.Alert != nil && shape.Action != "":
		e, note, err = opsgenie(shape.Action, shape.Alert)
	case shape.Action != "" && ofSentry(shape.Data):
		e, note, err = sentry(shape.Action, shape.Data)
	default:
		return p, false, nil
	}
	if err != nil {
		return p, true, incident.Errorf(incident.Invalid, "a delivery that this source knows by its shape: %w", err)
	}
	if note != "" {
		return source.Parsed{Note: note, Dropped: []string{"$: " + note}}, true, nil
	}
	e.EventType, e.Data = incident.EventType, body
	if hint := strings.TrimSpace(e.Service); hint != "" {
		e.Service = source.Service(s.space, nil, map[string]string{"service": hint}, hint)
	} else {
		e.Service = source.Service(s.space, nil, nil, e.Title)
	}
	return source.Parsed{Events: []incident.Event{e}}, true, nil
}

func priorityOf(word string) incident.Priority {
	if p, ok := source.Priority(word); ok {
		return p
	}
	return incident.Medium
}

// address keeps what is a link.
func address(url string) []string {
	if strings.HasPrefix(url, "https://") {
		return []string{url}
	}
	return nil
}

// incidentIO maps incidents of incident.io. https://api-docs.incident.io/tag/Webhooks/
func incidentIO(body []byte, kind string) (e incident.Event, note string, err error) {
	if !strings.Contains(kind, "incident.incident_") {
		return e, "incident.io event " + kind + " is not about an incident's state; nothing was done", nil
	}
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(body, &outer); err != nil {
		return e, "", err
	}
	inner := outer[kind]
	var wrapped struct {
		Incident json.RawMessage `json:"incident"`
	}
	if json.Unmarshal(inner, &wrapped) == nil && wrapped.Incident != nil { // status updates wrap it
		inner = wrapped.Incident
	}
	var in struct {
		ID, Name, Summary, Permalink string
		Severity                     struct{ Name string }
		Status                       struct{ Category string } `json:"incident_status"`
		CreatedAt                    time.Time                 `json:"created_at"`
		UpdatedAt                    time.Time                 `json:"updated_at"`
	}
	if err := json.Unmarshal(inner, &in); err != nil {
		return e, "", err
	}
	e = incident.Event{
		Source: "incident.io", IncidentID: in.ID, Title: in.Name, Description: in.Summary, Links: address(in.Permalink),
		Priority: priorityOf(in.Severity.Name), Action: incident.Updated, Timestamp: in.UpdatedAt,
	}
	switch in.Status.Category {
	case "learning", "closed", "declined", "merged", "canceled", "paused", "post-incident":
		e.Action = incident.Resolved
	default:
		if strings.Contains(kind, "incident_created") {
			e.Action, e.Timestamp = incident.Created, in.CreatedAt
		}
	}
	return e, "", nil
}

// opsgenie maps alerts of Opsgenie. https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
func opsgenie(action string, alert []byte) (e incident.Event, note string, err error) {
	var in struct {
		AlertID, Message, Alias, Entity, Priority, Description string
		CreatedAt, UpdatedAt                                   int64
		Details                                                map[string]any
	}
	if err := json.Unmarshal(alert, &in); err != nil {
		return e, "", err
	}
	e = incident.Event{
		Source: "opsgenie", IncidentID: in.AlertID, Title: in.Message, Description: in.Description, Priority: priorityOf(in.Priority),
		Action: incident.Created, Timestamp: unix(in.CreatedAt), Rule: in.Alias,
	}
	e.Service = in.Entity
	if v, ok := in.Details["service"].(string); ok {
		e.Service = v
	}
	switch action {
	case "Create":
	case "Close", "Delete":
		e.Action, e.Timestamp = incident.Closed, unix(in.UpdatedAt)
	default:
		return e, "Opsgenie action " + action + " changes no alarm's state; nothing was done", nil
	}
	return e, "", nil
}

// unix reads Opsgenie's times: milliseconds, or nanoseconds in some fields.
func unix(n int64) time.Time {
	switch {
	case n <= 0:
		return time.Time{}
	case n > 1e17:
		return time.Unix(0, n).UTC()
	}
	return time.UnixMilli(n).UTC()
}

// sentry maps metric alerts, issue alerts and issues of Sentry.
// https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
func sentry(action string, data []byte) (e incident.Event, note string, err error) {
	var in struct {
		MetricAlert *struct {
			ID           json.RawMessage `json:"id"`
			Identifier   json.RawMessage `json:"identifier"`
			DateDetected time.Time       `json:"date_detected"`
			DateClosed   *time.Time      `json:"date_closed"`
			AlertRule    struct {
				Name      string          `json:"name"`
				ID        json.RawMessage `json:"id"`
				Aggregate string          `json:"aggregate"`
			} `json:"alert_rule"`
			Projects []string `json:"projects"`
		} `json:"metric_alert"`
		DescriptionText  string       `json:"description_text"`
		DescriptionTitle string       `json:"description_title"`
		WebURL           string       `json:"web_url"`
		Event            *sentryIssue `json:"event"`
		TriggeredRule    string       `json:"triggered_rule"`
		Issue            *sentryIssue `json:"issue"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return e, "", err
	}
	e = incident.Event{Source: "sentry", Action: incident.Created, Priority: incident.Medium}
	switch {
	case in.MetricAlert != nil:
		m := in.MetricAlert
		e.IncidentID, e.Rule, e.Metric = text(m.ID), text(m.AlertRule.ID), m.AlertRule.Aggregate
		e.Title, e.Description, e.Links, e.Timestamp = m.AlertRule.Name, in.DescriptionText, address(in.WebURL), m.DateDetected
		e.Service = strings.Join(m.Projects, " ")
		if action == "resolved" {
			e.Action = incident.Resolved
			if m.DateClosed != nil {
				e.Timestamp = *m.DateClosed
			}
		} else {
			e.Priority = map[string]incident.Priority{"critical": incident.Critical, "warning": incident.Medium}[action]
		}
	case in.Event != nil && action == "triggered":
		in.Event.fill(&e)
		e.IncidentID, e.Description = in.Event.IssueID, "rule: "+in.TriggeredRule
	case in.Issue != nil:
		in.Issue.fill(&e)
		switch action {
		case "resolved", "ignored", "archived":
			e.Action = incident.Resolved
		case "created", "unresolved":
		default:
			return e, "Sentry action " + action + " changes no issue's state; nothing was done", nil
		}
	default:
		return e, "a Sentry delivery that is about no alert or issue; nothing was done", nil
	}
	return e, "", nil
}

// ofSentry reports whether data has the shape of Sentry's.
func ofSentry(data []byte) bool {
	var in struct {
		MetricAlert json.RawMessage `json:"metric_alert"`
		Event       json.RawMessage `json:"event"`
		Issue       json.RawMessage `json:"issue"`
	}
	return json.Unmarshal(data, &in) == nil && (in.MetricAlert != nil || in.Event != nil || in.Issue != nil)
}

// sentryIssue is an issue, or the event that stands for it in an issue alert.
type sentryIssue struct {
	ID       string    `json:"id"`
	IssueID  string    `json:"issue_id"`
	Title    string    `json:"title"`
	Level    string    `json:"level"`
	WebURL   string    `json:"web_url"`
	LastSeen time.Time `json:"lastSeen"`
	DateTime time.Time `json:"datetime"`
	Culprit  string    `json:"culprit"`
	Project  any       `json:"project"`
}

func (i sentryIssue) fill(e *incident.Event) {
	e.IncidentID, e.Title, e.Description, e.Links, e.Timestamp = i.ID, i.Title, i.Culprit, address(i.WebURL), i.LastSeen
	if e.Timestamp.IsZero() {
		e.Timestamp = i.DateTime
	}
	if i.Level != "" {
		e.Priority = priorityOf(i.Level)
	}
	if p, ok := i.Project.(map[string]any); ok {
		e.Service, _ = p["slug"].(string)
	}
}

// text reads an id that may be a number or a string.
func text(raw json.RawMessage) string { return strings.Trim(string(raw), `"`) }
