package sentry

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// delivery is the body. What it is about stands in a header that no signature covers, and shows in data as well.
type delivery struct {
	Action string `json:"action"`
	Data   struct {
		Event            *occurrence     `json:"event"`
		TriggeredRule    source.Text     `json:"triggered_rule"`
		MetricAlert      *metricAlert    `json:"metric_alert"`
		DescriptionTitle source.Text     `json:"description_title"`
		DescriptionText  source.Text     `json:"description_text"`
		WebURL           string          `json:"web_url"`
		Issue            *issue          `json:"issue"`
		Error            json.RawMessage `json:"error"`
		Comment          json.RawMessage `json:"comment"`
		Installation     json.RawMessage `json:"installation"`
	} `json:"data"`
}

type occurrence struct {
	EventID     source.Text     `json:"event_id"`
	IssueID     source.Text     `json:"issue_id"`
	Project     source.Text     `json:"project"`
	Title       source.Text     `json:"title"`
	Message     source.Text     `json:"message"`
	Culprit     source.Text     `json:"culprit"`
	Level       source.Text     `json:"level"`
	Environment source.Text     `json:"environment"`
	Release     source.Text     `json:"release"`
	Datetime    source.Text     `json:"datetime"`
	Timestamp   source.Text     `json:"timestamp"`
	WebURL      string          `json:"web_url"`
	IssueURL    string          `json:"issue_url"`
	URL         string          `json:"url"`
	Tags        json.RawMessage `json:"tags"`
}

// tagged are the tags of an event, a list of pairs; older senders write an object.
func (o occurrence) tagged() (tags map[string]string, lines []string) {
	var pairs [][]source.Text
	var object map[string]source.Text
	tags = map[string]string{}
	if json.Unmarshal(o.Tags, &pairs) != nil && json.Unmarshal(o.Tags, &object) == nil { // neither: no tags
		for _, name := range slices.Sorted(maps.Keys(object)) {
			pairs = append(pairs, []source.Text{source.Text(name), object[name]})
		}
	}
	for _, t := range pairs {
		if len(t) == 2 {
			tags[string(t[0])] = string(t[1])
			lines = append(lines, string(t[0])+": "+string(t[1]))
		}
	}
	return tags, lines
}

var projects = regexp.MustCompile(`/projects/[^/]+/([^/]+)/`)

// slug is the project's name, which only the event's address tells: its own field is a number.
func (o occurrence) slug() string {
	if m := projects.FindStringSubmatch(o.URL); m != nil {
		return m[1]
	}
	return ""
}

type metricAlert struct {
	ID           source.Text   `json:"id"`
	Identifier   source.Text   `json:"identifier"`
	Organization source.Text   `json:"organization_id"`
	Title        source.Text   `json:"title"`
	Projects     []source.Text `json:"projects"`
	DateStarted  source.Text   `json:"date_started"`
	DateDetected source.Text   `json:"date_detected"`
	DateClosed   source.Text   `json:"date_closed"`
	Rule         struct {
		ID          source.Text `json:"id"`
		Name        source.Text `json:"name"`
		Aggregate   source.Text `json:"aggregate"`
		Query       source.Text `json:"query"`
		Environment source.Text `json:"environment"`
	} `json:"alert_rule"`
}

type issue struct {
	ID        source.Text `json:"id"`
	ShortID   source.Text `json:"shortId"`
	Title     source.Text `json:"title"`
	Culprit   source.Text `json:"culprit"`
	Level     source.Text `json:"level"`
	FirstSeen source.Text `json:"firstSeen"`
	LastSeen  source.Text `json:"lastSeen"`
	Permalink string      `json:"permalink"`
	WebURL    string      `json:"web_url"`
	Project   struct {
		Slug source.Text `json:"slug"`
		Name source.Text `json:"name"`
	} `json:"project"`
}

// Parse implements source.Source. An issue alert and the issue that it is about are one alarm.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	var p source.Parsed
	var in delivery
	if err := p.Read(body, &in); err != nil {
		return source.Parsed{}, err
	}
	var e incident.Event
	var note string
	var err error
	switch {
	case in.Data.Event != nil:
		e, err = s.occurred(&p, in)
	case in.Data.MetricAlert != nil:
		e, err = s.metric(&p, in)
	case in.Data.Issue != nil:
		e, note, err = s.issue(&p, in)
	case in.Action == "":
		return source.Parsed{}, incident.Errorf(incident.Invalid, "action: required")
	case in.Data.Comment != nil:
		return source.Nothing("a comment is no news of the trouble"), nil
	case in.Data.Installation != nil:
		return source.Nothing("the integration was %.40s", in.Action), nil
	case in.Data.Error != nil:
		return source.Nothing("a single error is no alarm; let an alert rule send"), nil
	default:
		return source.Nothing("the delivery %.80q is about no alert and no issue", in.Action), nil
	}
	if err != nil {
		return source.Parsed{}, err
	}
	if note != "" {
		return source.Nothing("%s", note), nil
	}
	e.EventType, e.Source, e.Type, e.Data = incident.EventType, Kind, "alarm", body
	p.Add(e, received)
	return p, nil
}

