package petshop

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

// New returns the dataset.
func New() score.Dataset {
	return score.Dataset{
		Name: "petshop",
		Run:  func(dir string) ([]score.Result, error) { return Run(dir, evidence.Analyze) },
		Case: Case,
	}
}

// Case returns the input of one issue.
func Case(dir, id string) (evidence.Input, []string, error) {
	issues, _, err := load(dir)
	var names []string
	for _, is := range issues {
		if is.id == id {
			return is.input, nil, err
		}
		names = append(names, is.id)
	}
	return evidence.Input{}, names, err
}

// tally counts hits.
type tally struct {
	n, top1, top3 int
	spent         time.Duration
}

// Run scores every issue and, where fault-free data exists, specificity. An issue that cannot be read is a miss, named in the
// error.
func Run(dir string, analyze func(evidence.Input) evidence.Brief) ([]score.Result, error) {
	issues, scenarios, err := load(dir)
	if len(issues) == 0 {
		return nil, err
	}
	all, groups := tally{}, map[string]*tally{}
	var outcomes []score.Outcome
	for _, is := range issues {
		began := time.Now()
		b := analyze(is.input)
		spent := time.Since(began)
		at := slices.IndexFunc(b.Causes, func(c evidence.Cause) bool { return c.Component == is.cause })
		outcomes = append(outcomes, score.Outcome{Case: is.id, Hit: at == 0, Confidence: b.Confidence})
		name := family(is.scenario) + " " + is.metric
		if groups[name] == nil {
			groups[name] = &tally{}
		}
		for _, t := range []*tally{&all, groups[name]} {
			t.count(at, spent)
		}
	}
	out := all.results("all", outcomes)
	names := make([]string, 0, len(groups))
	for n := range groups {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		out = append(out, groups[n].results(n, nil)...)
	}
	return append(out, specificity(issues, scenarios, analyze)...), err
}

// family is a scenario's name as the paper pools it: temporal_traffic1 and 2 are one.
func family(scenario string) string {
	return strings.TrimRight(scenario, "0123456789")
}

func (t *tally) count(at int, spent time.Duration) {
	t.n++
	t.spent += spent
	if at == 0 {
		t.top1++
	}
	if at >= 0 && at < 3 {
		t.top3++
	}
}

func (t *tally) results(split string, outcomes []score.Outcome) []score.Result {
	n := float64(max(1, t.n))
	per := t.spent.Seconds() / n
	return []score.Result{
		{Dataset: "petshop", Split: split, Metric: "top-1", Value: float64(t.top1) / n, Cases: t.n, SecondsPerCase: per,
			Published: published(split, 1), Outcomes: outcomes},
		{Dataset: "petshop", Split: split, Metric: "top-3", Value: float64(t.top3) / n, Cases: t.n, SecondsPerCase: per, Published: published(split, 3)},
	}
}

// specificity follows the benchmark: the fault-free rows are split at 50, 60, .. % and the second part is analysed
// against the first, once for each target that the scenario's issues have.
func specificity(issues []issue, scenarios []scenario, analyze func(evidence.Input) evidence.Brief) []score.Result {
	var out []score.Result
	for _, s := range scenarios {
		if s.normal == nil {
			continue
		}
		n := len(s.normal.times)
		var clean, runs int
		var spent time.Duration
		for _, target := range targets(issues, s.name) {
			for at := n / 2; at < n-3; at += max(1, n/10) {
				rest := s.normal.part(at, n)
				in := translate(s, s.normal.part(0, at), rest)
				in.Window.Start, in.Symptoms = in.Window.From, []evidence.Symptom{target}
				began := time.Now()
				if len(analyze(in).Causes) == 0 {
					clean++
				}
				spent += time.Since(began)
				runs++
			}
		}
		if runs > 0 {
			out = append(out, score.Result{Dataset: "petshop", Split: s.name, Metric: "specificity", Value: float64(clean) / float64(runs),
				Cases: runs, SecondsPerCase: spent.Seconds() / float64(runs), Published: published(s.name, 0)})
		}
	}
	return out
}

// targets lists the distinct symptoms of a scenario.
func targets(issues []issue, scenario string) []evidence.Symptom {
	var out []evidence.Symptom
	for _, is := range issues {
		for _, s := range is.input.Symptoms {
			if is.scenario == scenario && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// published numbers of others on the same data.
func published(split string, k int) []score.Published {
	switch {
	case split == "all" && k == 1:
		return []score.Published{{Name: "correlation (pooled-leaderboard-audit-replication ac39804)", Value: .618}, {Name: "traversal (same)", Value: .588}, {Name: "circa (same)", Value: .412}}
	case split == "all" && k == 3:
		return []score.Published{{Name: "circa (pooled-leaderboard-audit-replication ac39804)", Value: .941}, {Name: "traversal (same)", Value: .824}, {Name: "correlation (same)", Value: .765}}
	case split == "low_traffic latency" && k == 1:
		return []score.Published{{Name: "traversal (CLeaR 2024, Table 8)", Value: .57}, {Name: "correlation (same)", Value: .43}}
	case split == "low_traffic availability" && k == 1:
		return []score.Published{{Name: "correlation (CLeaR 2024, Table 8)", Value: .75}, {Name: "rcd (same)", Value: .58}}
	case split == "temporal_traffic latency" && k == 1:
		return []score.Published{{Name: "traversal (CLeaR 2024, Table 8, 8 issues)", Value: 1}, {Name: "circa (same)", Value: .75}}
	case split == "temporal_traffic availability" && k == 1:
		return []score.Published{{Name: "correlation (CLeaR 2024, Table 8, 8 issues)", Value: .62}, {Name: "rcd (same)", Value: .5}}
	case split == "low_traffic" && k == 0:
		return []score.Published{{Name: "traversal, latency (repository notebook)", Value: .17}, {Name: "traversal, availability (same)", Value: 1}}
	}
	return nil
}
