package cloudwatch

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

// alarm is a state change, whatever envelope it came in.
type alarm struct {
	name, arn, account, region string
	state, previous            string
	reason, description, at    string
	suppressedBy, mutedBy      string
	contributor                contributor
	metrics                    []metric
	tags                       map[string]string
}

// contributor is one time series of an alarm over many: it fires and recovers by itself.
type contributor struct {
	ID         string            `json:"id"`
	Attributes map[string]string `json:"attributes"`
}

// metric is one metric that an alarm looks at. watched marks the one that the alarm's threshold is about.
type metric struct {
	name       string
	dimensions map[string]string
	label      string
	watched    bool
}

// detail is the alarm of EventBridge ("detail") and of the Lambda alarm action ("alarmData").
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
type detail struct {
	AlarmName   string                 `json:"alarmName"`
	Contributor contributor            `json:"alarmContributor"`
	Tags        map[string]source.Text `json:"alarmTags"`
	Mute        struct {
		By string `json:"mutedByArn"`
	} `json:"muteDetail"`
	State struct {
		Value               string `json:"value"`
		Reason              string `json:"reason"`
		Timestamp           string `json:"timestamp"`
		ActionsSuppressedBy string `json:"actionsSuppressedBy"`
	} `json:"state"`
	PreviousState struct {
		Value string `json:"value"`
	} `json:"previousState"`
	Configuration struct {
		Description string `json:"description"`
		AlarmRule   string `json:"alarmRule"`
		Metrics     []struct {
			Label      string `json:"label"`
			Expression string `json:"expression"`
			ReturnData bool   `json:"returnData"`
			MetricStat *struct {
				Metric struct {
					Name       string            `json:"name"`
					Dimensions map[string]string `json:"dimensions"`
				} `json:"metric"`
			} `json:"metricStat"`
		} `json:"metrics"`
	} `json:"configuration"`
}

func (d detail) alarm() alarm {
	a := alarm{
		name: d.AlarmName, state: d.State.Value, previous: d.PreviousState.Value, reason: d.State.Reason,
		description: d.Configuration.Description, at: d.State.Timestamp, suppressedBy: d.State.ActionsSuppressedBy, mutedBy: d.Mute.By, contributor: d.Contributor,
		tags: map[string]string{},
	}
	for name, value := range d.Tags {
		a.tags[name] = string(value)
	}
	for _, m := range d.Configuration.Metrics {
		next := metric{label: m.Label, watched: m.ReturnData}
		if m.MetricStat != nil {
			next.name, next.dimensions = m.MetricStat.Metric.Name, m.MetricStat.Metric.Dimensions
		}
		a.metrics = append(a.metrics, next)
	}
	return a
}

// snsAlarm is the alarm that SNS carries as its message.
type snsAlarm struct {
	AlarmName        string
	AlarmDescription string
	AWSAccountID     source.Text `json:"AWSAccountId"`
	AlarmArn         string
	NewStateValue    string
	NewStateReason   string
	OldStateValue    string
	StateChangeTime  string
	Region           string
	Trigger          struct {
		MetricName string
		Dimensions []pair
		Metrics    []struct {
			Label      string
			Expression string
			ReturnData bool
			MetricStat *struct {
				Metric struct {
					MetricName string
					Dimensions []pair
				}
			}
		}
	}
	ActionsSuppressedBy        string
	AlarmContributorID         string `json:"AlarmContributorId"`
	AlarmContributorAttributes map[string]string
}

type pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func dimensions(pairs []pair) map[string]string {
	out := make(map[string]string, len(pairs))
	for _, p := range pairs {
		out[p.Name] = p.Value
	}
	return out
}

// alarm reads the SNS form. It names regions for people ("EU (Ireland)"), so the region comes from the alarm's ARN or,
// before SNS carried that, from the topic, which must be in the alarm's region.
func (in snsAlarm) alarm(topic string) alarm {
	a := alarm{
		name: in.AlarmName, arn: in.AlarmArn, account: string(in.AWSAccountID), state: in.NewStateValue, previous: in.OldStateValue,
		reason: in.NewStateReason, description: in.AlarmDescription, at: in.StateChangeTime, suppressedBy: in.ActionsSuppressedBy,
		contributor: contributor{in.AlarmContributorID, in.AlarmContributorAttributes},
	}
	if a.region = regionOf(a.arn); a.region == "" {
		a.region = regionOf(topic)
	}
	if a.arn == "" && a.region != "" {
		a.arn = fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", a.region, a.account, a.name)
	}
	if in.Trigger.MetricName != "" {
		a.metrics = append(a.metrics, metric{name: in.Trigger.MetricName, dimensions: dimensions(in.Trigger.Dimensions), watched: true})
	}
	for _, m := range in.Trigger.Metrics {
		next := metric{label: m.Label, watched: m.ReturnData}
		if m.MetricStat != nil {
			next.name, next.dimensions = m.MetricStat.Metric.MetricName, dimensions(m.MetricStat.Metric.Dimensions)
		}
		a.metrics = append(a.metrics, next)
	}
	return a
}

