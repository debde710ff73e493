package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/embedded/boltkv"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
)

func event(id, action, more string) string {
	return fmt.Sprintf(`{"eventType":"incident","incidentId":%q,"action":%q,"priority":"HIGH","title":"checkout fails","service":"checkout"%s}`, id, action, more)
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deliveries.ndjson")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// replayed runs a replay of a file and gives "line result" of each object.
func replayed(t *testing.T, source, text string) (got []string, code int, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main([]string{"triage", "replay", "--json", "--source", source, "--file", file(t, text)}, &out, &errs)
	dec := json.NewDecoder(&out)
	for dec.More() {
		var l replayLine
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		switch {
		case l.Result == "error" && l.Error == "", l.Result == "ignored" && l.Note == "":
			t.Errorf("line %d: %s, and nothing says why", l.Line, l.Result)
		case l.Replayed != nil && (l.EventID == "" || len(l.Would.Reasons) == 0 || l.Would.Outcome == ""):
			t.Errorf("line %d: a decision without event, outcome or reason: %+v", l.Line, l.Would)
		}
		got = append(got, fmt.Sprintf("%d %s", l.Line, l.Result))
	}
	return got, code, errs.String()
}

// Every line of a file comes out, under its number, whatever it holds, and the bad ones do not stop the good ones.
func TestReplayAccountsForEveryLine(t *testing.T) {
	at := func(second int) string { return fmt.Sprintf(`,"timestamp":"2026-03-10T03:00:%02dZ"`, second) }
	text := strings.Join([]string{
		event("A", "created", at(1)), "", event("A", "created", at(1)), "{broken", event("A", "resolved", at(30)), `{"eventType":"incident"}`, "  ",
		`{"headers":{"Content-Type":"application/json"},"body":` + event("B", "created", at(40)) + `}`,
		`{"version":"2.0","rawPath":"/hooks/generic","headers":{},"requestContext":{"stage":"$default"},"body":` + quoted(event("B", "created", at(40))) + `,"isBase64Encoded":false}`,
		`{"at":"2026-03-10T03:00:50Z","body":` + event("C", "created", "") + `}`, event("D", "created", ""), event("D", "created", ""), `{"a":1,"a":2}`, `"text"`,
	}, "\r\n")
	got, code, said := replayed(t, "generic", text)
	want := []string{"1 Proceed", "3 duplicate", "4 error", "5 recovery", "6 error", "8 Linked", "9 duplicate", "10 Linked", "11 Linked", "12 Linked", "13 error", "14 error"}
	if !slices.Equal(got, want) {
		t.Errorf("lines\n%q, want\n%q", got, want)
	}
	if code != 2 || !strings.Contains(said, "12 deliveries, 8 events: 1 Proceed, 4 Linked, 0 Skipped, 1 recovery, 2 duplicates; 0 changes, 0 ignored, 4 errors") || !strings.Contains(said, "4 deliveries could not be read") {
		t.Errorf("exit %d: %s", code, said)
	}
}

func quoted(text string) string {
	raw, _ := json.Marshal(text)
	return string(raw)
}

func TestReplayOfManyAlarmsInALine(t *testing.T) {
	group := `{"status":"firing","alerts":[{"status":"firing","labels":{"alertname":"A","service":"checkout"},"startsAt":"2026-03-10T03:00:00Z"},{"status":"firing","labels":{"alertname":"B","service":"checkout"},"startsAt":"2026-03-10T03:00:01Z"}]}`
	got, code, said := replayed(t, "alertmanager", group+"\n"+`{"status":"firing","receiver":"r","alerts":[]}`+"\n"+group+"\n")
	if want := []string{"1 Proceed", "1 Linked", "2 ignored", "3 duplicate", "3 duplicate"}; code != 0 || !slices.Equal(got, want) {
		t.Errorf("exit %d, lines %q, want %q; %s", code, got, want, said)
	}
	got, code, _ = replayed(t, "github", `{"zen":"Keep it logically awesome.","hook_id":1}`)
	if want := []string{"1 ignored"}; code != 0 || !slices.Equal(got, want) {
		t.Errorf("exit %d, lines %q, want %q", code, got, want)
	}
}

// source parse tells the line of each body, also where bodies stand over several lines.
func TestParseLines(t *testing.T) {
	one, two := event("A", "created", ""), event("B", "created", "")
	indented := func(text string) string {
		var out bytes.Buffer
		_ = json.Indent(&out, []byte(text), "", "  ")
		return out.String()
	}
	for name, c := range map[string]struct {
		text string
		code int
		want string
	}{
		"one":                  {one, 0, "1 A"},
		"one, indented":        {"\n" + indented(one) + "\n", 0, "2 A"},
		"lines":                {one + "\n\n" + two + "\n", 0, "1 A,3 B"},
		"indented, two":        {indented(one) + "\n" + indented(two), 0, "1 A,9 B"},
		"junk first":           {"junk\n" + two, 2, "1 !,2 B"},
		"in an envelope":       {`{"headers":{},"body":` + one + `}`, 0, "1 A"},
		"an envelope, encoded": {`{"headers":{},"isBase64Encoded":true,"body":"eyJhIjoxfQ=="}`, 2, "1 !"},
		"body is a field":      {`{"body":1,"title":"x"}`, 2, "1 !"},
		"empty":                {"\n", 2, "1 !"},
	} {
		var out, errs bytes.Buffer
		code := Main([]string{"source", "parse", "--source", "generic", file(t, c.text)}, &out, &errs)
		var got []string
		for dec := json.NewDecoder(&out); dec.More(); {
			var p parsed
			if err := dec.Decode(&p); err != nil {
				t.Fatal(err)
			}
			what := "!"
			if len(p.Events) > 0 {
				what = p.Events[0].IncidentID
			}
			got = append(got, fmt.Sprintf("%d %s", p.Line, what))
		}
		if code != c.code || strings.Join(got, ",") != c.want {
			t.Errorf("%s: exit %d, %q; want %d, %q; %s", name, code, got, c.code, c.want, errs.String())
		}
	}
}

// Whatever a file holds, every delivery of it stands on a line of the file, in order, and nothing panics.
func FuzzDeliveries(f *testing.F) {
	for _, seed := range []string{"", "{}", "{}\n{}", "{\n}{\n}", "junk\n{}", `{"headers":{},"body":"x"}`, `{"at":1,"body":{}}`, "\n\n1\n2 3"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		last, lines := 0, bytes.Count(data, []byte("\n"))+1
		for _, d := range deliveries(data) {
			if d.line < 1 || d.line < last || d.line > lines {
				t.Fatalf("line %d after %d of %d", d.line, last, lines)
			}
			last = d.line
		}
	})
}

