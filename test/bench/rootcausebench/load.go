// Package rootcausebench translates and scores RootCauseBench (edgedelta/root-cause-bench, Apache-2.0): which commit broke
// the system, or none. Labels are read by the scorer only.
package rootcausebench

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
)

// scenario is one folder of an archive.
type scenario struct {
	name, root string
	zip        archive.Zip
}

// scenarios discovers every folder of every archive below dir that has an alert, metrics or logs, by name. The caller closes
// what shut closes. Archives that cannot be opened are named in the error.
func scenarios(dir string) (out []scenario, shut func(), err error) {
	zips, err := archive.Open(dir)
	seen := map[string]bool{}
	for _, z := range zips {
		for _, n := range z.Names(func(n string) bool {
			return slices.Contains([]string{"alert.json", "metrics.csv", "logs.ndjson"}, path.Base(n))
		}) {
			root := path.Dir(n)
			if !seen[root] {
				seen[root] = true
				out = append(out, scenario{name: path.Base(root), root: root, zip: z})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b scenario) int { return strings.Compare(a.name, b.name) })
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("no scenario in any archive of %s: see its README for the layout", dir)
	}
	return out, func() {
		for _, z := range zips {
			_ = z.Close() // read only
		}
	}, err
}

// load translates one scenario; files that are absent become gaps. What cannot be read is named in the error, the rest is
// returned with it.
func (s scenario) load() (evidence.Input, error) {
	var in evidence.Input
	var failed []error
	for _, step := range []struct {
		file string
		read func(*evidence.Input, []byte) error
	}{
		{"metrics.csv", readMetrics}, {"logs.ndjson", readLogs}, {"traces.json", readTraces}, {"context/commits.json", readCommits},
		{"context/deploys.json", readDeploys}, {"context/flags.json", readFlags}, {"status_feed.json", readFeed}, {"alert.json", readAlert},
	} {
		name := path.Join(s.root, step.file)
		if !s.zip.Has(name) {
			if step.file != "status_feed.json" {
				in.Gaps = append(in.Gaps, evidence.Gap{Text: "no " + step.file})
			}
			continue
		}
		data, err := s.zip.Read(name)
		if err == nil {
			err = step.read(&in, data)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s/%s: %w", s.name, step.file, err))
		}
	}
	frame(&in)
	return in, errors.Join(failed...)
}

// frame sets the window: all metrics and logs, trouble at the alarm.
func frame(in *evidence.Input) {
	see := func(t time.Time) {
		if in.Window.From.IsZero() || t.Before(in.Window.From) {
			in.Window.From = t
		}
		if t.After(in.Window.To) {
			in.Window.To = t
		}
	}
	for _, m := range in.Metrics {
		see(time.UnixMilli(slices.Min(m.Times)).UTC())
		see(time.UnixMilli(slices.Max(m.Times)).UTC())
	}
	for _, l := range in.Logs {
		see(l.Time)
	}
	for _, a := range in.Alarms {
		in.Window.Start = a.Time
	}
}

func readMetrics(in *evidence.Input, data []byte) error {
	t, err := archive.ReadTable(data)
	cell, missing := t.Columns("timestamp", "service", "metric", "value")
	failed := []error{err, missing}
	index := map[[2]string]int{}
	for _, r := range t.Rows {
		at, err := time.Parse(time.RFC3339, cell(r, "timestamp"))
		if err != nil {
			failed = append(failed, err)
			continue
		}
		v, err := strconv.ParseFloat(cell(r, "value"), 64)
		if err != nil {
			v = math.NaN()
		}
		k := [2]string{cell(r, "service"), cell(r, "metric")}
		i, ok := index[k]
		if !ok {
			i = len(in.Metrics)
			index[k] = i
			in.Metrics = append(in.Metrics, evidence.Series{Component: k[0], Metric: k[1], Ref: "metrics.csv"})
		}
		in.Metrics[i].Times = append(in.Metrics[i].Times, at.UnixMilli())
		in.Metrics[i].Values = append(in.Metrics[i].Values, v)
	}
	return errors.Join(failed...)
}

