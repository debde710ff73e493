package rootcausebench

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
)

func TestDev(t *testing.T) {
	dir := os.Getenv("RCB")
	if dir == "" {
		return
	}
	all, err := scenarios(dir)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(dir + "/labels.json")
	var labels map[string]label
	json.Unmarshal(data, &labels)
	for _, s := range all {
		if only := os.Getenv("ONLY"); only != "" && only != s.name {
			continue
		}
		in, err := s.load()
		if err != nil {
			t.Fatal(err)
		}
		b := evidence.Analyze(in)
		a := Answer(b)
		l := labels[s.name]
		state := "MISS"
		if same(a, l.Commit) {
			state = "ok"
		}
		for _, d := range l.Decoys {
			if same(a, d) {
				state = "DECOY"
			}
		}
		fmt.Printf("=== %-5s %-40s answer %.8s want %.8s first %v want %s onset %v\n", state, s.name, a, l.Commit, firstFailing(b), l.First, b.Onset)
		if os.Getenv("V") != "" {
			for i, c := range b.Changes {
				if i > 7 {
					break
				}
				mark := ""
				if same(c.Change.ID, l.Commit) {
					mark = "<== CULPRIT"
				}
				fmt.Printf("   %-8s %.3f %.12s %s %s %s %s\n", c.Verdict, c.Score, c.Change.ID, c.Change.Component, c.Change.Time.Format("15:04:05"), c.Change.Title, mark)
				for _, r := range c.Reasons {
					fmt.Printf("        %+.2f %s: %s\n", r.Weight, r.Name, r.Detail)
				}
			}
		}
		if os.Getenv("BRIEF") != "" {
			b.Text(os.Stdout)
		}
	}
}
