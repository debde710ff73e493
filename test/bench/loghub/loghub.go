// Package loghub scores log template mining by grouping accuracy: the share of lines whose predicted group holds exactly
// the lines of their true template. The data is for measurement only and stays outside the repository.
package loghub

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
	"github.com/firefinder/firefinder/test/bench/score"
)

const name = "loghub-2k"

// structured is how the file with one line of a log, and its label, in a row ends.
const structured = ".log_structured.csv"

// New returns the dataset.
func New() score.Dataset { return score.Dataset{Name: name, Run: run} }

// System is one log: its lines (the Content column) and, for the scorer, the true template of each.
type System struct {
	Name   string
	Lines  []string
	Events []string
}

// Load reads every system from every archive below dir, by name. What cannot be read is named in the error; its system has the
// lines that could be.
func Load(dir string) ([]System, error) {
	zips, err := archive.Open(dir)
	failed := []error{err}
	var out []System
	for _, z := range zips {
		defer z.Close()
		for _, n := range z.Names(func(n string) bool { return strings.HasSuffix(n, structured) }) {
			t, unreadable := z.Table(n)
			s, err := readSystem(t)
			if err = cmp.Or(unreadable, err); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", n, err))
			}
			s.Name = strings.TrimSuffix(strings.TrimSuffix(path.Base(n), structured), "_2k")
			out = append(out, s)
		}
	}
	if err = errors.Join(failed...); err == nil && len(out) == 0 {
		err = fmt.Errorf("no <system>_2k%s in any archive of %s: see its README for the layout", structured, dir)
	}
	slices.SortFunc(out, func(a, b System) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}

func readSystem(t archive.Table) (System, error) {
	var s System
	cell, err := t.Columns("Content", "EventId")
	if err != nil {
		return s, err
	}
	for _, r := range t.Rows {
		s.Lines, s.Events = append(s.Lines, cell(r, "Content")), append(s.Events, cell(r, "EventId"))
	}
	return s, nil
}

// Mine gives each line the group that the miner puts it in once it has seen all.
func Mine(lines []string) []int {
	m := evidence.NewMiner()
	out := make([]int, len(lines))
	for i, l := range lines {
		out[i] = m.Add(l)
	}
	for i := range out {
		out[i] = m.Group(out[i])
	}
	return out
}

// GroupingAccuracy is the share of lines whose predicted group holds exactly the lines of their true event.
func GroupingAccuracy(predicted []int, events []string) float64 {
	size, truth, both := map[int]int{}, map[string]int{}, map[string]map[int]int{}
	for i, p := range predicted {
		e := events[i]
		size[p]++
		truth[e]++
		if both[e] == nil {
			both[e] = map[int]int{}
		}
		both[e][p]++
	}
	right := 0
	for e, groups := range both {
		for p, n := range groups {
			if n == size[p] && n == truth[e] {
				right += n
			}
		}
	}
	return float64(right) / float64(max(len(predicted), 1))
}

func run(dir string) ([]score.Result, error) {
	systems, err := Load(dir)
	if len(systems) == 0 {
		return nil, err
	}
	var out []score.Result
	var parts []float64
	lines, spent, sum := 0, time.Duration(0), 0.0
	for _, s := range systems {
		begin := time.Now()
		groups := Mine(s.Lines)
		took := time.Since(begin)
		accuracy := GroupingAccuracy(groups, s.Events)
		sum, lines, spent = sum+accuracy, lines+len(s.Lines), spent+took
		parts = append(parts, accuracy)
		out = append(out, score.Result{Dataset: name, Split: s.Name, Metric: "grouping accuracy", Value: accuracy, Cases: 1,
			SecondsPerCase: took.Seconds()})
	}
	n := float64(len(systems))
	mean := score.Result{Dataset: name, Split: "mean", Metric: "grouping accuracy", Value: sum / n, Cases: len(systems),
		SecondsPerCase: spent.Seconds() / n, Parts: parts, Published: []score.Published{
			{Name: "Brain, mean of 16 systems (logparser README)", Value: .983}, {Name: "Drain, mean of 16 systems", Value: .865},
			{Name: "Spell, mean of 16 systems", Value: .793}}}
	speed := score.Result{Dataset: name, Split: "all", Metric: "million lines a minute", Cases: len(systems), SecondsPerCase: spent.Seconds() / n,
		Value: float64(lines) / max(spent, time.Nanosecond).Minutes() / 1e6}
	return append([]score.Result{mean, speed}, out...), err
}