// readLogs renders the attributes of a line behind its message, as text loggers do.
func readLogs(in *evidence.Input, data []byte) error {
	var failed []error
	for i, row := range bytes.Split(data, []byte{'\n'}) {
		if len(bytes.TrimSpace(row)) == 0 {
			continue
		}
		var m map[string]any
		err := json.Unmarshal(row, &m)
		at, late := time.Parse(time.RFC3339, text(m["timestamp"]))
		if err = cmp.Or(err, late); err != nil {
			failed = append(failed, fmt.Errorf("line %d: %w", i+1, err))
			continue
		}
		l := evidence.LogLine{Time: at, Component: text(m["service"]), Level: text(m["severity_text"]), Message: text(m["msg"]), Trace: text(m["trace_id"]), Ref: "logs.ndjson"}
		l.Message += attributes(m, "timestamp", "service", "severity_text", "msg", "trace_id")
		in.Logs = append(in.Logs, l)
	}
	return errors.Join(failed...)
}

func attributes(m map[string]any, known ...string) string {
	var keys []string
	for k := range m {
		if !slices.Contains(known, k) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, " %s=%s", k, text(m[k]))
	}
	return b.String()
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(out)
}

// readTraces turns spans into calls; what a failed span says is a log line of its service.
func readTraces(in *evidence.Input, data []byte) error {
	var spans []map[string]any
	if err := json.Unmarshal(data, &spans); err != nil {
		return err
	}
	service := map[string]string{}
	for _, s := range spans {
		service[text(s["trace_id"])+text(s["span_id"])] = text(s["service"])
	}
	for _, s := range spans {
		at, err := time.Parse(time.RFC3339, text(s["start"]))
		if err != nil {
			continue
		}
		ms, _ := s["duration_ms"].(float64)
		c := evidence.Call{Time: at, Caller: service[text(s["trace_id"])+text(s["parent_id"])], Callee: text(s["service"]), Operation: text(s["name"]),
			Count: 1, Duration: time.Duration(ms * float64(time.Millisecond)), Trace: text(s["trace_id"]), Ref: "traces.json"}
		if peer := text(s["peer.service"]); peer != "" {
			c.Caller, c.Callee = c.Callee, peer
		}
		if c.Caller == c.Callee {
			c.Caller = ""
		}
		if strings.EqualFold(text(s["status"]), "ERROR") {
			c.Errors = 1
		}
		in.Calls = append(in.Calls, c)
		if e := text(s["error"]); e != "" {
			in.Logs = append(in.Logs, evidence.LogLine{Time: at, Component: text(s["service"]), Level: "ERROR", Message: text(s["name"]) + ": " + e, Trace: c.Trace, Ref: "traces.json"})
		}
	}
	return nil
}

func readCommits(in *evidence.Input, data []byte) error {
	var commits []struct {
		SHA       string    `json:"sha"`
		Author    string    `json:"author"`
		Timestamp time.Time `json:"timestamp"`
		Message   string    `json:"message"`
		Files     []string  `json:"files_changed"`
		Diff      *string   `json:"diff"`
	}
	if err := json.Unmarshal(data, &commits); err != nil {
		return err
	}
	for _, c := range commits {
		change := evidence.Change{ID: c.SHA, Time: c.Timestamp, Kind: "commit", Title: c.Message, Author: c.Author, Files: c.Files, Ref: "commits.json"}
		if c.Diff != nil {
			change.Diff = *c.Diff
		}
		in.Changes = append(in.Changes, change)
	}
	return nil
}

func readDeploys(in *evidence.Input, data []byte) error {
	var deploys []struct {
		Timestamp time.Time `json:"timestamp"`
		Service   string    `json:"service"`
		SHA       string    `json:"commit_sha"`
		Version   string    `json:"version"`
	}
	if err := json.Unmarshal(data, &deploys); err != nil {
		return err
	}
	for _, d := range deploys {
		in.Changes = append(in.Changes, evidence.Change{ID: "deploy " + d.Service + " " + d.Version, Time: d.Timestamp, Component: d.Service, Kind: "deployment", Title: d.Version,
			Revision: d.SHA, Ref: "deploys.json"})
	}
	return nil
}