func at(path string, text source.Text) source.Named {
	return source.Named{Path: "$.data." + path, Text: text}
}

func (s Source) occurred(p *source.Parsed, in delivery) (incident.Event, error) {
	o := in.Data.Event
	if o.IssueID == "" && o.EventID == "" {
		return incident.Event{}, incident.Errorf(incident.Invalid, "data.event.issue_id: required")
	}
	tags, listed := o.tagged()
	lines := append([]string{string(in.Data.TriggeredRule), string(o.Message), string(o.Culprit)}, listed...)
	lines = append(lines, named("environment", o.Environment), named("release", o.Release), named("event", o.EventID), named("project", o.Project))
	return incident.Event{
		Action: incident.Created, IncidentID: Kind + "-issue-" + string(cmp.Or(o.IssueID, o.EventID)), Rule: "issue " + string(cmp.Or(o.IssueID, o.EventID)), Unique: true,
		Title: string(cmp.Or(o.Title, in.Data.TriggeredRule, "issue "+o.IssueID)), Description: source.Lines(lines...), Links: source.Links(o.WebURL, o.IssueURL),
		Timestamp: p.At(at("event.datetime", o.Datetime), at("event.timestamp", o.Timestamp)), Priority: s.priority(string(o.Level)),
		Service: source.ServiceAmong(s.space, nil, tags, tags["service"], o.slug(), string(o.Title), string(in.Data.TriggeredRule)),
	}, nil
}

func (s Source) metric(p *source.Parsed, in delivery) (incident.Event, error) {
	m := in.Data.MetricAlert
	id := cmp.Or(m.Identifier, m.ID)
	if err := source.Require(map[string]bool{"action": in.Action == "", "data.metric_alert.id": id == ""}); err != nil {
		return incident.Event{}, err
	}
	var names []string
	for _, project := range m.Projects {
		names = append(names, string(project))
	}
	rule := "metric alert " + string(cmp.Or(m.Rule.ID, id))
	if m.Organization != "" {
		rule = "org " + string(m.Organization) + "/" + rule
	}
	e := incident.Event{
		Action: incident.Created, IncidentID: Kind + "-metric-alert-" + string(id), Rule: rule,
		Title: string(cmp.Or(m.Title, m.Rule.Name, in.Data.DescriptionTitle, "metric alert "+id)), Metric: string(m.Rule.Aggregate), Links: source.Links(in.Data.WebURL),
		Description: source.Lines(string(in.Data.DescriptionTitle), string(in.Data.DescriptionText), named("query", m.Rule.Query), named("environment", m.Rule.Environment), named("projects", source.Text(strings.Join(names, ", ")))),
		Timestamp:   p.At(at("metric_alert.date_started", m.DateStarted), at("metric_alert.date_detected", m.DateDetected)), Priority: s.priority(in.Action),
	}
	e.Service = source.ServiceAmong(s.space, nil, nil, append(names, e.Title)...)
	switch in.Action {
	case "critical", "warning", "open":
	case "resolved":
		e.Action, e.Timestamp = incident.Resolved, p.At(at("metric_alert.date_closed", m.DateClosed))
	default:
		return e, incident.Errorf(incident.Invalid, "action: must be critical, warning or resolved, not %.40q", in.Action)
	}
	return e, nil
}

func (s Source) issue(p *source.Parsed, in delivery) (e incident.Event, note string, err error) {
	i := in.Data.Issue
	if i.ID == "" {
		return e, "", incident.Errorf(incident.Invalid, "data.issue.id: required")
	}
	e = incident.Event{
		IncidentID: Kind + "-issue-" + string(i.ID), Rule: "issue " + string(i.ID), Unique: true, Title: string(cmp.Or(i.Title, i.ShortID, "issue "+i.ID)), Links: source.Links(i.Permalink, i.WebURL),
		Description: source.Lines(string(i.Culprit), named("issue", i.ShortID), named("project", i.Project.Slug)), Priority: s.priority(string(i.Level)),
		Service: source.ServiceAmong(s.space, nil, nil, string(i.Project.Slug), string(i.Project.Name), string(i.Title)),
	}
	switch in.Action {
	case "created":
		e.Action, e.Timestamp = incident.Created, p.At(at("issue.firstSeen", i.FirstSeen))
	case "unresolved":
		e.Action, e.Timestamp = incident.Created, p.At(at("issue.lastSeen", i.LastSeen))
	case "resolved":
		e.Action = incident.Resolved // when it was resolved is not said; the last error came before
	case "archived", "ignored":
		e.Action = incident.Closed
	default:
		note = fmt.Sprintf("the issue was %.80s, which is no news of the trouble", in.Action)
	}
	return e, note, nil
}

// priority maps Sentry's levels, and the actions of metric alerts. Nearly everything in Sentry is an error: that alone is
// no hint.
func (s Source) priority(level string) incident.Priority {
	switch level {
	case "fatal", "critical":
		return incident.Critical
	case "warning":
		return incident.Low
	case "info", "debug", "sample":
		return incident.Minimal
	}
	return source.Fallback(s.space, Kind)
}

func named(name string, value source.Text) string {
	if value == "" {
		return ""
	}
	return name + ": " + string(value)
}
