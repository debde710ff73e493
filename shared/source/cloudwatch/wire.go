package cloudwatch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

// envelope holds what tells the envelopes apart.
type envelope struct {
	EventType  string            `json:"eventType"`   // our contract
	DetailType string            `json:"detail-type"` // EventBridge
	AlarmData  json.RawMessage   `json:"alarmData"`   // Lambda alarm action
	Records    []json.RawMessage `json:"Records"`     // SNS to Lambda
	Type       string            `json:"Type"`        // SNS
	AlarmName  string            `json:"AlarmName"`   // the message inside SNS
	Source     string            `json:"source"`
}

// The detail-types of EventBridge: of alarms, and of single time series of alarms over many.
const (
	stateChange            = "CloudWatch Alarm State Change"
	contributorStateChange = "CloudWatch Alarm Contributor State Change"
)

// Parse implements source.Source.
//
// ALARM becomes an event that fires, OK one that recovers. INSUFFICIENT_DATA becomes an event of type no_data that fires
// at LOW priority at most: metrics that vanish may be the first sign of trouble, so triage gets to link it, and mostly
// they are none, so a skill's rule may skip it (maintenance-noise/no-data does). Its alarm keeps its state: no data is no
// recovery.
func (s Source) Parse(body []byte, received time.Time) (source.Parsed, error) {
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "the body is not an object of any known envelope")
	}
	switch {
	case env.EventType != "":
		return s.contract(body, received)
	case env.DetailType == stateChange, env.DetailType == contributorStateChange:
		return s.eventBridge(body, received)
	case env.DetailType != "":
		return source.Parsed{Note: fmt.Sprintf("%q is not an alarm state change; nothing was done", env.DetailType), Dropped: []string{"$: no alarm state change"}}, nil
	case env.AlarmData != nil:
		return s.lambdaAction(body, received)
	case len(env.Records) > 0:
		p, err := s.records(env.Records, received)
		p.Dropped = append(p.Dropped, source.Beside(body, "$", "Records")...)
		return p, err
	case env.Type != "":
		return s.sns(body, body, received)
	case env.AlarmName != "":
		return s.message(body, body, "", received)
	}
	return source.Parsed{}, incident.Errorf(incident.Invalid, "the body is none of: EventBridge alarm state change, SNS message, Lambda alarm action, webhook contract")
}

func (s Source) contract(body []byte, received time.Time) (source.Parsed, error) {
	if err := source.Strict(body, source.OurDepth, source.ContractFields); err != nil {
		return source.Parsed{}, err
	}
	p, err := source.Contract(body, Kind, received)
	for i := range p.Events {
		if e := &p.Events[i]; e.Service == "" {
			e.Service = source.Service(s.space, e.Dimensions, nil, e.Title)
		}
	}
	return p, err
}

func (s Source) eventBridge(body []byte, received time.Time) (source.Parsed, error) {
	var in struct {
		Source    string            `json:"source"`
		Account   source.Text       `json:"account"`
		Region    string            `json:"region"`
		Time      string            `json:"time"`
		Resources []string          `json:"resources"`
		Detail    detail            `json:"detail"`
		Tags      map[string]string `json:"tags"` // not of AWS: an input transformer may add them
	}
	var p source.Parsed
	if err := p.Read(body, &in); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "EventBridge event: %w", err)
	}
	if in.Source != "aws.cloudwatch" {
		return source.Parsed{Note: fmt.Sprintf("source %q is not aws.cloudwatch; nothing was done", in.Source), Dropped: []string{"$: not from CloudWatch"}}, nil
	}
	a := in.Detail.alarm()
	a.account, a.region = string(in.Account), in.Region
	maps.Copy(a.tags, in.Tags)
	if len(in.Resources) > 0 {
		a.arn = in.Resources[0]
	}
	return s.add(p, a, body, received)
}

