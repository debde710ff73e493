package evidence

import (
	"encoding/json"
	"math"
	"time"
)

// Window is the span that telemetry covers and, when known, when trouble is believed to have begun.
type Window struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Start time.Time `json:"start,omitzero"` // first alarm or reported start; zero: unknown, find it
}

// Values are samples; NaN means no data and is null in JSON.
type Values []float64

// MarshalJSON writes NaN and infinities as null.
func (v Values) MarshalJSON() ([]byte, error) {
	out := make([]*float64, len(v))
	for i := range v {
		if !math.IsNaN(v[i]) && !math.IsInf(v[i], 0) {
			out[i] = &v[i]
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads null as NaN.
func (v *Values) UnmarshalJSON(data []byte) error {
	var in []*float64
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*v = make(Values, len(in))
	for i, p := range in {
		(*v)[i] = math.NaN()
		if p != nil {
			(*v)[i] = *p
		}
	}
	return nil
}

// Series is one metric of one component. Times are Unix milliseconds, one for each value; they may have gaps, repeat or
// be out of order: Analyze sorts and deduplicates.
type Series struct {
	Component string  `json:"component"`
	Metric    string  `json:"metric"`
	Statistic string  `json:"statistic,omitempty"` // Average, Sum, p99, ...
	Unit      string  `json:"unit,omitempty"`
	Times     []int64 `json:"times"`
	Values    Values  `json:"values"`
	Ref       string  `json:"ref,omitempty"` // id of the observation it came from
}

// LogLine is one line of one component's log.
type LogLine struct {
	Time      time.Time `json:"time"`
	Component string    `json:"component"`
	Level     string    `json:"level,omitempty"`
	Message   string    `json:"message"`
	Trace     string    `json:"trace,omitempty"`
	Span      string    `json:"span,omitempty"`  // the unit of work within the trace, when known
	Count     int       `json:"count,omitempty"` // >1 when the source already aggregated
	Ref       string    `json:"ref,omitempty"`
}

// Call is one span, or an aggregate of Count spans, of a caller's request to a callee.
type Call struct {
	Time      time.Time     `json:"time"` // start
	Caller    string        `json:"caller,omitempty"`
	Callee    string        `json:"callee"`
	Operation string        `json:"operation,omitempty"`
	Count     int           `json:"count,omitempty"` // 0 counts as 1
	Errors    int           `json:"errors,omitempty"`
	Duration  time.Duration `json:"duration"`       // mean, in nanoseconds
	Own       time.Duration `json:"own,omitempty"`  // mean time not spent in callees, when known
	Seen      time.Duration `json:"seen,omitempty"` // mean duration as the caller saw it, when known; Seen-Duration is the way there and back
	Trace     string        `json:"trace,omitempty"`
	Span      string        `json:"span,omitempty"`   // id of the span within the trace, when this is one
	Parent    string        `json:"parent,omitempty"` // id of the span that made the call
	Ref       string        `json:"ref,omitempty"`
}

// Dependency says that Caller depends on Callee (calls it, runs on it, is an instance of it).
type Dependency struct {
	Caller string `json:"caller"`
	Callee string `json:"callee"`
	Kind   string `json:"kind,omitempty"` // calls (default), hosted_on, instance_of, ...
	Ref    string `json:"ref,omitempty"`
}

// Change is a deployment, configuration change, feature flag or scaling event.
type Change struct {
	ID         string            `json:"id"` // deployment id, commit sha, flag name, ...
	Time       time.Time         `json:"time"`
	Component  string            `json:"component,omitempty"`
	Kind       string            `json:"kind"` // deployment, commit, config, flag, scaling, infrastructure
	Title      string            `json:"title,omitempty"`
	Author     string            `json:"author,omitempty"`
	Revision   string            `json:"revision,omitempty"` // version or commit that a deployment ships
	Previous   string            `json:"previous,omitempty"` // revision before it
	Files      []string          `json:"files,omitempty"`
	Diff       string            `json:"diff,omitempty"` // unified diff
	Parameters []Parameter       `json:"parameters,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	Repository string            `json:"repository,omitempty"`
	Ref        string            `json:"ref,omitempty"`
}

// Parameter is a configuration value that a change set.
type Parameter struct {
	Name string `json:"name"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Alarm is an alert as evidence: who complained, about what, when.
type Alarm struct {
	Time      time.Time `json:"time"`
	Component string    `json:"component"`
	Host      string    `json:"host,omitempty"`
	Metric    string    `json:"metric,omitempty"`
	Kind      string    `json:"kind,omitempty"`      // metric, trace, log
	Direction string    `json:"direction,omitempty"` // up, down
	Text      string    `json:"text,omitempty"`
	Severity  string    `json:"severity,omitempty"`
	Count     int       `json:"count,omitempty"`
	Peer      string    `json:"peer,omitempty"` // the callee, for alerts on a call
	Recovered bool      `json:"recovered,omitempty"`
	Ref       string    `json:"ref,omitempty"`
}

// Status is a platform event or state: a pod that cannot be scheduled, a database failover, a node that is not ready.
type Status struct {
	Time      time.Time         `json:"time"`
	Component string            `json:"component"`
	Kind      string            `json:"kind"` // pod, node, deployment, event, database, ...
	Reason    string            `json:"reason,omitempty"`
	Message   string            `json:"message,omitempty"`
	Fields    map[string]string `json:"fields,omitempty"`
	Count     int               `json:"count,omitempty"`
	Ref       string            `json:"ref,omitempty"`
}

// Episode is an earlier incident's alarms, for judging how unusual today's are.
type Episode struct {
	Alarms []Alarm `json:"alarms"`
}

// Symptom is the violated objective, when the caller knows it.
type Symptom struct {
	Component string `json:"component"`
	Metric    string `json:"metric,omitempty"`
	Statistic string `json:"statistic,omitempty"`
	Text      string `json:"text,omitempty"`
}

// Telemetry is a bundle of facts. Every telemetry tool returns one, with the parts it can see; bundles are merged with
// Add.
type Telemetry struct {
	Metrics      []Series     `json:"metrics,omitempty"`
	Logs         []LogLine    `json:"logs,omitempty"`
	Calls        []Call       `json:"calls,omitempty"`
	Dependencies []Dependency `json:"dependencies,omitempty"`
	Changes      []Change     `json:"changes,omitempty"`
	Alarms       []Alarm      `json:"alarms,omitempty"`
	Statuses     []Status     `json:"statuses,omitempty"`
	Gaps         []Gap        `json:"gaps,omitempty"` // what the source could not see
}

// Input is everything Analyze looks at.
type Input struct {
	Window   Window    `json:"window"`
	Symptoms []Symptom `json:"symptoms,omitempty"`
	Telemetry
	Reference *Telemetry `json:"reference,omitempty"` // fault-free telemetry of the same system, when there is some
	History   []Episode  `json:"history,omitempty"`   // earlier incidents, oldest first
}

// Add appends the facts of other, stamping ref on those that carry none.
func (t *Telemetry) Add(other Telemetry, ref string) {
	stamp := func(r *string) {
		if *r == "" {
			*r = ref
		}
	}
	for i := range other.Metrics {
		stamp(&other.Metrics[i].Ref)
	}
	for i := range other.Logs {
		stamp(&other.Logs[i].Ref)
	}
	for i := range other.Calls {
		stamp(&other.Calls[i].Ref)
	}
	for i := range other.Dependencies {
		stamp(&other.Dependencies[i].Ref)
	}
	for i := range other.Changes {
		stamp(&other.Changes[i].Ref)
	}
	for i := range other.Alarms {
		stamp(&other.Alarms[i].Ref)
	}
	for i := range other.Statuses {
		stamp(&other.Statuses[i].Ref)
	}
	for i := range other.Gaps {
		stamp(&other.Gaps[i].Ref)
	}
	t.Metrics = append(t.Metrics, other.Metrics...)
	t.Logs = append(t.Logs, other.Logs...)
	t.Calls = append(t.Calls, other.Calls...)
	t.Dependencies = append(t.Dependencies, other.Dependencies...)
	t.Changes = append(t.Changes, other.Changes...)
	t.Alarms = append(t.Alarms, other.Alarms...)
	t.Statuses = append(t.Statuses, other.Statuses...)
	t.Gaps = append(t.Gaps, other.Gaps...)
}
