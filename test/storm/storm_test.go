package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A small storm: every alarm is decided and stored, the webhook asks the store once for each, triage less than once, and
// no investigation is opened for what a storm covers.
func TestSmallStorm(t *testing.T) {
	o := options{services: 50, rate: 5000, connections: 16}
	for _, synced := range []bool{false, true} {
		r, err := measure(t.Context(), o, 500, synced)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []pass{r.open, r.flood} {
			if p.lost != 0 || p.refused != 0 || p.door != 1 || p.judge <= 0 || p.judge >= 1 || p.started == 0 {
				t.Errorf("synced %v: %+v", synced, p)
			}
			if p.p50 <= 0 || p.p99 < p.p50 || p.due99 < p.p50 || p.rate <= 0 {
				t.Errorf("synced %v, times: %+v", synced, p)
			}
		}
	}
}

// The page keeps what others wrote, and a second run replaces the first one's part.
func TestDocs(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "benchmarks.md")
	if err := os.WriteFile(file, []byte("# Page\n\ntheirs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := results{machine: "first", ours: []result{{size: 1000}, {size: 1000, synced: true}}}
	for _, r.machine = range []string{"first", "second"} {
		if err := writeDocs(options{docs: dir}, r); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(page); !strings.Contains(s, "theirs") || strings.Contains(s, "first.") || !strings.Contains(s, "second.") || strings.Count(s, begin) != 1 {
		t.Errorf("%s", s)
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "storm.svg")); err != nil || !strings.HasSuffix(string(svg), "</svg>\n") {
		t.Errorf("plot: %v", err)
	}
}
