package cloudwatch

import (
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/tool"
)

// question is what a call looks for.
type question struct {
	space     config.Space
	services  []config.Service // the nearest first
	strangers []string
	narrow    bool // only these, also of what the alarms watch
	rules     map[string]string
	from, to  time.Time
	step      time.Duration // between samples
	contains  string
}

func ask(space config.Space, scope tool.Scope, args connector.Args) (question, error) {
	q := question{space: space, rules: scope.Rules, contains: strings.ToLower(args.Contains), narrow: len(args.Components) > 0}
	q.services, q.strangers = args.Services(space, scope)
	var err error
	q.from, q.to, err = args.Span(scope)
	q.step = stepOf(q.from, q.to, scope.Now)
	q.from = q.from.Truncate(q.step)
	return q, err
}

// stepOf is a minute as long as CloudWatch keeps minutes, which is 15 days, and a day of them is enough.
func stepOf(from, to, now time.Time) time.Duration {
	const day = 24 * time.Hour
	age := now.Sub(from)
	switch {
	case !now.IsZero() && age > 63*day-time.Hour:
		return time.Hour
	case !now.IsZero() && age > 15*day-time.Hour, to.Sub(from) > day:
		return 5 * time.Minute
	}
	return time.Minute
}

// about reports whether the series of a metric are asked for.
func (q question) about(component, metric string) bool {
	if q.narrow && !slices.Contains(q.names(), component) {
		return false
	}
	return strings.Contains(strings.ToLower(metric), q.contains)
}

func (q question) names() []string {
	var out []string
	for _, s := range q.services {
		out = append(out, s.Name)
	}
	return append(out, q.strangers...)
}

// missing are the components of which no account gave anything, and why as far as anybody can tell. Components that were
// not looked for have their own gap.
func (q question) missing(all *harvests) []evidence.Gap {
	var still, unknown, unmapped []string
	for _, name := range q.names() {
		svc, ok := q.space.Service(name)
		var read, listed, left bool
		for _, h := range all.all {
			read = read || slices.ContainsFunc(h.series, func(s evidence.Series) bool { return s.Component == name })
			listed = listed || h.listed[name]
			left = left || h.left[name]
		}
		switch {
		case read || left:
		case listed:
			still = append(still, name)
		case ok && len(svc.Dimensions) > 0:
			unknown = append(unknown, name)
		default:
			unmapped = append(unmapped, name)
		}
	}
	var out []evidence.Gap
	miss := func(names []string, text, fix string) {
		if len(names) > 0 {
			out = append(out, evidence.Gap{Text: strings.ReplaceAll(text, "{names}", strings.Join(names, ", ")), Fix: fix})
		}
	}
	why := "check the dimensions of the service in the space file; a metric is listed up to 15 minutes after its first sample, and for two weeks after its last"
	if q.contains != "" {
		why = "ask without that text for what there is"
	}
	miss(still, "the metrics of {names} have no samples in this span"+q.filtered()+": nothing happened there, or nothing reports it any more", "")
	miss(unknown, "CloudWatch lists no metrics of {names}"+q.filtered(), why)
	miss(unmapped, "no metrics of {names}: the space file says by no dimension which are theirs", "add dimensions under services in the space file")
	return out
}

func (q question) filtered() string {
	if q.contains == "" {
		return ""
	}
	return " whose names contain what was asked for"
}
