package evidence

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// began is when trouble begins in these tests; clock gives times in minutes around it.
var began = time.Date(2026, 2, 3, 10, 0, 0, 0, time.UTC)

func clock(minutes float64) time.Time {
	return began.Add(time.Duration(minutes * float64(time.Minute)))
}

// wave is a series over the hour before and the twenty minutes after: normal with a small wobble, then what after says.
func wave(component, metric, statistic string, normal float64, after func(minute int) float64) Series {
	s := Series{Component: component, Metric: metric, Statistic: statistic}
	for m := -60; m < 20; m++ {
		v := normal * (1 + 0.02*math.Sin(float64(7*m)+normal))
		if m >= 0 && after != nil {
			v = after(m)
		}
		s.Times, s.Values = append(s.Times, clock(float64(m)).UnixMilli()), append(s.Values, v)
	}
	return s
}

func constant(v float64) func(int) float64 { return func(int) float64 { return v } }

func hour() Window { return Window{From: clock(-60), To: clock(20), Start: clock(2)} }

// shop is web → checkout → orders-db, web → search, all well.
func shop() Input {
	return Input{Window: hour(), Telemetry: Telemetry{Dependencies: []Dependency{
		{Caller: "web", Callee: "checkout"}, {Caller: "web", Callee: "search"}, {Caller: "checkout", Callee: "orders-db"},
	}}}
}

func components(b Brief) []string {
	var out []string
	for _, c := range b.Causes {
		out = append(out, c.Component)
	}
	return out
}

func TestPoolCeilingLoweredByDeployment(t *testing.T) {
	in := shop()
	in.Metrics = []Series{
		wave("web", "TargetResponseTime", "p99", 0.2, constant(4)), wave("web", "HTTPCode_ELB_5XX_Count", "Sum", 0.01, constant(300)),
		wave("web", "RequestCount", "Sum", 900, nil), wave("checkout", "TargetResponseTime", "p99", 0.15, constant(5)),
		wave("checkout", "UnHealthyHostCount", "Maximum", 0.001, constant(2)), wave("checkout", "RequestCount", "Sum", 300, nil),
		wave("search", "TargetResponseTime", "p99", 0.1, nil), wave("orders-db", "DatabaseConnections", "Average", 40, constant(6)),
		wave("orders-db", "CPUUtilization", "Average", 35, constant(9)),
	}
	for m := range 20 {
		for n := range 12 {
			in.Logs = append(in.Logs, LogLine{Time: clock(float64(m) + float64(n)/12), Component: "checkout", Level: "ERROR",
				Message: fmt.Sprintf("place order %d: timeout acquiring connection from pool after 5000 ms (max=5 in_use=5 waiting=%d)", 100*m+n, n)})
		}
	}
	in.Changes = []Change{
		{ID: "d-1", Time: clock(-2), Component: "checkout", Kind: "deployment", Title: "tidy settings", Parameters: []Parameter{{Name: "DB_POOL_MAX", Old: "40", New: "5"}}},
		{ID: "d-2", Time: clock(-20), Component: "search", Kind: "deployment", Title: "new ranking", Parameters: []Parameter{{Name: "RANK_MODEL", Old: "a", New: "b"}}},
	}
	in.Alarms = []Alarm{{Time: clock(2), Component: "web", Metric: "HTTPCode_ELB_5XX_Count"}}
	b := Analyze(in)
	if len(b.Causes) == 0 || b.Causes[0].Component != "checkout" || b.Causes[0].Change != "d-1" || b.Causes[0].Category != ConnectionExhaustion {
		t.Fatalf("causes %+v", b.Causes)
	}
	if b.Outcome != incident.Confirmed && b.Outcome != incident.Likely {
		t.Errorf("outcome %s at %.2f", b.Outcome, b.Confidence)
	}
	if !slices.Contains(b.Causes[0].CascadesTo, "web") {
		t.Errorf("cascades to %v, want web among them", b.Causes[0].CascadesTo)
	}
}

