package events

import (
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/report"
)

// Version of the detail. Fields are added under it; none is removed or changes its meaning.
const Version = "1.0.0"

// Bounds that keep an event small, whatever it tells of: a bus takes 256 KB.
const (
	maxAlarms  = 20
	maxReasons = 5
	maxText    = 1000 // characters of a summary
	maxName    = 200  // of a title or a name
	maxWhy     = 160  // of a reason's detail
)

// Detail is what an event says. Texts are one line each, redacted, with characters that hide or reorder made visible.
// Nothing in it decides: no secret of a link, no plan code.
type Detail struct {
	Version       string        `json:"version"`
	ID            string        `json:"id"` // the same for repeats
	Repeat        bool          `json:"repeat,omitempty"`
	Space         string        `json:"space"`
	Investigation Investigation `json:"investigation"`
	Incident      Incident      `json:"incident"`
	Conclusion    *Conclusion   `json:"conclusion,omitempty"`
	Plan          *Plan         `json:"plan,omitempty"`
	Approval      *Approval     `json:"approval,omitempty"`
	Reason        string        `json:"reason,omitempty"` // why it failed, or was linked
	Alarms        []Alarm       `json:"alarms,omitempty"` // the first of them
	AlarmCount    int           `json:"alarm_count,omitempty"`
	Links         Links         `json:"links,omitzero"`
}

// Investigation is where an investigation stands.
type Investigation struct {
	ID       string            `json:"id"`
	State    incident.State    `json:"state"` // as it was stored when the event was made
	Title    string            `json:"title"`
	Priority incident.Priority `json:"priority"`
	Service  string            `json:"service,omitempty"`
	OpenedAt time.Time         `json:"opened_at"` // event time of its first alarm
	Follows  string            `json:"follows,omitempty"`
	Ticket   string            `json:"ticket,omitempty"`
}

// Incident is the event that opened the investigation, as its sender named it.
type Incident struct {
	ID     string `json:"id"` // incidentId
	Source string `json:"source,omitempty"`
}

// Conclusion is what was found.
type Conclusion struct {
	Outcome    incident.Outcome `json:"outcome"`
	Confidence float64          `json:"confidence"`
	Summary    string           `json:"summary"`
	Causes     []Cause          `json:"root_causes,omitempty"`
	Partial    string           `json:"partial,omitempty"` // why it is not all that could be found
	Analyst    string           `json:"analyst"`
}

// Cause is a root cause without its evidence.
type Cause struct {
	Component string `json:"component"`
	Change    string `json:"change,omitempty"`
}

// Plan is a mitigation plan without its steps.
type Plan struct {
	Summary  string        `json:"summary"`
	Risk     incident.Risk `json:"risk,omitempty"`
	NoChange string        `json:"no_change,omitempty"` // why nothing needs to be done
}

// Approval is where the decision on a plan stands.
type Approval struct {
	ID        string                 `json:"id"`
	PlanHash  string                 `json:"plan_hash"`
	State     incident.ApprovalState `json:"state"`
	Needed    int                    `json:"needed"` // people to approve
	By        []string               `json:"by,omitempty"`
	ExpiresAt time.Time              `json:"expires_at"`
}

// Alarm is an alarm and what triage decided, with its reasons.
type Alarm struct {
	EventID    string                 `json:"event_id"`
	IncidentID string                 `json:"incident_id"`
	Source     string                 `json:"source,omitempty"`
	Title      string                 `json:"title"`
	Service    string                 `json:"service,omitempty"`
	Priority   incident.Priority      `json:"priority"`
	At         time.Time              `json:"at"`
	Firing     bool                   `json:"firing"`
	Decision   incident.TriageOutcome `json:"decision"`
	Rule       string                 `json:"rule,omitempty"`
	Reasons    []Reason               `json:"reasons,omitempty"`
	ReversedBy string                 `json:"reversed_by,omitempty"`
}

// Reason is a named reason.
type Reason struct {
	Name   incident.ReasonName `json:"name"`
	Detail string              `json:"detail,omitempty"`
}

// Links lead people on.
type Links struct {
	Approval      string `json:"approval,omitempty"`
	Investigation string `json:"investigation,omitempty"`
}

// Compose puts a notice into the detail of its event. It is pure.
func Compose(n deliver.Notice) Detail {
	inv := n.Investigation
	d := Detail{
		Version: Version, ID: "ntc-" + incident.ShortHash(inv.ID, n.Key), Space: inv.Space, Reason: text(n.Text, maxText),
		Investigation: Investigation{
			ID: inv.ID, State: inv.State, Title: text(inv.Title, maxName), Priority: inv.Priority, Service: text(inv.Service, maxName), OpenedAt: inv.OpenedAt.UTC(), Follows: inv.Follows, Ticket: text(inv.Ticket, maxName),
		},
		Incident:   Incident{text(inv.Opener.IncidentID, maxName), inv.Opener.Source},
		Conclusion: conclusion(n.Conclusion), Plan: plan(n.Plan), Approval: approval(n.Approval),
		AlarmCount: len(n.Alarms),
	}
	for _, a := range n.Alarms[:min(maxAlarms, len(n.Alarms))] {
		d.Alarms = append(d.Alarms, alarm(a))
	}
	if n.Kind == deliver.Proposal {
		d.Links.Approval = n.Link
	} else {
		d.Links.Investigation = n.Link
	}
	return d
}

func conclusion(c *incident.Conclusion) *Conclusion {
	if c == nil {
		return nil
	}
	out := &Conclusion{Outcome: c.Outcome, Confidence: c.Confidence, Summary: text(c.Summary, maxText), Partial: text(c.Partial, maxText), Analyst: text(c.Analyst, maxName)}
	for _, rc := range c.RootCauses[:min(maxReasons, len(c.RootCauses))] {
		out.Causes = append(out.Causes, Cause{text(rc.Component, maxName), text(rc.Change, maxName)})
	}
	return out
}

func plan(p *incident.Plan) *Plan {
	if p == nil {
		return nil
	}
	return &Plan{text(p.Summary, maxText), p.Risk, text(p.NoChange, maxText)}
}

func approval(a *incident.Approval) *Approval {
	if a == nil {
		return nil
	}
	out := &Approval{ID: a.ID, PlanHash: a.PlanHash, State: a.State, Needed: a.Needed, ExpiresAt: a.ExpiresAt.UTC()}
	for _, v := range a.Votes {
		out.By = append(out.By, text(v.By.Subject, maxName))
	}
	return out
}

func alarm(a deliver.Alarm) Alarm {
	e := a.Event
	out := Alarm{
		EventID: a.ID, IncidentID: text(e.IncidentID, maxName), Source: e.Source, Title: text(e.Title, maxName), Service: text(e.Service, maxName), Priority: e.Priority,
		At: e.Timestamp.UTC(), Firing: e.Action.Firing(), Decision: a.Decision.Outcome, Rule: a.Decision.Rule,
	}
	for _, r := range a.Decision.Reasons[:min(maxReasons, len(a.Decision.Reasons))] {
		out.Reasons = append(out.Reasons, Reason{r.Name, text(r.Detail, maxWhy)})
	}
	if a.Decision.Reversed != nil {
		out.ReversedBy = text(a.Decision.Reversed.By, maxName)
	}
	return out
}

// text is one bounded line that hides nothing.
func text(s string, most int) string {
	r := []rune(strings.Join(strings.Fields(report.Visible(s)), " "))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}
