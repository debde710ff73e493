package dynatrace

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// body is what every form is brought to: its fields, its impacted entities, and the delivery as it came.
type body struct {
	source.Fields
	impacted []entity
	whole    []byte
	sent     source.Named // when the envelope was made
}

type entity struct {
	Type   source.Text `json:"type"`
	Name   source.Text `json:"name"`
	Entity source.Text `json:"entity"`
}

// Parse implements source.Source.
func (s Source) Parse(raw []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(raw) {
		return source.Templated(raw, s.space, Kind, received)
	}
	b, err := open(raw)
	if err != nil {
		return source.Parsed{}, err
	}
	if b.Get("event.status", "event.kind", "event.status_transition") != "" {
		return s.davis(b, received)
	}
	return s.problem(b, received)
}

// open takes a CloudEvent's envelope off; its data may be JSON or JSON as text (https://cloudevents.io).
func open(raw []byte) (body, error) {
	var env struct {
		SpecVersion source.Text     `json:"specversion"`
		Data        json.RawMessage `json:"data"`
		Base64      []byte          `json:"data_base64"`
		Time        source.Text     `json:"time"`
	}
	if err := new(source.Parsed).Read(raw, &env); err != nil {
		return body{}, err
	}
	b, inner := body{whole: raw, sent: source.Named{Path: "$.time", Text: env.Time}}, raw
	if env.SpecVersion != "" {
		inner = env.Data
		if inner == nil {
			inner = env.Base64
		}
		var text string
		if json.Unmarshal(inner, &text) == nil {
			inner = []byte(text)
		}
		if err := source.Strict(inner, source.OurDepth, nil); err != nil {
			return body{}, incident.Errorf(incident.Invalid, "data: %w", err)
		}
	}
	var in struct {
		Impacted json.RawMessage `json:"ImpactedEntities"`
		Details  json.RawMessage `json:"ProblemDetailsJSON"`
	}
	if err := source.Decode(inner, &in); err != nil {
		return body{}, err
	}
	_ = json.Unmarshal(in.Impacted, &b.impacted) // templates may put names in their place
	var err error
	if b.Fields, err = source.Flatten(inner); err != nil {
		return b, err
	}
	b.detail(in.Details)
	return b, nil
}

// detail adds what {ProblemDetailsJSON} says, where it is more than an id. A template may have put it into quotes.
func (b *body) detail(raw json.RawMessage) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = []byte(text)
	}
	more, err := source.Flatten(raw)
	if err != nil || source.Strict(raw, source.OurDepth, nil) != nil {
		return
	}
	for _, name := range []string{"startTime", "endTime", "severityLevel"} {
		if b.Get(name) == "" {
			b.Fields[strings.ToLower(name)] = more.Get(name)
		}
	}
	var in struct {
		Affected []affected `json:"affectedEntities"`
		Root     *affected  `json:"rootCauseEntity"`
	}
	if json.Unmarshal(raw, &in) != nil || len(b.impacted) > 0 {
		return
	}
	if in.Root != nil {
		in.Affected = append(in.Affected, *in.Root)
	}
	for _, a := range in.Affected {
		b.impacted = append(b.impacted, entity{a.Entity.Type, a.Name, a.Entity.ID})
	}
}

// affected is an entity as the API for problems writes it.
type affected struct {
	Name   source.Text `json:"name"`
	Entity struct {
		ID   source.Text `json:"id"`
		Type source.Text `json:"type"`
	} `json:"entityId"`
}

// began is the time that a problem's id ends in, in milliseconds: -3977852193452195_1647862500000V2.
var began = regexp.MustCompile(`_(\d{13})V\d+$`)

// problem reads a problem notification: any template with Dynatrace's placeholders, by their names.
// https://docs.dynatrace.com/docs/analyze-explore-automate/notifications-and-alerting/problem-notifications/webhook-integration
func (s Source) problem(b body, received time.Time) (source.Parsed, error) {
	id, state, title := b.Get("PID", "ProblemID", "problemId", "displayId"), strings.ToUpper(b.Get("State", "ProblemState", "ProblemStatus", "status")), b.Get("ProblemTitle", "title")
	if err := source.Require(map[string]bool{"ProblemID": id == "", "State": state == "", "ProblemTitle": title == ""}); err != nil {
		return source.Parsed{}, err
	}
	var p source.Parsed
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", Title: title, Data: b.whole, Links: source.Links(b.Get("ProblemURL")),
		IncidentID: Kind + "-" + cmp.Or(b.Get("ProblemID", "displayId"), id), Rule: tenant(b.Get("ProblemURL")) + id, Unique: true, Timestamp: p.At(b.Named("startTime"), b.sent),
		Description: source.Lines(b.Get("ProblemDetailsText", "ProblemDetailsMarkdown", "ProblemDetails"), b.named("ImpactedEntity", "ProblemImpact", "ProblemSeverity", "PID", "Tags", "KeptnProject", "KeptnStage", "KeptnService"), b.listed()),
	}
	switch state {
	case "OPEN", "ACTIVE":
		e.Action = incident.Created
		if m := began.FindStringSubmatch(b.Get("PID")); m != nil {
			e.Timestamp = p.At(b.Named("startTime"), source.Named{Path: "$.PID", Text: source.Text(m[1])})
		}
	case "RESOLVED", "CLOSED":
		e.Action, e.Timestamp = incident.Resolved, p.At(b.Named("endTime"), b.sent)
	case "MERGED":
		e.Action, e.Timestamp = incident.Closed, p.At(b.Named("endTime"), b.sent)
	default:
		return source.Parsed{}, incident.Errorf(incident.Invalid, "State: must be OPEN, RESOLVED or MERGED, not %.40q", state)
	}
	tags := source.Pairs(b.Get("Tags"))
	e.Priority = s.priority(b.Get("ProblemSeverity", "severityLevel"), tags)
	e.Service = source.ServiceAmong(s.space, b.dimensions(), tags, append(b.names(), tags["service"], b.Get("KeptnService"), title)...)
	p.Add(e, received)
	return p, nil
}

