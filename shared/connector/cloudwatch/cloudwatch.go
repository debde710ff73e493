// Package cloudwatch looks at the metrics of CloudWatch: those that the investigation's alarms watch, with the statistic
// that they watch, and those that carry a dimension of the services around them. What to read is decided by alarms and
// space file alone; a call may narrow it and cannot name a metric of its own.
package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/aws"
	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

const lookTime = 40 * time.Second // for all that one call reads

// Tools are the tools of this connector.
func Tools(space config.Space, accounts []aws.Account) []tool.Tool {
	return []tool.Tool{tool.New("metrics", "Metric series of components, read from CloudWatch, a value a minute: what the alarms watch and what carries a dimension of a service; contains filters by metric name.",
		func(ctx context.Context, scope tool.Scope, args connector.Args) (evidence.Telemetry, string, error) {
			asked, err := ask(space, scope, args)
			if err != nil {
				return evidence.Telemetry{}, "", err
			}
			within, cancel := context.WithTimeout(ctx, lookTime)
			defer cancel()
			t, err := aws.Look(within, accounts, "metrics", func(ctx context.Context, a aws.Account) (evidence.Telemetry, error) {
				return reader{question: asked, client: newClient(a), account: a}.read(ctx)
			})
			if err != nil {
				return evidence.Telemetry{}, "", err
			}
			t.Gaps = append(t.Gaps, asked.missing(t.Metrics)...)
			samples := 0
			for _, m := range t.Metrics {
				samples += len(m.Times)
			}
			return t, fmt.Sprintf("%s with %s, from CloudWatch", incident.Count(len(t.Metrics), "metric series", "metric series"), incident.Count(samples, "sample", "samples")), nil
		})}
}

// question is what a call looks for.
type question struct {
	space     config.Space
	services  []config.Service // the nearest first
	strangers []string
	narrow    bool // only services, and what of the alarms is about them
	rules     map[string]string
	from, to  time.Time
	contains  string
}

func ask(space config.Space, scope tool.Scope, args connector.Args) (question, error) {
	q := question{space: space, rules: scope.Rules, contains: strings.ToLower(args.Contains), narrow: len(args.Components) > 0}
	q.services, q.strangers = args.Services(space, scope)
	var err error
	q.from, q.to, err = args.Span(scope)
	q.from = q.from.Truncate(period(q.to.Sub(q.from)))
	return q, err
}

// about reports whether the series of a metric are asked for.
func (q question) about(component, metric string) bool {
	if q.narrow && !slices.Contains(q.strangers, component) && !slices.ContainsFunc(q.services, func(s config.Service) bool { return s.Name == component }) {
		return false
	}
	return strings.Contains(strings.ToLower(metric), q.contains)
}

// missing are the components of which nothing came, and why as far as the space file tells.
func (q question) missing(found []evidence.Series) []evidence.Gap {
	var silent, unmapped []string
	for _, name := range q.names() {
		if slices.ContainsFunc(found, func(s evidence.Series) bool { return s.Component == name }) {
			continue
		}
		if svc, ok := q.space.Service(name); ok && len(svc.Dimensions) > 0 {
			silent = append(silent, name)
		} else {
			unmapped = append(unmapped, name)
		}
	}
	var out []evidence.Gap
	if len(silent) > 0 {
		out = append(out, evidence.Gap{Text: "CloudWatch has no metrics of " + strings.Join(silent, ", ") + " in this span" + q.filtered(), Fix: "check the dimensions of the service in the space file"})
	}
	if len(unmapped) > 0 {
		out = append(out, evidence.Gap{Text: "no metrics of " + strings.Join(unmapped, ", ") + ": the space file says by no dimension which are theirs", Fix: "add dimensions under services in the space file"})
	}
	return out
}

func (q question) filtered() string {
	if q.contains == "" {
		return ""
	}
	return " whose names contain what was asked for"
}

func (q question) names() []string {
	var out []string
	for _, s := range q.services {
		out = append(out, s.Name)
	}
	return append(out, q.strangers...)
}
