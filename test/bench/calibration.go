package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/firefinder/firefinder/test/bench/score"
)

// bins is the number of equal bins of stated confidence.
const bins = 10

// bin is one row of a reliability table.
type bin struct {
	low, high  float64
	cases      int
	confidence float64 // mean of what was stated
	hits       float64 // share that was right
}

// reliability is how far stated confidence can be believed.
type reliability struct {
	bins  []bin   // those with cases
	ece   float64 // expected calibration error: mean distance of confidence and hit rate over bins, weighted by cases
	auroc float64 // chance that a hit was stated with more confidence than a miss, ties half
	cases int
	hits  int
}

// outcomesOf collects the cases of all results.
func outcomesOf(results []score.Result) []score.Outcome {
	var out []score.Outcome
	for _, r := range results {
		out = append(out, r.Outcomes...)
	}
	return out
}

// reliabilityOf sums outcomes up. Sources: expected calibration error of Naeini et al. 2015; AUROC as the Mann-Whitney
// statistic. With no hit or no miss AUROC is NaN.
func reliabilityOf(outcomes []score.Outcome) reliability {
	all := make([]bin, bins)
	r := reliability{cases: len(outcomes)}
	for _, o := range outcomes {
		b := &all[min(max(int(o.Confidence*bins), 0), bins-1)]
		b.cases++
		b.confidence += o.Confidence
		if o.Hit {
			b.hits++
			r.hits++
		}
	}
	for i, b := range all {
		if b.cases == 0 {
			continue
		}
		n := float64(b.cases)
		b.low, b.high, b.confidence, b.hits = float64(i)/bins, float64(i+1)/bins, b.confidence/n, b.hits/n
		r.ece += n / float64(len(outcomes)) * math.Abs(b.confidence-b.hits)
		r.bins = append(r.bins, b)
	}
	r.auroc = auroc(outcomes)
	return r
}

// auroc ranks outcomes by confidence; n log n.
func auroc(outcomes []score.Outcome) float64 {
	sorted := slices.Clone(outcomes)
	slices.SortFunc(sorted, func(a, b score.Outcome) int { return cmp.Compare(a.Confidence, b.Confidence) })
	hits, sum := 0.0, 0.0
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j].Confidence == sorted[i].Confidence {
			j++
		}
		rank := float64(i+j+1) / 2
		for ; i < j; i++ {
			if sorted[i].Hit {
				hits++
				sum += rank
			}
		}
	}
	return (sum - hits*(hits+1)/2) / (hits * (float64(len(sorted)) - hits))
}

// printReliability prints the table; nothing when no dataset stated confidence.
func printReliability(w io.Writer, results []score.Result) {
	outcomes := outcomesOf(results)
	if len(outcomes) == 0 {
		return
	}
	r := reliabilityOf(outcomes)
	fmt.Fprintf(w, "\nStated confidence against hit rate: %d cases, %d hits, expected calibration error %.3f, AUROC %s\n", r.cases, r.hits, r.ece, orNone(r.auroc))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "confidence\tcases\tstated\thit rate\t95 %\t")
	for _, b := range r.bins {
		i := wilson(math.Round(b.hits*float64(b.cases)), float64(b.cases))
		fmt.Fprintf(t, "%.1f..%.1f\t%d\t%.2f\t%.2f\t%.2f..%.2f\t\n", b.low, b.high, b.cases, b.confidence, b.hits, i.low, i.high)
	}
	t.Flush()
	fmt.Fprintln(w)
	fmt.Fprintln(t, "dataset\tcases\tstated\thit rate\tAUROC\t")
	names, each := perDataset(results)
	for i, d := range each {
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f\t%s\t\n", names[i], d.cases, d.stated(), float64(d.hits)/float64(d.cases), orNone(d.auroc))
	}
	t.Flush()
}

// perDataset sums up each dataset alone, in order of appearance: confidence must separate hits from misses within one, not
// only tell easy datasets from hard ones.
func perDataset(results []score.Result) (names []string, each []reliability) {
	byName := map[string][]score.Outcome{}
	for _, r := range results {
		if len(r.Outcomes) > 0 && byName[r.Dataset] == nil {
			names = append(names, r.Dataset)
		}
		byName[r.Dataset] = append(byName[r.Dataset], r.Outcomes...)
	}
	for _, n := range names {
		each = append(each, reliabilityOf(byName[n]))
	}
	return names, each
}

// stated is the mean confidence.
func (r reliability) stated() float64 {
	sum := 0.0
	for _, b := range r.bins {
		sum += b.confidence * float64(b.cases)
	}
	return sum / float64(max(r.cases, 1))
}

// orNone writes a number, or a dash where there is none.
func orNone(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.3f", v)
}

// printOutcomes writes one line of CSV for each case, for fitting confidence on principle.
func printOutcomes(w io.Writer, results []score.Result) {
	fmt.Fprintln(w, "dataset,split,case,confidence,hit")
	for _, r := range results {
		for _, o := range r.Outcomes {
			hit := 0
			if o.Hit {
				hit = 1
			}
			fmt.Fprintf(w, "%s,%s,%q,%.6f,%d\n", r.Dataset, r.Split, o.Case, o.Confidence, hit)
		}
	}
}
