package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// ContractFields are the names of the webhook contract and of our optional additions to it.
var ContractFields = []string{
	"eventType", "incidentId", "action", "priority", "title", "description", "service", "timestamp", "data",
	"type", "source", "account", "region", "rule", "dimensions", "metric", "links", "ticket",
}

// Contract reads a body of the webhook contract: the nine fields that AWS DevOps Agent defines and our additions. Faults
// of all fields are reported at once as Invalid. Fields that the contract does not know are named as dropped.
func Contract(body []byte, kind string, received time.Time) (Parsed, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return Parsed{}, incident.Errorf(incident.Invalid, "the body must be a JSON object")
	}
	var e incident.Event
	var p Parsed
	var faults []string
	read := func(name, want string, into any) {
		raw, ok := fields[name]
		delete(fields, name)
		if ok && string(raw) != "null" && json.Unmarshal(raw, into) != nil {
			faults = append(faults, name+": must be "+want)
		}
	}
	for name, into := range map[string]*string{
		"eventType": &e.EventType, "incidentId": &e.IncidentID, "action": (*string)(&e.Action), "priority": (*string)(&e.Priority),
		"title": &e.Title, "description": &e.Description, "service": &e.Service, "type": &e.Type, "source": &e.Source,
		"account": &e.Account, "region": &e.Region, "rule": &e.Rule, "metric": &e.Metric, "ticket": &e.Ticket,
	} {
		read(name, "a string", into)
	}
	read("timestamp", "an ISO 8601 time such as 2026-01-31T10:00:00Z", &e.Timestamp)
	read("dimensions", "an object of strings", &e.Dimensions)
	read("links", "a list of strings", &e.Links)
	e.Data = fields["data"]
	delete(fields, "data")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		p.Dropped = append(p.Dropped, fmt.Sprintf("$.%s: not part of the webhook contract; put it into data", name))
	}
	if e.EventType == "" && len(faults) == 0 {
		faults = append(faults, "eventType: required")
	}
	if e.Source == "" {
		e.Source = kind
	}
	e = e.Normalise(received)
	if err := e.Validate(); err != nil {
		faults = append(faults, strings.TrimPrefix(err.Error(), "event: "))
	}
	if len(faults) > 0 {
		slices.Sort(faults)
		return Parsed{}, incident.Errorf(incident.Invalid, "event: %s", strings.Join(faults, "; "))
	}
	p.Events = []incident.Event{e}
	return p, nil
}
