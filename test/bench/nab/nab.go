// Package nab scores streaming anomaly detection by the Numenta Anomaly Benchmark's standard profile (Ahmad et al.,
// Neurocomputing 2017) on its CloudWatch series. NAB lets each detector choose the threshold that scores best on the data;
// here the threshold is the engine's own, the same for everything.
package nab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/archive"
	"github.com/firefinder/firefinder/test/bench/score"
)

const (
	name           = "nab"
	probationShare = 0.15 // of a file that is not scored, as the detector learns
	probationMost  = 750  // rows
	falseAlarm     = 0.11 // weight of a false alarm in the standard profile; a detection and a miss weigh 1
	layout         = "2006-01-02 15:04:05"
	cloudwatch     = "realAWSCloudwatch" // the group for which published results were recomputed
)

// New returns the dataset.
func New() score.Dataset { return score.Dataset{Name: name, Run: Run} }

// Series is one file.
type Series struct {
	Name   string // <group>/<file>.csv, as in the labels
	Times  []time.Time
	Values []float64
}

// Span is one labelled window, both ends included.
type Span struct{ From, To time.Time }

// Load reads every series of every archive below dir, by name. What cannot be read is named in the error; of a damaged series
// the rows that can be read are kept.
func Load(dir string) ([]Series, error) {
	zips, err := archive.Open(dir)
	failed := []error{err}
	var out []Series
	for _, z := range zips {
		defer z.Close()
		for _, n := range z.Names(func(n string) bool { return path.Ext(n) == ".csv" }) {
			t, unreadable := z.Table(n)
			s, err := parse(t)
			if err = cmp.Or(unreadable, err); err != nil {
				failed = append(failed, fmt.Errorf("%s in %s: %w", n, z.Name, err))
			}
			s.Name = n
			out = append(out, s)
		}
	}
	if err = errors.Join(failed...); err == nil && len(out) == 0 {
		err = fmt.Errorf("no <group>/<file>.csv in any archive of %s: see its README for the layout", dir)
	}
	return out, err
}

// parse reads the rows of a table; a value that is no number is no data.
func parse(t archive.Table) (Series, error) {
	var s Series
	cell, err := t.Columns("timestamp", "value")
	failed := []error{err}
	for i, r := range t.Rows {
		at, err := time.Parse(layout, cell(r, "timestamp"))
		if err != nil {
			failed = append(failed, fmt.Errorf("row %d: %w", i+2, err))
			continue
		}
		v, err := strconv.ParseFloat(cell(r, "value"), 64)
		if err != nil {
			v = math.NaN()
		}
		s.Times, s.Values = append(s.Times, at), append(s.Values, v)
	}
	return s, errors.Join(failed...)
}

// Windows reads the labels: series → anomaly windows.
func Windows(dir string) (map[string][]Span, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "windows.json"))
	if err != nil {
		return nil, err
	}
	var doc map[string][][2]string
	if err := json.Unmarshal(bytes.TrimPrefix(raw, []byte("\ufeff")), &doc); err != nil {
		return nil, fmt.Errorf("windows.json: %w", err)
	}
	out := map[string][]Span{}
	for n, spans := range doc {
		for _, s := range spans {
			from, err := time.Parse(layout, s[0])
			if err != nil {
				return nil, fmt.Errorf("windows.json, %s: %w", n, err)
			}
			to, err := time.Parse(layout, s[1])
			if err != nil {
				return nil, fmt.Errorf("windows.json, %s: %w", n, err)
			}
			out[n] = append(out[n], Span{from, to})
		}
	}
	return out, nil
}

// Scores runs the engine's detector over a series.
func Scores(s Series) []float64 {
	a := evidence.NewAnomalies()
	out := make([]float64, len(s.Values))
	for i, v := range s.Values {
		out[i] = a.Next(v)
	}
	return out
}

// Tally is what one series contributes.
type Tally struct {
	Score         float64 // standard profile, not normalised
	Windows       int
	Found         int
	Alarms, False int // detections outside probation, those outside windows
}

// Rate scores detections (scores at or above threshold) on one series.
func Rate(s Series, spans []Span, scores []float64, threshold float64) Tally {
	bounds := indices(s, spans)
	probation := min(int(probationShare*float64(len(s.Values))), probationMost)
	t := Tally{Windows: len(spans), Score: -float64(len(spans))} // a window without rows is missed, too
	best := make([]float64, len(bounds))
	for i := probation; i < len(scores); i++ {
		if scores[i] < threshold {
			continue
		}
		t.Alarms++
		if w := slices.IndexFunc(bounds, func(b [2]int) bool { return i >= b[0] && i <= b[1] }); w >= 0 {
			position := -float64(bounds[w][1]-i+1) / float64(bounds[w][1]-bounds[w][0]+1)
			best[w] = max(best[w], 1+sigmoid(position)/sigmoid(-1)) // takes back the -1 of a miss
			continue
		}
		t.False++
		t.Score += falseAlarm * late(bounds, i)
	}
	for _, b := range best {
		t.Score += b
		if b > 0 {
			t.Found++
		}
	}
	return t
}

