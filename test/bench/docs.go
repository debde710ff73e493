package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
)

// The ablation table is written by the ablation tool between these lines; this runner keeps what stands there.
const (
	ablationBegin = "<!-- ablation: begin -->"
	ablationEnd   = "<!-- ablation: end -->"
	ablationNone  = "Not measured yet."
)

// writeDocs writes the results as a page of the documentation.
func writeDocs(file string, r run) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var b bytes.Buffer
	page(&b, r, costs(), ablationOf(string(old)))
	return os.WriteFile(file, b.Bytes(), 0o644)
}

// ablationOf is what an earlier page holds between the ablation lines.
func ablationOf(page string) string {
	_, rest, ok := strings.Cut(page, ablationBegin)
	inner, _, closed := strings.Cut(rest, ablationEnd)
	if !ok || !closed || strings.TrimSpace(inner) == "" {
		return ablationNone
	}
	return strings.TrimSpace(inner)
}

// page writes the whole page.
func page(w io.Writer, r run, costs []cost, ablation string) {
	fmt.Fprint(w, `# Benchmarks of the evidence engine

What the engine finds without a model, on public incident data that others collected. The page is written by
`+"`make bench-rca`"+`; the numbers are measured, never edited.

## Results

Intervals are 95 %: Wilson's for shares of cases, a bootstrap over cases for means. They are wide because the datasets are
small: a difference within them means little. Published numbers are the authors' own, on the data named beside each; they
often had more cases, more modalities or a threshold fitted to the data, so read them as a landmark. Every case counts; an
empty answer is a miss. Each dataset is scored by its own metric, with strict ranks.

`)
	resultRows(w, r)
	fmt.Fprint(w, `
## Confidence

A brief states how likely its first cause is right. This table compares what was stated with what was hit, over all
incident datasets, by each dataset's own top-1 metric.

`)
	reliabilityRows(w, r)
	fmt.Fprintf(w, "\n## What each part brings\n\n%s\n%s\n%s\n", ablationBegin, ablation, ablationEnd)
	fmt.Fprint(w, `
## Cost

Made-up data at three sizes, best of three on the machine that wrote this page. The last column stays level, or falls, when
cost is linear.

| part | size | time | ns each |
|---|---:|---:|---:|
`)
	for _, c := range costs {
		fmt.Fprintf(w, "| %s | %d %s | %.1f ms | %.0f |\n", c.part, c.size, c.unit, float64(c.spent.Microseconds())/1000, c.perUnit())
	}
	fmt.Fprint(w, reproduce)
}

const reproduce = `
## Notes on single results

- nab: the other detectors' numbers come with a threshold that was chosen on the scored data, as that benchmark does. Ours
  is the engine's one threshold. The detector's few constants were chosen on the series named here, in round numbers.
- tcpd: one setting for all series, compared with the other methods' default settings.
- loghub-2k: one setting for all systems and no expression written for any of them; most published numbers used some.
- Constants of the engine are stated once, beside the method that uses them, and hold for every dataset.

## Reproduce

The data is not part of the repository. Put the datasets below one folder, one folder each, named as in the table, and run

    make bench-rca DATA=<folder>
    go run ./test/bench -data <folder> -only petshop,nezha -out results.json
    go run ./test/bench -data <folder> -explain petshop/<case>
    go run ./test/bench -data <folder> -calibration

Archives and cases are discovered, so other cases of the same datasets can take the place of these. Loaders only translate
files into the engine's input; labels are opened by scorers alone, and no name from any dataset occurs in the engine's
code. A test enforces both.
`

func resultRows(w io.Writer, r run) {
	fmt.Fprint(w, "| dataset | split | metric | ours | 95 % | cases | s a case | published |\n|---|---|---|---:|---|---:|---:|---|\n")
	for _, x := range r.results {
		fmt.Fprintf(w, "| %s | %s |\n", strings.Join(cells(x), " | "), published(x))
	}
	for _, s := range r.skipped {
		fmt.Fprintf(w, "\nNot measured: %s (no folder of that name in the data).\n", s)
	}
	for _, err := range r.failed {
		fmt.Fprintf(w, "\nFailed: %v\n", err)
	}
}

func reliabilityRows(w io.Writer, r run) {
	outcomes := outcomesOf(r.results)
	if len(outcomes) == 0 {
		fmt.Fprintln(w, "No incident dataset was measured.")
		return
	}
	c := reliabilityOf(outcomes)
	fmt.Fprintf(w, "%d cases, %d hits. Expected calibration error %.3f; AUROC of hit against miss %.3f.\n\n", c.cases, c.hits, c.ece, c.auroc)
	fmt.Fprint(w, "| stated | cases | mean stated | hit rate | 95 % |\n|---|---:|---:|---:|---|\n")
	for _, b := range c.bins {
		i := wilson(math.Round(b.hits*float64(b.cases)), float64(b.cases))
		fmt.Fprintf(w, "| %.1f to %.1f | %d | %.2f | %.2f | %.2f to %.2f |\n", b.low, b.high, b.cases, b.confidence, b.hits, i.low, i.high)
	}
}
