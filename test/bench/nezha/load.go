// Package nezha loads and scores the faults of Nezha (Yu et al., ESEC/FSE 2023): two microservice systems with metrics,
// logs and traces.
package nezha

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
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

// faults reads every label file of the folder, in order of time.
func faults(dir string) ([]fault, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var out []fault
	for _, p := range paths {
		raw, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		var ls []label
		if json.Unmarshal(raw, &ls) != nil {
			continue // the finer labels are an object, not a list
		}
		for _, l := range ls {
			at, err := time.Parse(stamp, l.Time)
			if err != nil || l.Pod == "" {
				return nil, fmt.Errorf("%s: %+v: %w", p, l, err)
			}
			out = append(out, fault{id: l.System + " " + l.Time, system: l.System, at: at, cause: service(l.Pod)})
		}
	}
	slices.SortStableFunc(out, func(a, b fault) int { return a.at.Compare(b.at) })
	return out, nil
}

// service is the dataset's rule: a pod's name without its last two dash-separated parts.
func service(pod string) string {
	parts := strings.Split(pod, "-")
	if len(parts) < 3 {
		return pod
	}
	return strings.Join(parts[:len(parts)-2], "-")
}

// day is one archive: its metrics, read once, and its traces and logs, read by the minute.
type day struct {
	zip      archive.Zip
	from, to time.Time // of the metrics
	metrics  []evidence.Series
	graph    []evidence.Dependency
	node     map[string]string // service → node, where the data says so
	minutes  map[string]bool   // HH_MM for which there is a trace or a log
	normal   *evidence.Telemetry
}

// archives opens every archive of the folder.
func archives(dir string) ([]*day, error) {
	zips, err := archive.Open(dir)
	if err != nil {
		return nil, err
	}
	var out []*day
	for _, z := range zips {
		d := &day{zip: z, node: map[string]string{}, minutes: map[string]bool{}}
		if err := d.read(); err != nil {
			return nil, fmt.Errorf("%s: %w", z.Name, err)
		}
		out = append(out, d)
	}
	return out, nil
}

// find is the archive whose metrics cover the fault; of several, the one with its traces or logs.
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
		return nil, fmt.Errorf("no archive covers %s", f.id)
	}
	return best, nil
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

// read loads metrics, topology and the fault-free minute.
func (d *day) read() error {
	inFolder := func(folder, suffix string) []string {
		return d.zip.Names(func(n string) bool {
			return path.Base(path.Dir(n)) == folder && !strings.Contains(n, "normal/") && strings.HasSuffix(n, suffix)
		})
	}
	for _, folder := range []string{"trace", "log"} {
		for _, n := range inFolder(folder, "_"+folder+".csv") {
			d.minutes[strings.TrimSuffix(path.Base(n), "_"+folder+".csv")] = true
		}
	}
	for _, n := range inFolder("metric", "dependency.csv") {
		if err := d.readGraph(n); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
	}
	if err := d.readNormal(); err != nil {
		return err
	}
	for _, n := range inFolder("metric", ".csv") {
		if err := d.readMetrics(n); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
	}
	if len(d.metrics) == 0 {
		return fmt.Errorf("no metrics")
	}
	return nil
}

