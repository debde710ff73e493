package scenario

import (
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
)

// query selects facts; what is unset selects everything. Facts without a time are states and always selected.
type query struct {
	components []string
	from, to   time.Time
	contains   string
}

func (q query) at(t time.Time) bool {
	return t.IsZero() || (q.from.IsZero() || !t.Before(q.from)) && (q.to.IsZero() || !t.After(q.to))
}

func (q query) component(names ...string) bool {
	if len(q.components) == 0 {
		return true
	}
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(q.components, n) })
}

func (q query) text(parts ...string) bool {
	if q.contains == "" {
		return true
	}
	want := strings.ToLower(q.contains)
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(strings.ToLower(p), want) })
}

func (q query) metrics(all []evidence.Series) []evidence.Series {
	var out []evidence.Series
	for _, s := range all {
		if !q.component(s.Component) || !q.text(s.Metric) {
			continue
		}
		kept := s
		kept.Times, kept.Values = nil, nil
		for i, ms := range s.Times {
			if q.at(time.UnixMilli(ms)) {
				kept.Times = append(kept.Times, ms)
				kept.Values = append(kept.Values, s.Values[i])
			}
		}
		if len(kept.Times) > 0 {
			out = append(out, kept)
		}
	}
	return out
}

func (q query) logs(all []evidence.LogLine) []evidence.LogLine {
	return keep(all, func(l evidence.LogLine) bool {
		return q.at(l.Time) && q.component(l.Component) && q.text(l.Message, l.Level)
	})
}

func (q query) calls(all []evidence.Call) []evidence.Call {
	return keep(all, func(c evidence.Call) bool {
		return q.at(c.Time) && q.component(c.Caller, c.Callee) && q.text(c.Operation)
	})
}

func (q query) changes(all []evidence.Change) []evidence.Change {
	return keep(all, func(c evidence.Change) bool {
		return q.at(c.Time) && q.component(c.Component) && q.text(c.ID, c.Title, c.Diff, strings.Join(c.Files, "\n"))
	})
}

func (q query) topology(all []evidence.Dependency) []evidence.Dependency {
	return keep(all, func(d evidence.Dependency) bool { return q.component(d.Caller, d.Callee) && q.text(d.Kind) })
}

func (q query) alarms(all []evidence.Alarm) []evidence.Alarm {
	return keep(all, func(a evidence.Alarm) bool {
		return q.at(a.Time) && q.component(a.Component, a.Host) && q.text(a.Text, a.Metric)
	})
}

func (q query) statuses(all []evidence.Status) []evidence.Status {
	return keep(all, func(s evidence.Status) bool {
		return q.at(s.Time) && q.component(s.Component) && q.text(s.Reason, s.Message)
	})
}

func keep[T any](all []T, want func(T) bool) []T {
	var out []T
	for _, v := range all {
		if want(v) {
			out = append(out, v)
		}
	}
	return out
}