func (s Source) lambdaAction(body []byte, received time.Time) (source.Parsed, error) {
	var in struct {
		AlarmArn  string      `json:"alarmArn"`
		AccountID source.Text `json:"accountId"`
		Region    string      `json:"region"`
		AlarmData detail      `json:"alarmData"`
	}
	var p source.Parsed
	if err := p.Read(body, &in); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "Lambda alarm action: %w", err)
	}
	a := in.AlarmData.alarm()
	a.account, a.region, a.arn = string(in.AccountID), in.Region, in.AlarmArn
	return s.add(p, a, body, received)
}

// records reads what SNS or SQS hands to Lambda: the same messages without the proof, which Lambda's own permissions replace.
func (s Source) records(records []json.RawMessage, received time.Time) (source.Parsed, error) {
	var all source.Parsed
	for i, raw := range records {
		p, err := s.record(raw, received)
		if err != nil {
			return source.Parsed{}, incident.Errorf(incident.Invalid, "Records[%d]: %w", i, err)
		}
		all.Events = append(all.Events, p.Events...)
		all.Dropped = append(all.Dropped, p.Dropped...)
		all.Note = strings.TrimPrefix(all.Note+"; "+p.Note, "; ")
	}
	return all, nil
}

func (s Source) record(raw []byte, received time.Time) (source.Parsed, error) {
	var in struct {
		Sns  json.RawMessage
		Body string `json:"body"`
	}
	switch err := json.Unmarshal(raw, &in); {
	case err == nil && in.Sns != nil:
		return s.sns(in.Sns, raw, received)
	case err != nil || in.Body == "" || strings.Contains(in.Body, `"Records"`): // a queue's message is no batch itself
		return source.Parsed{}, incident.Errorf(incident.Invalid, "not of SNS or SQS")
	}
	if err := source.Strict([]byte(in.Body), source.OurDepth, nil); err != nil {
		return source.Parsed{}, err
	}
	p, err := s.Parse([]byte(in.Body), received)
	for i := range p.Events {
		p.Events[i].Data = raw
	}
	return p, err
}

func (s Source) sns(body, whole []byte, received time.Time) (source.Parsed, error) {
	var m snsMessage
	if err := source.Decode(body, &m); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "SNS message: %w", err)
	}
	switch m.Type {
	case "SubscriptionConfirmation":
		return source.Parsed{Handshake: m.SubscribeURL, Note: "SNS asks to confirm the subscription to " + m.TopicArn, Dropped: []string{"$: a handshake, no alarm"}}, nil
	case "UnsubscribeConfirmation":
		return source.Parsed{Note: "the subscription to " + m.TopicArn + " ended; nothing was done", Dropped: []string{"$: a handshake, no alarm"}}, nil
	case "Notification":
		return s.message([]byte(m.Message), whole, m.TopicArn, received)
	}
	return source.Parsed{}, incident.Errorf(incident.Invalid, "unknown SNS message type %.40q", m.Type)
}

// message reads the alarm inside an SNS message. whole is the delivery, kept as the event's data.
func (s Source) message(body, whole []byte, topic string, received time.Time) (source.Parsed, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return source.Parsed{Note: "an SNS message that is no alarm; nothing was done", Dropped: []string{"$: no alarm"}}, nil
	}
	if err := source.Strict(body, source.OurDepth, nil); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "the message inside SNS: %w", err)
	}
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "the message inside SNS: %w", err)
	}
	if env.DetailType == stateChange || env.DetailType == contributorStateChange { // an EventBridge rule with an SNS topic as its target
		p, err := s.eventBridge(body, received)
		for i := range p.Events {
			p.Events[i].Data = whole
		}
		return p, err
	}
	var in snsAlarm
	var p source.Parsed
	if err := p.Read(body, &in); err != nil {
		return source.Parsed{}, incident.Errorf(incident.Invalid, "the alarm inside SNS: %w", err)
	}
	if in.AlarmName == "" || in.NewStateValue == "" {
		return source.Parsed{Note: "an SNS message that is no alarm; nothing was done", Dropped: []string{"$: no alarm"}}, nil
	}
	return s.add(p, in.alarm(topic), whole, received)
}
