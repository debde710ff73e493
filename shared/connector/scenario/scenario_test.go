package scenario

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

func at(minute int) time.Time { return time.Date(2026, 3, 1, 10, minute, 0, 0, time.UTC) }

func folder(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

var whole = map[string]string{
	"metrics.csv": "timestamp,component,metric,statistic,unit,value\n2026-03-01T10:00:00Z,web,latency,p99,ms,12.5\n2026-03-01T10:01:00Z,web,latency,p99,ms,\n" +
		"2026-03-01T10:02:00Z,web,latency,p99,ms,80\n2026-03-01T10:00:00Z,db,cpu,Average,Percent,7\n",
	"logs.ndjson":   `{"time":"2026-03-01T10:01:00Z","component":"web","level":"ERROR","message":"boom"}` + "\n\n" + `{"time":"2026-03-01T10:03:00Z","component":"db","message":"slow","count":3}`,
	"calls.ndjson":  `{"time":"2026-03-01T10:01:00Z","caller":"web","callee":"db","operation":"query","count":2,"errors":1,"duration_ms":1.5,"own_ms":1}`,
	"changes.json":  `[{"id":"d-1","time":"2026-03-01T09:00:00Z","component":"web","kind":"deployment","parameters":[{"name":"DB_POOL_MAX","old":"40","new":"5"}]}]`,
	"topology.json": `[{"caller":"web","callee":"db"}]`,
	"alarms.json":   `[{"time":"2026-03-01T10:02:00Z","component":"web","metric":"latency","text":"p99 high"}]`,
	"statuses.json": `[{"component":"web","kind":"deployment","reason":"Available"}]`,
}

func TestLoadWhole(t *testing.T) {
	s, err := Load(folder(whole))
	if err != nil {
		t.Fatal(err)
	}
	got := s.Telemetry()
	if len(got.Gaps) != 0 {
		t.Errorf("gaps of a whole folder: %v", got.Gaps)
	}
	if len(got.Metrics) != 2 || len(got.Metrics[0].Times) != 3 || !math.IsNaN(got.Metrics[0].Values[1]) {
		t.Errorf("metrics: %+v", got.Metrics)
	}
	want := evidence.Call{Time: at(1), Caller: "web", Callee: "db", Operation: "query", Count: 2, Errors: 1, Duration: 1500 * time.Microsecond, Own: time.Millisecond}
	if diff := cmp.Diff([]evidence.Call{want}, got.Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(evidence.Window{From: at(0), To: at(3), Start: at(2)}, s.Window()); diff != "" {
		t.Errorf("window (-want +got):\n%s", diff)
	}
}

func TestInputClipsAndCites(t *testing.T) {
	s, err := Load(folder(whole))
	if err != nil {
		t.Fatal(err)
	}
	in := s.Input(evidence.Window{From: at(1), To: at(2)})
	if len(in.Metrics) != 1 || len(in.Metrics[0].Times) != 2 || in.Metrics[0].Ref != MetricsFile {
		t.Errorf("metrics: %+v", in.Metrics)
	}
	if len(in.Logs) != 1 || len(in.Changes) != 1 || len(in.Statuses) != 1 || in.Changes[0].Ref != ChangesFile {
		t.Errorf("logs %v changes %v statuses %v", in.Logs, in.Changes, in.Statuses)
	}
	if again := s.Telemetry(); again.Changes[0].Ref != "" {
		t.Error("Input stamped refs into the scenario itself")
	}
}

func TestShiftMovesEveryTimeAndKeepsTheOriginal(t *testing.T) {
	s, err := Load(folder(whole))
	if err != nil {
		t.Fatal(err)
	}
	moved := s.Shift(time.Hour)
	if got, want := moved.Window().From, at(60); !got.Equal(want) {
		t.Errorf("from = %v, want %v", got, want)
	}
	if got, want := moved.Telemetry().Changes[0].Time, at(0); !got.Equal(want) {
		t.Errorf("change = %v, want %v", got, want)
	}
	if !moved.Telemetry().Statuses[0].Time.IsZero() {
		t.Error("an unset time was moved")
	}
	if diff := cmp.Diff(at(0), s.Window().From); diff != "" {
		t.Errorf("the original moved:\n%s", diff)
	}
}

func TestMissingFilesAreGaps(t *testing.T) {
	s, err := Load(folder(map[string]string{"topology.json": "[]"}))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Gaps(); len(got) != 6 || !strings.Contains(got[0].Text, "metrics.csv") || got[0].Fix == "" {
		t.Errorf("gaps = %+v", got)
	}
}

func TestFaultsNameFileAndLine(t *testing.T) {
	for _, tc := range []struct{ name, file, text, want string }{
		{"empty metrics", "metrics.csv", "", "metrics.csv:1: the file is empty"},
		{"unknown column", "metrics.csv", "timestamp,component,metric,value,host\n", `metrics.csv:1: unknown column "host"`},
		{"missing column", "metrics.csv", "timestamp,component,metric\n", `metrics.csv:1: column "value" is missing`},
		{"column twice", "metrics.csv", "timestamp,component,metric,value,value\n", `metrics.csv:1: column "value" stands twice`},
		{"bad number", "metrics.csv", "timestamp,component,metric,value\n2026-03-01T10:00:00Z,a,m,1\n2026-03-01T10:00:00Z,a,m,x\n", `metrics.csv:3: value "x" is not a number`},
		{"bad time", "metrics.csv", "timestamp,component,metric,value\nyesterday,a,m,1\n", "metrics.csv:2: timestamp"},
		{"ragged row", "metrics.csv", "timestamp,component,metric,value\n2026-03-01T10:00:00Z,a\n", "metrics.csv:2: wrong number of fields"},
		{"no component", "metrics.csv", "timestamp,component,metric,value\n2026-03-01T10:00:00Z,,m,1\n", "metrics.csv:2: component and metric"},
		{"log syntax", "logs.ndjson", "{}x\n", "logs.ndjson:1:"},
		{"log without time", "logs.ndjson", "\n{\"component\":\"a\",\"message\":\"m\"}\n", "logs.ndjson:2: time is missing"},
		{"log unknown field", "logs.ndjson", `{"time":"2026-03-01T10:00:00Z","component":"a","messsage":"m"}`, `logs.ndjson:1: json: unknown field "messsage"`},
		{"call unit", "calls.ndjson", `{"time":"2026-03-01T10:00:00Z","callee":"a","duration_ms":-1}`, "calls.ndjson:1: counts and durations"},
		{"not an array", "changes.json", `{"id":"x"}`, "changes.json:1: the file must hold one JSON array"},
		{"second element", "changes.json", "[\n{\"id\":\"a\",\"kind\":\"config\",\"time\":\"2026-03-01T10:00:00Z\"},\n{\"kind\":\"config\"}\n]", "changes.json:3: id is missing"},
		{"open array", "alarms.json", "[\n", "alarms.json:2: the array is not closed"},
		{"after the array", "topology.json", "[]\n[]", "topology.json:2: there is something after the array"},
		{"status kind", "statuses.json", `[{"component":"a"}]`, "statuses.json:1: kind is missing"},
		{"edge", "topology.json", `[{"caller":"a"}]`, "topology.json:1: caller and callee"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(folder(map[string]string{tc.file: tc.text}))
			if !incident.Is(err, incident.Invalid) || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("error = %v, want Invalid %q", err, tc.want)
			}
		})
	}
	if _, err := Load(folder(nil)); !incident.Is(err, incident.Invalid) || !strings.Contains(err.Error(), "metrics.csv") {
		t.Errorf("empty folder: %v", err)
	}
}

