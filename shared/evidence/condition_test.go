package evidence

import (
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// flatSeries is n samples a minute apart, following f.
func flatSeries(component, metric, unit string, n int, f func(i int) float64) Series {
	s := Series{Component: component, Metric: metric, Unit: unit}
	for i := range n {
		s.Times = append(s.Times, minute(float64(i)).UnixMilli())
		s.Values = append(s.Values, f(i))
	}
	return s
}

// seen is what a case shows to the engine.
type seen struct {
	Window   Window
	Metrics  []Series
	Logs     []LogLine
	Alarms   []Alarm
	Statuses []Status
}

func (s seen) input() Input {
	return Input{Window: s.Window, Telemetry: Telemetry{Metrics: s.Metrics, Logs: s.Logs, Alarms: s.Alarms, Statuses: s.Statuses}}
}

func ramp(from, to float64, n int) func(int) float64 {
	return func(i int) float64 { return from + (to-from)*float64(i)/float64(n-1) }
}

func wobble(level float64) func(int) float64 {
	return func(i int) float64 { return level * (1 + 0.04*float64((i*7)%5-2)) }
}

func pod(name, phase, ready string, fields ...string) Status {
	s := Status{Component: "orders", Kind: "pod", Fields: map[string]string{"name": name, "phase": phase, "containers.0.ready": ready, "containers.0.restart_count": "0", "node_name": "node-a"}}
	for i := 0; i+1 < len(fields); i += 2 {
		s.Fields[fields[i]] = fields[i+1]
	}
	return s
}

func event(reason, message, object string, at time.Time) Status {
	return Status{Time: at, Component: "orders", Kind: "event", Reason: reason, Message: message, Fields: map[string]string{"object": object}}
}

func rds(message string, at time.Time) Status {
	return Status{Time: at, Component: "orders-db", Kind: "database", Message: message}
}

func TestConditionNamesTheCategory(t *testing.T) {
	calm := []Series{flatSeries("orders-db", "CPUUtilization", "Percent", 20, wobble(18)), flatSeries("orders-db", "ReadLatency", "Seconds", 20, wobble(0.001)),
		flatSeries("orders-db", "DatabaseConnections", "Count", 20, wobble(90))}
	span := Window{From: minute(0), To: minute(20)}
	for _, tc := range []struct {
		name string
		in   seen
		want Category
	}{
		{"out of memory", seen{Statuses: []Status{pod("orders-1", "Running", "false", "containers.0.last_state.reason", "OOMKilled", "containers.0.last_state.exit_code", "137", "containers.0.restart_count", "5"),
			event("BackOff", "Back-off restarting failed container orders in pod orders-1", "Pod/orders-1", minute(10))}}, MemoryExhaustion},
		{"no room", seen{Statuses: []Status{pod("orders-2", "Pending", "false", "node_name", "", "conditions.0.reason", "Unschedulable"),
			event("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available", "Pod/orders-2", minute(10))}}, Unschedulable},
		{"quota", seen{Statuses: []Status{{Component: "orders", Kind: "deployment", Fields: map[string]string{"desired": "5", "ready": "3", "available": "3"}},
			event("FailedCreate", `Error creating: pods "orders-9" is forbidden: exceeded quota: team-quota, requested: limits.memory=1Gi, used: limits.memory=4Gi, limited: limits.memory=4Gi`, "ReplicaSet/orders-9", minute(9))}}, QuotaExceeded},
		{"dead node", seen{Statuses: []Status{{Component: "node-a", Kind: "node", Fields: map[string]string{"name": "node-a", "ready": "Unknown"}}, pod("orders-1", "Unknown", "false"),
			event("NodeNotReady", "Node is not ready", "Pod/orders-1", minute(8))}}, NodeNotReady},
		{"image", seen{Statuses: []Status{pod("orders-3", "Pending", "false", "containers.0.state.reason", "ErrImagePull")}}, ImagePull},
		{"readiness", seen{Statuses: []Status{pod("orders-1", "Running", "false"), event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "Pod/orders-1", minute(12))}}, ProbeFailure},
		{"names", seen{Logs: []LogLine{{Time: minute(3), Component: "orders", Level: "error", Message: "java.net.UnknownHostException: orders-db.data.svc"}}}, DNSFailure},
		{"failover now", seen{Metrics: calm, Window: span, Statuses: []Status{rds("Multi-AZ instance failover started.", minute(12)), rds("Multi-AZ instance failover completed", minute(14))}}, Failover},
		{"storage", seen{Metrics: append(calm, flatSeries("orders-db", "FreeStorageSpace", "Bytes", 20, ramp(2e10, 1e8, 20))), Window: span}, StorageFull},
		{"connections", seen{Metrics: append(calm[:2:2], flatSeries("orders-db", "DatabaseConnections", "Count", 20, ramp(100, 980, 20))), Window: span,
			Statuses: []Status{rds("FATAL: sorry, too many clients already", minute(15))}}, ConnectionExhaustion},
		{"processor", seen{Metrics: append(calm[1:3:3], flatSeries("orders-db", "CPUUtilization", "Percent", 20, func(i int) float64 { return min(97, 20+20*float64(i)) })), Window: span}, CPUSaturation},
		{"lag", seen{Metrics: append(calm, flatSeries("orders-db-replica", "ReplicaLag", "Seconds", 20, ramp(2, 1400, 20))), Window: span}, ReplicationLag},
		{"write throttling", seen{Window: span, Metrics: []Series{flatSeries("orders-table", "WriteThrottleEvents", "Count", 20, func(i int) float64 { return map[bool]float64{true: 140}[i > 10] }),
			flatSeries("orders-table", "ConsumedWriteCapacityUnits", "Count", 20, func(i int) float64 { return map[bool]float64{true: 400, false: 100}[i > 9] }),
			flatSeries("orders", "RequestCount", "Count", 20, func(i int) float64 { return map[bool]float64{true: 900, false: 300}[i > 9] })},
			Logs: []LogLine{{Time: minute(11), Component: "orders", Level: "ERROR", Message: "ProvisionedThroughputExceededException: rate of requests exceeds the allowed throughput"}}}, Throttling},
		{"expired", seen{Logs: []LogLine{{Time: minute(3), Component: "orders", Level: "error", Message: "remote error: tls: certificate has expired"}}}, Expiry},
		{"provider", seen{Window: span, Metrics: []Series{flatSeries("orders", "error_ratio", "", 20, func(i int) float64 { return map[bool]float64{true: 0.6, false: 0.01}[i > 10] })},
			Logs: []LogLine{{Time: minute(12), Component: "orders", Level: "error", Message: "POST https://api.cardnetwork.com/v1/pay returned 502"}}}, DependencyFailure},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := correlate(tc.in.input(), newGraph(tc.in.input()), nil, nil)
			if len(c.conditions) == 0 || c.conditions[0].Category != tc.want {
				for _, k := range c.conditions {
					t.Errorf("%.2f %s %s %v", k.Score, k.Component, k.Category, k.Reasons)
				}
				t.Fatalf("want %s first", tc.want)
			}
			if c.healthy >= sureHealthy {
				t.Errorf("called healthy, %.2f: %v", c.healthy, c.health)
			}
			b := Analyze(tc.in.input())
			if b.Outcome == incident.NoFault || len(b.Causes) == 0 || b.Causes[0].Category != tc.want {
				t.Errorf("Analyze: outcome %s, causes %+v", b.Outcome, b.Causes)
			}
		})
	}
}

