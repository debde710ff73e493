// Package score is what every benchmark dataset implements and returns: loaders translate, scorers compare, nothing here
// knows the engine's inner parts.
package score

import "github.com/firefinder/firefinder/shared/evidence"

// Published is a result that others reported for the same data.
type Published struct {
	Name  string  `json:"name"` // method and where the number stands
	Value float64 `json:"value"`
}

// Outcome is one scored case: Hit by the dataset's own top-1 metric, with the confidence that the engine stated.
type Outcome struct {
	Case       string
	Hit        bool
	Confidence float64
}

// Result is one number on one split of one dataset.
type Result struct {
	Dataset        string      `json:"dataset"`
	Split          string      `json:"split"`
	Metric         string      `json:"metric"`
	Value          float64     `json:"value"`
	Cases          int         `json:"cases"`
	SecondsPerCase float64     `json:"seconds_per_case"`
	Published      []Published `json:"published"`
	Outcomes       []Outcome   `json:"-"` // for the headline metric only: calibration and confidence intervals
	Parts          []float64   `json:"-"` // per-case numbers whose mean is Value, when that is what Value is
	Pooled         bool        `json:"-"` // Value is of all cases taken together, neither a share nor a mean of them
}

// Dataset loads and scores one public dataset from its folder (the folder's README describes the layout). Archives and
// cases are discovered, never named in code.
type Dataset struct {
	Name string
	// Run scores every case below dir.
	Run func(dir string) ([]Result, error)
	// Case returns the input of one case for --explain, and the names of all cases when id is empty or unknown.
	Case func(dir, id string) (evidence.Input, []string, error)
}
