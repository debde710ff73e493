// Package petshop loads and scores the PetShop dataset (Hardt et al., CLeaR 2024): root causes of latency and
// availability issues of a shop on AWS, from CloudWatch metrics and the X-Ray call graph.
package petshop

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
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

// load reads every scenario of every archive.
func load(dir string) (issues []issue, scenarios []scenario, err error) {
	zips, err := archive.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, z := range zips {
		defer z.Close()
		for _, name := range z.Names(func(n string) bool { return path.Base(n) == "graph.csv" }) {
			s, is, err := loadScenario(z, path.Dir(name))
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
			issues, scenarios = append(issues, is...), append(scenarios, s)
		}
	}
	return issues, scenarios, nil
}

func loadScenario(z archive.Zip, root string) (scenario, []issue, error) {
	s := scenario{name: path.Base(root)}
	raw, err := z.Read(path.Join(root, "graph.csv"))
	if err != nil {
		return s, nil, err
	}
	if s.graph, err = readGraph(raw); err != nil {
		return s, nil, err
	}
	if normal := path.Join(root, "noissue", "metrics.csv"); z.Has(normal) {
		if raw, err = z.Read(normal); err != nil {
			return s, nil, err
		}
		if s.normal, err = readTable(raw); err != nil {
			return s, nil, err
		}
	}
	var out []issue
	for _, name := range z.Names(func(n string) bool { return strings.HasPrefix(n, root+"/") && path.Base(n) == "target.json" }) {
		is, err := loadIssue(z, s, name)
		if err != nil {
			return s, nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, is)
	}
	return s, out, nil
}

func loadIssue(z archive.Zip, s scenario, name string) (issue, error) {
	raw, err := z.Read(name)
	if err != nil {
		return issue{}, err
	}
	var t struct {
		Target struct {
			Node, Metric, Agg string
			Timestamp         int64
		} `json:"target"`
		Root struct {
			Node string `json:"node"`
		} `json:"root_cause"`
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return issue{}, err
	}
	if raw, err = z.Read(path.Join(path.Dir(name), "metrics.csv")); err != nil {
		return issue{}, err
	}
	rows, err := readTable(raw)
	if err != nil {
		return issue{}, err
	}
	in := translate(s, s.normal, rows)
	in.Window.Start = time.Unix(t.Target.Timestamp, 0).UTC()
	in.Symptoms = []evidence.Symptom{{Component: t.Target.Node, Metric: t.Target.Metric, Statistic: t.Target.Agg}}
	return issue{id: path.Dir(name), scenario: s.name, metric: t.Target.Metric, input: in, cause: t.Root.Node}, nil
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
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("graph: %d rows: %w", len(rows), err)
	}
	var out []evidence.Dependency
	for _, r := range rows[1:] {
		for i := 1; i < len(r) && i < len(rows[0]); i++ {
			if v, err := strconv.ParseFloat(r[i], 64); err == nil && v != 0 {
				out = append(out, evidence.Dependency{Caller: r[0], Callee: rows[0][i]})
			}
		}
	}
	return out, nil
}

// readTable reads three header rows and the samples below them; empty cells are NaN.
func readTable(raw []byte) (*table, error) {
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 3 {
		return nil, fmt.Errorf("metrics: %d rows: %w", len(rows), err)
	}
	t := &table{}
	for i := 1; i < len(rows[0]); i++ {
		t.head = append(t.head, [3]string{rows[0][i], rows[1][i], rows[2][i]})
	}
	for _, r := range rows[3:] {
		sec, err := strconv.ParseFloat(r[0], 64)
		if err != nil {
			continue // the line that names the index column
		}
		values := make([]float64, len(t.head))
		for i := range values {
			values[i] = math.NaN()
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
