package scenario

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

// The files of the format, in the order in which they are read.
const (
	MetricsFile  = "metrics.csv"
	LogsFile     = "logs.ndjson"
	CallsFile    = "calls.ndjson"
	ChangesFile  = "changes.json"
	TopologyFile = "topology.json"
	AlarmsFile   = "alarms.json"
	StatusesFile = "statuses.json"
)

// Scenario is the telemetry of one folder. It is a value: its methods return copies and leave it as it was.
type Scenario struct {
	telemetry evidence.Telemetry
	missing   map[string]bool
}

// part is one file of the format: how it is read, and what a reader misses without it.
type part struct {
	file string
	what string
	read func(*evidence.Telemetry, string, []byte) error
}

var parts = []part{
	{MetricsFile, "metrics", readMetrics},
	{LogsFile, "logs", readLogs},
	{CallsFile, "calls between components", readCalls},
	{ChangesFile, "changes", readChanges},
	{TopologyFile, "topology", readTopology},
	{AlarmsFile, "alarms", readAlarms},
	{StatusesFile, "platform states and events", readStatuses},
}

// Load reads the folder. A missing file is a gap of the result. It fails with Invalid when a file breaks the format (the message
// names file and line) or when the folder holds none of the files, and with Unavailable when a file cannot be read.
func Load(folder fs.FS) (Scenario, error) {
	s := Scenario{missing: map[string]bool{}}
	for _, p := range parts {
		data, err := fs.ReadFile(folder, p.file)
		if errors.Is(err, fs.ErrNotExist) {
			s.missing[p.file] = true
			continue
		}
		if err != nil {
			return Scenario{}, incident.Errorf(incident.Unavailable, "read %s: %w", p.file, err)
		}
		if err := p.read(&s.telemetry, p.file, data); err != nil {
			return Scenario{}, err
		}
	}
	if len(s.missing) == len(parts) {
		return Scenario{}, incident.Errorf(incident.Invalid, "the folder holds no telemetry; write at least one of %s (the format is in docs/analyze.md)", fileNames())
	}
	return s, nil
}

func fileNames() string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.file
	}
	return strings.Join(names, ", ")
}

// Gaps names what the folder does not hold.
func (s Scenario) Gaps() []evidence.Gap {
	var gaps []evidence.Gap
	for _, p := range parts {
		if s.missing[p.file] {
			gaps = append(gaps, s.gap(p.file))
		}
	}
	return gaps
}

func (s Scenario) gap(file string) evidence.Gap {
	i := slices.IndexFunc(parts, func(p part) bool { return p.file == file })
	return evidence.Gap{Text: "no " + parts[i].what + ": the folder has no " + file, Fix: "add " + file + " (docs/analyze.md)"}
}

// Telemetry returns everything the folder holds and the gaps, without refs: whoever reads it stamps them.
func (s Scenario) Telemetry() evidence.Telemetry {
	t := s.telemetry
	return evidence.Telemetry{
		Metrics: slices.Clone(t.Metrics), Logs: slices.Clone(t.Logs), Calls: slices.Clone(t.Calls), Dependencies: slices.Clone(t.Dependencies),
		Changes: slices.Clone(t.Changes), Alarms: slices.Clone(t.Alarms), Statuses: slices.Clone(t.Statuses), Gaps: s.Gaps(),
	}
}

// Window spans all telemetry (changes aside, which may be old) and starts trouble at the first alarm, if there is one.
func (s Scenario) Window() evidence.Window {
	var w evidence.Window
	see := func(t time.Time) {
		if t.IsZero() {
			return
		}
		if w.From.IsZero() || t.Before(w.From) {
			w.From = t
		}
		if t.After(w.To) {
			w.To = t
		}
	}
	for _, m := range s.telemetry.Metrics {
		if len(m.Times) > 0 {
			see(time.UnixMilli(slices.Min(m.Times)).UTC())
			see(time.UnixMilli(slices.Max(m.Times)).UTC())
		}
	}
	for _, l := range s.telemetry.Logs {
		see(l.Time)
	}
	for _, c := range s.telemetry.Calls {
		see(c.Time)
	}
	for _, e := range s.telemetry.Statuses {
		see(e.Time)
	}
	for _, a := range s.telemetry.Alarms {
		see(a.Time)
		if !a.Time.IsZero() && (w.Start.IsZero() || a.Time.Before(w.Start)) {
			w.Start = a.Time
		}
	}
	return w
}

// Input is what Analyze looks at: the telemetry inside the window, each fact cited by the name of its file. A zero bound of the
// window is open; a zero window is the scenario's own.
func (s Scenario) Input(window evidence.Window) evidence.Input {
	if window == (evidence.Window{}) {
		window = s.Window()
	}
	in := evidence.Input{Window: window}
	all := query{from: window.From, to: window.To}
	in.Add(evidence.Telemetry{Metrics: all.metrics(s.telemetry.Metrics)}, MetricsFile)
	in.Add(evidence.Telemetry{Logs: all.logs(s.telemetry.Logs)}, LogsFile)
	in.Add(evidence.Telemetry{Calls: all.calls(s.telemetry.Calls)}, CallsFile)
	in.Add(evidence.Telemetry{Changes: query{to: window.To}.changes(s.telemetry.Changes)}, ChangesFile)
	in.Add(evidence.Telemetry{Dependencies: slices.Clone(s.telemetry.Dependencies)}, TopologyFile)
	in.Add(evidence.Telemetry{Alarms: all.alarms(s.telemetry.Alarms)}, AlarmsFile)
	in.Add(evidence.Telemetry{Statuses: all.statuses(s.telemetry.Statuses)}, StatusesFile)
	in.Add(evidence.Telemetry{Gaps: s.Gaps()}, "")
	return in
}

// Shift moves every time by d; unset times stay unset.
func (s Scenario) Shift(d time.Duration) Scenario {
	t := s.Telemetry()
	t.Gaps = nil
	move := func(at *time.Time) {
		if !at.IsZero() {
			*at = at.Add(d)
		}
	}
	for i := range t.Metrics {
		times := slices.Clone(t.Metrics[i].Times)
		for j := range times {
			times[j] += d.Milliseconds()
		}
		t.Metrics[i].Times = times
	}
	for i := range t.Logs {
		move(&t.Logs[i].Time)
	}
	for i := range t.Calls {
		move(&t.Calls[i].Time)
	}
	for i := range t.Changes {
		move(&t.Changes[i].Time)
	}
	for i := range t.Alarms {
		move(&t.Alarms[i].Time)
	}
	for i := range t.Statuses {
		move(&t.Statuses[i].Time)
	}
	return Scenario{telemetry: t, missing: s.missing}
}
