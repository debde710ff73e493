package alertmanager

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// Group is the body: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
type Group struct {
	Status            string                 `json:"status"`
	Receiver          source.Text            `json:"receiver"`
	Alerts            []Alert                `json:"alerts"`
	CommonLabels      map[string]source.Text `json:"commonLabels"`
	CommonAnnotations map[string]source.Text `json:"commonAnnotations"`
	ExternalURL       string                 `json:"externalURL"`
	TruncatedAlerts   source.Text            `json:"truncatedAlerts"`
}

// Alert is one alert of a group, as Alertmanager and Grafana write it.
type Alert struct {
	Status       string                 `json:"status"`
	Labels       map[string]source.Text `json:"labels"`
	Annotations  map[string]source.Text `json:"annotations"`
	StartsAt     source.Text            `json:"startsAt"`
	EndsAt       source.Text            `json:"endsAt"`
	GeneratorURL string                 `json:"generatorURL"`
	Fingerprint  source.Text            `json:"fingerprint"`
}

// Parse implements source.Source. A repeated notification of an alert has the time of its start and so is the same event.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	var p source.Parsed
	var g Group
	if err := p.Read(body, &g); err != nil {
		return source.Parsed{}, err
	}
	if g.Alerts == nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "alerts: required")
	}
	if len(g.Alerts) == 0 {
		return source.Nothing("the group %.80q has no alerts", g.Receiver), nil
	}
	for i, a := range g.Alerts {
		e, err := a.Event(&p, g, i, Kind, s.space)
		if err != nil {
			return source.Parsed{}, err
		}
		e.Data = source.Narrow(body, "alerts", i)
		p.Add(e, received)
	}
	p.Note = g.Truncated()
	return p, nil
}

// Truncated says that the sender left alerts out, "" if it did not.
func (g Group) Truncated() string {
	if g.TruncatedAlerts == "" || g.TruncatedAlerts == "0" {
		return ""
	}
	return fmt.Sprintf("the sender left out %s alerts of this group; raise max_alerts of its receiver", g.TruncatedAlerts)
}

// Event is the i-th alert of a group as an event of a kind, without data. Its identity is its labels, as for Alertmanager:
// the rule is the label alertname, the others are dimensions.
func (a Alert) Event(p *source.Parsed, g Group, i int, kind string, space config.Space) (incident.Event, error) {
	labels, notes := plain(a.Labels), merged(g.CommonAnnotations, a.Annotations)
	if len(labels) == 0 {
		labels = plain(g.CommonLabels)
	}
	name := cmp.Or(labels["alertname"], labels["rulename"], notes["summary"], notes["title"], "alert without a name")
	at := func(field string, text source.Text) source.Named {
		return source.Named{Path: "$.alerts[]." + field, Text: text}
	}
	e := incident.Event{
		EventType: incident.EventType, Source: kind, Type: "alarm", Action: incident.Created, Rule: name, Title: cmp.Or(notes["summary"], notes["title"], name),
		Description: description(name, notes), Timestamp: p.At(at("startsAt", a.StartsAt)),
		Account: cmp.Or(labels["account_id"], labels["aws_account_id"], labels["account"]), Region: cmp.Or(labels["region"], labels["aws_region"]),
		Links: source.Links(a.GeneratorURL, notes["runbook_url"], notes["runbook"], notes["dashboard"], notes["dashboard_url"], g.ExternalURL),
	}
	e.Dimensions = Dimensions(labels, e.Account, e.Region)
	e.IncidentID = kind + "-" + cmp.Or(string(a.Fingerprint), identity(labels))
	e.Priority = source.PriorityIn(name, "", labels, source.PriorityIn("", e.Description, nil, source.Fallback(space, kind)))
	e.Service = source.ServiceAmong(space, labels, labels, labels["service"], labels["app"], labels["deployment"], labels["job"], labels["rulename"], name, e.Title)
	switch status := strings.ToLower(cmp.Or(a.Status, g.Status)); status {
	case "firing", "alerting":
	case "resolved", "ok":
		e.Action = incident.Resolved
		e.Timestamp = p.At(at("endsAt", a.EndsAt))
	default:
		return e, incident.Errorf(incident.Invalid, "alerts[%d].status: must be firing or resolved, not %.40q", i, status)
	}
	if len(labels)+len(notes) == 0 && a.Fingerprint == "" {
		return e, incident.Errorf(incident.Invalid, "alerts[%d].labels: required", i)
	}
	return e, nil
}

// places are labels that say where, not what: an event has fields of its own for them.
var places = []string{"account_id", "aws_account_id", "account", "region", "aws_region"}

// Dimensions are the labels of an alert without its name, without the account and the region that the event names itself,
// and without those that the vendor hides.
func Dimensions(labels map[string]string, account, region string) map[string]string {
	out := map[string]string{}
	for name, value := range labels {
		place := slices.Contains(places, name) && (value == account || value == region)
		if name != "alertname" && !strings.HasPrefix(name, "__") && !place {
			out[name] = value
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// description is what people read: the description, then every other annotation by its name.
func description(name string, notes map[string]string) string {
	parts := []string{notes["description"], notes["message"], name}
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		if key != "description" && key != "message" && key != "summary" && notes[key] != "" {
			parts = append(parts, key+": "+notes[key])
		}
	}
	return source.Lines(parts...)
}

func identity(labels map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, name, labels[name])
	}
	return incident.ShortHash(parts...)
}

func plain(in map[string]source.Text) map[string]string { return merged(in) }

func merged(all ...map[string]source.Text) map[string]string {
	out := map[string]string{}
	for _, in := range all {
		for name, value := range in {
			out[name] = string(value)
		}
	}
	return out
}