func TestToolsClipToScope(t *testing.T) {
	s, err := Load(folder(whole))
	if err != nil {
		t.Fatal(err)
	}
	scope := tool.Scope{Account: "1", Region: "r", From: at(1), To: at(2)}
	for _, tc := range []struct {
		name, args, summary string
	}{
		{"metrics", `{}`, "1 metric series with 2 samples"},
		{"metrics", `{"from":"2026-03-01T08:00:00Z","to":"2026-03-01T12:00:00Z"}`, "1 metric series with 2 samples"},
		{"logs", `{"contains":"BOOM"}`, "1 log line"},
		{"logs", `{"components":["db"]}`, "0 log lines"},
		{"calls", `{"components":["db"]}`, "1 call record"},
		{"changes", `{}`, "0 changes"},
		{"topology", `{}`, "1 dependency"},
		{"alarms", `{"contains":"p99"}`, "1 alarm"},
		{"statuses", `{}`, "1 platform state or event"},
	} {
		t.Run(tc.name+tc.args, func(t *testing.T) {
			result, err := find(t, s, tc.name).Call(context.Background(), scope, json.RawMessage(tc.args))
			if err != nil {
				t.Fatal(err)
			}
			var back evidence.Telemetry
			if err := json.Unmarshal(result.Data, &back); err != nil {
				t.Errorf("result is not telemetry: %v", err)
			}
			if result.Summary != tc.summary {
				t.Errorf("summary = %q, want %q", result.Summary, tc.summary)
			}
		})
	}
	if _, err := find(t, s, "logs").Call(context.Background(), scope, json.RawMessage(`{"host":"x"}`)); !incident.Is(err, incident.Invalid) {
		t.Errorf("unknown argument: %v", err)
	}
	if _, err := find(t, s, "logs").Call(context.Background(), scope, json.RawMessage(`{"from":"2026-03-01T10:00:00Z","to":"2026-03-01T09:00:00Z"}`)); !incident.Is(err, incident.Invalid) {
		t.Errorf("reversed span: %v", err)
	}
}

