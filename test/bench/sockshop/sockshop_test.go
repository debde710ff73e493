package sockshop

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

func TestShapeDoesNotMatterAndEveryCaseCounts(t *testing.T) {
	dir := t.TempDir()
	table := "time,mill-db_cpu,mill_lat_50,door_mem\n1,5,1,2000000\n2,,1,3000000\n"
	for file, files := range map[string]map[string]string{
		"a.zip": {"data/mill-cpu/1/normal.csv": table, "data/mill-cpu/1/anomalous.csv": table, "data/mill-cpu/3/anomalous.csv": "x\n"},
		"b.zip": {"mill-cpu/2/anomalous.csv": "\ufefftime,door_mem,mill-db_cpu\r\n1,2000000,5\r\n2,3000000\r\n", "mill-cpu/2/normal.csv": table},
	} {
		if err := archive.Write(filepath.Join(dir, file), files); err != nil {
			t.Fatal(err)
		}
	}
	cases, err := load(dir)
	if err == nil || !strings.Contains(err.Error(), "mill-cpu/3") || len(cases) != 3 {
		t.Fatalf("%d cases, error %v", len(cases), err)
	}
	byName := cmpopts.SortSlices(func(a, b evidence.Series) bool { return a.Component < b.Component })
	if diff := cmp.Diff(cases[0].input, cases[2].input, cmpopts.EquateNaNs(), byName); diff != "" || len(cases[0].input.Metrics) != 2 || cases[0].cause != "mill" {
		t.Error(diff, cases[0])
	}
	results, _ := Run(dir, func(in evidence.Input) evidence.Brief {
		if len(in.Metrics) == 0 {
			return evidence.Brief{}
		}
		return evidence.Brief{Causes: []evidence.Cause{{Component: "door"}, {Component: "mill-db"}}}
	})
	if len(results) != 2 || results[0].Cases != 3 || results[0].Value != 0 || results[1].Value < 0.53 || results[1].Value > 0.54 {
		t.Errorf("%+v", results)
	}
}
