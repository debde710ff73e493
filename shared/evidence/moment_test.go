package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// justFired is what is there at the moment at which an alarm fires: three hours of samples a minute, the last of which, since
// some minutes before, say what the alarm says, and none after it. lag is by how many minutes they are late.
func justFired(since, lag int) Input {
	alarm := clock(0)
	in := Input{Window: Window{From: alarm.Add(-3 * time.Hour), To: alarm.Add(10 * time.Second), Start: alarm}}
	for _, component := range []string{"web", "checkout"} {
		s := Series{Component: component, Metric: "error_count", Statistic: "Sum"}
		for m := -180; m < -lag; m++ {
			v := float64((m%3 + 3) % 3)
			if component == "checkout" && m >= -since {
				v = 60
			}
			s.Times, s.Values = append(s.Times, alarm.Add(time.Duration(m)*time.Minute+20*time.Second).UnixMilli()), append(s.Values, v)
		}
		in.Metrics = append(in.Metrics, s)
	}
	in.Alarms = []Alarm{{Time: alarm, Component: "checkout", Metric: "error_count", Text: "errors"}}
	return in
}

func TestAnAlarmSpeaksOfTheMinutesBeforeIt(t *testing.T) {
	for _, since := range []int{3, 5, 14, 16, 26, 45} { // three periods of five minutes are past a quarter of an hour
		b := Analyze(justFired(since, 1))
		if len(b.Onsets) != 1 || b.Onsets[0].Component != "checkout" || !b.Onsets[0].At.Equal(clock(float64(-since)).Add(20*time.Second)) {
			t.Errorf("%d minutes: onsets %+v", since, b.Onsets)
		}
		if len(b.Causes) == 0 || b.Causes[0].Component != "checkout" || b.Causes[0].Metric != "error_count" {
			t.Errorf("%d minutes: causes %+v", since, b.Causes)
		}
		for _, g := range b.Gaps {
			if strings.Contains(g.Text, "one side of the start") {
				t.Errorf("%d minutes: gap %q", since, g.Text)
			}
		}
	}
}

// Samples that are still on their way say nothing: that the alarm's own signal looks well until then does not make it well.
func TestSamplesOnTheirWayAreNotHealth(t *testing.T) {
	if b := Analyze(justFired(3, 4)); b.Outcome == incident.NoFault {
		t.Errorf("%s, %+v", b.Outcome, b.Causes)
	}
	in := justFired(3, 1)
	for i := range in.Metrics {
		for j := range in.Metrics[i].Values {
			in.Metrics[i].Values[j] = float64(j % 3)
		}
	}
	in.Window.To = clock(10)
	for i := range in.Metrics {
		for m := range 10 {
			in.Metrics[i].Times, in.Metrics[i].Values = append(in.Metrics[i].Times, clock(float64(m)).Add(20*time.Second).UnixMilli()), append(in.Metrics[i].Values, float64(m%3))
		}
	}
	if b := Analyze(in); b.Outcome != incident.NoFault {
		t.Errorf("a signal that is seen to be well: %s", b.Outcome)
	}
}