// With --dir a replay of deliveries shows what the space of that folder did with them.
func TestReplayOfDeliveriesBesideTheSpace(t *testing.T) {
	dir := t.TempDir()
	store, err := boltkv.Open(filepath.Join(dir, "space.db"), boltkv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	body := event("A", "created", `,"timestamp":"2026-03-10T03:00:00Z","source":"generic","type":"alarm"`)
	var e incident.Event
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	a := record.Alarm{Event: e, ID: e.EventID(), Key: e.AlarmKey(), Decision: incident.Decision{Outcome: incident.Skipped, Rule: "nights/all"}}
	if err := store.Commit(t.Context(), kv.Put(record.AlarmKey(a.ID), a, kv.Absent())); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := Main([]string{"triage", "replay", "--json", "--source", "generic", "--file", file(t, body+"\n"+event("B", "created", "")), "--dir", dir}, &out, &errs)
	if code != 0 || !strings.Contains(out.String(), `"changed":"was Skipped by nights/all, would be Proceed"`) || !strings.Contains(errs.String(), "1 would be decided differently") {
		t.Errorf("exit %d: %s\n%s", code, errs.String(), out.String())
	}
	if code := Main([]string{"triage", "replay", "--source", "generic", "--file", file(t, body), "--dir", t.TempDir()}, &out, &errs); code != 3 {
		t.Errorf("a folder without a store: exit %d, want 3", code)
	}
}