func readFlags(in *evidence.Input, data []byte) error {
	var flags []struct {
		Timestamp time.Time `json:"timestamp"`
		Flag      string    `json:"flag"`
		Service   string    `json:"service"`
		Change    string    `json:"change"`
		Actor     string    `json:"actor"`
	}
	if err := json.Unmarshal(data, &flags); err != nil {
		return err
	}
	for _, f := range flags {
		in.Changes = append(in.Changes, evidence.Change{ID: f.Flag, Time: f.Timestamp, Component: f.Service, Kind: "flag", Title: f.Change, Author: f.Actor, Ref: "flags.json"})
	}
	return nil
}

// readFeed translates a provider's status page: every object with a status is a status of the provider; series of
// {timestamp, value} are metrics of the provider.
func readFeed(in *evidence.Input, data []byte) error {
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	provider := text(doc["provider"])
	if provider == "" {
		provider = text(doc["source"])
	}
	keys := make([]string, 0, len(doc))
	for k := range doc {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, key := range keys {
		list, ok := doc[key].([]any)
		if !ok {
			continue
		}
		for _, item := range list {
			m, ok := item.(map[string]any)
			if !ok {
				continue
			}
			if text(m["status"]) != "" {
				in.Statuses = append(in.Statuses, providerStatus(provider, m))
			} else if v, ok := m["value"].(float64); ok {
				providerSample(in, provider, key, m, v)
			}
		}
	}
	return nil
}

func providerStatus(provider string, m map[string]any) evidence.Status {
	s := evidence.Status{Component: provider, Kind: "provider", Reason: text(m["status"]), Fields: map[string]string{}, Ref: "status_feed.json"}
	for _, k := range []string{"started_at", "timestamp", "created_at"} {
		if at, err := time.Parse(time.RFC3339, text(m[k])); err == nil {
			s.Time = at
			break
		}
	}
	for k, v := range m {
		if plain, ok := v.(string); ok {
			s.Fields[k] = plain
		}
	}
	if s.Fields["service"] != "" {
		s.Component = s.Fields["service"]
	}
	s.Message = strings.TrimSpace(strings.Join([]string{s.Fields["title"], s.Fields["name"], s.Fields["detail"], s.Fields["impact"]}, " "))
	if updates, ok := m["updates"].([]any); ok {
		for _, u := range updates {
			if um, ok := u.(map[string]any); ok {
				s.Message += " " + text(um["body"])
			}
		}
	}
	return s
}

func providerSample(in *evidence.Input, provider, metric string, m map[string]any, value float64) {
	at, err := time.Parse(time.RFC3339, text(m["timestamp"]))
	if err != nil {
		return
	}
	for i := range in.Metrics {
		if in.Metrics[i].Component == provider && in.Metrics[i].Metric == metric {
			in.Metrics[i].Times = append(in.Metrics[i].Times, at.UnixMilli())
			in.Metrics[i].Values = append(in.Metrics[i].Values, value)
			return
		}
	}
	in.Metrics = append(in.Metrics, evidence.Series{Component: provider, Metric: metric, Times: []int64{at.UnixMilli()}, Values: evidence.Values{value}, Ref: "status_feed.json"})
}

func readAlert(in *evidence.Input, data []byte) error {
	var a struct {
		Service  string    `json:"service"`
		Metric   string    `json:"metric"`
		FiredAt  time.Time `json:"fired_at"`
		Severity string    `json:"severity"`
		Summary  string    `json:"summary"`
		Detail   string    `json:"detail"`
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return err
	}
	in.Alarms = append(in.Alarms, evidence.Alarm{Time: a.FiredAt, Component: a.Service, Metric: a.Metric, Kind: "metric", Severity: a.Severity,
		Text: strings.TrimSpace(a.Summary + " " + a.Detail), Ref: "alert.json"})
	return nil
}