// davis reads an event or a problem as Davis stores it and workflows send it: its fields are named as in Grail. One that
// is over when it is first told of, such as a restart, is an alarm that fired and recovered: two events.
func (s Source) davis(b body, received time.Time) (source.Parsed, error) {
	id, status, title := b.Get("event.id", "display_id"), strings.ToUpper(b.Get("event.status")), b.Get("event.name", "title")
	if err := source.Require(map[string]bool{"event.id": id == "", "event.status": status != "ACTIVE" && status != "CLOSED", "event.name": title == ""}); err != nil {
		return source.Parsed{}, err
	}
	var p source.Parsed
	start := p.At(b.Named("event.start"), b.Named("timestamp"), b.sent)
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", Title: title, Data: b.whole, IncidentID: Kind + "-" + cmp.Or(b.Get("display_id"), id), Rule: id,
		Action: incident.Created, Timestamp: start, Priority: s.priority(b.Get("event.category"), nil), Account: b.Get("aws.account.id"), Region: b.Get("aws.region"), Dimensions: b.resource(),
		Description: source.Lines(b.Get("event.description"), b.named("event.id", "event.start", "event.category", "event.type", "event.status_transition", "affected_entity_ids", "affected_entity_names", "root_cause_entity_name", "dt.entity.host.name", "k8s.cluster.name")),
		Links:       source.Links(b.Get("problem.url", "event.url")),
	}
	e.Service = source.ServiceAmong(s.space, b.dimensions(), nil, b.Get("dt.entity.service.name", "service.name"), b.Get("k8s.workload.name"), b.Get("root_cause_entity_name"), b.Get("affected_entity_names"),
		b.Get("dt.entity.process_group.name", "dt.entity.process_group_instance.name"), title)
	transition := strings.ToUpper(b.Get("event.status_transition"))
	if status == "ACTIVE" || transition == "CREATED" || transition == "" && b.Get("event.category") == "INFO" {
		if transition == "UPDATED" || transition == "REFRESHED" {
			e.Action = incident.Updated
		}
		if transition == "REOPENED" {
			e.Timestamp = p.At(b.Named("timestamp"))
		}
		p.Add(e, received)
	}
	if status == "CLOSED" {
		e.Action, e.Timestamp = incident.Resolved, p.At(b.Named("event.end"), b.Named("timestamp"), b.sent)
		p.Add(e, received)
	}
	return p, nil
}

// severities are Dynatrace's levels of problems and categories of events.
var severities = map[string]incident.Priority{
	"AVAILABILITY": incident.Critical, "ERROR": incident.High, "PERFORMANCE": incident.Medium, "SLOWDOWN": incident.Medium, "RESOURCE_CONTENTION": incident.Medium, "RESOURCE": incident.Medium,
	"MONITORING_UNAVAILABLE": incident.Low, "INFO": incident.Minimal,
}

func (s Source) priority(level string, tags map[string]string) incident.Priority {
	p, ok := severities[strings.ToUpper(level)]
	if !ok {
		p = source.Fallback(s.space, Kind) // CUSTOM_ALERT says nothing
	}
	return source.PriorityIn("", "", tags, p)
}

// resource is what a Davis event is about: that entity alone, for it stays the same while others come to be affected.
func (b body) resource() map[string]string {
	if id := b.Get("dt.source_entity"); id != "" {
		return map[string]string{"dt.source_entity": id}
	}
	return nil
}

// dimensions are the entities under the names by which a space may map them.
func (b body) dimensions() map[string]string {
	out := map[string]string{}
	for _, e := range b.impacted {
		out[string(e.Type)] = string(e.Name)
	}
	for _, name := range []string{"dt.source_entity", "dt.entity.service", "dt.entity.host", "k8s.workload.name", "k8s.namespace.name", "host.name"} {
		if v := b.Get(name); v != "" {
			out[name] = v
		}
	}
	return out
}

// names are those of the impacted entities, services first.
func (b body) names() []string {
	var services, others []string
	for _, e := range b.impacted {
		if e.Type == "SERVICE" {
			services = append(services, string(e.Name))
		} else {
			others = append(others, string(e.Name))
		}
	}
	return append(services, others...)
}

func (b body) listed() string {
	var lines []string
	for _, e := range b.impacted {
		lines = append(lines, string(e.Type)+" "+string(e.Name)+" ("+string(e.Entity)+")")
	}
	return strings.Join(lines, "\n")
}

// named writes fields that are set, "name: value" each.
func (b body) named(names ...string) string {
	var lines []string
	for _, name := range names {
		if v := b.Get(name); v != "" {
			lines = append(lines, name+": "+v)
		}
	}
	return strings.Join(lines, "\n")
}

// tenant is the environment, the first part of the host, as a prefix of ids.
func tenant(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.Contains(u.Hostname(), ".dynatrace") {
		return ""
	}
	environment, _, _ := strings.Cut(u.Hostname(), ".")
	return environment + "/"
}
