package cli

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/events/scenarios"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/triage"
)

// Deliveries of a scenario, one a line, give the decisions that the demo shows.
func TestTriageReplayOfDeliveries(t *testing.T) {
	dir := t.TempDir()
	folder, ok := scenarios.Open("checkout-503")
	if !ok {
		t.Fatal("no scenario checkout-503")
	}
	for _, name := range []string{"deliveries.ndjson", "space.yaml"} {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	code := Main([]string{"triage", "replay", "--json", "--source", "cloudwatch", "--file", filepath.Join(dir, "deliveries.ndjson"), "--space", filepath.Join(dir, "space.yaml")}, &out, &errs)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var got []string
	dec := json.NewDecoder(&out)
	for dec.More() {
		var r triage.Replayed
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		outcome := string(r.Would.Outcome)
		if r.Duplicate {
			outcome = "duplicate"
		}
		got = append(got, outcome)
	}
	if want := "Proceed Linked Linked Skipped duplicate Linked"; strings.Join(got, " ") != want {
		t.Errorf("decisions %v, want %s", got, want)
	}
	if !strings.Contains(errs.String(), "6 deliveries, 6 events: 1 Proceed, 2 Linked, 1 Skipped, 1 recovery, 1 duplicate") {
		t.Errorf("summary: %s", errs.String())
	}
}

func TestTriageReplayUse(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nothing":          {nil, 2, "either --since"},
		"both":             {[]string{"--since", "1d", "--file", "x"}, 2, "either --since"},
		"no source":        {[]string{"--file", "x"}, 2, "--file needs --source"},
		"unknown source":   {[]string{"--source", "carrier-pigeon", "--file", "x"}, 2, "no source"},
		"no file":          {[]string{"--source", "generic", "--file", "/nonexistent"}, 3, "read deliveries"},
		"no space":         {[]string{"--since", "1d"}, 2, "--since needs --space"},
		"no skills folder": {[]string{"--source", "generic", "--file", "x", "--skills", "/nonexistent"}, 6, "read skills"},
	} {
		var out, errs bytes.Buffer
		if code := Main(append([]string{"triage", "replay"}, c.args...), &out, &errs); code != c.code || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: exit %d, %s; want %d, %q", name, code, errs.String(), c.code, c.says)
		}
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{"30d": "2026-03-01T12:00:00Z", "12h": "2026-03-31T00:00:00Z", "2026-01-31T10:00:00Z": "2026-01-31T10:00:00Z"} {
		if got, err := ago(now, text); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "0d", "-3d", "1.5d", "3dd", "yesterday", "-2h"} {
		if _, err := ago(now, text); !incident.Is(err, incident.Invalid) {
			t.Errorf("%q: %v, want Invalid", text, err)
		}
	}
}