func TestToolOfMissingFileReturnsGap(t *testing.T) {
	s, err := Load(folder(map[string]string{"topology.json": "[]"}))
	if err != nil {
		t.Fatal(err)
	}
	result, err := find(t, s, "logs").Call(context.Background(), tool.Scope{}, json.RawMessage(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	var back evidence.Telemetry
	if err := json.Unmarshal(result.Data, &back); err != nil || len(back.Gaps) != 1 {
		t.Errorf("gaps = %v, %v", back.Gaps, err)
	}
}

func find(t *testing.T, s Scenario, name string) tool.Tool {
	t.Helper()
	for _, candidate := range s.Tools() {
		if candidate.Spec().Name == name {
			return candidate
		}
	}
	t.Fatalf("no tool %s", name)
	return nil
}

func FuzzLoad(f *testing.F) {
	for name, text := range whole {
		f.Add(name, text)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		s, err := Load(folder(map[string]string{name: text, "topology.json": "[]"}))
		if err != nil {
			if !incident.Is(err, incident.Invalid) && !incident.Is(err, incident.Unavailable) {
				t.Errorf("error without a class: %v", err)
			}
			return
		}
		s.Input(evidence.Window{})
		s.Shift(time.Minute)
	})
}

func TestDocumentedExampleLoads(t *testing.T) {
	page, err := os.ReadFile("../../../docs/analyze.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name := range whole {
		_, rest, ok := strings.Cut(string(page), "`"+name+"`\n\n```")
		if !ok {
			t.Errorf("docs/analyze.md has no example of %s", name)
			continue
		}
		_, rest, _ = strings.Cut(rest, "\n")
		files[name], _, _ = strings.Cut(rest, "```")
	}
	s, err := Load(folder(files))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Telemetry(); len(got.Metrics) == 0 || len(got.Changes) == 0 || len(got.Gaps) != 0 {
		t.Errorf("example: %d series, %d changes, gaps %v", len(got.Metrics), len(got.Changes), got.Gaps)
	}
}
