package evidence_test

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/nezha"
	"github.com/firefinder/firefinder/test/bench/petshop"
	"github.com/firefinder/firefinder/test/bench/rcaalerts"
	"github.com/firefinder/firefinder/test/bench/score"
	"github.com/firefinder/firefinder/test/bench/sockshop"
)

var data = flag.String("data", "", "folder with the public datasets, to measure what each argument is worth on them")

// Every argument must be needed: it finds a cause that the others do not. With -data the worth of each on the public
// datasets is printed too:
//
//	go test ./shared/evidence -run TestAblation -v -data /absolute/path/to/bench
func TestAblation(t *testing.T) {
	cases := evidence.Synthetic()
	for _, name := range evidence.ArgumentNames() {
		c, ok := cases[name]
		if !ok {
			t.Errorf("no synthetic case needs %s", name)
			continue
		}
		if b := evidence.Analyze(c.In); len(b.Causes) == 0 || b.Causes[0].Component != c.Cause {
			t.Errorf("%s: causes %+v, want %s first", name, b.Causes, c.Cause)
		}
		if b := evidence.AnalyzeWithout(c.In, name); len(b.Causes) > 0 && b.Causes[0].Component == c.Cause {
			t.Errorf("%s: found without it as well", name)
		}
	}
	if *data != "" {
		worth(t)
	}
}

// worth prints the headline metrics of each dataset, whole and in halves, with everything and without each argument.
func worth(t *testing.T) {
	for _, without := range append([]string{""}, evidence.ArgumentNames()...) {
		analyze := func(in evidence.Input) evidence.Brief { return evidence.AnalyzeWithout(in, without) }
		for _, d := range []struct {
			dir string
			run func(string, func(evidence.Input) evidence.Brief) ([]score.Result, error)
		}{{"petshop", petshop.Run}, {"nezha", nezha.Run}, {"rca-alerts", rcaalerts.Run}, {"sockshop-rcd", sockshop.Run}} {
			results, err := d.run(filepath.Join(*data, d.dir), analyze)
			if err != nil {
				t.Error(err)
			}
			for _, r := range results {
				if len(r.Outcomes) == 0 && r.Metric != "specificity" {
					continue
				}
				odd, even := halves(r.Outcomes)
				t.Logf("without %-8s %-13s %-28s %-11s %.3f  (halves %.3f %.3f, %d cases)", without, r.Dataset, r.Split, r.Metric, r.Value, odd, even, r.Cases)
			}
		}
	}
}

// halves are the hit rates of the cases with odd and even numbers.
func halves(outcomes []score.Outcome) (odd, even float64) {
	var hit, n [2]float64
	for i, o := range outcomes {
		n[i%2]++
		if o.Hit {
			hit[i%2]++
		}
	}
	return hit[1] / max(n[1], 1), hit[0] / max(n[0], 1)
}
