package investigate

import (
	"context"
	"slices"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/tool"
)

// ownTools read what the space itself knows: its alarms always; topology and changes unless a connector offers them.
func (w *worker) ownTools() []tool.Tool {
	out := []tool.Tool{w.alarmsTool()}
	for _, t := range []tool.Tool{w.topologyTool(), w.changesTool()} {
		offered := func(o tool.Tool) bool { return o.Spec().Name == t.Spec().Name }
		if !slices.ContainsFunc(w.Tools, offered) {
			out = append(out, t)
		}
	}
	return out
}

type nothing struct{}

// alarmsTool reads the alarms that triage linked to this investigation.
func (w *worker) alarmsTool() tool.Tool {
	return tool.New("linked_alarms", "The alarms that belong to this investigation, with their times and recoveries.",
		func(ctx context.Context, _ tool.Scope, _ nothing) (evidence.Telemetry, string, error) {
			alarms, err := record.Alarms(ctx, w.Store, w.inv.ID)
			if err != nil {
				return evidence.Telemetry{}, "", err
			}
			var t evidence.Telemetry
			fired := 0
			for _, a := range alarms {
				if a.Event.Action.Firing() {
					fired++
				}
				t.Alarms = append(t.Alarms, evidence.Alarm{
					Time: a.Event.Timestamp, Component: a.Event.Service, Metric: a.Event.Metric, Kind: "metric",
					Text: a.Event.Title + " " + a.Event.Description, Severity: string(a.Event.Priority), Recovered: !a.Event.Action.Firing(),
				})
			}
			summary := incident.Count(fired, "alarm", "alarms") + " so far"
			if back := len(alarms) - fired; back > 0 {
				summary += ", " + incident.Count(back, "recovery", "recoveries")
			}
			return t, summary, nil
		})
}

// topologyTool reads the dependencies of the space file.
func (w *worker) topologyTool() tool.Tool {
	return tool.New("topology", "Which component depends on which, as the space file says.",
		func(context.Context, tool.Scope, nothing) (evidence.Telemetry, string, error) {
			var t evidence.Telemetry
			for _, svc := range w.Space.Services {
				for _, dep := range svc.DependsOn {
					t.Dependencies = append(t.Dependencies, evidence.Dependency{Caller: svc.Name, Callee: dep})
				}
			}
			return t, incident.Count(len(t.Dependencies), "dependency", "dependencies") + " in the space file", nil
		})
}

// changesTool reads the space's change log, which code hosts fill through the webhook.
func (w *worker) changesTool() tool.Tool {
	return tool.New("changes", "Deployments, pushes and releases that code hosts reported to this space.",
		func(ctx context.Context, scope tool.Scope, _ nothing) (evidence.Telemetry, string, error) {
			changes, err := record.Changes(ctx, w.Store, scope.From, scope.To)
			return evidence.Telemetry{Changes: changes}, incident.Count(len(changes), "change", "changes") + " in the space's change log", err
		})
}
