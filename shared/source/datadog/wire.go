package datadog

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// The names under which templates carry Datadog's variables (https://docs.datadoghq.com/integrations/webhooks/).
var (
	transitionNames = []string{"alert_transition", "transition", "status"}
	monitorNames    = []string{"alert_id", "monitor_id", "monitor"}
	scopeNames      = []string{"alert_scope", "scopes", "scope"}
	titleNames      = []string{"title", "event_title", "alert_title", "msg_title", "monitor_name", "name"}
	bodyNames       = []string{"body", "text_only_msg", "event_msg", "message", "text", "description"}
	linkNames       = []string{"link", "url", "event_url", "incident_url", "snapshot", "logs_url"}
	priorityNames   = []string{"alert_priority", "priority", "severity"}
	timeNames       = []string{"last_epoch", "date", "timestamp", "last_updated"}
)

// Parse implements source.Source. A template that gives neither a transition nor Datadog's own title says nothing about
// whether there is trouble and is refused.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	f, err := source.Flatten(body)
	if err != nil {
		return source.Parsed{}, err
	}
	title := f.Get(titleNames...)
	state := transition(f, title)
	if err := source.Require(map[string]bool{"title": title == "", "alert_transition": state == "" && title != ""}); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "%w (the webhook's payload needs \"title\": \"$EVENT_TITLE\" and \"alert_transition\": \"$ALERT_TRANSITION\")", err)
	}
	var p source.Parsed
	tags := source.Pairs(f.Get("tags"))
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", Title: title, Metric: f.Get("alert_metric", "metric"), Data: body,
		Description: describe(f), Links: links(f), Dimensions: scope(f, title),
		Timestamp: p.At(moments(f)...),
	}
	e.Account = source.Account(tags["aws_account"], tags["account_id"], tags["account"], e.Dimensions["aws_account"], e.Dimensions["account_id"], e.Dimensions["account"])
	e.Region = cmp.Or(tags["region"], tags["aws_region"], e.Dimensions["region"], e.Dimensions["aws_region"])
	act(&e, state)
	e.Rule = rule(f, e)
	e.IncidentID = identity(f, e)
	e.Priority = s.priority(f, e, state, tags)
	for _, name := range []string{"region", "aws_region", "aws_account", "account_id", "account"} {
		if v := e.Dimensions[name]; v == e.Region || v == e.Account {
			delete(e.Dimensions, name)
		}
	}
	e.Service = source.ServiceAmong(s.space, e.Dimensions, tags, e.Dimensions["service"], tags["service"], f.Get("service"), bare(title))
	p.Add(e, received)
	return p, nil
}

var bracketed = regexp.MustCompile(`\[([A-Za-z -]+?)(?: on \{([^}]*)\})?\]`)

// states are the words of $ALERT_TRANSITION, which the default titles carry as well.
var states = []string{"triggered", "re-triggered", "no data", "re-no data", "warn", "re-warn", "renotify", "recovered"}

// words are those with which templates of people's own say the same.
var words = []string{"alert", "firing", "alerting", "warning", "critical", "error", "ok", "okay", "resolved", "recovery", "success", "nodata", "no_data", "retriggered"}

// transition is the monitor's change of state in lower case: by its variable, by the title that Datadog makes, by the type
// of the alert, or else by whatever stands where the variable should. A status may be a sentence ($ALERT_STATUS): then the
// others are better.
func transition(f source.Fields, title string) string {
	for _, name := range append(transitionNames, "alert_status") {
		if t := strings.ToLower(f.Get(name)); slices.Contains(states, t) || slices.Contains(words, t) || len(t) < 32 && strings.Contains(t, "recovered") {
			return t
		}
	}
	for _, m := range bracketed.FindAllStringSubmatch(title, -1) {
		if word := strings.ToLower(m[1]); slices.Contains(states, word) || strings.Contains(word, "recovered") {
			return word
		}
	}
	return cmp.Or(map[string]string{"error": "triggered", "warning": "warn", "success": "recovered"}[strings.ToLower(f.Get("alert_type"))], strings.ToLower(f.Get(transitionNames...)))
}