func TestTableThrottledAfterTrafficRise(t *testing.T) {
	in := Input{Window: hour(), Telemetry: Telemetry{Dependencies: []Dependency{{Caller: "orders-api", Callee: "orders-fn"}, {Caller: "orders-fn", Callee: "orders-table"}}}}
	in.Metrics = []Series{
		wave("orders-api", "Count", "Sum", 1000, constant(4000)), wave("orders-api", "5XXError", "Sum", 0.01, constant(900)),
		wave("orders-fn", "Errors", "Sum", 0.01, constant(900)), wave("orders-fn", "Invocations", "Sum", 1000, constant(4000)),
		wave("orders-table", "WriteThrottleEvents", "Sum", 0, constant(3000)), wave("orders-table", "ConsumedWriteCapacityUnits", "Sum", 1000, constant(2000)),
	}
	in.Alarms = []Alarm{{Time: clock(2), Component: "orders-api", Metric: "5XXError"}}
	b := Analyze(in)
	if len(b.Causes) == 0 || b.Causes[0].Category != Throttling || b.Causes[0].Change != "" {
		t.Fatalf("causes %+v", b.Causes)
	}
	if got := b.Causes[0].Component; got != "orders-table" && got != "orders-fn" {
		t.Errorf("blames %s", got)
	}
}

func TestFalseAlarm(t *testing.T) {
	in := shop()
	in.Metrics = []Series{
		wave("web", "TargetResponseTime", "p99", 0.2, nil), wave("web", "RequestCount", "Sum", 900, nil), wave("checkout", "TargetResponseTime", "p99", 0.15, nil),
		wave("orders-db", "CPUUtilization", "Average", 35, nil),
	}
	in.Alarms = []Alarm{{Time: clock(2), Component: "web", Metric: "TargetResponseTime"}}
	b := Analyze(in)
	if b.Outcome != incident.NoFault || len(b.Causes) != 0 {
		t.Errorf("outcome %s, causes %v", b.Outcome, components(b))
	}
}

func TestSlowCalleeIsBlamedNotItsCallers(t *testing.T) {
	in := shop()
	in.Symptoms = []Symptom{{Component: "web", Metric: "latency", Statistic: "Average"}}
	in.Metrics = []Series{
		wave("web", "latency", "Average", 0.10, constant(0.16)), wave("web", "requests", "Sum", 1000, nil),
		wave("checkout", "latency", "Average", 0.08, constant(0.20)), wave("checkout", "requests", "Sum", 500, nil),
		wave("orders-db", "latency", "Average", 0.01, constant(0.13)), wave("orders-db", "requests", "Sum", 500, nil),
		wave("search", "latency", "Average", 0.02, nil), wave("search", "requests", "Sum", 500, nil),
	}
	b := Analyze(in)
	if got := components(b); len(got) == 0 || got[0] != "orders-db" {
		t.Errorf("causes %v, want orders-db first", got)
	}
}

func TestNewCalleeIsItsCallersDoing(t *testing.T) {
	in := shop()
	in.Dependencies = append(in.Dependencies, Dependency{Caller: "checkout", Callee: "no-such-table"})
	in.Symptoms = []Symptom{{Component: "web", Metric: "availability", Statistic: "Average"}}
	late := wave("no-such-table", "availability", "Average", 100, constant(0))
	late.Times, late.Values = late.Times[60:], late.Values[60:]
	lateRequests := wave("no-such-table", "requests", "Sum", 100, nil)
	lateRequests.Times, lateRequests.Values = lateRequests.Times[60:], lateRequests.Values[60:]
	steady := func(c string, after float64) Series {
		s := wave(c, "availability", "Average", 100, constant(after))
		for i := range 60 {
			s.Values[i] = 100
		}
		return s
	}
	in.Metrics = []Series{steady("web", 90), wave("web", "requests", "Sum", 1000, nil), steady("checkout", 80), wave("checkout", "requests", "Sum", 500, nil),
		steady("orders-db", 100), wave("orders-db", "requests", "Sum", 400, nil), late, lateRequests}
	b := Analyze(in)
	if got := components(b); len(got) == 0 || got[0] != "checkout" {
		t.Errorf("causes %v, want checkout first", got)
	}
}

func TestRareAlarmOutweighsUsualOnes(t *testing.T) {
	usual := []Alarm{{Component: "web", Metric: "network", Direction: "up"}, {Component: "search", Metric: "reads", Direction: "up"}}
	in := shop()
	for i := range 12 {
		e := Episode{}
		for _, a := range usual {
			a.Time = clock(float64(-1000 + 10*i))
			e.Alarms = append(e.Alarms, a)
		}
		in.History = append(in.History, e)
	}
	for _, a := range append(usual, Alarm{Component: "orders-db", Metric: "memory", Direction: "up"}) {
		a.Time = clock(1)
		in.Alarms = append(in.Alarms, a)
	}
	b := Analyze(in)
	if got := components(b); len(got) == 0 || got[0] != "orders-db" {
		t.Errorf("causes %v, want orders-db first", got)
	}
}

