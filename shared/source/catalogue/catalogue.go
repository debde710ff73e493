// Package catalogue lists the sources that exist.
package catalogue

import (
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/source"
	"github.com/firefinder/firefinder/shared/source/alertmanager"
	"github.com/firefinder/firefinder/shared/source/azuredevops"
	"github.com/firefinder/firefinder/shared/source/cloudwatch"
	"github.com/firefinder/firefinder/shared/source/datadog"
	"github.com/firefinder/firefinder/shared/source/dynatrace"
	"github.com/firefinder/firefinder/shared/source/generic"
	"github.com/firefinder/firefinder/shared/source/github"
	"github.com/firefinder/firefinder/shared/source/gitlab"
	"github.com/firefinder/firefinder/shared/source/grafana"
	"github.com/firefinder/firefinder/shared/source/incidentio"
	"github.com/firefinder/firefinder/shared/source/newrelic"
	"github.com/firefinder/firefinder/shared/source/opsgenie"
	"github.com/firefinder/firefinder/shared/source/pagerduty"
	"github.com/firefinder/firefinder/shared/source/sentry"
	"github.com/firefinder/firefinder/shared/source/servicenow"
)

// All makes every source for a space, in the order in which people are shown them.
func All(space config.Space) []source.Source {
	return []source.Source{
		cloudwatch.New(space, cloudwatch.NewPages()),
		generic.New(space),
		alertmanager.New(space),
		grafana.New(space),
		pagerduty.New(space),
		datadog.New(space),
		newrelic.New(space),
		dynatrace.New(space),
		servicenow.New(space),
		opsgenie.New(space),
		incidentio.New(space),
		sentry.New(space),
		github.New(space),
		gitlab.New(space),
		azuredevops.New(space),
	}
}
