package logs

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/config"
	"github.com/firefinder/firefinder/shared/connector"
	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/shared/tool"
)

// How the span of a look is cut. CloudWatch Logs answers five requests a second or more for an account and region, so all
// log groups together get so many parts that they are read well within lookTime; no log group gets fewer than one.
const (
	mostParts = 12  // of one log group
	allParts  = 60  // of all log groups of an account
	partLines = 200 // of one part, over all passes
	mostName  = 100 // bytes of a name that is repeated
)

// group is a log group and the service whose lines it holds.
type group struct{ name, component string }

// part is a part of the span in Unix milliseconds, both ends included, as the service counts.
type part struct{ from, to int64 }

// query is what a call asks for.
type query struct {
	groups []group // the nearest service first
	parts  []part  // the oldest first
	passes []pass  // over every part
	text   string  // in lower case; what lines must contain
	gaps   []evidence.Gap
}

// limit is the number of lines that one pass keeps of one part.
func (q query) limit() int { return partLines / len(q.passes) }

func asked(space config.Space, scope tool.Scope, args connector.Args) (query, error) {
	from, to, err := args.Span(scope)
	if err != nil {
		return query{}, err
	}
	if from.IsZero() || to.IsZero() {
		return query{}, incident.Errorf(incident.Invalid, "read logs: the span has no beginning or no end; give from and to")
	}
	q := query{passes: []pass{everything, trouble}, text: strings.ToLower(args.Contains)}
	if args.Contains != "" {
		only, err := containing(args.Contains)
		if err != nil {
			return query{}, err
		}
		q.passes = []pass{only}
	}
	services, strangers := args.Services(space, scope)
	q.addGroups(services)
	q.addGaps(services, strangers)
	q.parts = partsOf(from, to, max(1, min(mostParts, allParts/max(1, len(q.groups)))))
	return q, nil
}

// addGroups takes every log group once: two services that share one write into it, and nothing tells their lines apart, so
// the nearer has them.
func (q *query) addGroups(services []config.Service) {
	seen := map[string]bool{"": true}
	for _, svc := range services {
		for _, name := range svc.LogGroups {
			if !seen[name] {
				seen[name] = true
				q.groups = append(q.groups, group{name: name, component: svc.Name})
			}
		}
	}
}

func (q *query) addGaps(services []config.Service, strangers []string) {
	if len(strangers) > 0 {
		q.gaps = append(q.gaps, evidence.Gap{Text: "no logs of " + strings.Join(quoted(strangers), ", ") + ": the space knows no service of that name",
			Fix: "name services as the space file does, or add them under services there"})
	}
	var silent []string
	for _, svc := range services {
		if len(svc.LogGroups) == 0 {
			silent = append(silent, svc.Name)
		}
	}
	if len(silent) > 0 {
		q.gaps = append(q.gaps, evidence.Gap{Text: "no logs of " + strings.Join(quoted(silent), ", ") + ": the space file names no log group for it",
			Fix: "add log_groups under services in the space file, then deploy it"})
	}
}

// partsOf cuts a span into n parts of equal length that neither overlap nor leave a hole; a span of fewer milliseconds has
// one part for each.
func partsOf(from, to time.Time, n int) []part {
	first, last := max(0, from.UnixMilli()), to.UnixMilli()
	length := last - first + 1
	count := min(int64(n), length)
	var out []part
	for i := range count {
		out = append(out, part{from: first + length*i/count, to: first + length*(i+1)/count - 1})
	}
	return out
}

// quoted are names without repeats, each readable as one whatever stands in it.
func quoted(names []string) []string {
	var out []string
	for _, name := range names {
		if q := strconv.Quote(cut(name, mostName)); !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	return out
}
