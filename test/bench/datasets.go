package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/firefinder/firefinder/test/bench/loghub"
	"github.com/firefinder/firefinder/test/bench/nab"
	"github.com/firefinder/firefinder/test/bench/nezha"
	"github.com/firefinder/firefinder/test/bench/opensre"
	"github.com/firefinder/firefinder/test/bench/petshop"
	"github.com/firefinder/firefinder/test/bench/rcaalerts"
	"github.com/firefinder/firefinder/test/bench/rootcausebench"
	"github.com/firefinder/firefinder/test/bench/score"
	"github.com/firefinder/firefinder/test/bench/sockshop"
	"github.com/firefinder/firefinder/test/bench/tcpd"
)

// datasets is what exists, in the order in which it is reported: incidents first. A dataset's folder has its name.
func datasets() []score.Dataset {
	return []score.Dataset{
		petshop.New(), nezha.New(), rootcausebench.New(), rcaalerts.New(), opensre.New(), sockshop.New(),
		nab.New(), tcpd.New(), loghub.New(),
	}
}

// choose keeps the datasets that only names (comma separated; empty: all), in their own order.
func choose(all []score.Dataset, only string) ([]score.Dataset, error) {
	if only == "" {
		return all, nil
	}
	wanted := strings.Split(only, ",")
	for i := range wanted {
		wanted[i] = strings.TrimSpace(wanted[i])
		if !slices.ContainsFunc(all, func(d score.Dataset) bool { return d.Name == wanted[i] }) {
			return nil, fmt.Errorf("no dataset %q: choose from %s", wanted[i], strings.Join(names(all), ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(d score.Dataset) bool { return !slices.Contains(wanted, d.Name) }), nil
}

func names(all []score.Dataset) []string {
	out := make([]string, len(all))
	for i, d := range all {
		out[i] = d.Name
	}
	return out
}

// run is what came of the chosen datasets.
type run struct {
	results []score.Result
	skipped []string // folders that are not there
	failed  []error  // folders that are there but could not be scored
	unread  []error  // parts of scored folders that could not be read: their cases were counted as misses
}

// runAll scores every dataset whose folder exists below data. What is missing or broken is kept to be shown.
func runAll(chosen []score.Dataset, data string, progress func(string)) run {
	var r run
	for _, d := range chosen {
		dir := filepath.Join(data, d.Name)
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			r.skipped = append(r.skipped, d.Name)
			continue
		}
		progress(d.Name)
		results, err := d.Run(dir)
		r.results = append(r.results, results...)
		switch {
		case err == nil:
		case len(results) > 0:
			r.unread = append(r.unread, fmt.Errorf("%s: %w", d.Name, err))
		default:
			r.failed = append(r.failed, fmt.Errorf("%s: %w", d.Name, err))
		}
	}
	return r
}
