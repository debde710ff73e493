package rcaalerts

import (
	"regexp"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

// New returns the dataset.
func New() score.Dataset {
	return score.Dataset{
		Name: "rca-alerts",
		Run:  func(dir string) ([]score.Result, error) { return Run(dir, evidence.Analyze) },
		Case: Case,
	}
}

// Case returns the input of one fault.
func Case(dir, id string) (evidence.Input, []string, error) {
	systems, err := load(dir)
	var names []string
	for _, s := range systems {
		for _, f := range s.faults {
			if f.id == id {
				return f.input, nil, err
			}
			names = append(names, f.id)
		}
	}
	return evidence.Input{}, names, err
}

// Run scores ranking and grouping of every system. What cannot be read is named in the error.
func Run(dir string, analyze func(evidence.Input) evidence.Brief) ([]score.Result, error) {
	systems, err := load(dir)
	var out []score.Result
	for _, s := range systems {
		out = append(out, ranking(s, analyze)...)
		out = append(out, grouping(s)...)
	}
	return out, err
}

// instance is the suffix of an instance's name: "-0", "2-0".
var instance = regexp.MustCompile(`2?-[0-9]+$`)

// hit follows the dataset: the entity itself, or for a service fault any of its instances.
func hit(component string, f fault) bool {
	return component == f.entity || f.level == "service" && instance.ReplaceAllString(component, "") == f.entity
}

func ranking(s system, analyze func(evidence.Input) evidence.Brief) []score.Result {
	var hits [3]int
	var spent time.Duration
	var outcomes []score.Outcome
	levels := map[string][2]int{}
	for _, f := range s.faults {
		began := time.Now()
		b := analyze(f.input)
		spent += time.Since(began)
		at := len(b.Causes)
		for i, c := range b.Causes {
			if hit(c.Component, f) {
				at = i
				break
			}
		}
		for i, k := range []int{1, 3, 5} {
			if at < k && at < len(b.Causes) {
				hits[i]++
			}
		}
		l := levels[f.level]
		l[1]++
		if at == 0 && len(b.Causes) > 0 {
			l[0]++
		}
		levels[f.level] = l
		outcomes = append(outcomes, score.Outcome{Case: f.id, Hit: at == 0 && len(b.Causes) > 0, Confidence: b.Confidence})
	}
	n := len(s.faults)
	var out []score.Result
	for i, name := range []string{"acc@1", "acc@3", "acc@5"} {
		out = append(out, score.Result{Dataset: "rca-alerts", Split: s.name, Metric: name, Value: float64(hits[i]) / float64(max(1, n)),
			Cases: n, SecondsPerCase: spent.Seconds() / float64(max(1, n)), Published: published(name)})
	}
	out[0].Outcomes = outcomes
	for _, l := range []string{"service", "service_instance", "pod", "node"} {
		if c := levels[l]; c[1] > 0 {
			out = append(out, score.Result{Dataset: "rca-alerts", Split: s.name + " " + l, Metric: "acc@1", Value: float64(c[0]) / float64(c[1]), Cases: c[1]})
		}
	}
	return out
}

func published(metric string) []score.Published {
	switch metric {
	case "acc@1":
		return []score.Published{{Name: "Qwen3-32B, ReAct (source repository, 235902c, rescored)", Value: .243}, {Name: "Llama-3.3-70B, ReAct (same)", Value: .157}}
	case "acc@3":
		return []score.Published{{Name: "Qwen3-32B, ReAct (source repository, 235902c, rescored)", Value: .438}, {Name: "Llama-3.3-70B, ReAct (same)", Value: .385}}
	}
	return nil
}
