package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
)

func runAnalyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	cmd := NewAnalyze()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func telemetryFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var lines strings.Builder
	for _, minute := range []string{"01", "05", "09"} {
		lines.WriteString(`{"time":"2026-03-01T10:` + minute + `:00Z","component":"mill","level":"INFO","message":"ground"}` + "\n")
	}
	lines.WriteString(`{"time":"2026-03-01T10:12:00Z","component":"mill","level":"ERROR","message":"write failed: no space left on device"}` + "\n")
	if err := os.WriteFile(filepath.Join(dir, "logs.ndjson"), []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAnalyzePrintsTheBrief(t *testing.T) {
	out, err := runAnalyze(t, telemetryFolder(t), "--start", "2026-03-01T10:11:00Z")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"mill", "storage full", "no space left on device", "metrics.csv"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
}

func TestAnalyzeJSONIsABrief(t *testing.T) {
	out, err := runAnalyze(t, telemetryFolder(t), "--json")
	if err != nil {
		t.Fatal(err)
	}
	var b evidence.Brief
	if err := json.Unmarshal([]byte(out), &b); err != nil || len(b.Causes) == 0 || b.Causes[0].Category != evidence.StorageFull {
		t.Errorf("brief %+v, %v", b.Causes, err)
	}
}

func TestAnalyzeFaults(t *testing.T) {
	dir := telemetryFolder(t)
	for name, tc := range map[string]struct {
		args  []string
		class incident.Class
	}{
		"no folder": {[]string{filepath.Join(dir, "absent")}, incident.NotFound},
		"a file":    {[]string{filepath.Join(dir, "logs.ndjson")}, incident.Invalid},
		"empty":     {[]string{t.TempDir()}, incident.Invalid},
		"bad start": {[]string{dir, "--start", "noon"}, incident.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := runAnalyze(t, tc.args...)
			if !incident.Is(err, tc.class) || out != "" {
				t.Errorf("error %v (%s), output %q", err, incident.ClassOf(err), out)
			}
		})
	}
}
