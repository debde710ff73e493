package evidence

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGroupAlarms(t *testing.T) {
	topology := []Dependency{{Caller: "web", Callee: "api"}, {Caller: "api", Callee: "db"}, {Caller: "batch", Callee: "lake"}}
	ring := func(at int, component, metric string) Alarm {
		return Alarm{Time: began.Add(time.Duration(at) * time.Second), Component: component, Metric: metric}
	}
	for _, tc := range []struct {
		name   string
		alarms []Alarm
		want   []int
	}{
		{"none", nil, []int{}},
		{"one storm", []Alarm{ring(0, "web", "a"), ring(20, "api", "b"), ring(70, "db", "c")}, []int{0, 0, 0}},
		{"silence", []Alarm{ring(0, "web", "a"), ring(61, "api", "b")}, []int{0, 1}},
		{"a single repeat is no storm", []Alarm{ring(0, "web", "a"), ring(10, "web", "a"), ring(20, "api", "b")}, []int{0, 0, 0}},
		{"ringing again", []Alarm{ring(0, "web", "a"), ring(1, "api", "b"), ring(2, "db", "c"), ring(40, "web", "a"), ring(41, "api", "b"), ring(42, "db", "c"), ring(43, "db", "d")},
			[]int{0, 0, 0, 1, 1, 1, 1}},
		{"elsewhere", []Alarm{ring(0, "web", "a"), ring(1, "api", "b"), ring(5, "batch", "a"), ring(6, "lake", "b"), ring(7, "lake", "c"), ring(8, "db", "c")},
			[]int{0, 0, 1, 1, 1, 0}},
		{"unknown to the topology", []Alarm{ring(0, "web", "a"), ring(1, "new", "a"), ring(2, "new", "b"), ring(3, "new", "c")}, []int{0, 0, 0, 0}},
	} {
		if diff := cmp.Diff(tc.want, GroupAlarms(tc.alarms, topology)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// A storm is weighed in its own time: the same alarms an hour apart or a second apart have the same cause.
func TestEarlyAlarmsLeadAtEveryPace(t *testing.T) {
	for _, pace := range []time.Duration{time.Second, time.Minute, time.Hour} {
		in := shop()
		for i, who := range []string{"search", "checkout", "web", "orders-db"} {
			in.Alarms = append(in.Alarms, Alarm{Component: who, Metric: "errors", Direction: "up", Time: clock(0).Add(time.Duration(i) * pace)})
		}
		if b := Analyze(in); len(b.Causes) == 0 || b.Causes[0].Component != "search" {
			t.Errorf("%s apart: %+v", pace, b.Causes)
		}
	}
}

// An incident that repeats the last one alarm by alarm still has a cause, and what was never heard before weighs more.
func TestRepeatedIncidentHasACause(t *testing.T) {
	in := shop()
	in.Alarms = []Alarm{{Component: "search", Metric: "errors", Time: clock(1)}, {Component: "web", Metric: "errors", Time: clock(1)}}
	in.History = []Episode{{Alarms: []Alarm{{Component: "search", Metric: "errors", Time: clock(-60)}, {Component: "web", Metric: "errors", Time: clock(-60)}}}}
	if b := Analyze(in); len(b.Causes) == 0 {
		t.Error("no cause for an incident that happened before")
	}
	in.Alarms = append(in.Alarms, Alarm{Component: "orders-db", Metric: "errors", Time: clock(1)})
	if b := Analyze(in); b.Causes[0].Component != "orders-db" {
		t.Errorf("%+v", b.Causes)
	}
}