var region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)

func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && region.MatchString(parts[3]) {
		return parts[3]
	}
	return ""
}

// add makes the event of what was read. The whole delivery is its data, so that nothing of it is lost.
func (s Source) add(p source.Parsed, a alarm, whole []byte, received time.Time) (source.Parsed, error) {
	if a.name == "" {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "the alarm has no name")
	}
	e := incident.Event{
		EventType: incident.EventType, Source: Kind, Type: "alarm", IncidentID: cmp.Or(a.arn, a.name), Rule: a.arn,
		Title: a.name, Description: a.text(), Timestamp: p.At(source.Named{Path: "$: the time of the state", Text: source.Text(a.at)}), Account: a.account, Region: a.region,
		Dimensions: a.dimensions(), Metric: a.metric(), Data: json.RawMessage(whole),
		Priority: source.PriorityIn(a.name, a.description, a.tags, s.fallback()),
	}
	if a.contributor.ID != "" {
		e.IncidentID += "/" + a.contributor.ID
	}
	e.Service = s.service(a, e.Dimensions)
	switch a.state {
	case "ALARM":
		e.Action = incident.Created
	case "OK":
		e.Action = incident.Resolved
	case "INSUFFICIENT_DATA":
		e.Action, e.Type = incident.Updated, "no_data"
		if e.Priority.Rank() < incident.Low.Rank() {
			e.Priority = incident.Low
		}
	default:
		return source.Parsed{}, incident.Errorf(incident.Invalid, "unknown alarm state %.40q", a.state)
	}
	p.Events = append(p.Events, e.Normalise(received))
	return p, nil
}

// fallback is the priority of alarms that carry no hint: that of the space's cloudwatch source, or of generic, through
// which the signer delivers.
func (s Source) fallback() incident.Priority {
	fallback := incident.Medium
	for _, c := range s.space.Sources {
		switch {
		case c.Priority == "":
		case c.Kind == Kind:
			return c.Priority
		case c.Kind == "generic":
			fallback = c.Priority
		}
	}
	return fallback
}

func (s Source) service(a alarm, all map[string]string) string {
	if svc := s.space.ServiceFor(a.contributor.Attributes); svc != "" {
		return svc
	}
	for _, m := range a.metrics { // each metric by itself first: the union of a metric-math alarm may mix services
		if svc := s.space.ServiceFor(m.dimensions); svc != "" {
			return svc
		}
	}
	return source.ServiceAmong(s.space, all, a.tags, a.tags["service"], a.name)
}

// dimensions unites those of all metrics. A name with several values keeps them all, in order.
func (a alarm) dimensions() map[string]string {
	values := map[string][]string{}
	for _, m := range a.metrics {
		for name, value := range m.dimensions {
			if !slices.Contains(values[name], value) {
				values[name] = append(values[name], value)
			}
		}
	}
	for name, value := range a.contributor.Attributes {
		values[name] = []string{value}
	}
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]string, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		slices.Sort(values[name])
		out[name] = strings.Join(values[name], ",")
	}
	return out
}

// metric names what the threshold is about: a metric, or the label of an expression.
func (a alarm) metric() string {
	for _, m := range a.metrics {
		if m.watched && m.name != "" {
			return m.name
		}
	}
	for _, m := range a.metrics {
		if m.watched && m.label != "" {
			return m.label
		}
	}
	for _, m := range a.metrics {
		if m.name != "" {
			return m.name
		}
	}
	return ""
}

// text is what people read: the alarm's own description, then why it changed its state.
func (a alarm) text() string {
	parts := []string{a.description, a.reason}
	if a.suppressedBy != "" {
		parts = append(parts, "Its actions are suppressed by "+a.suppressedBy+".")
	}
	if a.mutedBy != "" {
		parts = append(parts, "It is muted by "+a.mutedBy+".")
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" }), "\n")
}