// indices turns windows into first and last row.
func indices(s Series, spans []Span) [][2]int {
	var out [][2]int
	for _, w := range spans {
		first := slices.IndexFunc(s.Times, func(t time.Time) bool { return !t.Before(w.From) })
		last := len(s.Times) - 1
		for last >= 0 && s.Times[last].After(w.To) {
			last--
		}
		if first >= 0 && last >= first {
			out = append(out, [2]int{first, last})
		}
	}
	return out
}

// late is the scaled sigmoid of a false alarm: close to 0 right after a window, -1 far from one or before the first.
func late(bounds [][2]int, i int) float64 {
	value := -1.0
	for _, b := range bounds {
		if b[1] < i {
			value = sigmoid(float64(i-b[1]) / float64(max(b[1]-b[0], 1)))
		}
	}
	return value
}

func sigmoid(position float64) float64 {
	if position > 3 {
		return -1
	}
	return 2/(1+math.Exp(5*position)) - 1
}

// Run scores every series, for each group of them. What cannot be read is named in the error.
func Run(dir string) ([]score.Result, error) {
	all, err := Load(dir)
	if len(all) == 0 {
		return nil, err
	}
	windows, unlabelled := Windows(dir)
	if unlabelled != nil {
		return nil, errors.Join(err, unlabelled)
	}
	groups := map[string]*group{}
	for _, s := range all {
		began := time.Now()
		scores := Scores(s)
		spent := time.Since(began)
		name := path.Dir(labelOf(s.Name, windows))
		if groups[name] == nil {
			groups[name] = &group{}
		}
		groups[name].add(Rate(s, windows[labelOf(s.Name, windows)], scores, evidence.Anomalous), spent)
	}
	var out []score.Result
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, groups[n].results(n)...)
	}
	return out, err
}

// labelOf is the name under which the labels know a file: its own, or one that ends the same when folders were renamed.
func labelOf(name string, windows map[string][]Span) string {
	if _, ok := windows[name]; ok {
		return name
	}
	for _, known := range slices.Sorted(maps.Keys(windows)) {
		if path.Base(known) == path.Base(name) {
			return known
		}
	}
	return name
}

// group sums up the series of one folder.
type group struct {
	total Tally
	parts []float64
	spent time.Duration
}

func (g *group) add(t Tally, spent time.Duration) {
	g.total = g.total.add(t)
	g.parts = append(g.parts, t.Score+float64(t.Windows))
	g.spent += spent
}

func (g *group) results(split string) []score.Result {
	cases, windows := len(g.parts), max(g.total.Windows, 1)
	parts := make([]float64, cases)
	for i, p := range g.parts { // the share of each series, scaled so that their mean is the score
		parts[i] = p * 50 / float64(windows) * float64(cases)
	}
	base := score.Result{Dataset: name, Split: split, Cases: cases, SecondsPerCase: g.spent.Seconds() / float64(cases)}
	standard, found, wrong := base, base, base
	standard.Metric, standard.Value, standard.Parts = "standard score", Normal(g.total.Score, g.total.Windows), parts
	found.Metric, found.Value, found.Cases = "windows found", float64(g.total.Found)/float64(windows), g.total.Windows
	wrong.Metric, wrong.Value = "false alarms, rows", float64(g.total.False)
	if split == cloudwatch {
		standard.Published = []score.Published{{Name: "Numenta HTM, threshold fitted (NAB)", Value: 73.4}, {Name: "CAD-OSE (same)", Value: 71.5}, {Name: "Random Cut Forest (same)", Value: 57.6}, {Name: "Bayesian changepoint (same)", Value: 39.7}}
		wrong.Published = []score.Published{{Name: "CAD-OSE (NAB)", Value: 22}, {Name: "Numenta HTM (same)", Value: 27}, {Name: "Random Cut Forest (same)", Value: 83}}
	}
	return []score.Result{standard, found, wrong}
}

func (t Tally) add(o Tally) Tally {
	return Tally{t.Score + o.Score, t.Windows + o.Windows, t.Found + o.Found, t.Alarms + o.Alarms, t.False + o.False}
}

// Normal puts a score on the scale where no detection is 0 and every window found at its start is 100.
func Normal(score float64, windows int) float64 {
	return 100 * (score + float64(windows)) / (2 * float64(max(windows, 1)))
}
