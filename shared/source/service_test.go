package source_test

import (
	"testing"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
)

func TestService(t *testing.T) {
	space := config.Space{Services: []config.Service{
		{Name: "orders", Dimensions: map[string][]string{"TableName": {"orders", "orders-archive"}}},
		{Name: "orders-db", Tags: map[string]string{"service": "orders-db"}},
		{Name: "api", Tags: map[string]string{"service": "api", "team": "shop"}},
		{Name: "untagged"},
	}}
	for name, c := range map[string]struct {
		dimensions, tags map[string]string
		alarm, want      string
	}{
		"dimension map":                {map[string]string{"TableName": "orders"}, map[string]string{"service": "orders-db"}, "api", "orders"},
		"tags":                         {map[string]string{"TableName": "x"}, map[string]string{"service": "orders-db", "a": "b"}, "api", "orders-db"},
		"all tags must match":          {nil, map[string]string{"service": "api"}, "nothing", "nothing"},
		"name":                         {nil, nil, "prod-orders-high-cpu", "orders"},
		"longest name":                 {nil, nil, "prod-orders-db-high-cpu", "orders-db"},
		"camel case":                   {nil, nil, "ProdOrdersDbCpuTooHigh", "orders-db"},
		"part of a word is no service": {nil, nil, "capitalisation", "capitalisation"},
		"nothing known":                {map[string]string{"Namespace": "AWS/RDS"}, nil, "TotalNetworkTrafficTooHigh", "TotalNetworkTrafficTooHigh"},
	} {
		if got := source.Service(space, c.dimensions, c.tags, c.alarm); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestPriorityIn(t *testing.T) {
	for _, c := range []struct {
		name, description string
		tags              map[string]string
		want              incident.Priority
	}{
		{"cpu-high", "", nil, incident.Medium},
		{"FreeStorageLow", "storage is low", nil, incident.Medium},
		{"checkout-critical", "", nil, incident.Critical},
		{"checkout-p2-latency", "", nil, incident.High},
		{"sev-1 checkout", "", nil, incident.Critical},
		{"x", "Severity: low. The backup took long", nil, incident.Low},
		{"x", "severity=P3", nil, incident.Medium},
		{"x", "priority: 2", nil, incident.High},
		{"x", "HIGH: customers cannot pay", nil, incident.High},
		{"[P4] disk", "", nil, incident.Low},
		{"checkout-critical", "priority: minimal", nil, incident.Minimal},
		{"checkout-critical", "priority: minimal", map[string]string{"severity": "high"}, incident.High},
		{"x", "Runbook: see wiki", nil, incident.Medium},
	} {
		if got := source.PriorityIn(c.name, c.description, c.tags, incident.Medium); got != c.want {
			t.Errorf("%q %q %v: %s, want %s", c.name, c.description, c.tags, got, c.want)
		}
	}
}
