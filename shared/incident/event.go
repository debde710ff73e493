package incident

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Priority orders events for people and for admission; CRITICAL is the most urgent.
type Priority string

// The priorities, most urgent first.
const (
	Critical Priority = "CRITICAL"
	High     Priority = "HIGH"
	Medium   Priority = "MEDIUM"
	Low      Priority = "LOW"
	Minimal  Priority = "MINIMAL"
)

// Priorities lists all priorities, most urgent first.
var Priorities = []Priority{Critical, High, Medium, Low, Minimal}

// Rank is 0 for CRITICAL up to 4 for MINIMAL; unknown priorities rank last.
func (p Priority) Rank() int {
	if i := slices.Index(Priorities, p); i >= 0 {
		return i
	}
	return len(Priorities)
}

// Action says what happened to the thing an event is about.
type Action string

// The actions. Created and Updated mean the alarm fires, Closed and Resolved that it has recovered.
const (
	Created  Action = "created"
	Updated  Action = "updated"
	Closed   Action = "closed"
	Resolved Action = "resolved"
)

// Firing reports whether the action means that trouble is present.
func (a Action) Firing() bool { return a == Created || a == Updated }

// EventType is the value of Event.EventType on the wire; there is only one.
const EventType = "incident"

// Event is what a source sent, normalised. The first nine fields are the webhook contract (compatible with AWS DevOps
// Agent's); the rest is identity that our own sources add and that other senders may leave out.
type Event struct {
	EventType   string          `json:"eventType"`
	IncidentID  string          `json:"incidentId"`
	Action      Action          `json:"action"`
	Priority    Priority        `json:"priority"`
	Title       string          `json:"title"`
	Description string          `json:"description,omitempty"`
	Service     string          `json:"service,omitempty"`
	Timestamp   time.Time       `json:"timestamp"`      // event time: when the state changed, not when it was sent
	Data        json.RawMessage `json:"data,omitempty"` // the vendor's body, whole

	Type       string            `json:"type,omitempty"`    // alarm, deployment, certificate, cost, drift, manual
	Source     string            `json:"source,omitempty"`  // cloudwatch, grafana, ...
	Account    string            `json:"account,omitempty"` // AWS account id or the vendor's tenant
	Region     string            `json:"region,omitempty"`
	Rule       string            `json:"rule,omitempty"`       // alarm ARN or rule id
	Unique     bool              `json:"unique,omitempty"`     // the rule alone is the identity: the id of an incident, whose service may change
	Dimensions map[string]string `json:"dimensions,omitempty"` // resource dimensions
	Metric     string            `json:"metric,omitempty"`     // the metric that breached, where the source says so
	Links      []string          `json:"links,omitempty"`      // pages at the vendor, shown as text
	Ticket     string            `json:"ticket,omitempty"`     // ticket that findings return to, where a ticket is the source
}

// Normalise fills defaults (event type, timestamp from received, type alarm) and trims text. Safe to repeat.
func (e Event) Normalise(received time.Time) Event {
	if e.EventType == "" {
		e.EventType = EventType
	}
	if e.Type == "" {
		e.Type = "alarm"
	}
	if e.Timestamp.IsZero() {
		e.Timestamp = received
	}
	e.Timestamp = e.Timestamp.UTC().Truncate(time.Millisecond)
	e.Title = strings.TrimSpace(e.Title)
	e.Service = strings.TrimSpace(e.Service)
	return e
}

// Validate checks the contract and reports every fault at once as one Invalid error, "field: what is wrong" each.
func (e Event) Validate() error {
	var faults []string
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	check(e.EventType == EventType, "eventType: must be %q", EventType)
	check(e.IncidentID != "", "incidentId: required")
	check(len(e.IncidentID) <= 512, "incidentId: at most 512 bytes")
	check(slices.Contains([]Action{Created, Updated, Closed, Resolved}, e.Action), "action: must be created, updated, closed or resolved")
	check(e.Priority.Rank() < len(Priorities), "priority: must be CRITICAL, HIGH, MEDIUM, LOW or MINIMAL")
	check(e.Title != "", "title: required")
	check(len(e.Title) <= 1024, "title: at most 1024 bytes")
	check(!e.Timestamp.IsZero(), "timestamp: required")
	if len(faults) == 0 {
		return nil
	}
	return Errorf(Invalid, "event: %s", strings.Join(faults, "; "))
}