func TestNothingIsWrong(t *testing.T) {
	calm := []Series{flatSeries("orders-db", "CPUUtilization", "Percent", 30, wobble(18)), flatSeries("orders-db", "ReadLatency", "Seconds", 30, wobble(0.001)),
		flatSeries("orders-db", "ReplicaLag", "Seconds", 30, wobble(1.2)), flatSeries("orders-db", "DatabaseConnections", "Count", 30, wobble(90))}
	span := Window{From: minute(0), To: minute(30), Start: minute(20)}
	alarm := []Alarm{{Time: minute(20), Component: "orders-db", Metric: "CPUUtilization", Text: "CPU above 20 percent"}}
	quiet := []LogLine{{Time: minute(1), Component: "orders", Level: "INFO", Message: "order 1 stored"}, {Time: minute(25), Component: "orders", Level: "INFO", Message: "order 2 stored"}}
	deployed := []Status{{Component: "orders", Kind: "deployment", Fields: map[string]string{"desired": "3", "ready": "3", "available": "3"}}}
	for _, tc := range []struct {
		name string
		in   seen
	}{
		{"alarm on ordinary variation", seen{Window: span, Metrics: calm, Alarms: alarm, Logs: quiet}},
		{"blip", seen{Window: span, Alarms: alarm, Logs: quiet, Metrics: append(calm[1:4:4], flatSeries("orders-db", "CPUUtilization", "Percent", 30, func(i int) float64 {
			return map[bool]float64{true: 96, false: 18 + float64(i%3)}[i == 20]
		}))}},
		{"backup raises reads only", seen{Window: Window{From: minute(0), To: minute(30)}, Logs: quiet, Metrics: append(calm, flatSeries("orders-db", "ReadIOPS", "Count/Second", 30, func(i int) float64 { return map[bool]float64{true: 2400, false: 300}[i > 18] }))}},
		{"old failover", seen{Window: span, Metrics: calm, Alarms: alarm, Statuses: []Status{rds("Multi-AZ instance failover started.", minute(-300)), rds("Multi-AZ instance failover completed", minute(-298))}}},
		{"pod that was pending", seen{Statuses: append(deployed, pod("orders-1", "Running", "true"), event("FailedScheduling", "0/2 nodes are available: 2 Insufficient cpu", "Pod/orders-1", minute(5)))}},
		{"pod that is leaving", seen{Statuses: append(deployed, pod("orders-1", "Running", "true"), pod("orders-0", "Running", "false", "deletion_timestamp", "2026-02-03T09:00:00Z", "containers.0.state.reason", "CrashLoopBackOff"),
			event("BackOff", "Back-off restarting failed container orders in pod orders-0", "Pod/orders-0", minute(5)))}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := Analyze(tc.in.input())
			if b.Outcome != incident.NoFault {
				c := correlate(tc.in.input(), newGraph(tc.in.input()), nil, nil)
				t.Errorf("outcome %s; health %.2f %v; conditions %+v; departures %+v", b.Outcome, c.healthy, c.health, c.conditions, c.trouble.departures)
			}
		})
	}
}

// Silence is no health: with nothing to look at the answer is not "no fault".
func TestNoTelemetryIsNotHealth(t *testing.T) {
	for name, in := range map[string]seen{"nothing": {}, "an alarm only": {Alarms: []Alarm{{Time: minute(1), Component: "orders", Text: "error rate high"}}}} {
		c := correlate(in.input(), newGraph(in.input()), nil, nil)
		if c.healthy != 0 {
			t.Errorf("%s: healthy %.2f", name, c.healthy)
		}
	}
}
