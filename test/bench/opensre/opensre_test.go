package opensre

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
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

func archive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "whatever.zip"))
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for name, text := range files {
		part, err := w.Create(name)
		if err == nil {
			_, err = part.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRunScoresDiscoveredScenarios(t *testing.T) {
	results, err := New().Run(archive(t))
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
	in, _, err := New().Case(archive(t), "eks/sick")
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
