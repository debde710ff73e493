package source_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/source"
)

func TestComponents(t *testing.T) {
	for _, c := range []struct {
		configured, name string
		match            bool
	}{
		{"acme/checkout", "acme/checkout", true}, {"acme/checkout", "Acme/Checkout", true}, {"https://github.com/acme/checkout", "acme/checkout", true}, {"https://github.com/acme/checkout.git", "acme/checkout", true},
		{"git@github.com:acme/checkout.git", "acme/checkout", true}, {"github.com/acme/checkout/", "acme/checkout", true}, {"acme/checkout", "https://gitlab.example.com/acme/checkout", true},
		{"group/sub/checkout", "group/sub/checkout", true}, {"https://dev.azure.com/org/acme/_git/checkout", "acme/checkout", true}, {"acme/checkout", "https://org.visualstudio.com/DefaultCollection/acme/_git/checkout", true},
		{"checkout", "checkout", true},

		{"acme/checkout", "evil/checkout", false}, {"acme/checkout", "acme/checkout-old", false}, {"checkout", "acme/checkout", false}, {"sub/checkout", "group/sub/checkout", false}, {"", "", false}, {"acme/checkout", "", false},
	} {
		space := config.Space{Services: []config.Service{{Name: "x", Repository: c.configured}}}
		if got := len(source.Components(space, c.name)) == 1; got != c.match {
			t.Errorf("%q and %q: match %v, want %v", c.configured, c.name, got, c.match)
		}
	}
}

func TestLeft(t *testing.T) {
	change := evidence.Change{ID: "7", Title: "t", Time: time.Date(2026, 3, 10, 3, 0, 0, 0, time.UTC), Files: []string{"a", "b"}}
	got := source.Left([]byte(`{"id":7,"title":"t","at":"2026-03-10T04:00:00+01:00","files":["a","b"],"who":{"name":"x","mail":"y"},"both":{"kept":"t","lost":"z"},"list":[{"f":"a"},{"g":"q"}]}`), []evidence.Change{change})
	want := []string{"$.both.lost: no part of a change", "$.list[]: no part of a change", "$.who: no part of a change"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestServiceAmong(t *testing.T) {
	space := config.Space{Services: []config.Service{{Name: "checkout"}, {Name: "orders-db", Tags: map[string]string{"db": "orders"}}}}
	for _, c := range []struct {
		names []string
		tags  map[string]string
		want  string
	}{
		{[]string{"", "checkout"}, nil, "checkout"}, {[]string{"api-7", "errors of checkout"}, nil, "checkout"}, {[]string{"api-7", "cpu"}, nil, "api-7"}, {[]string{"api-7"}, map[string]string{"db": "orders"}, "orders-db"}, {nil, nil, ""},
	} {
		if got := source.ServiceAmong(space, nil, c.tags, c.names...); got != c.want {
			t.Errorf("%v %v = %q, want %q", c.names, c.tags, got, c.want)
		}
	}
	if !slices.Contains(source.ContractFields, "eventType") || !source.IsContract([]byte(`{"eventType":"incident","incidentId":"x"}`)) || source.IsContract([]byte(`{"eventType":"create","sysId":"x"}`)) {
		t.Error("a body of the contract is not told from another")
	}
}
