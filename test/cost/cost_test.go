package cost_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firefinder/firefinder/events/scenarios"
	"github.com/firefinder/firefinder/shared/approval"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/embedded/replay"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/record"
	"github.com/firefinder/firefinder/shared/workflow"
	"github.com/firefinder/firefinder/shared/workflow/walk"
)

var update = flag.Bool("update", false, "write docs/cost.md anew")

// List prices in dollars, us-east-1, as of November 2025; TestPricesAreStated looks for each of them on the page.
const (
	writeUnit   = 0.625e-6
	readUnit    = 0.125e-6
	transition  = 25e-6
	invocation  = 0.20e-6
	gbSecond    = 1.33334e-5 // arm64
	documentPut = 5e-6       // S3 Standard
)

// Durations that a laptop cannot measure, in GB-seconds: with a model that answers in some 10 s, ten turns of investigate at
// 1 GB; a second at half a GB of everything else.
const (
	investigating = 100.0
	otherStep     = 0.5
)

// incidentUse is what one incident used.
type incidentUse struct {
	found, decided use            // until the plan waits for approval; from there to the end
	states         map[string]int // finished states by type
	transitions    int
	documents      int // files of the blob store
	idle           use // one sweep with nothing to do
}

// replayed runs checkout-503 with its first alarm from delivery to approved plan. One alarm: with several, how they fall
// into batches would make runs differ.
func replayed(t *testing.T) incidentUse {
	t.Helper()
	folder, _ := scenarios.Open("checkout-503")
	scene, err := replay.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	scene = scene.EndingAt(noon)
	u, m, dir := incidentUse{states: map[string]int{}}, &meter{}, t.TempDir()
	var mu sync.Mutex
	kinds := kindsOf(t)
	app, err := embedded.Start(t.Context(), embedded.Options{
		Space: scene.Space, Dir: dir, Tools: scene.Telemetry.Tools(), Now: func() time.Time { return noon }, NoSync: true, Ticket: true,
		Store: func(s kv.Store) kv.Store { m.Store = s; return m },
		Observe: func(s walk.Step) {
			mu.Lock()
			defer mu.Unlock()
			u.transitions++
			u.states[kinds[s.State]]++
		},
	})
	defer app.Stop()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // the sweep at the start
	before := m.total()
	if err := app.Alarm(t.Context(), scene.Deliveries[0].Body); err != nil {
		t.Fatal(err)
	}
	waiting := until(t, m.Store, incident.AwaitingApproval)
	u.found = m.total().minus(before)
	a, err := approval.Get(t.Context(), m.Store, waiting.ApprovalID)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := app.Approvals.Decide(t.Context(), a.ID, a.PlanHash, incident.Approved, incident.Person{Subject: "approver@example.com", Method: "test"}, ""); err != nil {
		t.Fatal(err)
	}
	until(t, m.Store, incident.Completed)
	time.Sleep(300 * time.Millisecond) // the last note is told after the state is written
	u.decided = m.total().minus(before).minus(u.found)
	before = m.total()
	if err := app.Triage.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := app.Approvals.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	u.idle = m.total().minus(before)
	u.documents = files(t, filepath.Join(dir, "documents"))
	mu.Lock()
	defer mu.Unlock()
	return u
}
