package catalogue_test

import (
	"io/fs"
	"testing"

	"github.com/firefinder/firefinder/events"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/catalogue"
)

// What a vendor tells of one incident, from its beginning to its end, is one incident and one alarm here, whatever else of
// it changes: its priority, its service, its title's prefix, the envelope.
func TestOneIncidentKeepsItsIdentity(t *testing.T) {
	sources := map[string]source.Source{}
	for _, s := range catalogue.All(space()) {
		sources[s.Rules().Kind] = s
	}
	for _, life := range []struct {
		kind  string
		files []string
	}{
		{"cloudwatch", []string{"eventbridge_single_metric", "eventbridge_ok"}},
		{"pagerduty", []string{"zulip_priority_updated_v3", "zulip_service_updated_v3"}},
		{"servicenow", []string{"business_rule", "business_rule_update", "business_rule_resolved", "business_rule_delete"}},
		{"opsgenie", []string{"create", "update_priority", "close"}},
		{"incidentio", []string{"incident_created", "severity_updated", "status_updated"}},
		{"dynatrace", []string{"details_as_text", "cloudevent_resolved"}},
		{"sentry", []string{"event_alert", "issue_resolved"}},
		{"generic", []string{"incidentio_created", "incidentio_status_updated"}},
		{"generic", []string{"opsgenie_create", "opsgenie_close"}},
		{"generic", []string{"sentry_metric_critical", "sentry_metric_resolved"}},
	} {
		var first incident.Event
		for i, file := range life.files {
			body, err := fs.ReadFile(events.FS, life.kind+"/"+file+".json")
			if err != nil {
				t.Fatal(err)
			}
			p, err := sources[life.kind].Parse(body, now)
			if err != nil || len(p.Events) != 1 {
				t.Errorf("%s/%s: %d events, %v", life.kind, file, len(p.Events), err)
				continue
			}
			e := p.Events[0]
			if i == 0 {
				first = e
			}
			if e.IncidentID != first.IncidentID || e.AlarmKey() != first.AlarmKey() {
				t.Errorf("%s/%s is %s, %s; it began as %s, %s", life.kind, file, e.IncidentID, e.AlarmKey(), first.IncidentID, first.AlarmKey())
			}
		}
	}
}
