// Package nezha loads and scores the faults of Nezha (Yu et al., ESEC/FSE 2023): two microservice systems with metrics,
// logs and traces.
package nezha

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

// fault is one case as the label file states it; only system, day and time may be an input.
type fault struct {
	id, system string
	at         time.Time
	cause      string
}

// label is an entry of a label file.
type label struct {
	System string `json:"system"`
	Day    string `json:"day"`
	Time   string `json:"inject_time"`
	Pod    string `json:"inject_pod"`
	Type   string `json:"inject_type"`
}

const stamp = "2006-01-02 15:04:05"

// faults reads every label file of the folder, in order of time. A label that cannot be read is a fault without a time, and so
// a miss; it is named in the error.
func faults(dir string) ([]fault, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var out []fault
	var failed []error
	for _, p := range paths {
		raw, err := os.ReadFile(p)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		var ls []label
		if json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &ls) != nil {
			continue // the finer labels are an object, not a list
		}
		for _, l := range ls {
			at, err := time.Parse(stamp, l.Time)
			if err != nil || l.Pod == "" {
				failed = append(failed, fmt.Errorf("%s: label %+v has no time or no pod: %w", p, l, err))
			}
			out = append(out, fault{id: l.System + " " + l.Time, system: l.System, at: at, cause: service(l.Pod)})
		}
	}
	slices.SortStableFunc(out, func(a, b fault) int { return a.at.Compare(b.at) })
	if err = errors.Join(failed...); err == nil && len(out) == 0 {
		err = fmt.Errorf("no label file (a JSON list) in %s: see its README for the layout", dir)
	}
	return out, err
}

// service is the dataset's rule: a pod's name without its last two dash-separated parts.
func service(pod string) string {
	parts := strings.Split(pod, "-")
	if len(parts) < 3 {
		return pod
	}
	return strings.Join(parts[:len(parts)-2], "-")
}

// day is one recording, a folder of an archive: its metrics, read once, and its traces and logs, read by the minute.
type day struct {
	zip      archive.Zip
	root     string    // the folder that holds metric, trace, log and normal
	from, to time.Time // of the metrics
	metrics  []evidence.Series
	graph    []evidence.Dependency
	node     map[string]string // service → node, where the data says so
	minutes  map[string]bool   // HH_MM for which there is a trace or a log
	normal   *evidence.Telemetry
}

// archives opens every archive of the folder. What cannot be read is named in the error; the rest is returned with it.
func archives(dir string) ([]*day, error) {
	zips, err := archive.Open(dir)
	failed := []error{err}
	var out []*day
	for _, z := range zips {
		for _, root := range rootsOf(z) {
			d := &day{zip: z, root: root, node: map[string]string{}, minutes: map[string]bool{}}
			if err := d.read(); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", z.Name, err))
			}
			out = append(out, d)
		}
	}
	return out, errors.Join(failed...)
}

// The folders of a recording.
var kinds = []string{"metric", "trace", "log"}

// rootsOf are the recordings of an archive.
func rootsOf(z archive.Zip) []string {
	var out []string
	for _, n := range z.Names(func(n string) bool { return slices.Contains(kinds, path.Base(path.Dir(n))) }) {
		root := path.Dir(path.Dir(n))
		if path.Base(root) == "normal" {
			root = path.Dir(root)
		}
		if !slices.Contains(out, root) {
			out = append(out, root)
		}
	}
	return out
}

// find is the recording whose metrics cover the fault; of several, the one with its traces or logs. Without metrics, one of
// the same day with traces or logs of its minutes.
func find(days []*day, f fault) (*day, error) {
	var best *day
	for _, d := range days {
		if f.at.Before(d.from) || f.at.After(d.to) {
			continue
		}
		if best == nil || !best.has(f.at) && d.has(f.at) {
			best = d
		}
	}
	if best == nil {
		if i := slices.IndexFunc(days, func(d *day) bool { return d.sameDay(f.at) && d.has(f.at) }); i >= 0 {
			return days[i], nil
		}
		return nil, fmt.Errorf("no archive covers %s", f.id)
	}
	return best, nil
}

// sameDay says whether the fault-free minute was recorded on the day.
func (d *day) sameDay(at time.Time) bool {
	if d.normal == nil {
		return false
	}
	seen := time.Time{}
	for _, c := range d.normal.Calls {
		seen = c.Time
	}
	for _, l := range d.normal.Logs {
		seen = l.Time
	}
	return seen.UTC().Format(time.DateOnly) == at.Format(time.DateOnly)
}

// observed is how many minutes from the injected one on have logs and traces.
const observed = 3

func (d *day) has(at time.Time) bool {
	for i := range observed {
		if d.minutes[at.Add(time.Duration(i)*time.Minute).Format("15_04")] {
			return true
		}
	}
	return false
}

// in lists the files of one of the recording's folders.
func (d *day) in(folder string) []string {
	return d.zip.Names(func(n string) bool { return path.Dir(n) == path.Join(d.root, folder) && path.Ext(n) == ".csv" })
}

// read loads metrics, topology and the fault-free minute, and notes for which minutes there is more.
func (d *day) read() error {
	for _, folder := range []string{"trace", "log"} {
		for _, n := range d.in(folder) {
			d.minutes[strings.TrimSuffix(path.Base(n), "_"+folder+".csv")] = true
		}
	}
	var failed []error
	for _, n := range d.in("metric") {
		if path.Base(n) == "dependency.csv" {
			failed = append(failed, d.readGraph(n))
		}
	}
	normal := evidence.Telemetry{}
	for _, n := range d.in("normal/trace") {
		failed = append(failed, d.readTrace(n, &normal))
	}
	for _, n := range d.in("normal/log") {
		failed = append(failed, d.readLog(n, &normal))
	}
	if len(normal.Calls)+len(normal.Logs) > 0 {
		d.normal = &normal
	}
	for _, n := range d.in("metric") {
		failed = append(failed, d.readMetrics(n))
	}
	return errors.Join(failed...)
}

