// Package tcpd scores change-point detection against five annotators: F1 with a margin of five samples and segmentation
// cover (van den Burg and Williams, arXiv 2003.06222).
package tcpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
	"github.com/firefinder/firefinder/test/bench/score"
)

const (
	name   = "tcpd"
	margin = 5 // samples within which a predicted change meets an annotated one
)

// New returns the dataset.
func New() score.Dataset {
	return score.Dataset{Name: name, Run: func(dir string) ([]score.Result, error) { return Run(dir, evidence.ChangePoints) }}
}

// Series is one series by name; missing samples are NaN. Several dimensions are kept apart.
type Series struct {
	Name   string
	Values [][]float64
}

// Load reads every series of every archive below dir, by name: the files that are named like their folder. One that cannot be
// read is named in the error and has no values.
func Load(dir string) ([]Series, error) {
	zips, err := archive.Open(dir)
	failed := []error{err}
	var out []Series
	for _, z := range zips {
		defer z.Close()
		for _, n := range z.Names(func(n string) bool { return path.Base(n) == path.Base(path.Dir(n))+".json" }) {
			raw, err := z.Read(n)
			var values [][]float64
			if err == nil {
				values, err = parse(raw)
			}
			if err != nil {
				failed = append(failed, fmt.Errorf("%s in %s: %w", n, z.Name, err))
			}
			out = append(out, Series{strings.TrimSuffix(path.Base(n), ".json"), values})
		}
	}
	if err = errors.Join(failed...); err == nil && len(out) == 0 {
		err = fmt.Errorf("no <name>/<name>.json in any archive of %s: see its README for the layout", dir)
	}
	slices.SortFunc(out, func(a, b Series) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

func parse(raw []byte) ([][]float64, error) {
	var doc struct {
		Series []struct {
			Raw []*float64 `json:"raw"`
		} `json:"series"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	var out [][]float64
	for _, s := range doc.Series {
		values := make([]float64, len(s.Raw))
		for i, p := range s.Raw {
			values[i] = math.NaN()
			if p != nil {
				values[i] = *p
			}
		}
		out = append(out, values)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no series")
	}
	return out, nil
}

// Run scores every series that has annotations. One that cannot be read scores nothing; what lacks annotations cannot be
// scored. Both are named in the error.
func Run(dir string, detect func([]float64) []int) ([]score.Result, error) {
	all, err := Load(dir)
	annotations, unlabelled := loadAnnotations(dir)
	failed := []error{err, unlabelled}
	var f1s, covers []float64
	var spent time.Duration
	for _, s := range all {
		truth := annotations[s.Name]
		if len(truth) == 0 {
			failed = append(failed, fmt.Errorf("no annotations for series %s in %s", s.Name, dir))
			continue
		}
		if len(s.Values) == 0 || len(s.Values[0]) == 0 {
			f1s, covers = append(f1s, 0), append(covers, 0)
			continue
		}
		began := time.Now()
		found := predict(s.Values, detect)
		spent += time.Since(began)
		f1s = append(f1s, F1(truth, found))
		covers = append(covers, Cover(truth, found, len(s.Values[0])))
	}
	if len(f1s) == 0 {
		return nil, errors.Join(failed...)
	}
	per := spent.Seconds() / float64(len(f1s))
	return []score.Result{
		{Dataset: name, Split: "default", Metric: "F1", Value: mean(f1s), Cases: len(f1s), SecondsPerCase: per, Parts: f1s, Published: []score.Published{
			{Name: "BINSEG, default settings, 37 series (arXiv 2003.06222)", Value: .744}, {Name: "PELT (same)", Value: .710}, {Name: "BOCPD (same)", Value: .690}, {Name: "no change point (same)", Value: .669}}},
		{Dataset: name, Split: "default", Metric: "cover", Value: mean(covers), Cases: len(f1s), SecondsPerCase: per, Parts: covers, Published: []score.Published{
			{Name: "BINSEG, default settings, 37 series (arXiv 2003.06222)", Value: .706}, {Name: "AMOC (same)", Value: .702}, {Name: "PELT (same)", Value: .689}, {Name: "no change point (same)", Value: .583}}},
	}, errors.Join(failed...)
}

// predict joins the changes of all dimensions.
func predict(dimensions [][]float64, detect func([]float64) []int) []int {
	var out []int
	for _, d := range dimensions {
		out = append(out, detect(d)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// loadAnnotations reads the labels: series → annotator → indices.
func loadAnnotations(dir string) (map[string]map[string][]int, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "annotations.json"))
	if err != nil {
		return nil, err
	}
	var out map[string]map[string][]int
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &out); err != nil {
		return nil, fmt.Errorf("annotations.json: %w", err)
	}
	return out, nil
}

// F1 is the harmonic mean of precision against the union of annotators and recall averaged over annotators. Index 0 is
// always a change, for both sides.
func F1(truth map[string][]int, found []int) float64 {
	predicted := withZero(found)
	var union []int
	recall := 0.0
	for _, annotator := range slices.Sorted(maps.Keys(truth)) { // in order, so that every run adds up to the same last digit
		own := withZero(truth[annotator])
		union = append(union, own...)
		recall += float64(matches(own, predicted)) / float64(len(own)) / float64(len(truth))
	}
	slices.Sort(union)
	precision := float64(matches(slices.Compact(union), predicted)) / float64(len(predicted))
	return 2 * precision * recall / (precision + recall)
}

func withZero(changes []int) []int {
	out := append([]int{0}, changes...)
	slices.Sort(out)
	return slices.Compact(out)
}

// matches counts true changes with a predicted one within the margin, each used once, the nearest first.
func matches(truth, predicted []int) int {
	left := slices.Clone(predicted)
	n := 0
	for _, t := range truth {
		best := -1
		for i, p := range left {
			if d := distance(t, p); d <= margin && (best < 0 || d < distance(t, left[best])) {
				best = i
			}
		}
		if best >= 0 {
			n++
			left = slices.Delete(left, best, best+1)
		}
	}
	return n
}

func distance(a, b int) int { return max(a-b, b-a) }

// Cover is how well the predicted segments cover the annotated ones (Jaccard), averaged over annotators.
func Cover(truth map[string][]int, found []int, n int) float64 {
	predicted := segments(found, n)
	sum := 0.0
	for _, annotator := range slices.Sorted(maps.Keys(truth)) {
		for _, s := range segments(truth[annotator], n) {
			best := 0.0
			for _, p := range predicted {
				common := max(min(s[1], p[1])-max(s[0], p[0]), 0)
				best = max(best, float64(common)/float64(s[1]-s[0]+p[1]-p[0]-common))
			}
			sum += best * float64(s[1]-s[0]) / float64(n) / float64(len(truth))
		}
	}
	return sum
}

// segments are the half-open spans between changes.
func segments(changes []int, n int) [][2]int {
	var out [][2]int
	from := 0
	for _, c := range append(withZero(changes)[1:], n) {
		if c > from && c <= n {
			out = append(out, [2]int{from, c})
			from = c
		}
	}
	return out
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v / float64(len(values))
	}
	return sum
}
