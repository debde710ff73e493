package opensre

import (
	"fmt"
	"os"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
)

func TestDev(t *testing.T) {
	dir := os.Getenv("OSRE")
	if dir == "" {
		return
	}
	all, err := scenarios(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if only := os.Getenv("ONLY"); only != "" && only != s.name {
			continue
		}
		in, err := s.load()
		if err != nil {
			t.Fatal(err)
		}
		b := evidence.Analyze(in)
		state := "MISS"
		if Mode(b) == s.mode {
			state = "ok"
		}
		fmt.Printf("=== %-5s %-50s got %s want %s (%s %.2f)\n", state, s.name, Mode(b), s.mode, b.Outcome, b.Confidence)
		if os.Getenv("V") != "" {
			for i, c := range b.Causes {
				if i > 4 {
					break
				}
				fmt.Printf("   %.2f %s %s\n", c.Score, c.Component, c.Category)
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
