package nab

import (
	"fmt"
	"os"
	"testing"
)

func TestDev(t *testing.T) {
	dir := "/work/shared/bench/nab"
	all, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	win, _ := Windows(dir)
	for _, th := range []float64{0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8} {
		var sum Tally
		for _, s := range all {
			r := Rate(s, win[s.Name], Scores(s), th)
			sum = sum.add(r)
			if th == 0.5 && os.Getenv("V") != "" {
				fmt.Printf("  %-60s %6.1f found %d/%d false %d\n", s.Name, Normal(r.Score, r.Windows), r.Found, r.Windows, r.False)
			}
		}
		fmt.Printf("th %.2f score %.2f found %d/%d false %d\n", th, Normal(sum.Score, sum.Windows), sum.Found, sum.Windows, sum.False)
	}
}
