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

// Parts of the page are written by others, between lines "<!-- name: begin -->" and "<!-- name: end -->": the ablation
// table by its tool, the remarks by people, the alarm storms by test/storm. This runner keeps what stands there.
const (
	ablation = "ablation"
	remarks  = "remarks"
	storm    = "storm"
	nothing  = "Nothing yet."
)

// writeDocs writes the results as a page of the documentation.
func writeDocs(file string, r run) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var b bytes.Buffer
	page(&b, r, costs(), string(old))
	return os.WriteFile(file, b.Bytes(), 0o644)
}

// kept is the named part of an earlier page.
func kept(page, name string) string {
	_, rest, ok := strings.Cut(page, begin(name))
	inner, _, closed := strings.Cut(rest, end(name))
	if !ok || !closed || strings.TrimSpace(inner) == "" {
		return nothing
	}
	return strings.TrimSpace(inner)
}

func begin(name string) string { return "<!-- " + name + ": begin -->" }
func end(name string) string   { return "<!-- " + name + ": end -->" }

// keep writes a named part of the old page again.
func keep(w io.Writer, title, name, old string) {
	fmt.Fprintf(w, "\n## %s\n\n%s\n%s\n%s\n", title, begin(name), kept(old, name), end(name))
}

// page writes the whole page, with the parts of the old one that are kept.
func page(w io.Writer, r run, costs []cost, old string) {
	fmt.Fprint(w, `# Benchmarks of the evidence engine

What the engine finds without a model, on public incident data that others collected. The page is written by
`+"`make bench-rca`"+`; the numbers are measured, never edited; only "What each part brings" and "What stands in the way" are added to it.

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
	keep(w, "What each part brings", ablation, old)
	keep(w, "What stands in the way", remarks, old)
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
	keep(w, "Alarm storms", storm, old)
}

const reproduce = `
## Notes on single results

- nab: the other detectors' numbers come with a threshold that was chosen on the scored data, as that benchmark does. Ours
  is the engine's one threshold.
- tcpd: one setting for all series, compared with the other methods' default settings.
- loghub-2k: one setting for all systems and no expression written for any of them; most published numbers used some.
- The constants behind these three were chosen with these series and lines in view, in round numbers. Expect somewhat less
  on others; "What stands in the way" says how much hangs on each.
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
	fmt.Fprintf(w, "%d cases, %d hits. Expected calibration error %.3f; AUROC of hit against miss %s.\n\n", c.cases, c.hits, c.ece, orNone(c.auroc))
	fmt.Fprint(w, "| stated | cases | mean stated | hit rate | 95 % |\n|---|---:|---:|---:|---|\n")
	for _, b := range c.bins {
		i := wilson(math.Round(b.hits*float64(b.cases)), float64(b.cases))
		fmt.Fprintf(w, "| %.1f to %.1f | %d | %.2f | %.2f | %.2f to %.2f |\n", b.low, b.high, b.cases, b.confidence, b.hits, i.low, i.high)
	}
	fmt.Fprint(w, "\n| dataset | cases | mean stated | hit rate | AUROC |\n|---|---:|---:|---:|---:|\n")
	names, each := perDataset(r.results)
	for i, d := range each {
		fmt.Fprintf(w, "| %s | %d | %.2f | %.2f | %s |\n", names[i], d.cases, d.stated(), float64(d.hits)/float64(d.cases), orNone(d.auroc))
	}
}
