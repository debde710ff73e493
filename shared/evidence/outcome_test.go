package evidence

import "testing"

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
