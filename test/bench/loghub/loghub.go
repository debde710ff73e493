// Package loghub scores log template mining by grouping accuracy: the share of lines whose predicted group holds exactly
// the lines of their true template. The data is for measurement only and stays outside the repository.
package loghub

import (
	"archive/zip"
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

const name = "loghub-2k"

// structured is how the file with one line of a log, and its label, in a row is called.
const structured = "_2k.log_structured.csv"

// New returns the dataset.
func New() score.Dataset { return score.Dataset{Name: name, Run: run} }

// System is one log: its lines (the Content column) and, for the scorer, the true template of each.
type System struct {
	Name   string
	Lines  []string
	Events []string
}

// Load reads every system from every archive below dir, by name.
func Load(dir string) ([]System, error) {
	archives, err := filepath.Glob(filepath.Join(dir, "*.zip"))
	if err != nil {
		return nil, err
	}
	var out []System
	for _, a := range archives {
		more, err := loadArchive(a)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", a, err)
		}
		out = append(out, more...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no <system>%s in any archive of %s: see its README for the layout", structured, dir)
	}
	slices.SortFunc(out, func(a, b System) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

func loadArchive(file string) ([]System, error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var out []System
	for _, f := range z.File {
		system, ok := strings.CutSuffix(path.Base(f.Name), structured)
		if !ok {
			continue
		}
		s, err := loadSystem(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		s.Name = system
		out = append(out, s)
	}
	return out, nil
}

func loadSystem(f *zip.File) (System, error) {
	in, err := f.Open()
	if err != nil {
		return System{}, err
	}
	defer in.Close()
	return readSystem(in)
}

func readSystem(in io.Reader) (System, error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return System{}, fmt.Errorf("header: %w", err)
	}
	content, event := slices.Index(header, "Content"), slices.Index(header, "EventId")
	if content < 0 || event < 0 {
		return System{}, fmt.Errorf("no Content or EventId column in %q", header)
	}
	var s System
	for {
		row, err := r.Read()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return System{}, err
		}
		if len(row) <= max(content, event) {
			return System{}, fmt.Errorf("row %d has %d fields", len(s.Lines)+1, len(row))
		}
		s.Lines = append(s.Lines, row[content])
		s.Events = append(s.Events, row[event])
	}
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
	if err != nil {
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
		Value: float64(lines) / spent.Minutes() / 1e6}
	return append([]score.Result{mean, speed}, out...), nil
}
