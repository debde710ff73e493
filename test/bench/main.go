// Command bench scores the evidence engine on public datasets and prints one table: our number with its confidence
// interval, the published numbers beside it, cases and seconds per case.
//
//	go run ./test/bench -data DIR [-only a,b] [-out file.json] [-docs docs/benchmarks.md] [-calibration]
//	go run ./test/bench -data DIR -explain dataset/case
//
// DIR holds one folder for each dataset, named as in the table; archives and cases in it are discovered. A folder that
// is missing is named and left out; one that cannot be scored at all is an error, after the rest was. Cases that cannot be
// read are named and counted as misses.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/firefinder/firefinder/test/bench/score"
)

// options are the flags.
type options struct {
	data, only, explain, out, docs string
	calibration                    bool
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "../shared/bench", "folder with one folder for each dataset")
	flag.StringVar(&o.only, "only", "", "score only these datasets (comma separated)")
	flag.StringVar(&o.explain, "explain", "", "print the brief of one case, dataset/case")
	flag.StringVar(&o.out, "out", "", "write the results as JSON to this file")
	flag.StringVar(&o.docs, "docs", "", "write the results as Markdown to this file")
	flag.BoolVar(&o.calibration, "calibration", false, "print confidence and hit of every case as CSV instead of the table")
	flag.Parse()
	if err := start(o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// start does what the options ask for.
func start(o options, stdout, stderr io.Writer) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: name cases with -explain, datasets with -only", flag.Arg(0))
	}
	if info, err := os.Stat(o.data); err != nil || !info.IsDir() {
		return fmt.Errorf("no folder %s: pass the benchmark data with -data (it is not part of the repository)", o.data)
	}
	if o.explain != "" {
		return explain(datasets(), o.data, o.explain, stdout)
	}
	chosen, err := choose(datasets(), o.only)
	if err != nil {
		return err
	}
	r := runAll(chosen, o.data, func(name string) { fmt.Fprintln(stderr, "scoring", name) })
	if o.calibration {
		printOutcomes(stdout, r.results)
		return errors.Join(r.failed...)
	}
	printTable(stdout, r)
	printReliability(stdout, r.results)
	return errors.Join(append(r.failed, write(o, r))...)
}

// write writes the files that were asked for.
func write(o options, r run) error {
	var failed []error
	if o.out != "" {
		failed = append(failed, writeJSON(o.out, r.results))
	}
	if o.docs != "" {
		failed = append(failed, writeDocs(o.docs, r))
	}
	return errors.Join(failed...)
}

// writeJSON writes the results; no published number is an empty list, never null.
func writeJSON(file string, results []score.Result) error {
	rows := slices.Clone(results)
	for i := range rows {
		if rows[i].Published == nil {
			rows[i].Published = []score.Published{}
		}
	}
	if rows == nil {
		rows = []score.Result{}
	}
	data, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return fmt.Errorf("encode results: %w", err)
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}
