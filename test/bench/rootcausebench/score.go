package rootcausebench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/shared/incident"
	"github.com/firefinder/firefinder/test/bench/score"
)

// label is the ground truth of one scenario.
type label struct {
	Commit      string   `json:"root_cause_commit"`
	First       string   `json:"first_failing_service"`
	Blast       []string `json:"blast_radius"`
	Remediation string   `json:"remediation"`
	Decoys      []string `json:"decoy_deploy_commits"`
}

// New is the dataset. Metric, per its README: pass rate of the named commit ("none" when no commit is guilty), hits on decoys
// (the cardinal error) and the graded reward.
func New() score.Dataset {
	return score.Dataset{Name: "rootcausebench", Run: run, Case: one}
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

// labelsOf reads the ground truth. A scenario without a label is a miss.
func labelsOf(dir string) (map[string]label, error) {
	data, err := os.ReadFile(filepath.Join(dir, "labels.json"))
	if err != nil {
		return nil, err
	}
	var labels map[string]label
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &labels); err != nil {
		return nil, fmt.Errorf("labels.json: %w", err)
	}
	return labels, nil
}

func run(dir string) ([]score.Result, error) {
	all, shut, err := scenarios(dir)
	defer shut()
	labels, unlabelled := labelsOf(dir)
	failed := []error{err, unlabelled}
	if len(all) == 0 {
		return nil, errors.Join(failed...)
	}
	var spent time.Duration
	var outcomes []score.Outcome
	var passed, decoys, none, noneRight int
	var reward, first float64
	for _, s := range all {
		in, err := s.load()
		failed = append(failed, err)
		begin := time.Now()
		brief := evidence.Analyze(in)
		spent += time.Since(begin)
		l, ok := labels[s.name]
		if !ok {
			failed = append(failed, fmt.Errorf("%s: no label", s.name))
		}
		answer := Answer(brief)
		hit := same(answer, l.Commit)
		outcomes = append(outcomes, score.Outcome{Case: s.name, Hit: hit, Confidence: brief.Confidence})
		if l.Commit == "none" {
			none++
		}
		switch {
		case hit:
			passed++
			reward++
			if l.Commit == "none" {
				noneRight++
			}
		case slices.ContainsFunc(l.Decoys, func(d string) bool { return same(answer, d) }):
			decoys++
		default:
			reward += 0.5 * graded(brief, l)
		}
		first += equal(firstFailing(brief), l.First)
	}
	n := float64(len(all))
	result := func(metric string, value float64, cases int) score.Result {
		return score.Result{Dataset: "rootcausebench", Split: "all", Metric: metric, Value: value, Cases: cases, SecondsPerCase: spent.Seconds() / n, Published: published(metric)}
	}
	head := result("pass rate", float64(passed)/n, len(all))
	head.Outcomes = outcomes
	return []score.Result{head, result("decoy hits", float64(decoys), len(all)), result("none recognised", float64(noneRight)/max(float64(none), 1), none),
		result("graded reward", reward/n, len(all)), result("first failing service", first/n, len(all))}, errors.Join(failed...)
}

func published(metric string) []score.Published {
	if metric != "pass rate" {
		return nil
	}
	return []score.Published{{Name: "scripted-rca (README, 24 scenarios)", Value: 7.0 / 24}, {Name: "always-none (README, 24 scenarios)", Value: 7.0 / 24},
		{Name: "claude-haiku-4.5 with a shell (README)", Value: 0.47}, {Name: "best models with a shell (README)", Value: 1}}
}

// Answer reads the commit that a brief blames: the culprit commit, or the revision that a culprit deployment ships; "none"
// when no change is to blame.
func Answer(b evidence.Brief) string {
	for _, c := range b.Changes {
		if c.Verdict != evidence.Culprit {
			continue
		}
		if c.Change.Kind == "commit" {
			return c.Change.ID
		}
		if c.Change.Revision != "" {
			return c.Change.Revision
		}
		return c.Change.ID
	}
	return "none"
}

func same(answer, want string) bool {
	return answer == want || len(answer) >= 7 && len(want) >= 7 && (strings.HasPrefix(want, answer) || strings.HasPrefix(answer, want))
}

func graded(b evidence.Brief, l label) float64 {
	return 0.5*equal(firstFailing(b), l.First) + 0.3*jaccard(blast(b), l.Blast) + 0.2*equal(remediation(b), l.Remediation)
}

func equal(a, b string) float64 {
	if a == b {
		return 1
	}
	return 0
}

// firstFailing is the component that the brief ranks first.
func firstFailing(b evidence.Brief) string {
	if len(b.Causes) == 0 {
		return ""
	}
	return b.Causes[0].Component
}

// blast is what the first cause cascades to.
func blast(b evidence.Brief) []string {
	if len(b.Causes) == 0 {
		return nil
	}
	return b.Causes[0].CascadesTo
}

func jaccard(a, b []string) float64 {
	if len(a) == 0 && len(b) == 0 {
		return 1
	}
	common := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			common++
		}
	}
	return float64(common) / float64(len(a)+len(b)-common)
}

// remediation maps the brief to the dataset's vocabulary.
func remediation(b evidence.Brief) string {
	if b.Outcome == incident.NoFault || len(b.Causes) == 0 {
		return ""
	}
	if _, blamed := b.Culprit(); blamed {
		return "rollback"
	}
	switch b.Causes[0].Category {
	case evidence.Expiry:
		return "rotate-cert"
	case evidence.DependencyFailure, evidence.NodeNotReady:
		return "failover"
	case evidence.TrafficRise, evidence.CPUSaturation, evidence.MemoryExhaustion, evidence.ConnectionExhaustion, evidence.Throttling, evidence.StorageFull:
		return "scale-up"
	}
	return ""
}
