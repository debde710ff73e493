package grafana

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/alertmanager"
)

// group is the body of unified alerting:
// https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
type group struct {
	OrgID source.Text `json:"orgId"`
	Title source.Text `json:"title"`

	Alerts []struct {
		DashboardURL string      `json:"dashboardURL"`
		PanelURL     string      `json:"panelURL"`
		SilenceURL   string      `json:"silenceURL"`
		ImageURL     string      `json:"imageURL"`
		ValueString  source.Text `json:"valueString"`
		Values       source.Text `json:"values"`
		OrgID        source.Text `json:"orgId"`
	} `json:"alerts"`
}

// Parse implements source.Source.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	var kind struct {
		Alerts   json.RawMessage `json:"alerts"`
		RuleID   source.Text     `json:"ruleId"`
		RuleName source.Text     `json:"ruleName"`
	}
	if err := new(source.Parsed).Read(body, &kind); err != nil {
		return source.Parsed{}, err
	}
	switch {
	case kind.Alerts != nil:
		return s.unified(body, kind.Alerts, received)
	case kind.RuleID != "" || kind.RuleName != "":
		return s.legacy(body, received)
	}
	return source.Parsed{}, incident.Errorf(incident.Invalid, "alerts: required (unified alerting), or ruleId and ruleName (legacy alerting)")
}

func (s Source) unified(body, list []byte, received time.Time) (source.Parsed, error) {
	var p source.Parsed
	var base alertmanager.Group
	var extra group
	if err := cmp.Or(p.Read(body, &base), p.Read(body, &extra)); err != nil {
		return source.Parsed{}, err
	}
	if base.Alerts == nil && !bytes.Equal(list, []byte("null")) {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "alerts: must be a list")
	}
	if len(base.Alerts) == 0 {
		return source.Nothing("the group %.80q has no alerts", base.Receiver), nil
	}
	for i, a := range base.Alerts {
		e, err := a.Event(&p, base, i, Kind, s.space)
		if err != nil {
			return source.Parsed{}, err
		}
		x := extra.Alerts[i] // the same list as base's
		e.Rule = rule(a, string(cmp.Or(x.OrgID, extra.OrgID)))
		e.Description = source.Lines(e.Description, string(extra.Title), string(cmp.Or(x.ValueString, x.Values)))
		e.Links = source.Links(append(e.Links, x.DashboardURL, x.PanelURL, x.SilenceURL, x.ImageURL)...)
		delete(e.Dimensions, "grafana_folder")
		if a.Labels["alertname"] == "DatasourceNoData" {
			e.Type = "no_data"
			if e.Action == incident.Created {
				e.Action = incident.Updated
			}
			if e.Priority.Rank() < incident.Low.Rank() {
				e.Priority = incident.Low
			}
		}
		e.Data = source.Narrow(body, "alerts", i)
		p.Add(e, received)
	}
	p.Note = base.Truncated()
	return p, nil
}

var view = regexp.MustCompile(`/alerting/grafana/([^/?]+)/view`)

// rule names the alert rule: by its id, which the link to it carries, otherwise by its name and folder. A rule whose data
// source fails or is silent raises an alert under another name: that is another alarm.
func rule(a alertmanager.Alert, org string) string {
	name := string(a.Labels["alertname"])
	id := strings.TrimPrefix(string(a.Labels["grafana_folder"])+"/"+name, "/")
	if m := view.FindStringSubmatch(a.GeneratorURL); m != nil {
		id = m[1]
		if name == "DatasourceNoData" || name == "DatasourceError" {
			id += "/" + name
		}
	}
	if org == "" {
		return id
	}
	return "org " + org + "/" + id
}

// legacyBody is the body of alerting before version 9.
type legacyBody struct {
	Title       string                 `json:"title"`
	State       string                 `json:"state"`
	Message     source.Text            `json:"message"`
	RuleID      source.Text            `json:"ruleId"`
	RuleName    source.Text            `json:"ruleName"`
	RuleURL     string                 `json:"ruleUrl"`
	ImageURL    string                 `json:"imageUrl"`
	OrgID       source.Text            `json:"orgId"`
	Tags        map[string]source.Text `json:"tags"`
	EvalMatches []struct {
		Metric source.Text            `json:"metric"`
		Value  source.Text            `json:"value"`
		Tags   map[string]source.Text `json:"tags"`
	} `json:"evalMatches"`
}

// legacy reads one rule. Its series are not part of its identity: when it recovers, the body names none.
func (s Source) legacy(body []byte, received time.Time) (source.Parsed, error) {
	var p source.Parsed
	var in legacyBody
	if err := p.Read(body, &in); err != nil {
		return source.Parsed{}, err
	}
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", Title: cmp.Or(in.Title, string(in.RuleName)), Rule: cmp.Or(string(in.RuleID), string(in.RuleName)),
		Dimensions: texts(in.Tags), Links: source.Links(in.RuleURL, in.ImageURL), Data: body, Action: incident.Created,
	}
	lines, series := []string{string(in.Message), string(in.RuleName)}, map[string]string{}
	for _, m := range in.EvalMatches {
		if m.Metric != "" {
			lines = append(lines, string(m.Metric)+" = "+string(m.Value))
		}
		for name, value := range texts(m.Tags) {
			lines = append(lines, name+" = "+value)
			series[name] = value
		}
		e.Metric = cmp.Or(e.Metric, string(m.Metric))
	}
	e.IncidentID = Kind + "-" + cmp.Or(string(in.OrgID), "1") + "-" + e.Rule
	e.Description = source.Lines(sorted(lines)...)
	e.Priority = source.PriorityIn(string(in.RuleName), string(in.Message), e.Dimensions, source.Fallback(s.space, Kind))
	e.Service = source.ServiceAmong(s.space, series, e.Dimensions, e.Dimensions["service"], series["service"], string(in.RuleName))
	switch in.State {
	case "alerting":
	case "ok":
		e.Action = incident.Resolved
	case "no_data":
		e.Action, e.Type, e.Priority = incident.Updated, "no_data", incident.Low
	case "pending", "paused", "unknown":
		return source.Nothing("the rule %.80q is %s", in.RuleName, in.State), nil
	default:
		return source.Parsed{}, incident.Errorf(incident.Invalid, "state: must be alerting, ok, no_data, pending or paused, not %.40q", in.State)
	}
	p.Add(e, received)
	return p, nil
}

func texts(in map[string]source.Text) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for name, value := range in {
		out[name] = string(value)
	}
	return out
}

// sorted keeps message and rule in front and brings the series, which come in no order, into one.
func sorted(lines []string) []string {
	slices.Sort(lines[2:])
	return lines
}
