package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/events/scenarios"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/deliver"
	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/embedded/replay"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

// reader is a person who reads notices.
type reader chan deliver.Notice

func (reader) Name() string { return "reader" }

func (r reader) Deliver(_ context.Context, n deliver.Notice, _ *deliver.Receipt, _ bool) (deliver.Receipt, error) {
	r <- n
	return deliver.Receipt{Ref: n.Key}, nil
}

// findings waits for what is told about an investigation other than one.
func (r reader) findings(t *testing.T, but string) deliver.Notice {
	t.Helper()
	for limit := time.After(time.Minute); ; {
		select {
		case n := <-r:
			if n.Kind == deliver.Findings && n.Investigation.ID != but {
				return n
			}
		case <-limit:
			t.Fatal("no findings within a minute")
		}
	}
}

func fetch(t *testing.T, method, address, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, address, resp.StatusCode, got, err)
	}
	return string(got)
}

var undoLink = regexp.MustCompile(`Investigate anyway: (http://\S+/undo/evt-\w+)#(\S{43})`)

// TestUndoFromTheNotice: an alarm was skipped by a rule; a person reads the findings about another, follows the link that
// stands there, and is told what the investigation of the skipped alarm found. The links of linked alarms are there too.
func TestUndoFromTheNotice(t *testing.T) {
	folder, _ := scenarios.Open("checkout-503")
	scene, err := replay.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	scene = scene.EndingAt(noon)
	told, dir := make(reader, 16), t.TempDir()
	scene.Space.Notify.Events = &config.Events{Bus: "default"}
	app, err := embedded.Start(t.Context(), embedded.Options{
		Space: scene.Space, Dir: dir, Tools: scene.Telemetry.Tools(), Now: func() time.Time { return noon }, NoSync: true, Tell: []deliver.Channel{told},
	})
	defer app.Stop()
	if err != nil {
		t.Fatal(err)
	}
	skipped := scene.Deliveries[3] // as docs/scenarios.md tells it
	for _, d := range []replay.Delivery{skipped, scene.Deliveries[0]} {
		if err := app.Alarm(t.Context(), d.Body); err != nil {
			t.Fatal(err)
		}
		decided(t, app, (<-app.Hooks).EventID)
	}
	first := told.findings(t, "")
	found := undoLink.FindStringSubmatch(deliver.Compose(first).Text())
	if found == nil {
		t.Fatalf("the notice has no link to undo: %s", deliver.Compose(first).Text())
	}
	link, secret := found[1], found[2]
	if page := fetch(t, http.MethodGet, link, ""); !strings.Contains(page, "Investigate this alarm") || strings.Contains(page, secret) {
		t.Errorf("the page: %s", page)
	}
	body, _ := json.Marshal(map[string]string{"secret": secret, "by": scene.Space.Approvals.People[0].Email, "why": "the backup matters tonight"})
	var out struct {
		First    bool              `json:"first"`
		Reversal incident.Reversal `json:"reversal"`
	}
	if err := json.NewDecoder(bytes.NewBufferString(fetch(t, http.MethodPost, link, string(body)))).Decode(&out); err != nil || !out.First {
		t.Fatalf("%+v %v", out, err)
	}
	second := told.findings(t, first.Investigation.ID)
	if second.Investigation.ID != out.Reversal.Investigation || len(second.Alarms) != 1 || second.Alarms[0].Decision.Reversed == nil {
		t.Errorf("told about %s: %+v", second.Investigation.ID, second.Alarms)
	}
	if text := deliver.Compose(second).Text(); !strings.Contains(text, "Reversed by "+out.Reversal.By+" (possession of the notice)") || !strings.Contains(text, "the backup matters tonight") {
		t.Errorf("the notice does not say who asked for it: %s", text)
	}
	log, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	if err != nil || strings.Contains(string(log), secret) {
		t.Errorf("%v, or an event holds a link's secret", err)
	}
	for _, id := range []string{first.Investigation.ID, second.Investigation.ID} {
		if !strings.Contains(string(log), `"detail-type":"Investigation Completed"`) || !strings.Contains(string(log), `"resources":["`+id+`"]`) {
			t.Errorf("no event about %s: %s", id, log)
		}
	}
}

// decided waits until triage has decided on an event.
func decided(t *testing.T, app *embedded.App, event string) record.Alarm {
	t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; <-time.After(2 * time.Millisecond) {
		if a, err := record.GetAlarm(t.Context(), app.Store, event); err == nil {
			return a
		}
	}
	t.Fatalf("no decision on %s within a minute", event)
	return record.Alarm{}
}