// act sets what the transition means. A monitor without data is an alarm of its own type, at LOW at most.
func act(e *incident.Event, state string) {
	switch {
	case strings.Contains(state, "recover"), slices.Contains([]string{"ok", "okay", "resolved", "success"}, state):
		e.Action = incident.Resolved
	case strings.Contains(state, "no data"), state == "nodata", state == "no_data":
		e.Action, e.Type = incident.Updated, "no_data"
	case strings.HasPrefix(state, "re"):
		e.Action = incident.Updated
	default:
		e.Action = incident.Created
	}
}

// scope is what the alert is about, as dimensions: the tags of $ALERT_SCOPE, or the group in Datadog's own title.
func scope(f source.Fields, title string) map[string]string {
	list := f.Get(scopeNames...)
	if list == "" {
		for _, m := range bracketed.FindAllStringSubmatch(title, -1) {
			list = cmp.Or(list, m[2])
		}
	}
	out := source.Pairs(list)
	if host := f.Get("hostname"); host != "" && out == nil {
		out = map[string]string{"host": host}
	}
	return out
}

var monitors = regexp.MustCompile(`/monitors/(\d+)`)

// rule is the monitor, by its id, which texts also link to, within the organisation.
func rule(f source.Fields, e incident.Event) string {
	id := f.Get(monitorNames...)
	if id == "" {
		if m := monitors.FindStringSubmatch(f.Get(bodyNames...) + " " + strings.Join(e.Links, " ")); m != nil {
			id = m[1]
		}
	}
	if id == "" {
		id = cmp.Or(f.Get("aggreg_key"), bare(e.Title))
	}
	if org := f.Get("org_id"); org != "" {
		return "org " + org + "/" + id
	}
	return id
}

// identity is the same from trigger to recovery: Datadog's key of the alert's cycle, otherwise monitor and scope.
func identity(f source.Fields, e incident.Event) string {
	if key := f.Get("alert_cycle_key", "cycle_key", "aggreg_key"); key != "" {
		return Kind + "-" + key
	}
	parts := []string{e.Rule}
	for _, name := range slices.Sorted(maps.Keys(e.Dimensions)) {
		parts = append(parts, name+":"+e.Dimensions[name])
	}
	return Kind + "-" + strings.Join(parts, "-")
}

// bare is a title without what changes from state to state.
func bare(title string) string {
	return strings.TrimSpace(regexp.MustCompile(`\[[^\]]*\]`).ReplaceAllString(title, ""))
}

// priority is the monitor's (P1 to P5), otherwise that of a word in title or tags. Warnings are LOW, missing data is at most.
func (s Source) priority(f source.Fields, e incident.Event, state string, tags map[string]string) incident.Priority {
	p := s.stated(f, e, state, tags)
	if e.Type == "no_data" && p.Rank() < incident.Low.Rank() {
		return incident.Low
	}
	return p
}

// stated leaves out "normal": that is the priority of nearly all events of Datadog ($PRIORITY), not of a monitor.
func (s Source) stated(f source.Fields, e incident.Event, state string, tags map[string]string) incident.Priority {
	for _, name := range priorityNames {
		word := strings.ToLower(f.Get(name))
		if p, ok := source.Priority(word); ok && word != "normal" {
			return p
		}
	}
	for _, m := range regexp.MustCompile(`\[(P[1-5])\]`).FindAllStringSubmatch(e.Title, -1) {
		p, _ := source.Priority(m[1])
		return p
	}
	fallback := source.Fallback(s.space, Kind)
	if strings.Contains(state, "warn") || f.Get("alert_type") == "warning" {
		fallback = incident.Low
	}
	return source.PriorityIn("", "", tags, fallback)
}

func links(f source.Fields) []string {
	var out []string
	for _, name := range linkNames {
		out = append(out, f.Get(name))
	}
	return source.Links(out...)
}

func moments(f source.Fields) []source.Named {
	var out []source.Named
	for _, name := range timeNames {
		out = append(out, f.Named(name))
	}
	return out
}

// describe is what people read: the message without Datadog's fences and addressees, then what the monitor looks at.
func describe(f source.Fields) string {
	text := strings.ReplaceAll(f.Get(bodyNames...), "%%%", "")
	var kept []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line != "- - -" {
			kept = append(kept, line)
		}
	}
	named := func(name string) string {
		if v := f.Get(name); v != "" {
			return name + ": " + v
		}
		return ""
	}
	kept = append(kept, f.Get("alert_status"), named("name"), named("status"), named("value"), named("alert_query"), named("alert_transition"), named("alert_type"), named("scopes"), named("org_name"), named("tags"))
	return source.Lines(kept...)
}
