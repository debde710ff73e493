package generic

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/incidentio"
	"github.com/firefinder/firefinder/shared/source/opsgenie"
	"github.com/firefinder/firefinder/shared/source/sentry"
)

// Some vendors post a body of their own and let nobody change it. Those below are recognised by their shape and read as
// their own source reads them, under the scheme of this one.

// vendor is the source that reads a body which is not of the contract; ok is false when nobody's shape is recognised.
func (s Source) vendor(body []byte) (reads source.Source, ok bool) {
	var shape struct {
		Contract  json.RawMessage `json:"eventType"`
		EventType string          `json:"event_type"` // incident.io
		Action    string          `json:"action"`
		Alert     json.RawMessage `json:"alert"` // Opsgenie, with action
		Data      struct {
			MetricAlert json.RawMessage `json:"metric_alert"`
			Event       json.RawMessage `json:"event"`
			Issue       json.RawMessage `json:"issue"`
		} `json:"data"` // Sentry, with action
		Installation json.RawMessage `json:"installation"` // Sentry, whatever it is about
	}
	if json.Unmarshal(body, &shape) != nil || shape.Contract != nil {
		return nil, false
	}
	switch d := shape.Data; {
	case strings.Contains(shape.EventType, "."):
		return incidentio.New(s.standsFor(incidentio.Kind)), true
	case shape.Action != "" && shape.Alert != nil:
		return opsgenie.New(s.standsFor(opsgenie.Kind)), true
	case shape.Action != "" && (d.MetricAlert != nil || d.Event != nil || d.Issue != nil || shape.Installation != nil):
		return sentry.New(s.standsFor(sentry.Kind)), true
	}
	return nil, false
}

// standsFor is the space as a vendor's own source sees it: what it says about this one counts for that one.
func (s Source) standsFor(kind string) config.Space {
	space, choice := s.space, source.Choice(s.space, Kind)
	choice.Kind = kind
	space.Sources = append(slices.Clone(space.Sources), choice)
	return space
}
