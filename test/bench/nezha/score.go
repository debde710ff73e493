package nezha

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

// New returns the dataset.
func New() score.Dataset {
	return score.Dataset{
		Name: "nezha",
		Run:  func(dir string) ([]score.Result, error) { return Run(dir, evidence.Analyze) },
		Case: Case,
	}
}

// Case returns the input of one fault.
func Case(dir, id string) (evidence.Input, []string, error) {
	all, err := faults(dir)
	if len(all) == 0 {
		return evidence.Input{}, nil, err
	}
	var names []string
	for _, f := range all {
		if f.id != id {
			names = append(names, f.id)
			continue
		}
		days, broken := archives(dir)
		defer shut(days)
		if len(days) == 0 {
			return evidence.Input{}, nil, broken
		}
		d, err := find(days, f)
		if err != nil {
			return evidence.Input{}, nil, err
		}
		in, err := d.input(f)
		return in, nil, err
	}
	return evidence.Input{}, names, nil
}

func shut(days []*day) {
	for _, d := range days {
		_ = d.zip.Close() // read only
	}
}

// system counts one system's hits at 1, 3 and 5.
type system struct {
	n        int
	hits     [3]int
	spent    time.Duration
	outcomes []score.Outcome
}

// Run scores every fault, by system. What cannot be read is named in the error; its faults are misses.
func Run(dir string, analyze func(evidence.Input) evidence.Brief) ([]score.Result, error) {
	all, err := faults(dir)
	if len(all) == 0 {
		return nil, err
	}
	days, broken := archives(dir)
	defer shut(days)
	failed := []error{err, broken}
	systems, names := map[string]*system{}, []string(nil)
	for _, f := range all {
		var in evidence.Input // stays empty, a miss, when no archive covers the fault
		d, err := find(days, f)
		if err == nil {
			in, err = d.input(f)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", f.id, err))
		}
		if systems[f.system] == nil {
			systems[f.system], names = &system{}, append(names, f.system)
		}
		began := time.Now()
		b := analyze(in)
		systems[f.system].count(f, b, time.Since(began))
	}
	slices.Sort(names)
	var out []score.Result
	for _, n := range names {
		out = append(out, systems[n].results(n)...)
	}
	return out, errors.Join(failed...)
}

func (s *system) count(f fault, b evidence.Brief, spent time.Duration) {
	s.n++
	s.spent += spent
	at := slices.IndexFunc(b.Causes, func(c evidence.Cause) bool { return c.Component == f.cause })
	for i, k := range []int{1, 3, 5} {
		if at >= 0 && at < k {
			s.hits[i]++
		}
	}
	s.outcomes = append(s.outcomes, score.Outcome{Case: f.id, Hit: at == 0, Confidence: b.Confidence})
}

func (s *system) results(name string) []score.Result {
	var out []score.Result
	for i, metric := range []string{"AS@1", "AS@3", "AS@5"} {
		out = append(out, score.Result{Dataset: "nezha", Split: name, Metric: metric, Value: float64(s.hits[i]) / float64(s.n), Cases: s.n,
			SecondsPerCase: s.spent.Seconds() / float64(s.n), Published: published(name, i)})
	}
	out[0].Outcomes = s.outcomes
	return out
}

// published is the paper's Table 3; k is 0, 1, 2 for AS@1, 3, 5.
func published(name string, k int) []score.Published {
	paper := map[string][]struct {
		method string
		as     [3]float64
	}{
		"OnlineBoutique": {{"MicroScope, metrics (ESEC/FSE 2023, Table 3)", [3]float64{.125, .411, .554}}, {"MicroRCA, metrics (same)", [3]float64{.161, .625, .928}},
			{"MicroRank, traces (same)", [3]float64{.411, .482, .625}}, {"PDiagnose, all (same)", [3]float64{.411, .732, .821}}, {"Nezha, all with logs (same)", [3]float64{.929, .964, .964}}},
		"TrainTicket": {{"MicroRCA, metrics (ESEC/FSE 2023, Table 3, 45 faults)", [3]float64{.2, .311, .444}}, {"MicroRank, traces (same)", [3]float64{.156, .244, .356}},
			{"PDiagnose, all (same)", [3]float64{.089, .133, .222}}, {"Nezha, all (same)", [3]float64{.867, .978, .978}}},
	}
	var out []score.Published
	for _, p := range paper[name] {
		out = append(out, score.Published{Name: p.method, Value: p.as[k]})
	}
	return out
}
