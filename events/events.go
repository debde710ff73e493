// Package events embeds sample deliveries of every source, one folder each. They are examples for trying things out and
// for tests; parsers follow the vendors' documentation, not these files. NOTICE.md says where they come from.
package events

import "embed"

// FS holds <source>/<case>.json.
//
//go:embed alertmanager azuredevops cloudwatch datadog dynatrace generic github gitlab grafana incidentio newrelic opsgenie pagerduty sentry servicenow
var FS embed.FS
