package evidence

import (
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/incident"
)

// Category is the kind of mechanism behind a cause. Mitigation blocks are chosen by it.
type Category string

// The categories.
const (
	Unknown              Category = "unknown"
	ConnectionExhaustion Category = "connection_exhaustion" // a pool or a connection limit is used up
	Throttling           Category = "throttling"            // a service refuses requests above a rate or capacity
	CPUSaturation        Category = "cpu_saturation"
	MemoryExhaustion     Category = "memory_exhaustion" // out of memory kills included
	StorageFull          Category = "storage_full"
	ReplicationLag       Category = "replication_lag"
	Failover             Category = "failover"
	ImagePull            Category = "image_pull"
	Unschedulable        Category = "unschedulable" // no node takes the workload
	ProbeFailure         Category = "probe_failure"
	QuotaExceeded        Category = "quota_exceeded"
	DNSFailure           Category = "dns_failure"
	NodeNotReady         Category = "node_not_ready"
	RolloutStuck         Category = "rollout_stuck"
	NetworkLatency       Category = "network_latency"
	ErrorsRaised         Category = "errors_raised" // the component's own code fails
	Slowdown             Category = "slowdown"      // the component's own time grew
	TrafficRise          Category = "traffic_rise"
	TrafficDrop          Category = "traffic_drop"
	DependencyFailure    Category = "dependency_failure" // an outside dependency without telemetry of its own
	Expiry               Category = "expiry"             // certificate or credential
)

// Reason is one argument with its weight in the score and the observations it rests on.
type Reason struct {
	Name   string   `json:"name"`
	Detail string   `json:"detail"`
	Weight float64  `json:"weight,omitempty"`
	Refs   []string `json:"refs,omitempty"`
}

// Onset is a signal that changed its behaviour.
type Onset struct {
	Component string    `json:"component"`
	Metric    string    `json:"metric"`
	Statistic string    `json:"statistic,omitempty"`
	Unit      string    `json:"unit,omitempty"`
	At        time.Time `json:"at"`
	Direction string    `json:"direction"` // up or down
	Before    float64   `json:"before"`    // typical value before
	After     float64   `json:"after"`     // typical value after
	Strength  float64   `json:"strength"`  // robust z, in scaled MADs
	Recovered time.Time `json:"recovered,omitzero"`
	Ref       string    `json:"ref,omitempty"`
}

// Cause is a component ranked as a cause.
type Cause struct {
	Component  string    `json:"component"`
	Score      float64   `json:"score"`
	Category   Category  `json:"category"`
	Metric     string    `json:"metric,omitempty"` // its most telling metric
	Onset      time.Time `json:"onset,omitzero"`
	Change     string    `json:"change,omitempty"` // id of the change that explains it, empty: none does
	Mechanism  string    `json:"mechanism"`        // a sentence: how it leads to the symptoms
	Reasons    []Reason  `json:"reasons"`
	CascadesTo []string  `json:"cascades_to,omitempty"`
}

// Verdict on a change.
type Verdict string

// The verdicts.
const (
	Culprit  Verdict = "culprit"  // explains the symptoms
	Possible Verdict = "possible" // could, but something is missing
	Decoy    Verdict = "decoy"    // near in time, but does not explain them; the reasons say why
)

// Words says the verdict as people say it.
func (v Verdict) Words() string {
	switch v {
	case Culprit:
		return "to blame"
	case Decoy:
		return "ruled out"
	}
	return string(v)
}

// ChangeVerdict ranks one change.
type ChangeVerdict struct {
	Change  Change   `json:"change"`
	Score   float64  `json:"score"`
	Verdict Verdict  `json:"verdict"`
	Reasons []Reason `json:"reasons"`
}

// Name is what people call the change: its kind with the revision it ships, else with its id, without the kind if the id
// begins with it.
func (c Change) Name() string {
	if c.Revision != "" {
		return c.Kind + " " + c.Revision
	}
	return c.Kind + " " + strings.TrimPrefix(c.ID, c.Kind+"-")
}

// Telling is the parameter of the change that the arguments about it name first, else its only one.
func (v ChangeVerdict) Telling() (Parameter, bool) {
	for _, r := range v.Reasons {
		for _, p := range v.Change.Parameters {
			if strings.Contains(r.Detail, p.Name) {
				return p, true
			}
		}
	}
	if len(v.Change.Parameters) == 1 {
		return v.Change.Parameters[0], true
	}
	return Parameter{}, false
}

// Pattern is a log template whose presence or rate changed.
type Pattern struct {
	Template  string    `json:"template"`
	Component string    `json:"component"`
	Kind      string    `json:"kind"`   // new, gone, more, less
	Before    float64   `json:"before"` // lines a minute
	After     float64   `json:"after"`
	First     time.Time `json:"first"`
	Example   string    `json:"example"`
	Severe    bool      `json:"severe,omitempty"` // reads like an error
	Refs      []string  `json:"refs,omitempty"`
}

// Hypothesis is a competing explanation with the evidence on both sides.
type Hypothesis struct {
	Text      string   `json:"text"`
	Component string   `json:"component,omitempty"`
	Change    string   `json:"change,omitempty"`
	Score     float64  `json:"score"`
	For       []Reason `json:"for,omitempty"`
	Against   []Reason `json:"against,omitempty"`
	Rejected  bool     `json:"rejected"`
}

// Gap is something that could not be looked at, and what would close it.
type Gap struct {
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"`
	Ref  string `json:"ref,omitempty"`
}

// Brief is the result of Analyze: ranked, cited, with its doubts. Causes, Changes and Hypotheses are best first.
type Brief struct {
	Window     Window           `json:"window"`
	Outcome    incident.Outcome `json:"outcome"`
	Confidence float64          `json:"confidence"` // probability that Causes[0] is right; for no_fault, that nothing is wrong
	Onset      time.Time        `json:"onset,omitzero"`
	Onsets     []Onset          `json:"onsets"`
	Causes     []Cause          `json:"causes"`
	Changes    []ChangeVerdict  `json:"changes"`
	Patterns   []Pattern        `json:"patterns"`
	Hypotheses []Hypothesis     `json:"hypotheses"`
	Gaps       []Gap            `json:"gaps"`
}

// Culprit returns the change that explains the symptoms, if one does.
func (b Brief) Culprit() (ChangeVerdict, bool) {
	for _, c := range b.Changes {
		if c.Verdict == Culprit {
			return c, true
		}
	}
	return ChangeVerdict{}, false
}