// spans are requests web → checkout → orders-db; wrong says what is different about them.
func spans(at float64, n int, wrong string) (calls []Call, logs []LogLine) {
	for i := range n {
		trace := fmt.Sprintf("%s-%.0f-%d", wrong, at, i)
		when := clock(at + float64(i)/float64(n))
		own := func(component string) time.Duration {
			d := 10*time.Millisecond + time.Duration(i%3)*time.Millisecond
			if wrong == component {
				d += 300 * time.Millisecond
			}
			return d
		}
		db := own("orders-db")
		mid := db + own("checkout")
		calls = append(calls,
			Call{Time: when, Callee: "web", Operation: "GET /", Trace: trace, Span: "1", Duration: mid + own("web"), Own: own("web")},
			Call{Time: when, Caller: "web", Callee: "checkout", Operation: "Place", Trace: trace, Span: "2", Parent: "1", Duration: mid, Own: own("checkout"), Seen: mid + time.Millisecond},
			Call{Time: when, Caller: "checkout", Callee: "orders-db", Operation: "Insert", Trace: trace, Span: "3", Parent: "2", Duration: db, Own: db, Seen: db + time.Millisecond})
		say := func(component, span, text string) {
			logs = append(logs, LogLine{Time: when.Add(time.Millisecond), Component: component, Trace: trace, Span: span, Message: text})
		}
		say("checkout", "2", "validating basket")
		if wrong == "breaks" {
			say("web", "1", "ERROR upstream failed")
			continue
		}
		say("checkout", "2", "order stored")
		say("web", "1", "page rendered")
	}
	return calls, logs
}

func TestOwnTimeFindsTheSlowComponent(t *testing.T) {
	for _, slow := range []string{"web", "checkout", "orders-db"} {
		calls, logs := spans(-30, 20, "")
		in := Input{Window: hour(), Reference: &Telemetry{Calls: calls, Logs: logs}}
		in.Window.Start = clock(0)
		in.Calls, in.Logs = spans(1, 20, slow)
		if got := components(Analyze(in)); len(got) == 0 || got[0] != slow {
			t.Errorf("slow %s: causes %v", slow, got)
		}
	}
}

func TestBrokenHabitIsHeldAgainstTheDeepestComponent(t *testing.T) {
	calls, logs := spans(-30, 20, "")
	in := Input{Window: hour(), Reference: &Telemetry{Calls: calls, Logs: logs}}
	in.Window.Start = clock(0)
	in.Calls, in.Logs = spans(1, 20, "breaks")
	b := Analyze(in)
	if got := components(b); len(got) == 0 || got[0] != "checkout" {
		t.Fatalf("causes %v, want checkout first", got)
	}
	if b.Causes[0].Category != ErrorsRaised {
		t.Errorf("category %s", b.Causes[0].Category)
	}
}

func TestUnsortedAndDuplicateSamplesMakeNoDifference(t *testing.T) {
	in := shop()
	in.Metrics = []Series{wave("orders-db", "CPUUtilization", "Average", 30, constant(95)), wave("web", "latency", "Average", 0.1, nil)}
	want := Analyze(in)
	shuffled := in
	shuffled.Metrics = slices.Clone(in.Metrics)
	s := in.Metrics[0]
	s.Times, s.Values = slices.Clone(s.Times), slices.Clone(s.Values)
	slices.Reverse(s.Times)
	slices.Reverse(s.Values)
	s.Times, s.Values = append(s.Times, s.Times[3], s.Times[9]), append(s.Values, s.Values[3], math.NaN())
	shuffled.Metrics[0] = s
	got := Analyze(shuffled)
	if len(got.Causes) == 0 || got.Causes[0].Component != want.Causes[0].Component || got.Causes[0].Score != want.Causes[0].Score || !got.Causes[0].Onset.Equal(want.Causes[0].Onset) {
		t.Errorf("got %+v\nwant %+v", got.Causes, want.Causes)
	}
}

func TestOnsetAndRecovery(t *testing.T) {
	in := shop()
	in.Metrics = []Series{wave("orders-db", "CPUUtilization", "Average", 30, func(m int) float64 {
		if m >= 3 && m < 11 {
			return 95
		}
		return 30
	})}
	b := Analyze(in)
	if len(b.Onsets) != 1 || !b.Onsets[0].At.Equal(clock(3)) || !b.Onsets[0].Recovered.Equal(clock(11)) || b.Onsets[0].Direction != "up" {
		t.Errorf("onsets %+v", b.Onsets)
	}
}
