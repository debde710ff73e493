package evidence

import (
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// lowered is the incident of a deployment that lowers a pool ceiling at minute 58.
func lowered(deployment ...Change) Input {
	in := incidentOf("timeout acquiring connection from pool (max=5)")
	in.Metrics = append(in.Metrics, shopSeries("billing", "db_pool_in_use", 18, 5), shopSeries("billing", "db_pool_wait_ms_p99", 2, 4000))
	in.Changes = deployment
	return in
}

func lowering(at time.Time) Change {
	return Change{ID: "deploy-77", Time: at, Component: "billing", Kind: "deployment", Title: "tidy settings", Revision: "v77", Previous: "v76",
		Parameters: []Parameter{{Name: "DB_POOL_MAX", Old: "40", New: "5"}}, Ref: "obs-4"}
}

func TestPoolCeilingIsBlamed(t *testing.T) {
	other := Change{ID: "deploy-12", Time: minute(57), Component: "web", Kind: "deployment", Title: "new footer", Files: []string{"web/footer.css"}}
	b := Analyze(lowered(lowering(minute(58)), other))
	v, ok := b.Culprit()
	if !ok || v.Change.ID != "deploy-77" {
		t.Fatalf("culprit %+v %v", v, ok)
	}
	if b.Causes[0].Component != "billing" || b.Causes[0].Category != ConnectionExhaustion || b.Causes[0].Change != "deploy-77" {
		t.Errorf("cause %+v", b.Causes[0])
	}
	if v.Reasons[0].Refs == nil {
		t.Errorf("reasons cite nothing: %+v", v.Reasons)
	}
	if b.Changes[1].Verdict != Decoy {
		t.Errorf("the other deployment is %s: %+v", b.Changes[1].Verdict, b.Changes[1].Reasons)
	}
}

func TestPoolCeilingWithoutItsDeployment(t *testing.T) {
	b := Analyze(lowered())
	if _, ok := b.Culprit(); ok || len(b.Causes) == 0 || b.Causes[0].Category != ConnectionExhaustion || b.Causes[0].Change != "" {
		t.Errorf("causes %+v, changes %+v", b.Causes, b.Changes)
	}
}

func TestPoolCeilingLongBefore(t *testing.T) {
	for name, at := range map[string]time.Time{"four hours earlier": minute(58 - 240), "after the onset": minute(66)} {
		b := Analyze(lowered(lowering(at)))
		if v, ok := b.Culprit(); ok {
			t.Errorf("%s: blamed %+v", name, v)
		}
		if len(b.Causes) == 0 || b.Causes[0].Change != "" {
			t.Errorf("%s: %+v", name, b.Causes)
		}
	}
}

func TestThrottledTableAfterTrafficRise(t *testing.T) {
	in := Input{Window: Window{From: minute(0), To: minute(80), Start: minute(63)}}
	in.Metrics = []Series{shopSeries("orders", "RequestCount", 300, 1100), shopSeries("orders", "5XXError", 0.4, 90), shopSeries("orders-table", "ConsumedWriteCapacityUnits", 80, 200),
		flatSeries("orders-table", "WriteThrottleEvents", "Count", 80, func(i int) float64 { return map[bool]float64{true: 250}[i >= 60] })}
	in.Dependencies = []Dependency{{Caller: "orders", Callee: "orders-table"}}
	in.Alarms = []Alarm{{Time: minute(63), Component: "orders", Metric: "5XXError", Text: "5xx high"}}
	for i := range 79 {
		in.Logs = append(in.Logs, LogLine{Time: minute(float64(i)), Component: "orders", Level: "INFO", Message: "order stored"})
		if i >= 60 {
			in.Logs = append(in.Logs, LogLine{Time: minute(float64(i)), Component: "orders", Level: "ERROR", Message: "ProvisionedThroughputExceededException: The level of configured provisioned throughput for the table was exceeded"})
		}
	}
	b := Analyze(in)
	if b.Outcome == incident.NoFault || len(b.Causes) == 0 || b.Causes[0].Category != Throttling {
		t.Errorf("outcome %s, causes %+v", b.Outcome, b.Causes)
	}
	if _, ok := b.Culprit(); ok {
		t.Errorf("a change is blamed: %+v", b.Changes)
	}
}
