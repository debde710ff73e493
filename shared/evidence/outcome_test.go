package evidence

import (
	"strings"
	"testing"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// An instance, its service and its host are not rivals: a lead that shares its blame with its kin is as sure as one alone.
func TestKinIsNoRival(t *testing.T) {
	g := newGraph(Input{Telemetry: Telemetry{Dependencies: []Dependency{{Caller: "mill-0", Callee: "mill", Kind: "instance_of"},
		{Caller: "mill-1", Callee: "mill", Kind: "instance_of"}, {Caller: "mill-0", Callee: "n1", Kind: "hosted_on"}, {Caller: "door", Callee: "mill"}}}})
	sure := func(rival string) float64 {
		b := Brief{Causes: []Cause{{Component: "mill-0", Score: 1}, {Component: rival, Score: 0.9}, {Component: "other", Score: 0.1}}}
		return verdictOf(ranking{}, b, g).margin
	}
	for _, kin := range []string{"mill", "mill-1", "n1"} {
		if m := sure(kin); m < 0.89 {
			t.Errorf("%s is taken for a rival: margin %v", kin, m)
		}
	}
	if m := sure("door"); m > 0.11 {
		t.Errorf("a caller is a rival: margin %v", m)
	}
	if m := verdictOf(ranking{}, Brief{Causes: []Cause{{Component: "mill-0", Score: 1}, {Component: "mill", Score: 1}}}, g).margin; m != 1 {
		t.Errorf("without a rival: margin %v", m)
	}
}

// Alarms of one component alone say where the trouble is felt. A second component to compare with, or a mechanism that the alarm
// states, is more than that.
func TestAlarmsOfOneComponentAreNoProof(t *testing.T) {
	at := time.Date(2026, 3, 10, 3, 0, 0, 0, time.UTC)
	heard := func(texts ...string) Brief {
		var in Input
		for i, text := range texts {
			component, said, _ := strings.Cut(text, ": ")
			in.Alarms = append(in.Alarms, Alarm{Time: at.Add(time.Duration(i) * time.Second), Component: component, Metric: "errors", Kind: "metric", Direction: "up", Text: said})
		}
		return Analyze(in)
	}
	if b := heard("checkout: fails", "checkout: is slow"); b.Outcome != incident.Inconclusive || b.Confidence > hearsay || len(b.Causes) != 1 {
		t.Errorf("one component: %s, %.2f, %v", b.Outcome, b.Confidence, b.Causes)
	}
	if b := heard("checkout: no space left on device"); b.Outcome == incident.Inconclusive || b.Causes[0].Category == Unknown {
		t.Errorf("a stated mechanism: %s, %v", b.Outcome, b.Causes)
	}
	if b := heard("checkout: fails", "checkout: is slow", "web: fails"); b.Confidence <= hearsay {
		t.Errorf("two components: %s, %.2f", b.Outcome, b.Confidence)
	}
}
