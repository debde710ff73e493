package triage_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/skill"
	"github.com/firefinder/firefinder/shared/skill/rule"
	"github.com/firefinder/firefinder/shared/triage"
)

// With the same rules a replay of what is stored changes nothing; with a new rule it shows exactly what that would hide.
func TestReplay(t *testing.T) {
	d := newDesk(t)
	backup := ev("reports", "nightly-backup-duration", 2, incident.Created)
	backup.Priority = incident.Low
	disk := ev("search", "disk-usage", 3, incident.Created)
	disk.Priority = incident.Low
	d.send(ev("checkout", "5xx", 0, incident.Created), ev("checkout", "p99", 1, incident.Created), backup)
	d.send(disk)
	d.send(ev("checkout", "5xx", 5, incident.Resolved), ev("db", "cpu", 6, incident.Created))
	events, did, err := triage.Stored(t.Context(), d.store, t0.Add(-time.Hour), t0.Add(time.Hour))
	if err != nil || len(events) != 6 || len(did) != 6 {
		t.Fatalf("%d events stored, %d decisions, %v; want 6", len(events), len(did), err)
	}
	replay := func(lib skill.Library, events []incident.Event) (changes []string) {
		t.Helper()
		out, err := triage.Replay(t.Context(), triage.Deps{Space: space(), Skills: lib, Log: slog.New(slog.DiscardHandler)}, events, did)
		if err != nil || len(out) != len(events) {
			t.Fatalf("%d replayed, %v", len(out), err)
		}
		for _, r := range out {
			if r.Changed != "" {
				changes = append(changes, r.Event.Title+": "+r.Changed)
			}
		}
		return changes
	}
	lib, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	if changes := replay(lib, events); len(changes) != 0 {
		t.Errorf("nothing changed, but the replay says %q", changes)
	}
	lib, err = skill.Load(fstest.MapFS{"disks/SKILL.md": {Data: []byte("---\nname: disks\ndescription: d\nmetadata:\n  skip:\n    - {name: low, reason: r, when: 'event.title.startsWith(\"disk\")'}\n---\n")}}, rule.Compiler())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"disk-usage: was Proceed, would be Skipped by disks/low", "nightly-backup-duration: was Skipped by maintenance-noise/slow-backup, would be Proceed"}
	changes := replay(lib, events)
	slices.Sort(changes)
	if !slices.Equal(changes, want) {
		t.Errorf("changes %q, want %q", changes, want)
	}
	if len(d.started) != 2 {
		t.Errorf("the replay started something: %v", d.started)
	}
	if a, err := record.GetAlarm(t.Context(), d.store, disk.EventID()); err != nil || a.Decision.Outcome != incident.Proceed {
		t.Errorf("the replay changed a stored decision: %+v, %v", a.Decision, err)
	}
	again, err := triage.Replay(t.Context(), triage.Deps{Space: space(), Log: slog.New(slog.DiscardHandler)}, []incident.Event{disk, disk, {Title: "no event"}}, nil)
	if err != nil || !again[1].Duplicate || again[0].Duplicate || !strings.Contains(again[2].Error, "not valid") {
		t.Errorf("%+v, %v", again, err)
	}
}
