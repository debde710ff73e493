package triage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/triage"
)

// What traces showed relates services that the space file does not relate, after at most five minutes and for a month.
func TestLearnedDependencies(t *testing.T) {
	d := newDesk(t)
	now := t0
	d.service.Now = func() time.Time { return now }
	known := func(name string) bool { _, ok := space().Service(name); return ok }
	link := func(minutes float64) incident.TriageOutcome {
		first, second := ev("search", "stale", minutes, incident.Created), ev("web", "errors", minutes+1, incident.Created)
		d.send(first)
		d.send(second)
		return d.decision(second).Decision.Outcome
	}
	outcomes := []incident.TriageOutcome{link(0)}
	deps := []evidence.Dependency{{Caller: "web", Callee: "search"}, {Caller: "web", Callee: "stranger"}, {Caller: "web", Callee: "web"}}
	if err := triage.Learn(t.Context(), d.store, known, deps, now); err != nil {
		t.Fatal(err)
	}
	now = now.Add(6 * time.Minute)
	outcomes = append(outcomes, link(600))
	count := &counting{Store: d.store}
	if err := triage.Learn(t.Context(), count, known, deps, now); err != nil || count.commits != 0 {
		t.Errorf("learning the same again: %d commits, %v", count.commits, err)
	}
	now = now.Add(31 * 24 * time.Hour)
	if err := triage.Learn(t.Context(), d.store, known, nil, now); err != nil {
		t.Fatal(err)
	}
	outcomes = append(outcomes, link(1200))
	want := []incident.TriageOutcome{incident.Proceed, incident.Linked, incident.Proceed}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("before, learned, forgotten (-want +got):\n%s", diff)
	}
}

func TestWhatLiesAround(t *testing.T) {
	space := config.Space{Services: []config.Service{
		{Name: "web", DependsOn: []string{"checkout"}}, {Name: "checkout", DependsOn: []string{"orders-db", "mail"}}, {Name: "mail", DependsOn: []string{"relay"}}, {Name: "search"},
	}}
	g := triage.GraphOf(space, [2]string{"orders-db", "batch"})
	tests := []struct{ centre, want []string }{
		{[]string{"checkout"}, []string{"checkout", "mail", "orders-db", "web", "batch", "relay"}},
		{[]string{"web", "mail", "web"}, []string{"web", "mail", "checkout", "relay", "orders-db"}},
		{[]string{"", "no-service"}, []string{"no-service"}},
		{nil, nil},
	}
	for _, tc := range tests {
		if got := g.Around(tc.centre...); !slices.Equal(got, tc.want) {
			t.Errorf("%v: %v, want %v", tc.centre, got, tc.want)
		}
	}
}