// readNormal loads the fault-free traces and logs.
func (d *day) readNormal() error {
	t := evidence.Telemetry{}
	for _, n := range d.zip.Names(func(n string) bool { return strings.Contains(n, "normal/") }) {
		var err error
		switch path.Base(path.Dir(n)) {
		case "trace":
			err = d.readTrace(n, &t)
		case "log":
			err = d.readLog(n, &t)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
	}
	if len(t.Calls)+len(t.Logs) > 0 {
		d.normal = &t
	}
	return nil
}

// input is the telemetry around a fault: metrics of 60 minutes before to 6 after, logs and traces of the injection minute
// and the two after it, as the dataset's README cuts them.
func (d *day) input(f fault) (evidence.Input, error) {
	w := evidence.Window{From: f.at.Add(-60 * time.Minute), To: f.at.Add(6 * time.Minute), Start: f.at}
	in := evidence.Input{Window: w, Reference: d.normal, Telemetry: evidence.Telemetry{Dependencies: d.graph}}
	for _, s := range d.metrics {
		lo, _ := slices.BinarySearch(s.Times, w.From.UnixMilli())
		hi, _ := slices.BinarySearch(s.Times, w.To.UnixMilli())
		s.Times, s.Values = s.Times[lo:hi], s.Values[lo:hi]
		in.Metrics = append(in.Metrics, s)
	}
	for i := range observed {
		minute := f.at.Add(time.Duration(i) * time.Minute).Format("15_04")
		for _, n := range d.zip.Names(func(n string) bool {
			return !strings.Contains(n, "normal/") && strings.HasPrefix(path.Base(n), minute+"_")
		}) {
			var err error
			switch path.Base(path.Dir(n)) {
			case "trace":
				err = d.readTrace(n, &in.Telemetry)
			case "log":
				err = d.readLog(n, &in.Telemetry)
			}
			if err != nil {
				return in, fmt.Errorf("%s: %w", n, err)
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(d.node)) {
		in.Dependencies = append(slices.Clip(in.Dependencies), evidence.Dependency{Caller: s, Callee: d.node[s], Kind: "hosted_on"})
	}
	return in, nil
}

// table reads a CSV with a header row. Rows of another width are kept: the reader of a cell decides.
func (d *day) table(name string) (head []string, rows [][]string, err error) {
	raw, err := d.zip.Read(name)
	if err != nil {
		return nil, nil, err
	}
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	if err != nil || len(all) == 0 {
		return nil, nil, fmt.Errorf("%d rows: %w", len(all), err)
	}
	return all[0], all[1:], nil
}

// columns finds the cells of a row by name; a cell that a row lacks is empty.
func columns(head []string) func(row []string, name string) string {
	index := map[string]int{}
	for i, h := range head {
		index[h] = i
	}
	return func(row []string, name string) string {
		if i, ok := index[name]; ok && i < len(row) {
			return row[i]
		}
		return ""
	}
}

// readGraph reads who calls whom, and which node a service runs on: a target that is no source and an address.
func (d *day) readGraph(name string) error {
	head, rows, err := d.table(name)
	if err != nil {
		return err
	}
	cell := columns(head)
	for _, r := range rows {
		from, to := cell(r, "Source"), cell(r, "Target")
		if strings.Count(to, ".") == 3 {
			d.node[from] = to
			continue
		}
		d.graph = append(d.graph, evidence.Dependency{Caller: from, Callee: to})
	}
	return nil
}

// unit splits "LatencyP99(s)" into name and unit.
func unit(column string) (metric, unit string) {
	metric, unit, _ = strings.Cut(column, "(")
	return metric, strings.TrimSuffix(unit, ")")
}

// readMetrics reads a pod's or a service's table; columns of the node belong to the node when it is known.
func (d *day) readMetrics(name string) error {
	head, rows, err := d.table(name)
	if err != nil {
		return err
	}
	cell := columns(head)
	if len(rows) == 0 || cell(rows[0], "PodName")+cell(rows[0], "ServiceName") == "" {
		return nil // another kind of table
	}
	component := service(cell(rows[0], "PodName"))
	if component == "" {
		component = strings.ToLower(cell(rows[0], "ServiceName"))
	}
	var times []int64
	var kept [][]string
	for _, r := range rows {
		at, err := time.Parse(stamp, r[0][:min(19, len(r[0]))])
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
	for _, h := range head {
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
	return nil
}

// readLog reads log lines.
func (d *day) readLog(name string, into *evidence.Telemetry) error {
	head, rows, err := d.table(name)
	if err != nil {
		return err
	}
	cell := columns(head)
	for _, r := range rows {
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
	return nil
}
