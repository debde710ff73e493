package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/firefinder/firefinder/test/bench/score"
)

// printTable prints every result with its interval and the published numbers, then what is missing and what failed.
func printTable(w io.Writer, r run) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "dataset\tsplit\tmetric\tours\t95 %\tcases\ts/case\tpublished")
	for _, x := range r.results {
		fmt.Fprintln(t, strings.Join(append(cells(x), published(x)), "\t"))
	}
	t.Flush()
	for _, s := range r.skipped {
		fmt.Fprintf(w, "skipped: %s (no folder of that name in the data)\n", s)
	}
	for _, err := range r.unread {
		fmt.Fprintf(w, "unreadable, counted as missed: %v\n", err)
	}
	for _, err := range r.failed {
		fmt.Fprintf(w, "failed: %v\n", err)
	}
}

// cells are the columns of a result up to the published numbers.
func cells(x score.Result) []string {
	between := "-"
	if i := intervalOf(x); i.known {
		between = short(i.low) + ".." + short(i.high)
	}
	return []string{x.Dataset, x.Split, x.Metric, short(x.Value), between, strconv.Itoa(x.Cases), seconds(x.SecondsPerCase)}
}

func published(x score.Result) string {
	var out []string
	for _, p := range x.Published {
		out = append(out, short(p.Value)+" "+p.Name)
	}
	return strings.Join(out, "; ")
}

// short writes a number with three digits that matter.
func short(v float64) string {
	if v >= 10 || v <= -10 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func seconds(s float64) string {
	if s > 0 && s < 0.0001 {
		return "<0.0001"
	}
	return strconv.FormatFloat(s, 'f', 4, 64)
}
