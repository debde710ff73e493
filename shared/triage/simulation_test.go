package triage_test

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/triage/triagetest"
)

// The simulation: a space's alarms of three outages reach several workers over an at-least-once queue, 30 % twice, 20 % up
// to 100 minutes late, in any order, while 5 % of the store's answers are faults (half of them after the effect) and some
// workers stall until their messages have been given to others. Time is virtual. Afterwards nothing may be lost, doubled
// or left unstarted, and the decisions must be linearizable: Porcupine looks for an order of the alarms in which one
// decision after the other, by the rules of docs/triage.md, gives exactly what was decided.
//
// PROOF=full runs 100 seeds of 10,000 alarms each; the default is a small part of it, PROOF=short lies between.

func proof(full, short, fast int) int {
	switch os.Getenv("PROOF") {
	case "full":
		return full
	case "short":
		return short
	}
	return fast
}

// simulate runs spaces of one seed, with 5 % faults.
func simulate(t *testing.T, seed uint64, spaces int, handler triagetest.Maker) (total triagetest.Verdict, sum triagetest.Counts) {
	t.Helper()
	for i := range spaces {
		s := triagetest.New(seed, uint64(i), 0.05)
		s.Make = handler
		var events []incident.Event
		synctest.Test(t, func(t *testing.T) { events = s.Run(t.Context()) })
		total.Add(s.Judge(t.Context(), events))
		did := s.Did()
		sum.Deliveries, sum.Faults, sum.Requests = sum.Deliveries+did.Deliveries, sum.Faults+did.Faults, sum.Requests+did.Requests
	}
	return total, sum
}

// T6: nothing is lost, doubled, left unstarted or out of order, whatever queue and store do.
func TestSimulation(t *testing.T) {
	seeds, spaces := proof(100, 4, 1), proof(50, 25, 10)
	began := time.Now()
	var total triagetest.Verdict
	deliveries, faults, requests := 0, 0, 0
	for seed := range seeds {
		v, did := simulate(t, uint64(seed), spaces, triagetest.Protocol)
		if v.Bad() {
			t.Errorf("seed %d: %+v", seed, v)
		}
		total.Add(v)
		deliveries, faults, requests = deliveries+did.Deliveries, faults+did.Faults, requests+did.Requests
	}
	t.Logf("%d alarms in %d deliveries, %d faults among %d store requests: lost %d, doubled %d, never started %d, spaces not linearizable %d, undecided %d of %d; %s",
		seeds*spaces*triagetest.Alarms, deliveries, faults, requests, total.Lost, total.Doubled, total.Unstarted, total.Unlinear, total.Undecided, seeds*spaces, time.Since(began).Round(time.Millisecond))
}