// input is the telemetry around a fault: metrics of 60 minutes before to 6 after, logs and traces of the injection minute
// and the two after it, as the dataset's README cuts them. With an error it holds what could be read.
func (d *day) input(f fault) (evidence.Input, error) {
	w := evidence.Window{From: f.at.Add(-60 * time.Minute), To: f.at.Add(6 * time.Minute), Start: f.at}
	in := evidence.Input{Window: w, Reference: d.normal, Telemetry: evidence.Telemetry{Dependencies: d.graph}}
	for _, s := range d.metrics {
		lo, _ := slices.BinarySearch(s.Times, w.From.UnixMilli())
		hi, _ := slices.BinarySearch(s.Times, w.To.UnixMilli())
		s.Times, s.Values = s.Times[lo:hi], s.Values[lo:hi]
		in.Metrics = append(in.Metrics, s)
	}
	var failed []error
	for i := range observed {
		minute := f.at.Add(time.Duration(i)*time.Minute).Format("15_04") + "_"
		for _, n := range d.in("trace") {
			if strings.HasPrefix(path.Base(n), minute) {
				failed = append(failed, d.readTrace(n, &in.Telemetry))
			}
		}
		for _, n := range d.in("log") {
			if strings.HasPrefix(path.Base(n), minute) {
				failed = append(failed, d.readLog(n, &in.Telemetry))
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(d.node)) {
		in.Dependencies = append(slices.Clip(in.Dependencies), evidence.Dependency{Caller: s, Callee: d.node[s], Kind: "hosted_on"})
	}
	return in, errors.Join(failed...)
}

// readGraph reads who calls whom, and which node a service runs on: a target that is no source and an address.
func (d *day) readGraph(name string) error {
	t, err := d.zip.Table(name)
	cell, missing := t.Columns("Source", "Target")
	for _, r := range t.Rows {
		from, to := cell(r, "Source"), cell(r, "Target")
		if net.ParseIP(to) != nil {
			d.node[from] = to
			continue
		}
		d.graph = append(d.graph, evidence.Dependency{Caller: from, Callee: to})
	}
	return errors.Join(err, missing)
}

// unit splits "LatencyP99(s)" into name and unit.
func unit(column string) (metric, unit string) {
	metric, unit, _ = strings.Cut(column, "(")
	return metric, strings.TrimSuffix(unit, ")")
}

// readMetrics reads a pod's or a service's table; columns of the node belong to the node when it is known.
func (d *day) readMetrics(name string) error {
	t, err := d.zip.Table(name)
	cell, missing := t.Columns("Time")
	if len(t.Rows) == 0 || cell(t.Rows[0], "PodName")+cell(t.Rows[0], "ServiceName") == "" {
		return err // another kind of table
	}
	component := service(cell(t.Rows[0], "PodName"))
	if component == "" {
		component = strings.ToLower(cell(t.Rows[0], "ServiceName"))
	}
	slices.SortStableFunc(t.Rows, func(a, b []string) int { return strings.Compare(cell(a, "Time"), cell(b, "Time")) })
	var times []int64
	var kept [][]string
	for _, r := range t.Rows {
		text := cell(r, "Time")
		at, err := time.Parse(stamp, text[:min(len(stamp), len(text))])
		if err != nil {
			continue
		}
		times, kept = append(times, at.UnixMilli()), append(kept, r)
		if d.from.IsZero() || at.Before(d.from) {
			d.from = at
		}
		if at.After(d.to) {
			d.to = at
		}
	}
	for _, h := range t.Head {
		switch h {
		case "Time", "TimeStamp", "PodName", "ServiceName":
			continue
		}
		s := evidence.Series{Component: component, Times: times}
		s.Metric, s.Unit = unit(h)
		if node := d.node[component]; strings.HasPrefix(h, "Node") && node != "" {
			s.Component = node
		}
		for _, r := range kept {
			v, err := strconv.ParseFloat(cell(r, h), 64)
			if err != nil {
				v = math.NaN()
			}
			s.Values = append(s.Values, v)
		}
		d.metrics = append(d.metrics, s)
	}
	return errors.Join(err, missing)
}

// readLog reads log lines.
func (d *day) readLog(name string, into *evidence.Telemetry) error {
	t, err := d.zip.Table(name)
	cell, missing := t.Columns("TimeUnixNano", "PodName", "Log")
	for _, r := range t.Rows {
		ns, err := strconv.ParseInt(cell(r, "TimeUnixNano"), 10, 64)
		if err != nil {
			continue
		}
		line := evidence.LogLine{Time: time.Unix(0, ns).UTC(), Component: service(cell(r, "PodName")), Trace: cell(r, "TraceID"), Span: cell(r, "SpanID"), Message: cell(r, "Log")}
		var inner struct{ Log string }
		if json.Unmarshal([]byte(line.Message), &inner) == nil && inner.Log != "" {
			line.Message = strings.TrimSuffix(inner.Log, "\n")
		}
		if node := cell(r, "Node"); node != "" {
			d.node[line.Component] = node
		}
		into.Logs = append(into.Logs, line)
	}
	return errors.Join(err, missing)
}
