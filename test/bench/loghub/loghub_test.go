package loghub

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/test/bench/archive"
)

func TestGroupingAccuracy(t *testing.T) {
	events := strings.Fields("a a b b c")
	cases := []struct {
		name   string
		groups []int
		want   float64
	}{
		{"exact", []int{1, 1, 2, 2, 3}, 1},
		{"one split", []int{1, 4, 2, 2, 3}, 0.6},
		{"two joined", []int{1, 1, 1, 1, 3}, 0.2},
		{"all one", []int{1, 1, 1, 1, 1}, 0},
	}
	for _, c := range cases {
		if got := GroupingAccuracy(c.groups, events); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	err := archive.Write(filepath.Join(dir, "any.zip"), map[string]string{
		"x/Mill/Mill_2k.log_structured.csv":   "\ufeffEventId,LineId,Content\r\nE1,1,\"a, b\"\r\nE2,2,c\r\n",
		"x/Sieve/Sieve_2k.log_structured.csv": "LineId,Text\n1,a\n",
		"x/Mill/Mill_2k.log_templates.csv":    "EventId,EventTemplate\n"})
	if err != nil {
		t.Fatal(err)
	}
	systems, err := Load(dir)
	if err == nil || !strings.Contains(err.Error(), "Sieve") {
		t.Errorf("error %v, want one that names the system without lines", err)
	}
	if diff := cmp.Diff([]System{{Name: "Mill", Lines: []string{"a, b", "c"}, Events: []string{"E1", "E2"}}, {Name: "Sieve"}}, systems); diff != "" {
		t.Error(diff)
	}
	results, _ := run(dir)
	if len(results) != 4 || results[0].Cases != 2 || results[0].Value != 0.5 {
		t.Errorf("%+v", results)
	}
}
