// Package sockshop loads and scores the Sock Shop cases of RCD (Ikram et al., NeurIPS 2022): metrics alone, before and
// after an injection. The data is saturated; it is a regression test.
package sockshop

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
	"github.com/firefinder/firefinder/test/bench/score"
)

// injection is one case: the input, and apart from it what only the scorer may read.
type injection struct {
	id    string
	input evidence.Input
	cause string
}

// New returns the dataset.
func New() score.Dataset {
	return score.Dataset{
		Name: "sockshop-rcd",
		Run:  func(dir string) ([]score.Result, error) { return Run(dir, evidence.Analyze) },
		Case: Case,
	}
}

// Case returns the input of one injection.
func Case(dir, id string) (evidence.Input, []string, error) {
	cases, err := load(dir)
	var names []string
	for _, c := range cases {
		if c.id == id {
			return c.input, nil, err
		}
		names = append(names, c.id)
	}
	return evidence.Input{}, names, err
}

// Run scores every injection. What cannot be read is named in the error.
func Run(dir string, analyze func(evidence.Input) evidence.Brief) ([]score.Result, error) {
	cases, err := load(dir)
	if len(cases) == 0 {
		return nil, err
	}
	var sum, first float64
	var spent time.Duration
	var outcomes []score.Outcome
	for _, c := range cases {
		began := time.Now()
		b := analyze(c.input)
		spent += time.Since(began)
		at := slices.Index(services(b.Causes), c.cause)
		if at >= 0 && at < 5 {
			sum += float64(5-at) / 5 // the mean of AC@1 .. AC@5
		}
		if at == 0 {
			first++
		}
		outcomes = append(outcomes, score.Outcome{Case: c.id, Hit: at == 0, Confidence: b.Confidence})
	}
	n := float64(len(cases))
	per := spent.Seconds() / n
	return []score.Result{
		{Dataset: "sockshop-rcd", Split: "all", Metric: "AC@1", Value: first / n, Cases: len(cases), SecondsPerCase: per, Outcomes: outcomes},
		{Dataset: "sockshop-rcd", Split: "all", Metric: "Avg@5", Value: sum / n, Cases: len(cases), SecondsPerCase: per,
			Published: []score.Published{{Name: "BARO (ASE 2024, Table 5)", Value: .99}, {Name: "NSigma (same)", Value: .985}, {Name: "CausalRCA (same)", Value: .84}, {Name: "RCD (same)", Value: .645}}},
	}, err
}

// services is the dataset's rule: the service of each cause, databases counted as their service, duplicates dropped.
func services(causes []evidence.Cause) []string {
	var out []string
	for _, c := range causes {
		if s := strings.ReplaceAll(c.Component, "-db", ""); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// load reads every case of every archive. A table that cannot be read is named in the error; its case keeps what is left.
func load(dir string) ([]injection, error) {
	zips, err := archive.Open(dir)
	failed := []error{err}
	var out []injection
	for _, z := range zips {
		defer z.Close()
		for _, name := range z.Names(func(n string) bool { return path.Base(n) == "anomalous.csv" }) {
			c, err := loadCase(z, path.Dir(name))
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", name, err))
			}
			out = append(out, c)
		}
	}
	if err = errors.Join(failed...); err == nil && len(out) == 0 {
		err = fmt.Errorf("no anomalous.csv in any archive of %s: see its README for the layout", dir)
	}
	return out, err
}

func loadCase(z archive.Zip, root string) (injection, error) {
	folder := path.Base(path.Dir(root))
	c := injection{id: folder + "/" + path.Base(root), cause: folder[:max(0, strings.LastIndex(folder, "-"))]}
	reference := &evidence.Telemetry{}
	_, failed := read(z, path.Join(root, "normal.csv"), reference)
	if len(reference.Metrics) > 0 {
		c.input.Reference = reference
	}
	times, err := read(z, path.Join(root, "anomalous.csv"), &c.input.Telemetry)
	if len(times) > 0 {
		at := func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
		c.input.Window = evidence.Window{From: at(slices.Min(times)), To: at(slices.Max(times)), Start: at(slices.Min(times))}
	}
	return c, errors.Join(failed, err)
}

// read appends a table's columns as series, under the dataset's rule for which columns and units to use, and returns its
// times. The normal table is a recording of its own, in some cases later than the anomalous one: a reference.
func read(z archive.Zip, name string, into *evidence.Telemetry) ([]int64, error) {
	t, err := z.Table(name)
	cell, missing := t.Columns("time")
	var times []int64
	var kept [][]string
	for _, r := range t.Rows {
		if sec, err := strconv.ParseFloat(cell(r, "time"), 64); err == nil {
			times, kept = append(times, int64(sec*1000)), append(kept, r)
		}
	}
	for _, column := range t.Head {
		component, metric, ok := strings.Cut(column, "_")
		if !ok || metric == "lat_50" || metric == "lat_99" {
			continue
		}
		s := evidence.Series{Component: component, Metric: metric, Times: times}
		for _, r := range kept {
			v, err := strconv.ParseFloat(cell(r, column), 64)
			if err != nil {
				v = math.NaN()
			}
			if metric == "mem" {
				v /= 1e6
			}
			s.Values = append(s.Values, v)
		}
		into.Metrics = append(into.Metrics, s)
	}
	return times, errors.Join(err, missing)
}
