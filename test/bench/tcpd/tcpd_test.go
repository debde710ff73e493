package tcpd

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/test/bench/archive"
)

func TestF1(t *testing.T) {
	truth := map[string][]int{"a": {50}, "b": {50, 80}}
	cases := []struct {
		name  string
		found []int
		want  float64
	}{
		{"all, within the margin", []int{53, 78}, 1},
		{"nothing", nil, 2 * 1 * (5.0 / 12) / (1 + 5.0/12)},                         // index 0 alone: recall 1/2 and 1/3
		{"one beyond the margin", []int{56}, 2 * 0.5 * (5.0 / 12) / (0.5 + 5.0/12)}, // precision 1/2
		{"two for one", []int{48, 52, 80}, 2 * 0.75 * 1 / (0.75 + 1)},               // each used once
		{"index 0 is free", []int{0}, 2 * 1 * (5.0 / 12) / (1 + 5.0/12)},
	}
	for _, c := range cases {
		if got := F1(truth, c.found); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCover(t *testing.T) {
	truth := map[string][]int{"a": {50}}
	if got := Cover(truth, []int{50}, 100); math.Abs(got-1) > 1e-9 {
		t.Errorf("exact: %v", got)
	}
	if got := Cover(truth, nil, 100); math.Abs(got-0.5) > 1e-9 {
		t.Errorf("nothing found: %v, want each half covered by half", got)
	}
}

func TestParse(t *testing.T) {
	got, err := parse([]byte(`{"series":[{"raw":[1,null,3]},{"raw":[4,5,6]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !math.IsNaN(got[0][1]) {
		t.Errorf("%v", got)
	}
	if diff := cmp.Diff([]int{0, 3}, segments([]int{3}, 6)[0][:]); diff != "" {
		t.Error(diff)
	}
	if _, err := parse([]byte(`{}`)); err == nil {
		t.Error("a document without series is no error")
	}
}

func TestUnreadableSeriesScoresNothing(t *testing.T) {
	dir := t.TempDir()
	step := strings.TrimSuffix(strings.Repeat("1,", 50)+strings.Repeat("9,", 50), ",")
	err := archive.Write(filepath.Join(dir, "any.zip"), map[string]string{"step/step.json": `{"name":"step","series":[{"raw":[` + step + `]}]}`, "step/notes.json": `[]`,
		"torn/torn.json": `{"series":`, "extra/extra.json": `{"series":[{"raw":[1,2]}]}`, "empty/empty.json": `{"series":[{"raw":[]}]}`})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "annotations.json"), []byte(`{"step":{"6":[50],"7":[50]},"torn":{"6":[3]},"empty":{"6":[]}}`), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	results, err := Run(dir, func([]float64) []int { return []int{50} })
	if err == nil || !strings.Contains(err.Error(), "torn.json") || !strings.Contains(err.Error(), "annotations for series extra") {
		t.Errorf("error %v", err)
	}
	if len(results) != 2 || results[0].Cases != 3 || math.Abs(results[0].Value-1.0/3) > 1e-9 || math.Abs(results[1].Value-1.0/3) > 1e-9 {
		t.Errorf("%+v", results)
	}
}
