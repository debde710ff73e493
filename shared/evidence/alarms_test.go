package evidence

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// ringing is an alarm so many milliseconds after the beginning.
func ringing(at int, component, metric string) Alarm {
	return Alarm{Time: began.Add(time.Duration(at) * time.Millisecond), Component: component, Metric: metric}
}

func TestGroupAlarms(t *testing.T) {
	topology := []Dependency{{Caller: "web", Callee: "api"}, {Caller: "api", Callee: "db"}, {Caller: "batch", Callee: "lake"}}
	ring := func(at int, component, metric string) Alarm { return ringing(at*1000, component, metric) }
	storm := func(at int) []Alarm {
		return []Alarm{ring(at, "web", "a"), ring(at+1, "api", "b"), ring(at+2, "db", "c")}
	}
	for _, tc := range []struct {
		name   string
		alarms []Alarm
		want   []int
		unsure []int // places
	}{
		{"none", nil, []int{}, nil},
		{"one storm", []Alarm{ring(0, "web", "a"), ring(20, "api", "b"), ring(70, "db", "c")}, []int{0, 0, 0}, nil},
		{"silence", []Alarm{ring(0, "web", "a"), ring(61, "api", "b")}, []int{0, 1}, nil},
		{"a single repeat is no storm", []Alarm{ring(0, "web", "a"), ring(10, "web", "a"), ring(20, "api", "b")}, []int{0, 0, 0}, nil},
		{"one alarm that flaps is no storm", []Alarm{ring(0, "web", "a"), ring(5, "web", "a"), ring(10, "web", "a"), ring(15, "web", "a"), ring(20, "web", "a")},
			[]int{0, 0, 0, 0, 0}, nil},
		{"repeats far apart are no storm", append(storm(0), ring(10, "web", "a"), ring(41, "api", "b"), ring(72, "db", "c")), []int{0, 0, 0, 0, 0, 0}, nil},
		{"ringing again", slices.Concat(storm(0), storm(40)), []int{0, 0, 0, 1, 1, 1}, nil},
		{"new alarms go to the younger", slices.Concat(storm(0), storm(40), []Alarm{ring(43, "db", "d")}), []int{0, 0, 0, 1, 1, 1, 1}, []int{6}},
		{"what rings in both and nothing settles goes to the younger, twice", slices.Concat(storm(0), []Alarm{ring(39, "web", "a"), ring(40, "api", "b"), ring(41, "db", "d"), ring(42, "db", "c"), ring(50, "db", "d")}),
			[]int{0, 0, 0, 1, 1, 1, 1, 1}, []int{5, 7}},
		{"one request is one storm's, which tells what came before", slices.Concat(storm(0), []Alarm{ring(3, "api", "e")}, storm(40),
			[]Alarm{ring(50, "api", "d"), ringing(60_000, "api", "d"), ringing(60_020, "api", "e")}), []int{0, 0, 0, 0, 1, 1, 1, 0, 1, 1}, nil},
		{"elsewhere", []Alarm{ring(0, "web", "a"), ring(1, "api", "b"), ring(5, "batch", "a"), ring(6, "lake", "b"), ring(7, "lake", "c"), ring(8, "db", "c")},
			[]int{0, 0, 1, 1, 1, 0}, nil},
		{"a stray alarm elsewhere is no storm", []Alarm{ring(0, "web", "a"), ring(5, "batch", "a"), ring(6, "lake", "b"), ring(8, "db", "c")}, []int{0, 0, 0, 0}, nil},
		{"unknown to the topology", []Alarm{ring(0, "web", "a"), ring(1, "new", "a"), ring(2, "new", "b"), ring(3, "new", "c")}, []int{0, 0, 0, 0}, nil},
	} {
		got, sure := GroupAlarms(tc.alarms, topology)
		var unsure []int
		for i, s := range sure {
			if !s {
				unsure = append(unsure, i)
			}
		}
		if diff := cmp.Diff(tc.want, got) + cmp.Diff(tc.unsure, unsure); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// drawStorm is one storm's alarms in order of time: those that must begin it, then requests, each of which sets off some
// alarms of one component at once, one of them new, so that there is no silence. No alarm repeats. Storms of turn 0 and 1 ring
// 200 ms apart at least.
func drawStorm(t *rapid.T, name, part string, begin, turn int, must []Alarm) (out []Alarm) {
	at := begin
	rung := map[Alarm]bool{}
	ring := func(a Alarm) {
		if !rung[a] {
			rung[a], a.Time = true, ringing(at, "", "").Time
			out = append(out, a)
		}
	}
	for _, a := range must {
		ring(a)
		at += 400
	}
	for n := range rapid.IntRange(1, 40).Draw(t, name+" requests") {
		at += 400 * rapid.IntRange(1, 50).Draw(t, name+" pause")
		component := part + rapid.StringMatching("[a-d]").Draw(t, name+" component")
		for _, m := range rapid.SliceOfN(rapid.IntRange(0, 30), 1, 4).Draw(t, name+" metrics") {
			ring(Alarm{Component: component, Metric: fmt.Sprint(m)})
		}
		ring(Alarm{Component: component, Metric: fmt.Sprint("request ", n)})
	}
	for i := range out {
		out[i].Time = out[i].Time.Add(time.Duration(turn) * 200 * time.Millisecond)
	}
	return out
}

// merge puts storms into one stream, in order of time, and says whose each alarm is.
func merge(storms ...[]Alarm) (alarms []Alarm, whose []int) {
	type owned struct {
		Alarm
		storm int
	}
	var all []owned
	for n, s := range storms {
		for _, a := range s {
			all = append(all, owned{a, n})
		}
	}
	slices.SortStableFunc(all, func(a, b owned) int { return a.Time.Compare(b.Time) })
	for _, o := range all {
		alarms, whose = append(alarms, o.Alarm), append(whose, o.storm)
	}
	return alarms, whose
}

// connected is a part of the topology.
func connected(part string) []Dependency {
	return []Dependency{{Caller: part + "a", Callee: part + "b"}, {Caller: part + "b", Callee: part + "c"}, {Caller: part + "c", Callee: part + "d"}}
}

func TestGroupAlarmsKeepsOneStormWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alarms := drawStorm(t, "storm", "x-", 0, 0, nil)
		topology := rapid.SampledFrom([][]Dependency{nil, connected("x-")}).Draw(t, "topology")
		incident, sure := GroupAlarms(alarms, topology)
		if slices.Max(incident) > 0 || slices.Contains(sure, false) {
			t.Fatalf("%v %v", incident, sure)
		}
	})
}

