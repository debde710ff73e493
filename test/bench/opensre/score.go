package opensre

import (
	"errors"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/test/bench/score"
)

// modes are the dataset's words for our categories.
var modes = map[evidence.Category]string{
	evidence.ReplicationLag: "replication_lag", evidence.ConnectionExhaustion: "connection_exhaustion", evidence.StorageFull: "storage_full",
	evidence.CPUSaturation: "cpu_saturation", evidence.Failover: "failover", evidence.MemoryExhaustion: "oom_killed", evidence.ImagePull: "image_pull_backoff",
	evidence.Unschedulable: "pending_pod", evidence.ProbeFailure: "probe_failure", evidence.QuotaExceeded: "resource_quota_exceeded",
	evidence.DNSFailure: "dns_resolution_failure", evidence.NodeNotReady: "node_not_ready", evidence.RolloutStuck: "deployment_rollout_stuck",
}

const healthy = "healthy"

// New is the dataset. Metric, per its README: accuracy of the failure mode, and false-alarm accuracy: healthy scenarios
// recognised and faulty ones not called healthy.
func New() score.Dataset {
	return score.Dataset{Name: "opensre-aws", Run: run, Case: one}
}

func one(dir, id string) (evidence.Input, []string, error) {
	all, shut, err := scenarios(dir)
	defer shut()
	var names []string
	for _, s := range all {
		names = append(names, s.name)
		if s.name == id {
			in, err := s.load()
			return in, nil, err
		}
	}
	return evidence.Input{}, names, err
}

func run(dir string) ([]score.Result, error) {
	all, shut, err := scenarios(dir)
	defer shut()
	failed := []error{err}
	if len(all) == 0 {
		return nil, err
	}
	var spent time.Duration
	var outcomes []score.Outcome
	var right, quiet, quietRight, faulty, faultyRight int
	for _, s := range all {
		in, err := s.load()
		failed = append(failed, err)
		begin := time.Now()
		brief := evidence.Analyze(in)
		spent += time.Since(begin)
		answer := Mode(brief)
		outcomes = append(outcomes, score.Outcome{Case: s.name, Hit: answer == s.mode, Confidence: brief.Confidence})
		if answer == s.mode {
			right++
		}
		if s.mode == healthy {
			quiet++
			if answer == healthy {
				quietRight++
			}
		} else {
			faulty++
			if answer != healthy {
				faultyRight++
			}
		}
	}
	result := func(metric string, part, whole int) score.Result {
		return score.Result{Dataset: "opensre-aws", Split: "all", Metric: metric, Value: float64(part) / max(float64(whole), 1), Cases: whole, SecondsPerCase: spent.Seconds() / float64(len(all))}
	}
	head := result("failure mode accuracy", right, len(all))
	head.Outcomes = outcomes
	return []score.Result{head, result("healthy recognised", quietRight, quiet), result("faulty not called healthy", faultyRight, faulty)}, errors.Join(failed...)
}

// Mode is the failure mode that a brief names.
func Mode(b evidence.Brief) string {
	if b.Outcome == incident.NoFault {
		return healthy
	}
	if len(b.Causes) == 0 {
		return "unknown"
	}
	if m, ok := modes[b.Causes[0].Category]; ok {
		return m
	}
	return string(b.Causes[0].Category)
}
