package rcaalerts

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

func system1() map[string]string {
	return map[string]string{
		"label.csv":            "fault_id,fault_level,fault_entity,fault_type\n2,service,mill,x\n1,service_instance,mill-0,y\n3,node,n1,z\n4,pod,gone-0,z\n",
		"metric/metrics.json":  `{"1":[["1700000000000","mill-0",null,"cpu","up"]],"2":[[1700000600000,"mill2-1","n1","cpu","up"],["1700000500000","door",null,"rt","down","extra"]]}`,
		"log/logs.json":        `{"3":[["n1","17",["08:00 disk"],null,null],["n1","17"]]}`,
		"knowledge-graph.json": `{"nodes":[{"id":"mill"}],"edges":[{"source":"door","target":"mill","label":"control_flow","weight":1}]}`,
	}
}

func folder(t *testing.T, archives ...map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for i, files := range archives {
		if err := archive.Write(filepath.Join(dir, fmt.Sprintf("part%d.zip", i)), files); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func below(root string, files map[string]string) map[string]string {
	out := map[string]string{}
	for n, text := range files {
		out[root+"/"+n] = text
	}
	return out
}

func TestShapeDoesNotMatter(t *testing.T) {
	plain, err := load(folder(t, below("A", system1())))
	if err != nil {
		t.Fatal(err)
	}
	rest := system1()
	rest["label.csv"] = "\ufefffault_entity,note,fault_id,fault_level\r\nmill,\"a, b\",2,service\r\nmill-0,,1,service_instance\r\nn1,,3,node\r\ngone-0,,4,pod\r\n"
	first := map[string]string{"x/A/metric/metrics.json": rest["metric/metrics.json"]}
	delete(rest, "metric/metrics.json")
	other, err := load(folder(t, first, below("x/A", rest), below("y/B", map[string]string{"label.csv": "fault_id,fault_level,fault_entity\n1,pod,p\n"})))
	if err != nil || len(other) != 2 {
		t.Fatalf("%d systems, %v", len(other), err)
	}
	if diff := cmp.Diff(plain[0], other[0], cmp.AllowUnexported(system{}, fault{})); diff != "" {
		t.Error(diff)
	}
}

// Only what fired before a fault is its history; what has no time is in nobody's.
func TestHistoryIsThePast(t *testing.T) {
	systems, err := load(folder(t, system1()))
	if err != nil {
		t.Fatal(err)
	}
	s := systems[0]
	if s.name != "part0" || len(s.faults) != 4 || s.faults[0].id != "part0/1" || s.faults[1].id != "part0/2" {
		t.Fatalf("%+v", s)
	}
	for i, want := range []int{0, 1, 0, 0} {
		if got := len(s.faults[i].input.History); got != want {
			t.Errorf("fault %s has %d episodes of history, want %d", s.faults[i].id, got, want)
		}
	}
	if a := s.faults[1].input.Alarms; a[0].Component != "door" || a[1].Host != "n1" {
		t.Errorf("alarms %+v", a)
	}
}

func TestEveryFaultCounts(t *testing.T) {
	damaged := system1()
	damaged["trace/traces.json"] = `{"2":[["1700000600000","door"],["1700000700000","door","mill2-1","grind","500"]]}`
	damaged["knowledge-graph.json"] = `{"edges":`
	results, err := Run(folder(t, below("A", damaged)), func(in evidence.Input) evidence.Brief {
		b := evidence.Brief{}
		for _, a := range in.Alarms {
			b.Causes = append(b.Causes, evidence.Cause{Component: a.Component})
		}
		return b
	})
	for _, want := range []string{"fault 2", "label.csv"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	if len(results) == 0 || results[0].Cases != 4 || results[0].Value != 0.5 || results[1].Value != 0.75 {
		t.Errorf("%+v", results)
	}
	for _, r := range results {
		if math.IsNaN(r.Value) {
			t.Errorf("%s %s is no number", r.Split, r.Metric)
		}
	}
}
