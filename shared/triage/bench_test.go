package triage_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/kv"
	"github.com/firefinder/firefinder/shared/triage"
)

// BenchmarkLinked decides on batches of ten alarms that join one window.
func BenchmarkLinked(b *testing.B) {
	lib, err := shipped()
	if err != nil {
		b.Fatal(err)
	}
	d := &desk{store: kv.NewMemory(), started: map[string]int{}}
	s := triage.New(triage.Deps{Store: d.store, Space: space(), Skills: lib, Start: d, Dead: d, Now: t0.UTC, Log: slog.New(slog.DiscardHandler)})
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		var events []incident.Event
		for range 10 {
			n++
			events = append(events, ev("checkout", fmt.Sprint("r", n), 1, incident.Created))
		}
		if failed := s.Handle(context.Background(), messages(events...)); len(failed) > 0 {
			b.Fatal(failed)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "alarms/s")
}

// BenchmarkDecide compares one alarm with twenty windows.
func BenchmarkDecide(b *testing.B) {
	graph := triage.GraphOf(space())
	var windows []triage.Window
	for i := range 20 {
		windows = append(windows, triage.Window{ID: fmt.Sprint("win-", i), OpenedAt: t0, Investigation: fmt.Sprint("inv-", i), Service: fmt.Sprint("s", i), Account: "1", Region: "eu"})
	}
	e := ev("checkout", "5xx", 1, incident.Created)
	b.ReportAllocs()
	for b.Loop() {
		triage.Decide(t0, e, windows, graph, nil)
	}
}
