package scenario

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

func invalid(file string, line int, format string, args ...any) error {
	return incident.Errorf(incident.Invalid, "%s:%d: %w", file, line, fmt.Errorf(format, args...))
}

// metricColumns are all columns of metrics.csv; statistic and unit may be left out, the order is free.
var metricColumns = []string{"timestamp", "component", "metric", "statistic", "unit", "value"}

func readMetrics(t *evidence.Telemetry, file string, data []byte) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	r.ReuseRecord = true
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return invalid(file, 1, "the file is empty; the first line is %s", strings.Join(metricColumns, ","))
	}
	if err != nil {
		return csvError(file, err)
	}
	column, err := metricHeader(file, head)
	if err != nil {
		return err
	}
	type key struct{ component, metric, statistic, unit string }
	index := map[key]int{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(file, err)
		}
		line, _ := r.FieldPos(0)
		cell := func(name string) string {
			if i, ok := column[name]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		at, value, err := sample(file, line, cell)
		if err != nil {
			return err
		}
		k := key{cell("component"), cell("metric"), cell("statistic"), cell("unit")}
		i, ok := index[k]
		if !ok {
			i = len(t.Metrics)
			index[k] = i
			t.Metrics = append(t.Metrics, evidence.Series{
				Component: strings.Clone(k.component), Metric: strings.Clone(k.metric), Statistic: strings.Clone(k.statistic), Unit: strings.Clone(k.unit)})
		}
		t.Metrics[i].Times = append(t.Metrics[i].Times, at)
		t.Metrics[i].Values = append(t.Metrics[i].Values, value)
	}
}

func csvError(file string, err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return invalid(file, parse.Line, "%w", parse.Err)
	}
	return invalid(file, 1, "%w", err)
}

func metricHeader(file string, head []string) (map[string]int, error) {
	column := map[string]int{}
	for i, name := range head {
		name = strings.TrimSpace(name)
		if !slices.Contains(metricColumns, name) {
			return nil, invalid(file, 1, "unknown column %q; the columns are %s", name, strings.Join(metricColumns, ", "))
		}
		if _, twice := column[name]; twice {
			return nil, invalid(file, 1, "column %q stands twice", name)
		}
		column[name] = i
	}
	for _, name := range []string{"timestamp", "component", "metric", "value"} {
		if _, ok := column[name]; !ok {
			return nil, invalid(file, 1, "column %q is missing", name)
		}
	}
	return column, nil
}

// sample reads time and value of one row; an empty value or NaN is a known gap in the series.
func sample(file string, line int, cell func(string) string) (int64, float64, error) {
	if cell("component") == "" || cell("metric") == "" {
		return 0, 0, invalid(file, line, "component and metric must not be empty")
	}
	at, err := time.Parse(time.RFC3339, cell("timestamp"))
	if err != nil {
		return 0, 0, invalid(file, line, "timestamp %q is not an RFC 3339 time such as 2026-01-31T10:00:00Z", cell("timestamp"))
	}
	text := cell("value")
	if text == "" {
		return at.UnixMilli(), math.NaN(), nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, 0, invalid(file, line, "value %q is not a number", text)
	}
	return at.UnixMilli(), value, nil
}

func readLogs(t *evidence.Telemetry, file string, data []byte) (err error) {
	t.Logs, err = decodeLines(file, data, func(l evidence.LogLine) string {
		switch {
		case l.Time.IsZero():
			return "time is missing"
		case l.Component == "":
			return "component is missing"
		case l.Count < 0:
			return "count is negative"
		}
		return ""
	})
	return err
}

// call is one line of calls.ndjson: an evidence.Call with durations in milliseconds.
type call struct {
	Time      time.Time `json:"time"`
	Caller    string    `json:"caller"`
	Callee    string    `json:"callee"`
	Operation string    `json:"operation"`
	Count     int       `json:"count"`
	Errors    int       `json:"errors"`
	Duration  float64   `json:"duration_ms"`
	Own       float64   `json:"own_ms"`
	Trace     string    `json:"trace"`
}

// maxCallMillis keeps durations inside time.Duration; no call takes ten years.
const maxCallMillis = 3.15e11

