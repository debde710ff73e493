package embedded_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/firefinder/firefinder/events/scenarios"
	"github.com/firefinder/firefinder/shared/embedded"
	"github.com/firefinder/firefinder/shared/embedded/replay"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/record"
)

func benchSpace(b *testing.B) *embedded.App {
	b.Helper()
	folder, _ := scenarios.Open("checkout-503")
	scene, err := replay.Load(folder)
	if err != nil {
		b.Fatal(err)
	}
	scene = scene.EndingAt(noon)
	scene.Space.Plans, scene.Space.Budget.Concurrent = "on_request", 1000
	app, err := embedded.Start(b.Context(), embedded.Options{Space: scene.Space, Dir: b.TempDir(), Tools: scene.Telemetry.Tools(), NoSync: true, Now: func() time.Time { return noon }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(app.Stop)
	return app
}

func question(n int) incident.Event {
	return incident.Event{
		EventType: "incident", IncidentID: fmt.Sprint("q", n), Action: incident.Created, Priority: incident.High, Type: "manual", Source: "manual",
		Title: "checkout is slow", Service: fmt.Sprint("checkout-", n), Timestamp: noon.Add(-10*time.Minute + time.Duration(n)*21*time.Minute),
	}
}

func finish(b *testing.B, app *embedded.App, ids ...string) {
	b.Helper()
	for _, id := range ids {
		for {
			inv, err := record.Get(b.Context(), app.Store, id)
			if err != nil {
				b.Fatal(err)
			}
			if inv.State.Final() {
				break
			}
			<-time.After(200 * time.Microsecond)
		}
	}
}

// From the alarm on the signer's queue to the stored decision: signer, signed webhook, queue, triage, store.
func BenchmarkAlarmToDecision(b *testing.B) {
	app := benchSpace(b)
	folder, _ := scenarios.Open("checkout-503")
	scene, err := replay.Load(folder)
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for n := range b.N {
		body := scene.EndingAt(noon.Add(time.Duration(n) * time.Second)).Deliveries[0].Body
		began := time.Now()
		if err := app.Alarm(b.Context(), body); err != nil {
			b.Fatal(err)
		}
		hook := <-app.Hooks
		for {
			if _, err := record.GetAlarm(b.Context(), app.Store, hook.EventID); err == nil {
				break
			}
			<-time.After(50 * time.Microsecond)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// One whole investigation with the offline analyst, over a quarter of a megabyte of telemetry.
func BenchmarkInvestigation(b *testing.B) {
	app := benchSpace(b)
	for n := range b.N {
		id, err := app.Investigate(b.Context(), question(n%4000))
		if err != nil {
			b.Fatal(err)
		}
		finish(b, app, id)
	}
}

// A hundred investigations at once.
func BenchmarkHundredInvestigations(b *testing.B) {
	for range b.N {
		app := benchSpace(b)
		var ids []string
		for n := range 100 {
			id, err := app.Investigate(b.Context(), question(n))
			if err != nil {
				b.Fatal(err)
			}
			ids = append(ids, id)
		}
		finish(b, app, ids...)
	}
}
