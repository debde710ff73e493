// Package petshop loads and scores the PetShop dataset (Hardt et al., CLeaR 2024): root causes of latency and
// availability issues of a shop on AWS, from CloudWatch metrics and the X-Ray call graph.
package petshop

import (
	"encoding/json"
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
)

// issue is one case: the input, and apart from it what only the scorer may read.
type issue struct {
	id, scenario, metric string
	input                evidence.Input
	cause                string
}

// table is a metrics.csv.
type table struct {
	head  [][3]string // component, metric, statistic of each column
	times []int64     // milliseconds
	rows  [][]float64
}

// scenario is what the issues of one scenario share.
type scenario struct {
	name   string
	graph  []evidence.Dependency
	normal *table
}

// load reads every issue of every archive, with the scenario that it belongs to. What cannot be read is named in the error and
// leaves its issue without input; only a folder without any issue has nothing to return.
func load(dir string) (issues []issue, scenarios []scenario, err error) {
	zips, err := archive.Open(dir)
	failed := []error{err}
	known := map[string]int{} // root → index of its scenario
	for _, z := range zips {
		defer z.Close()
		for _, name := range z.Names(func(n string) bool { return path.Base(n) == "target.json" }) {
			root := rootOf(z, name)
			at, ok := known[root]
			if !ok {
				s, err := loadScenario(z, root)
				failed = append(failed, err)
				at, known[root] = len(scenarios), len(scenarios)
				scenarios = append(scenarios, s)
			}
			is, err := loadIssue(z, scenarios[at], name)
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", name, err))
			}
			issues = append(issues, is)
		}
	}
	if err = errors.Join(failed...); err == nil && len(issues) == 0 {
		err = fmt.Errorf("no target.json in any archive of %s: see its README for the layout", dir)
	}
	return issues, scenarios, err
}

// rootOf is the folder of the scenario: the nearest one above the issue that has a call graph or fault-free metrics, else the
// one above train and test.
func rootOf(z archive.Zip, target string) string {
	issue := path.Dir(target)
	for root := path.Dir(issue); root != "." && root != "/"; root = path.Dir(root) {
		if z.Has(path.Join(root, "graph.csv")) || z.Has(path.Join(root, "noissue", "metrics.csv")) {
			return root
		}
	}
	return path.Dir(path.Dir(issue))
}

// loadScenario reads what may be there: the call graph and the fault-free metrics.
func loadScenario(z archive.Zip, root string) (scenario, error) {
	s := scenario{name: path.Base(root)}
	var failed []error
	if name := path.Join(root, "graph.csv"); z.Has(name) {
		raw, err := z.Read(name)
		if err == nil {
			s.graph, err = readGraph(raw)
		}
		failed = append(failed, err)
	}
	if name := path.Join(root, "noissue", "metrics.csv"); z.Has(name) {
		raw, err := z.Read(name)
		if err == nil {
			s.normal, err = readTable(raw)
		}
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return s, fmt.Errorf("%s: %w", root, err)
	}
	return s, nil
}

// loadIssue reads one issue; with an error, as much of it as there is.
func loadIssue(z archive.Zip, s scenario, name string) (issue, error) {
	is := issue{id: path.Dir(name), scenario: s.name, metric: "unknown"}
	raw, err := z.Read(name)
	if err != nil {
		return is, err
	}
	var t struct {
		Target struct {
			Node, Metric, Agg string
			Timestamp         float64
		} `json:"target"`
		Root struct {
			Node string `json:"node"`
		} `json:"root_cause"`
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return is, err
	}
	is.metric, is.cause = t.Target.Metric, t.Root.Node
	if raw, err = z.Read(path.Join(path.Dir(name), "metrics.csv")); err != nil {
		return is, err
	}
	rows, err := readTable(raw)
	if err != nil {
		return is, err
	}
	is.input = translate(s, s.normal, rows)
	is.input.Window.Start = time.Unix(int64(t.Target.Timestamp), 0).UTC()
	is.input.Symptoms = []evidence.Symptom{{Component: t.Target.Node, Metric: t.Target.Metric, Statistic: t.Target.Agg}}
	return is, nil
}

// translate turns tables into an input.
func translate(s scenario, normal, rows *table) evidence.Input {
	in := evidence.Input{Telemetry: evidence.Telemetry{Metrics: rows.series(), Dependencies: s.graph}}
	if n := len(rows.times); n > 0 {
		in.Window = evidence.Window{From: time.UnixMilli(rows.times[0]).UTC(), To: time.UnixMilli(rows.times[n-1]).UTC()}
	}
	if normal != nil {
		in.Reference = &evidence.Telemetry{Metrics: normal.series()}
	}
	return in
}

// readGraph reads an adjacency matrix: the row calls the column.
func readGraph(raw []byte) ([]evidence.Dependency, error) {
	t, err := archive.ReadTable(raw)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	var out []evidence.Dependency
	for _, r := range t.Rows {
		for i := 1; i < len(r) && i < len(t.Head); i++ {
			if v, err := strconv.ParseFloat(r[i], 64); err == nil && v != 0 && !math.IsNaN(v) {
				out = append(out, evidence.Dependency{Caller: r[0], Callee: t.Head[i]})
			}
		}
	}
	return out, nil
}

// readTable reads three header rows and the samples below them; empty cells are NaN.
func readTable(raw []byte) (*table, error) {
	all, err := archive.ReadTable(raw)
	if err != nil || len(all.Rows) < 2 {
		return nil, fmt.Errorf("metrics: %d rows below the header: %w", len(all.Rows), err)
	}
	t := &table{}
	for i := 1; i < min(len(all.Head), len(all.Rows[0]), len(all.Rows[1])); i++ {
		t.head = append(t.head, [3]string{all.Head[i], all.Rows[0][i], all.Rows[1][i]})
	}
	for _, r := range all.Rows[2:] {
		sec, err := strconv.ParseFloat(r[0], 64)
		if err != nil {
			continue // the line that names the index column
		}
		values := make([]float64, len(t.head))
		for i := range values {
			values[i] = math.NaN()
			if i+1 >= len(r) {
				continue
			}
			if v, err := strconv.ParseFloat(r[i+1], 64); err == nil {
				values[i] = v
			}
		}
		t.times, t.rows = append(t.times, int64(sec*1000)), append(t.rows, values)
	}
	return t, nil
}

// series turns columns into series.
func (t *table) series() []evidence.Series {
	out := make([]evidence.Series, len(t.head))
	for c, h := range t.head {
		metric, unit, _ := strings.Cut(h[1], " (")
		s := evidence.Series{Component: h[0], Metric: metric, Statistic: h[2], Unit: strings.TrimSuffix(unit, ")"), Times: slices.Clone(t.times)}
		for _, r := range t.rows {
			s.Values = append(s.Values, r[c])
		}
		out[c] = s
	}
	return out
}

// part returns rows from..to as a table of its own.
func (t *table) part(from, to int) *table {
	return &table{head: t.head, times: t.times[from:to], rows: t.rows[from:to]}
}
