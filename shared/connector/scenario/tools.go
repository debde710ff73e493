package scenario

import (
	"context"
	"fmt"

	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

// asked is what a call asks for.
func asked(a connector.Args, scope tool.Scope) (query, error) {
	from, to, err := a.Span(scope)
	return query{components: a.Components, from: from, to: to, contains: a.Contains}, err
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
	return tool.New(name, description, func(_ context.Context, scope tool.Scope, args connector.Args) (evidence.Telemetry, string, error) {
		if s.missing[file] {
			gap := s.gap(file)
			return evidence.Telemetry{Gaps: []evidence.Gap{gap}}, gap.Text, nil
		}
		q, err := asked(args, scope)
		if err != nil {
			return evidence.Telemetry{}, "", err
		}
		part, summary := look(q)
		return part, summary, nil
	})
}
