package scenario

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/events/scenarios"
	telemetry "github.com/firefinder/firefinder/shared/connector/scenario"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// A live investigation looks ten seconds after the alarm: hardly a sample lies behind it, and nothing of what a recording
// holds of the time after. The cause must be told from the minutes before.
func TestAtTheMomentOfTheAlarm(t *testing.T) {
	for _, tc := range []struct {
		scenario, component, metric, change string
		alarm                               time.Time
	}{
		{"checkout-503", "checkout", "HTTPCode_Target_5XX_Count", "ecs-svc/7719034412087765310", time.Date(2026, 3, 10, 3, 2, 40, 0, time.UTC)},
		{"orders-throttled", "orders-table", "WriteThrottleEvents", "", time.Date(2026, 4, 21, 10, 5, 0, 0, time.UTC)},
	} {
		folder, ok := scenarios.Open(tc.scenario)
		if !ok {
			t.Fatal(tc.scenario)
		}
		recorded, err := telemetry.Load(folder.(fs.FS))
		if err != nil {
			t.Fatal(err)
		}
		in := recorded.Input(evidence.Window{From: tc.alarm.Add(-3 * time.Hour), To: tc.alarm.Add(10 * time.Second), Start: tc.alarm})
		in.Alarms = []evidence.Alarm{{Time: tc.alarm, Component: tc.component, Metric: tc.metric}}
		in.Symptoms = []evidence.Symptom{{Component: tc.component, Metric: tc.metric}}
		b := evidence.Analyze(in)
		if b.Outcome != incident.Confirmed && b.Outcome != incident.Likely || len(b.Causes) == 0 || b.Causes[0].Component != tc.component || b.Causes[0].Change != tc.change {
			t.Errorf("%s: %s, %+v", tc.scenario, b.Outcome, b.Causes)
		}
		if !slices.ContainsFunc(b.Onsets, func(o evidence.Onset) bool { return o.Component == tc.component && o.At.Before(tc.alarm) }) {
			t.Errorf("%s: no onset of %s before its alarm: %+v", tc.scenario, tc.component, b.Onsets)
		}
		if slices.ContainsFunc(b.Gaps, func(g evidence.Gap) bool { return strings.Contains(g.Text, "one side of the start") }) {
			t.Errorf("%s: series were not compared: %v", tc.scenario, b.Gaps)
		}
	}
}
