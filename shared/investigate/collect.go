package investigate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/journal"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/tool"
)

const briefKey = "brief"

// telemetryTools are the tools that the collector calls, in the order of their observations. Each returns
// evidence.Telemetry. A space without one of them has a gap, but for those that add to what another one reads.
var (
	telemetryTools = []string{"linked_alarms", "topology", "changes", "account_changes", "metrics", "logs", "calls", "statuses"}
	additional     = []string{"account_changes"}
	spoken         = map[string]string{"calls": "calls between components", "statuses": "platform states and events (pods, nodes, failovers)"}
)

// observed is the journal's form of one tool call.
type observed struct {
	incident.Observation
	Data json.RawMessage `json:"data"`
}

// collect calls every telemetry tool once and analyses what came back. Both are journalled; a repeat reads the journal.
func (w *worker) collect(ctx context.Context) error {
	if _, done := w.journal.Find(briefKey); done {
		return nil
	}
	scope, err := w.scope(ctx)
	if err != nil {
		return err
	}
	args, err := json.Marshal(map[string]time.Time{"from": w.inv.OpenedAt.Add(-before), "to": scope.To})
	if err != nil {
		return err
	}
	outcomes := make([]tool.Outcome, len(telemetryTools))
	var calls []toolCall
	for i, name := range telemetryTools {
		if _, done := w.journal.Find(collectKey(name)); !done && w.box.Has(name) {
			calls = append(calls, toolCall{name, collectArgs(name, args), &outcomes[i]})
		}
	}
	if err := w.together(ctx, scope, calls); err != nil {
		return err
	}
	in := evidence.Input{Window: evidence.Window{From: w.inv.OpenedAt.Add(-before), To: scope.To, Start: w.inv.OpenedAt}}
	for i, name := range telemetryTools {
		if !w.box.Has(name) {
			if !slices.Contains(additional, name) {
				in.Gaps = append(in.Gaps, evidence.Gap{Text: "no connector reads " + cmp.Or(spoken[name], name), Fix: "`firefinder local` reads it from a folder of recorded telemetry (docs/analyze.md)"})
			}
			continue
		}
		if err := w.gather(ctx, &in, name, args, outcomes[i]); err != nil {
			return err
		}
	}
	return w.brief(ctx, in)
}

func collectKey(name string) string { return "collect/" + name }

// collectArgs narrows a call to the telemetry window; changes, topology and alarms are read over the whole scope.
func collectArgs(name string, span json.RawMessage) json.RawMessage {
	if slices.Contains([]string{"metrics", "logs", "calls", "statuses"}, name) {
		return span
	}
	return json.RawMessage("{}")
}

// gather journals one outcome and adds its facts to the input.
func (w *worker) gather(ctx context.Context, in *evidence.Input, name string, args json.RawMessage, out tool.Outcome) error {
	obs, err := w.observe(ctx, collectKey(name), name, collectArgs(name, args), out)
	if err != nil {
		return err
	}
	if obs.Failed {
		in.Gaps = append(in.Gaps, evidence.Gap{Text: name + " could not be read: " + obs.Summary, Fix: "if access is missing, give it to the reader role (docs/deploy.md); then investigate again", Ref: obs.ID})
		return nil
	}
	var t evidence.Telemetry
	if err := json.Unmarshal(obs.Data, &t); err != nil {
		in.Gaps = append(in.Gaps, evidence.Gap{Text: name + " returned more than budget.bytes has room for, or something that is not telemetry",
			Fix: "raise budget.bytes in the space file, or read fewer accounts and services", Ref: obs.ID})
		return nil
	}
	in.Add(t, obs.ID)
	for _, a := range t.Alarms {
		if !a.Recovered && a.Time.Before(in.Window.Start) {
			in.Window.Start = a.Time
		}
		if !a.Recovered {
			in.Symptoms = append(in.Symptoms, evidence.Symptom{Component: a.Component, Metric: a.Metric, Text: a.Text})
		}
	}
	return nil
}

// observe journals a tool's outcome under key and gives it the next observation id; a repeat returns what is recorded.
func (w *worker) observe(ctx context.Context, key, name string, args json.RawMessage, out tool.Outcome) (observed, error) {
	if rec, ok := w.journal.Find(key); ok {
		var obs observed
		return obs, w.journal.Decode(ctx, rec, &obs)
	}
	n := 1
	for _, rec := range w.journal.Records() {
		if rec.Kind == journal.Observed {
			n++
		}
	}
	obs := observed{Data: out.Data, Observation: incident.Observation{
		ID: fmt.Sprintf("obs-%d", n), Tool: name, Args: head(string(args), 2048), Summary: out.Summary, At: w.Now().UTC(),
		Account: out.Account, Region: out.Region, Failed: out.Failed,
	}}
	_, _, err := w.journal.Append(ctx, journal.Observed, key, obs)
	return obs, err
}

// brief analyses, stores the brief and the chart's series as documents, and journals the brief.
func (w *worker) brief(ctx context.Context, in evidence.Input) error {
	b := evidence.Analyze(in)
	w.learn(ctx, in)
	if _, err := record.PutJSON(ctx, w.Store, w.Blob, w.inv.ID, "brief.json", b); err != nil {
		return err
	}
	if _, err := record.PutJSON(ctx, w.Store, w.Blob, w.inv.ID, "chart.json", chart(in, b)); err != nil {
		return err
	}
	_, _, err := w.journal.Append(ctx, journal.Briefed, briefKey, b)
	return err
}

// chart keeps the series behind the strongest onsets, one for each component and metric, for the report's charts.
func chart(in evidence.Input, b evidence.Brief) []evidence.Series {
	var out []evidence.Series
	for _, o := range b.Onsets {
		i := slices.IndexFunc(in.Metrics, func(s evidence.Series) bool {
			return s.Component == o.Component && s.Metric == o.Metric && s.Statistic == o.Statistic
		})
		if i >= 0 && len(out) < 4 {
			out = append(out, in.Metrics[i])
		}
	}
	if len(out) == 0 {
		out = append(out, in.Metrics[:min(2, len(in.Metrics))]...)
	}
	return out
}
