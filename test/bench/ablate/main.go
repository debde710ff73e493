// Command ablate is a scratch runner while the ranking is tuned.
package main

import (
	"fmt"
	"os"

	"github.com/firefinder/firefinder/test/bench/nezha"
	"github.com/firefinder/firefinder/test/bench/petshop"
	"github.com/firefinder/firefinder/test/bench/rcaalerts"
	"github.com/firefinder/firefinder/test/bench/score"
	"github.com/firefinder/firefinder/test/bench/sockshop"
)

func main() {
	for _, d := range []struct {
		dir string
		set score.Dataset
	}{{"petshop", petshop.New()}, {"rca-alerts", rcaalerts.New()}, {"sockshop-rcd", sockshop.New()}, {"nezha", nezha.New()}} {
		if len(os.Args) > 1 && os.Args[1] != d.set.Name {
			continue
		}
		rs, err := d.set.Run("/work/shared/bench/" + d.dir)
		if err != nil {
			fmt.Println(err)
		}
		for _, r := range rs {
			fmt.Printf("%s %s %s %.3f n=%d %.4fs\n", r.Dataset, r.Split, r.Metric, r.Value, r.Cases, r.SecondsPerCase)
			for _, o := range r.Outcomes {
				if !o.Hit {
					fmt.Printf("   miss %s %.2f\n", o.Case, o.Confidence)
				}
			}
		}
	}
}
