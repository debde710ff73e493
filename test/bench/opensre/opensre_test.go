package opensre

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/test/bench/archive"
)

var files = map[string]string{
	"eks/base/scenario.yml":         "scenario_id: base\nfailure_mode: healthy\n",
	"eks/base/alert.json":           `{"title":"Routine","state":"normal","commonAnnotations":{"summary":"all fine","kube_deployment":"mill","k8s_failure_mode":"healthy"}}`,
	"eks/base/eks_deployments.json": `{"deployments":[{"name":"mill","desired":1,"ready":1,"available":1}]}`,
	"eks/base/eks_pods.json":        `{"pods":[{"name":"mill-1","phase":"Running","containers":[{"ready":true,"restart_count":0}]}]}`,
	"eks/base/eks_events.json":      `{"warning_events":[]}`,
	"eks/base/datadog_logs.json":    `{"logs":[{"timestamp":"2026-01-05T08:00:00Z","message":"ground","status":"info","service":"mill"}]}`,
	"eks/sick/scenario.yml":         "base: base\nscenario_id: sick\nfailure_mode: oom_killed\n",
	"eks/sick/alert.json":           `{"title":"SECRET TITLE","state":"alerting","commonLabels":{"alertname":"SECRET NAME"},"commonAnnotations":{"summary":"SECRET SUMMARY","error":"SECRET ERROR","kube_deployment":"mill","k8s_failure_mode":"SECRET MODE"}}`,
	"eks/sick/eks_pods.json":        `{"pods":[{"name":"mill-1","phase":"Running","containers":[{"ready":false,"restart_count":7,"last_state":{"terminated":{"reason":"OOMKilled","exit_code":137}}}]}]}`,
	"eks/sick/answer.yml":           "root_cause_category: SECRET ANSWER\n",
	"rds/slow/scenario.yml":         "scenario_id: slow\nfailure_mode: replication_lag\n",
	"rds/slow/alert.json":           `{"commonAnnotations":{"db_instance_identifier":"mill-db","read_replica":"mill-db-r1"}}`,
	"rds/slow/aws_cloudwatch_metrics.json": `{"metric_data_results":[{"metric_name":"ReplicaLag","dimensions":[{"Name":"DBInstanceIdentifier","Value":"mill-db-r1"}],"stat":"Maximum","unit":"Seconds",
		"timestamps":["2026-01-05T08:00:00Z","2026-01-05T08:01:00Z","2026-01-05T08:02:00Z","2026-01-05T08:03:00Z","2026-01-05T08:04:00Z","2026-01-05T08:05:00Z","2026-01-05T08:06:00Z","2026-01-05T08:07:00Z"],
		"values":[1,1,60,200,400,600,800,1000]}]}`,
	"rds/slow/aws_rds_events.json": `{"events":[{"date":"2026-01-05T08:05:00Z","message":"Read replica mill-db-r1 replication lag has exceeded 300 seconds.","source_identifier":"mill-db-r1","event_categories":["read replica"]}]}`,
}

func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := archive.Write(filepath.Join(dir, "whatever.zip"), files); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRunScoresDiscoveredScenarios(t *testing.T) {
	results, err := New().Run(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Value != 1 {
			t.Errorf("%s = %v of %d", r.Metric, r.Value, r.Cases)
		}
	}
	if results[0].Cases != 3 {
		t.Errorf("cases %d", results[0].Cases)
	}
}

// Nothing that names the answer reaches the engine.
func TestLabelsAreStripped(t *testing.T) {
	in, _, err := New().Case(folder(t), "eks/sick")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "SECRET") {
		t.Errorf("a label reached the input: %s", data)
	}
	if len(in.Logs) != 1 || len(in.Alarms) != 1 || in.Alarms[0].Component != "mill" {
		t.Errorf("inherited logs %v, alarms %v", in.Logs, in.Alarms)
	}
}

func TestMode(t *testing.T) {
	if got := Mode(evidence.Brief{Outcome: incident.NoFault}); got != healthy {
		t.Errorf("no fault reads %s", got)
	}
	if got := Mode(evidence.Brief{Causes: []evidence.Cause{{Category: evidence.Failover}}}); got != "failover" {
		t.Errorf("failover reads %s", got)
	}
	if got := Mode(evidence.Brief{}); got == healthy {
		t.Error("no cause reads healthy")
	}
}

// What a scenario inherits may lie in another archive; a sample that is null is no data; what is damaged is a miss, by name.
func TestEveryScenarioCounts(t *testing.T) {
	dir := t.TempDir()
	for file, part := range map[string]map[string]string{
		"a.zip": {"x/rds/base/aws_cloudwatch_metrics_cpu.json": `{"metric_name":"CPUUtilization","dimensions":[{"Name":"db","Value":"mill-db"}],"timestamps":["2026-01-05T08:00:00Z","2026-01-05T08:01:00Z"],"values":[null,12]}`},
		"b.zip": {"x/rds/one/scenario.yml": "base: base\nfailure_mode: replication_lag\n", "x/rds/one/alert.json": `{"commonAnnotations":{"db_instance_identifier":"mill-db","ids":["a"]}}`,
			"x/rds/one/aws_performance_insights.json": `{"db_instance_identifier":"mill-db","db_load":{"timestamps":["2026-01-05T08:00:00Z"],"values":[1]}}`,
			"x/rds/torn/scenario.yml":                 "failure_mode: [", "x/rds/torn/aws_rds_events.json": `{"events":`},
	} {
		if err := archive.Write(filepath.Join(dir, file), part); err != nil {
			t.Fatal(err)
		}
	}
	in, _, _ := New().Case(dir, "rds/one")
	if len(in.Alarms) != 1 || len(in.Metrics) != 2 || in.Metrics[1].Component != "mill-db" || !math.IsNaN(in.Metrics[1].Values[0]) || in.Metrics[1].Values[1] != 12 {
		t.Errorf("%+v", in)
	}
	results, err := New().Run(dir)
	for _, want := range []string{"torn/scenario.yml", "torn/aws_rds_events.json"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if len(results) != 3 || results[0].Cases != 2 || results[0].Value != 0 || results[1].Cases != 0 || results[1].Value != 0 {
		t.Errorf("%+v", results)
	}
}
