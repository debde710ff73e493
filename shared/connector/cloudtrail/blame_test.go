package cloudtrail

import (
	"slices"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
)

// incidentAt is an incident of checkout that begins at 03:00, in the telemetry of two hours.
func incidentAt(log string) evidence.Input {
	start := night.Add(3 * time.Hour)
	in := evidence.Input{Window: evidence.Window{From: night.Add(2 * time.Hour), To: night.Add(200 * time.Minute), Start: start.Add(2 * time.Minute)}}
	series := func(component, metric string, calm, troubled float64) {
		s := evidence.Series{Component: component, Metric: metric}
		for i := range 80 {
			at := in.Window.From.Add(time.Duration(i) * time.Minute)
			v := calm * (1 + 0.02*float64(i%5))
			if !at.Before(start) {
				v = troubled * (1 + 0.02*float64(i%5))
			}
			s.Times, s.Values = append(s.Times, at.UnixMilli()), append(s.Values, v)
		}
		in.Metrics = append(in.Metrics, s)
	}
	series("checkout", "error_ratio", 0.004, 0.4)
	series("checkout", "p99_ms", 120, 5000)
	series("web", "p99_ms", 200, 5100)
	series("cart", "p99_ms", 40, 41)
	in.Dependencies = []evidence.Dependency{{Caller: "web", Callee: "checkout"}, {Caller: "checkout", Callee: "cart"}, {Caller: "checkout", Callee: "orders-db"}}
	in.Alarms = []evidence.Alarm{{Time: in.Window.Start, Component: "checkout", Metric: "error_ratio", Text: "checkout error ratio above 5%"}}
	for i := range 80 {
		at := in.Window.From.Add(time.Duration(i) * time.Minute)
		in.Logs = append(in.Logs, evidence.LogLine{Time: at, Component: "checkout", Level: "INFO", Message: "order taken"})
		if !at.Before(start) {
			in.Logs = append(in.Logs, evidence.LogLine{Time: at, Component: "checkout", Level: "ERROR", Message: log})
		}
	}
	return in
}

// The deployment that lowered the pool two minutes before is blamed among everything else that happened that night, and
// cited by the observation it came with.
func TestTheDeploymentIsBlamed(t *testing.T) {
	in := incidentAt("timeout acquiring connection from pool (max=10)")
	in.Add(evidence.Telemetry{Changes: changes(t, recorded(t), connector.Args{})}, "obs-7")
	b := evidence.Analyze(in)
	v, ok := b.Culprit()
	if !ok || v.Change.ID != event+"01" || v.Verdict != evidence.Culprit {
		t.Fatalf("culprit %v: %+v", ok, v)
	}
	if len(b.Causes) == 0 || b.Causes[0].Component != "checkout" || b.Causes[0].Change != event+"01" || b.Causes[0].Category != evidence.ConnectionExhaustion {
		t.Errorf("causes %+v", b.Causes)
	}
	cites := func(r evidence.Reason) bool { return slices.Contains(r.Refs, "obs-7") }
	if !slices.ContainsFunc(v.Reasons, cites) {
		t.Errorf("nothing cites the observation: %+v", v.Reasons)
	}
	if p, ok := v.Telling(); !ok || p != (evidence.Parameter{Name: "environment.DB_POOL_MAX", Old: "50", New: "10"}) {
		t.Errorf("the telling parameter is %+v", p)
	}
}

// Without the definition before it nothing is known of what it changed: it may be it, and is neither blamed nor cleared.
func TestADeploymentOfUnknownContentIsPossible(t *testing.T) {
	var all []document
	for _, d := range recorded(t) {
		if d["eventID"] != event+"41" {
			all = append(all, d)
		}
	}
	in := incidentAt("upstream returned 503")
	in.Add(evidence.Telemetry{Changes: changes(t, all, connector.Args{})}, "obs-7")
	for _, v := range evidence.Analyze(in).Changes {
		if v.Change.ID == event+"01" && v.Verdict != evidence.Possible {
			t.Errorf("%s: %+v", v.Verdict, v.Reasons)
		}
	}
}