// Storms of unconnected parts of the topology are told apart whatever rings.
func TestGroupAlarmsSeparatesUnconnectedParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rush := []Alarm{{Component: "y-a", Metric: "p"}, {Component: "y-b", Metric: "p"}, {Component: "y-c", Metric: "p"}}
		first := drawStorm(t, "first", "x-", 0, 0, []Alarm{{Component: "x-a", Metric: "p"}})
		second := drawStorm(t, "second", "y-", 400*rapid.IntRange(1, 100).Draw(t, "delay"), 1, rush)
		alarms, whose := merge(first, second)
		incident, sure := GroupAlarms(alarms, append(connected("x-"), connected("y-")...))
		if diff := cmp.Diff(whose, incident); diff != "" || slices.Contains(sure, false) {
			t.Fatalf("(-want +got):\n%s\n%v", diff, sure)
		}
	})
}

// Where storms keep to the rules (each alarm once, the second begins with alarms of the first), what is sure is right, and
// what is not goes to the younger.
func TestGroupAlarmsIsRightWhereSure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rush := []Alarm{{Component: "x-a", Metric: "p"}, {Component: "x-b", Metric: "p"}, {Component: "x-c", Metric: "p"}}
		first := drawStorm(t, "first", "x-", 0, 0, rush)
		second := drawStorm(t, "second", "x-", 2000+400*rapid.IntRange(0, 100).Draw(t, "delay"), 1, rush)
		alarms, whose := merge(first, second)
		incident, sure := GroupAlarms(alarms, connected("x-"))
		for i := range alarms {
			if sure[i] && incident[i] != whose[i] || !sure[i] && incident[i] != 1 {
				t.Fatalf("%d (%v): storm %d, grouped under %d, sure %v", i, alarms[i], whose[i], incident[i], sure[i])
			}
		}
	})
}

// A brief says when its alarms are of two incidents, and only then.
func TestAnalyzeNamesOverlappingIncidents(t *testing.T) {
	in := shop()
	for i, c := range []string{"web", "checkout", "search"} {
		in.Alarms = append(in.Alarms, Alarm{Component: c, Metric: "latency", Time: clock(float64(i) / 10)})
	}
	about := func(in Input) (out []Gap) {
		for _, g := range Analyze(in).Gaps {
			if strings.Contains(g.Text, "another incident") {
				out = append(out, g)
			}
		}
		return out
	}
	if got := about(in); got != nil {
		t.Errorf("one incident: %v", got)
	}
	for _, a := range in.Alarms {
		a.Time = a.Time.Add(time.Minute)
		in.Alarms = append([]Alarm{a}, in.Alarms...) // out of order
	}
	if got := about(in); len(got) != 1 || !strings.Contains(got[0].Text+got[0].Fix, "2026-02-03T10:01:00Z") {
		t.Errorf("two incidents: %v", got)
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
