package newrelic

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// Parse implements source.Source.
//
// An issue is one alarm from CREATED or ACTIVATED to CLOSED. Its entities grow while it is open, so they are no part of its
// identity, and what is told of it in between has the time of its creation: the same event, heard again. Only a change of
// priority is news.
// https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/ (webhooks)
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	f, err := source.Flatten(body)
	if err != nil {
		return source.Parsed{}, err
	}
	if f.Get("current_state") != "" || strings.HasPrefix(f.Get("event_type"), "INCIDENT") {
		return s.legacy(body, f, received)
	}
	return s.issue(body, f, received)
}

var accounts = regexp.MustCompile(`/accounts/(\d+)/`)

func (s Source) issue(body []byte, f source.Fields, received time.Time) (source.Parsed, error) {
	id, state := f.Get("issueId", "id"), strings.ToUpper(f.Get("state", "status", "issueState"))
	title := f.Get("title", "issueTitle", "name", "alertConditionNames", "condition_name", "details", "description")
	if err := source.Require(map[string]bool{"id": id == "", "state": state == "", "title": title == ""}); err != nil {
		return source.Parsed{}, err
	}
	var p source.Parsed
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", IncidentID: Kind + "-" + id, Title: title, Data: body,
		Rule: tenant(f.Get("nrAccountId", "accountId", "account_id"), f.Get("issueUrl", "issuePageUrl")) + id, Unique: true, Links: s.links(f),
		Timestamp: p.At(f.Named("activatedAt"), f.Named("createdAt"), f.Named("timestamp")), Description: describe(f),
	}
	switch state {
	case "CREATED", "ACTIVATED", "ACTIVE", "OPEN":
		e.Action = incident.Created
		if strings.HasPrefix(strings.ToUpper(f.Get("trigger")), "PRIORITY") {
			e.Action, e.Timestamp = incident.Updated, p.At(f.Named("updatedAt"))
		}
	case "CLOSED", "RESOLVED":
		e.Action, e.Timestamp = incident.Resolved, p.At(f.Named("closedAt"), f.Named("updatedAt"))
	case "ACKNOWLEDGED", "DEACTIVATED":
		return source.Nothing("the issue is %s, which is no news of the trouble", strings.ToLower(state)), nil
	default:
		return source.Parsed{}, incident.Errorf(incident.Invalid, "state: must be CREATED, ACTIVATED, ACKNOWLEDGED or CLOSED, not %.40q", state)
	}
	impacted := strings.Split(f.Get("impactedEntities", "entitiesNames", "entityNames"), ",")
	s.finish(&e, f, append(impacted, f.Get("alertConditionNames"))...)
	p.Add(e, received)
	return p, nil
}

// legacy reads incidents of notification channels, which New Relic has retired and some accounts still send.
func (s Source) legacy(body []byte, f source.Fields, received time.Time) (source.Parsed, error) {
	var in struct {
		Targets []struct {
			ID, Name, Link, Type source.Text
		} `json:"targets"`
	}
	var p source.Parsed
	if err := p.Read(body, &in); err != nil {
		return source.Parsed{}, err
	}
	id, condition := f.Get("incident_id"), f.Get("condition_name")
	state := strings.ToLower(cmp.Or(f.Get("current_state"), strings.TrimPrefix(f.Get("event_type"), "INCIDENT_")))
	title := cmp.Or(condition, f.Get("details"), f.Get("policy_name"))
	if err := source.Require(map[string]bool{"incident_id": id == "", "current_state": state == "", "condition_name": title == ""}); err != nil {
		return source.Parsed{}, err
	}
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", Title: title, Data: body, Timestamp: p.At(f.Named("timestamp")), Description: describe(f), Links: s.links(f),
		IncidentID: Kind + "-incident-" + id, Rule: tenant(f.Get("account_id"), f.Get("incident_url")) + "incident " + id, Unique: true,
	}
	switch state {
	case "open":
		e.Action = incident.Created
	case "closed", "resolved":
		e.Action = incident.Resolved
	case "acknowledged", "test":
		return source.Nothing("the incident is %s, which is no news of the trouble", state), nil
	default:
		return source.Parsed{}, incident.Errorf(incident.Invalid, "current_state: must be open, acknowledged or closed, not %.40q", state)
	}
	names := []string{}
	for _, t := range in.Targets {
		names = append(names, string(t.Name))
		e.Links = source.Links(append(e.Links, string(t.Link))...)
	}
	s.finish(&e, f, append(names, condition)...)
	p.Add(e, received)
	return p, nil
}

// finish sets what issues and incidents have in common.
func (s Source) finish(e *incident.Event, f source.Fields, names ...string) {
	e.Account, e.Region = source.Account(f.Get("aws.accountId", "awsAccountId", "aws_account_id")), f.Get("aws.region", "awsRegion", "aws.awsRegion")
	e.Service = source.ServiceAmong(s.space, nil, nil, append(names, e.Title)...)
	p, ok := source.Priority(f.Get("priority", "severity"))
	if !ok {
		p = source.Fallback(s.space, Kind)
	}
	e.Priority = p
}

func tenant(account, address string) string {
	if m := accounts.FindStringSubmatch(address); m != nil && account == "" {
		account = m[1]
	}
	if account == "" {
		return ""
	}
	return account + "/"
}

func (s Source) links(f source.Fields) []string {
	var out []string
	for _, name := range []string{"issueUrl", "issuePageUrl", "incident_url", "violation_callback_url", "violationChartUrl", "runbook_url", "runbookUrl", "policy_url", "condition_url", "incident_acknowledge_url", "issueAckUrl"} {
		out = append(out, f.Get(name))
	}
	return source.Links(out...)
}

func describe(f source.Fields) string {
	lines := []string{f.Get("details", "description"), f.Get("title", "issueTitle")}
	for _, name := range []string{"impactedEntities", "alertConditionNames", "alertPolicyNames", "condition_name", "policy_name", "account_name", "account_id", "state", "current_state", "trigger", "severity", "workflowName", "totalIncidents", "isCorrelated", "sources", "duration"} {
		if v := f.Get(name); v != "" {
			lines = append(lines, name+": "+strings.ReplaceAll(v, ",", ", "))
		}
	}
	return source.Lines(lines...)
}
