package opsgenie

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// delivery is the body: https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
type delivery struct {
	Action          string      `json:"action"`
	IntegrationName source.Text `json:"integrationName"`
	Source          struct {
		Name source.Text `json:"name"`
		Type source.Text `json:"type"`
	} `json:"source"`
	Alert struct {
		AlertID     source.Text            `json:"alertId"`
		TinyID      source.Text            `json:"tinyId"`
		Alias       source.Text            `json:"alias"`
		Message     source.Text            `json:"message"`
		Description source.Text            `json:"description"`
		Entity      source.Text            `json:"entity"`
		Source      source.Text            `json:"source"`
		Priority    source.Text            `json:"priority"`
		Username    source.Text            `json:"username"`
		Team        source.Text            `json:"team"`
		Note        source.Text            `json:"note"`
		Tags        tags                   `json:"tags"`
		Details     map[string]source.Text `json:"details"`
		CreatedAt   source.Text            `json:"createdAt"`
		UpdatedAt   source.Text            `json:"updatedAt"`
	} `json:"alert"`
}

// tags are a list, or one text with commas.
type tags []source.Text

// UnmarshalJSON implements json.Unmarshaler.
func (t *tags) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		return json.Unmarshal(raw, (*[]source.Text)(t))
	}
	var one source.Text
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	for tag := range strings.SplitSeq(string(one), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			*t = append(*t, source.Text(tag))
		}
	}
	return nil
}

// effects says what each action does to the alarm, and whether it is a new state or only news of the one that began when
// the alert was created. Actions that are not listed say nothing about whether there is trouble.
var effects = map[string]struct {
	action incident.Action
	fresh  bool
}{
	"create": {incident.Created, false}, "close": {incident.Resolved, true}, "delete": {incident.Closed, true}, "updatepriority": {incident.Updated, true},
	"acknowledge": {incident.Updated, false}, "unacknowledge": {incident.Updated, false}, "escalate": {incident.Updated, false}, "escalatenext": {incident.Updated, false},
}

// Parse implements source.Source. The alarm is the alert's alias, by which Opsgenie itself knows it again.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	if source.IsContract(body) {
		return source.Templated(body, s.space, Kind, received)
	}
	var p source.Parsed
	var in delivery
	if err := p.Read(body, &in); err != nil {
		return source.Parsed{}, err
	}
	a := in.Alert
	id := cmp.Or(a.AlertID, a.Alias)
	if err := source.Require(map[string]bool{"action": in.Action == "", "alert.alertId": id == "" && in.Action != ""}); err != nil {
		return source.Parsed{}, err
	}
	effect, ok := effects[strings.ToLower(in.Action)]
	if !ok {
		return source.Nothing("the action %.80q is no news of the trouble", in.Action), nil
	}
	created, updated := source.Named{Path: "$.alert.createdAt", Text: a.CreatedAt}, source.Named{Path: "$.alert.updatedAt", Text: a.UpdatedAt}
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", Action: effect.action, IncidentID: Kind + "-" + string(id), Rule: string(cmp.Or(a.Alias, id)), Unique: true,
		Title: string(cmp.Or(a.Message, a.Alias, id)), Description: describe(in), Data: body, Timestamp: p.At(created, updated),
	}
	if effect.fresh {
		e.Timestamp = p.At(updated)
	}
	if effect.action == incident.Updated && !effect.fresh && a.CreatedAt == "" {
		return source.Nothing("the alert was changed (%s), which is no news of the trouble", in.Action), nil
	}
	for _, name := range slices.Sorted(maps.Keys(a.Details)) {
		e.Links = source.Links(append(e.Links, string(a.Details[name]))...)
	}
	var tagged []string
	for _, t := range a.Tags {
		tagged = append(tagged, string(t))
	}
	pairs := source.Pairs(strings.Join(tagged, ","))
	detail := func(names ...string) string {
		for _, name := range names {
			if v := cmp.Or(string(a.Details[name]), pairs[name]); v != "" {
				return v
			}
		}
		return ""
	}
	e.Account, e.Region = source.Account(detail("account_id", "aws_account_id", "aws_account", "account", "AWSAccountId")), detail("region", "aws_region", "Region")
	e.Service = source.ServiceAmong(s.space, nil, pairs, append([]string{detail("service", "Service"), string(a.Entity), string(a.Message)}, tagged...)...)
	p0, known := source.Priority(string(a.Priority))
	if !known {
		p0 = source.Fallback(s.space, Kind)
	}
	e.Priority = p0
	p.Add(e, received)
	return p, nil
}

func describe(in delivery) string {
	a := in.Alert
	lines := []string{string(a.Description)}
	named := func(name string, value source.Text) {
		if value != "" {
			lines = append(lines, name+": "+string(value))
		}
	}
	named("alias", a.Alias)
	named("alert", a.TinyID)
	named("entity", a.Entity)
	named("source", a.Source)
	named("team", a.Team)
	named(in.Action+" by", a.Username)
	named("note", a.Note)
	named("integration", in.IntegrationName)
	for _, t := range a.Tags {
		named("tag", t)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Details)) {
		named(name, a.Details[name])
	}
	return source.Lines(lines...)
}