func readCalls(t *evidence.Telemetry, file string, data []byte) error {
	calls, err := decodeLines(file, data, func(c call) string {
		switch {
		case c.Time.IsZero():
			return "time is missing"
		case c.Callee == "":
			return "callee is missing"
		case c.Count < 0 || c.Errors < 0 || c.Duration < 0 || c.Own < 0:
			return "counts and durations must not be negative"
		case c.Duration > maxCallMillis || c.Own > maxCallMillis:
			return "duration is not plausible"
		}
		return ""
	})
	for _, c := range calls {
		t.Calls = append(t.Calls, evidence.Call{Time: c.Time, Caller: c.Caller, Callee: c.Callee, Operation: c.Operation, Count: c.Count, Errors: c.Errors,
			Duration: time.Duration(c.Duration * float64(time.Millisecond)), Own: time.Duration(c.Own * float64(time.Millisecond)), Trace: c.Trace})
	}
	return err
}

func readChanges(t *evidence.Telemetry, file string, data []byte) (err error) {
	t.Changes, err = decodeArray(file, data, func(c evidence.Change) string {
		switch {
		case c.ID == "":
			return "id is missing"
		case c.Time.IsZero():
			return "time is missing"
		case c.Kind == "":
			return "kind is missing (deployment, commit, config, flag, scaling or infrastructure)"
		}
		return ""
	})
	return err
}

func readTopology(t *evidence.Telemetry, file string, data []byte) (err error) {
	t.Dependencies, err = decodeArray(file, data, func(d evidence.Dependency) string {
		if d.Caller == "" || d.Callee == "" {
			return "caller and callee must not be empty"
		}
		return ""
	})
	return err
}

func readAlarms(t *evidence.Telemetry, file string, data []byte) (err error) {
	t.Alarms, err = decodeArray(file, data, func(a evidence.Alarm) string {
		switch {
		case a.Time.IsZero():
			return "time is missing"
		case a.Component == "":
			return "component is missing"
		}
		return ""
	})
	return err
}

func readStatuses(t *evidence.Telemetry, file string, data []byte) (err error) {
	t.Statuses, err = decodeArray(file, data, func(s evidence.Status) string {
		switch {
		case s.Component == "":
			return "component is missing"
		case s.Kind == "":
			return "kind is missing (pod, node, deployment, event, database, ...)"
		}
		return ""
	})
	return err
}

// decodeLines reads newline-delimited JSON; blank lines are skipped.
func decodeLines[T any](file string, data []byte, check func(T) string) ([]T, error) {
	var out []T
	line := 0
	for len(data) > 0 {
		line++
		var row []byte
		row, data, _ = bytes.Cut(data, []byte{'\n'})
		if len(bytes.TrimSpace(row)) == 0 {
			continue
		}
		v, err := decode[T](row)
		if err != nil {
			return nil, invalid(file, line, "%w", err)
		}
		if fault := check(v); fault != "" {
			return nil, invalid(file, line, "%s", fault)
		}
		out = append(out, v)
	}
	return out, nil
}

// decodeArray reads one JSON array; errors name the line on which the faulty element begins.
func decodeArray[T any](file string, data []byte, check func(T) string) ([]T, error) {
	lineAt := func(offset int64) int {
		return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte{'\n'})
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	open, err := dec.Token()
	if err != nil || open != json.Delim('[') {
		return nil, invalid(file, 1, "the file must hold one JSON array")
	}
	var out []T
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, invalid(file, lineAt(dec.InputOffset()), "%w", err)
		}
		line := lineAt(dec.InputOffset() - int64(len(raw)))
		v, err := decode[T](raw)
		if err != nil {
			return nil, invalid(file, line, "%w", err)
		}
		if fault := check(v); fault != "" {
			return nil, invalid(file, line, "%s", fault)
		}
		out = append(out, v)
	}
	if _, err := dec.Token(); err != nil {
		return nil, invalid(file, lineAt(int64(len(data))), "the array is not closed: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, invalid(file, lineAt(dec.InputOffset()), "there is something after the array")
	}
	return out, nil
}

func decode[T any](data []byte) (T, error) {
	var v T
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return v, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return v, errors.New("there is something after the JSON value")
	}
	return v, nil
}
