package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

// Args are the arguments of every tool. All are optional; times are clipped to the scope.
type Args struct {
	Components []string  `json:"components,omitempty" jsonschema:"only these components; leave out for all"`
	From       time.Time `json:"from,omitzero" jsonschema:"RFC 3339; leave out for the start of the investigation's span"`
	To         time.Time `json:"to,omitzero" jsonschema:"RFC 3339; leave out for the end of the investigation's span"`
	Contains   string    `json:"contains,omitempty" jsonschema:"only what contains this text, ignoring case"`
}

func (a Args) query(scope tool.Scope) (query, error) {
	if !a.From.IsZero() && !a.To.IsZero() && a.To.Before(a.From) {
		return query{}, incident.Errorf(incident.Invalid, "to (%s) lies before from (%s)", a.To.Format(time.RFC3339), a.From.Format(time.RFC3339))
	}
	q := query{components: a.Components, from: scope.From, to: scope.To, contains: a.Contains}
	if a.From.After(q.from) {
		q.from = a.From
	}
	if !a.To.IsZero() && (q.to.IsZero() || a.To.Before(q.to)) {
		q.to = a.To
	}
	return q, nil
}

// Tools are the read-only telemetry tools over this scenario, one for each file. Each returns an evidence.Telemetry
// with its part; a missing file is a gap in it.
func (s Scenario) Tools() []tool.Tool {
	t := s.telemetry
	return []tool.Tool{
		s.tool("metrics", MetricsFile, "Metric series of components; contains filters by metric name.", func(q query) (evidence.Telemetry, string) {
			part := q.metrics(t.Metrics)
			points := 0
			for _, m := range part {
				points += len(m.Times)
			}
			return evidence.Telemetry{Metrics: part}, fmt.Sprintf("%s with %s", incident.Count(len(part), "metric series", "metric series"), incident.Count(points, "sample", "samples"))
		}),
		s.tool("logs", LogsFile, "Log lines of components; contains filters by message or level.", func(q query) (evidence.Telemetry, string) {
			part := q.logs(t.Logs)
			return evidence.Telemetry{Logs: part}, incident.Count(len(part), "log line", "log lines")
		}),
		s.tool("calls", CallsFile, "Calls between components with durations and errors; contains filters by operation.", func(q query) (evidence.Telemetry, string) {
			part := q.calls(t.Calls)
			return evidence.Telemetry{Calls: part}, incident.Count(len(part), "call record", "call records")
		}),
		s.tool("changes", ChangesFile, "Deployments, commits, configuration and flag changes, scaling; contains filters by id, title, files or diff.", func(q query) (evidence.Telemetry, string) {
			part := q.changes(t.Changes)
			return evidence.Telemetry{Changes: part}, incident.Count(len(part), "change", "changes")
		}),
		s.tool("topology", TopologyFile, "Which component depends on which; time does not matter.", func(q query) (evidence.Telemetry, string) {
			part := q.topology(t.Dependencies)
			return evidence.Telemetry{Dependencies: part}, incident.Count(len(part), "dependency", "dependencies")
		}),
		s.tool("alarms", AlarmsFile, "Alarms that fired; contains filters by text or metric.", func(q query) (evidence.Telemetry, string) {
			part := q.alarms(t.Alarms)
			return evidence.Telemetry{Alarms: part}, incident.Count(len(part), "alarm", "alarms")
		}),
		s.tool("statuses", StatusesFile, "Platform states and events: pods, nodes, deployments, databases; contains filters by reason or message.", func(q query) (evidence.Telemetry, string) {
			part := q.statuses(t.Statuses)
			return evidence.Telemetry{Statuses: part}, incident.Count(len(part), "platform state or event", "platform states and events")
		}),
	}
}

func (s Scenario) tool(name, file, description string, look func(query) (evidence.Telemetry, string)) tool.Tool {
	return tool.New(name, description, func(_ context.Context, scope tool.Scope, args Args) (evidence.Telemetry, string, error) {
		if s.missing[file] {
			gap := s.gap(file)
			return evidence.Telemetry{Gaps: []evidence.Gap{gap}}, gap.Text, nil
		}
		q, err := args.query(scope)
		if err != nil {
			return evidence.Telemetry{}, "", err
		}
		part, summary := look(q)
		return part, summary, nil
	})
}
