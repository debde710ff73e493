// Package rcaalerts loads and scores alert storms (Riddell et al., FORGE 2026): which entity is the cause of a storm, and
// which alerts belong together.
package rcaalerts

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

// fault is one case: the input, and apart from it what only the scorer may read.
type fault struct {
	id            string
	input         evidence.Input
	level, entity string
}

// system is one archive's worth of faults, by time of their first alert.
type system struct {
	name   string
	graph  []evidence.Dependency
	faults []fault
}

// load reads every system of every archive. What cannot be read is named in the error; the faults keep what is left.
func load(dir string) ([]system, error) {
	zips, err := archive.Open(dir)
	failed := []error{err}
	var out []system
	for _, z := range zips {
		defer z.Close()
		for _, name := range z.Names(func(n string) bool { return path.Base(n) == "label.csv" }) {
			s, err := loadSystem(z, path.Dir(name))
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", name, err))
			}
			if len(s.faults) > 0 {
				out = append(out, s)
			}
		}
	}
	if err = errors.Join(failed...); err == nil && len(out) == 0 {
		err = fmt.Errorf("no label.csv with faults in any archive of %s: see its README for the layout", dir)
	}
	return out, err
}

func loadSystem(z archive.Zip, root string) (system, error) {
	s := system{name: path.Base(root)}
	if root == "." {
		s.name = z.Name
	}
	graph, err := loadGraph(z, path.Join(root, "knowledge-graph.json"))
	failed := []error{err}
	s.graph = graph
	alarms := map[string][]evidence.Alarm{}
	for _, part := range []struct {
		file string
		read func(row []json.RawMessage) (evidence.Alarm, error)
	}{{"metric/metrics.json", metricAlarm}, {"trace/traces.json", traceAlarm}, {"log/logs.json", logAlarm}} {
		if err := loadAlarms(z, path.Join(root, part.file), part.read, alarms); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", part.file, err))
		}
	}
	labels, err := z.Table(path.Join(root, "label.csv"))
	cell, missing := labels.Columns("fault_id", "fault_level", "fault_entity")
	failed = append(failed, err, missing)
	for _, r := range labels.Rows {
		id := cell(r, "fault_id")
		s.faults = append(s.faults, fault{id: s.name + "/" + id, level: cell(r, "fault_level"), entity: cell(r, "fault_entity"), input: evidence.Input{
			Telemetry: evidence.Telemetry{Alarms: alarms[id], Dependencies: s.graph}}})
	}
	s.order()
	return s, errors.Join(failed...)
}

// order sorts faults by their first alert and gives each the earlier ones as history. A fault without a timed alert has no
// place in time: it comes last, has no history and is in nobody's.
func (s *system) order() {
	begins := func(f fault) time.Time {
		if at := first(f.input.Alarms); !at.IsZero() {
			return at
		}
		return time.Unix(1<<40, 0)
	}
	slices.SortStableFunc(s.faults, func(a, b fault) int { return begins(a).Compare(begins(b)) })
	var history []evidence.Episode
	for i := range s.faults {
		in := &s.faults[i].input
		in.Window = evidence.Window{From: first(in.Alarms), To: last(in.Alarms)}
		if in.Window.From.IsZero() {
			continue
		}
		in.History = slices.Clip(history)
		history = append(history, evidence.Episode{Alarms: in.Alarms})
	}
}

// first and last are the times of the alerts that have one.
func first(alarms []evidence.Alarm) time.Time {
	var t time.Time
	for _, a := range alarms {
		if !a.Time.IsZero() && (t.IsZero() || a.Time.Before(t)) {
			t = a.Time
		}
	}
	return t
}

func last(alarms []evidence.Alarm) time.Time {
	var t time.Time
	for _, a := range alarms {
		if a.Time.After(t) {
			t = a.Time
		}
	}
	return t
}

// loadGraph reads the topology. A system may lack one.
func loadGraph(z archive.Zip, name string) ([]evidence.Dependency, error) {
	if !z.Has(name) {
		return nil, nil
	}
	raw, err := z.Read(name)
	if err != nil {
		return nil, err
	}
	var g struct {
		Edges []struct{ Source, Target, Label string } `json:"edges"`
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		return nil, err
	}
	out := make([]evidence.Dependency, len(g.Edges))
	for i, e := range g.Edges {
		out[i] = evidence.Dependency{Caller: e.Source, Callee: e.Target, Kind: e.Label}
	}
	return out, nil
}

// loadAlarms adds the alerts of a file to those of each fault. A system may lack a kind of alert.
func loadAlarms(z archive.Zip, name string, read func([]json.RawMessage) (evidence.Alarm, error), into map[string][]evidence.Alarm) error {
	if !z.Has(name) {
		return nil
	}
	raw, err := z.Read(name)
	if err != nil {
		return err
	}
	var faults map[string][][]json.RawMessage
	if err := json.Unmarshal(raw, &faults); err != nil {
		return err
	}
	var failed []error
	for _, id := range slices.Sorted(maps.Keys(faults)) {
		for _, r := range faults[id] {
			a, err := read(r)
			if err != nil {
				failed = append(failed, fmt.Errorf("fault %s: %w", id, err))
				continue
			}
			into[id] = append(into[id], a)
		}
		slices.SortStableFunc(into[id], func(a, b evidence.Alarm) int { return cmp.Compare(a.Time.UnixMilli(), b.Time.UnixMilli()) })
	}
	return errors.Join(failed...)
}

// fields decodes the first n cells of a row; null is the empty text.
func fields(row []json.RawMessage, n int) ([]string, error) {
	if len(row) < n {
		return nil, fmt.Errorf("%d fields, want %d", len(row), n)
	}
	out := make([]string, n)
	for i := range out {
		var s *string
		if err := json.Unmarshal(row[i], &s); err != nil {
			out[i] = string(row[i]) // a number
		} else if s != nil {
			out[i] = *s
		}
	}
	return out, nil
}

func millis(text string) time.Time {
	ms, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

func metricAlarm(row []json.RawMessage) (evidence.Alarm, error) {
	f, err := fields(row, 5)
	if err != nil {
		return evidence.Alarm{}, err
	}
	return evidence.Alarm{Kind: "metric", Time: millis(f[0]), Component: f[1], Host: f[2], Metric: f[3], Direction: f[4]}, nil
}

func traceAlarm(row []json.RawMessage) (evidence.Alarm, error) {
	f, err := fields(row, 5)
	if err != nil {
		return evidence.Alarm{}, err
	}
	return evidence.Alarm{Kind: "trace", Time: millis(f[0]), Component: f[1], Peer: f[2], Text: f[3], Metric: f[4]}, nil
}

// logAlarm has no time of its own: the example lines carry local times without a zone.
func logAlarm(row []json.RawMessage) (evidence.Alarm, error) {
	f, err := fields(row, 2)
	if err != nil {
		return evidence.Alarm{}, err
	}
	a := evidence.Alarm{Kind: "log", Component: f[0], Metric: f[1]}
	var lines []string
	if len(row) > 2 && json.Unmarshal(row[2], &lines) == nil && len(lines) > 0 {
		a.Text = lines[0]
	}
	if len(row) > 3 {
		_ = json.Unmarshal(row[3], &a.Count) // null: one line
	}
	return a, nil
}
