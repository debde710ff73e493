package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
	"github.com/firefinder/firefinder/test/bench/score"
)

const (
	chartRows  = 12 // signals drawn
	chartWidth = 72 // characters of a line
	caseList   = 60 // cases named in an error
)

// explain prints the brief of one case as a person reads it, with a chart of its strongest signals.
func explain(all []score.Dataset, data, target string, w io.Writer) error {
	name, id, _ := strings.Cut(target, "/")
	at := slices.IndexFunc(all, func(d score.Dataset) bool { return d.Name == name })
	if at < 0 {
		return fmt.Errorf("no dataset %q: choose from %s, as in -explain %s/<case>", name, strings.Join(names(all), ", "), all[0].Name)
	}
	if all[at].Case == nil {
		return fmt.Errorf("%s has no incidents to explain: it scores %s", name, "single series or lines")
	}
	in, cases, err := all[at].Case(filepath.Join(data, name), id)
	if err != nil {
		return fmt.Errorf("load %s: %w", target, err)
	}
	if len(cases) > 0 || id == "" {
		return fmt.Errorf("no case %q in %s: it has %s", id, name, listed(cases))
	}
	began := time.Now()
	brief := evidence.Analyze(in)
	took := time.Since(began)
	fmt.Fprintf(w, "%s, analysed in %s\n\n", target, took.Round(time.Microsecond))
	if err := brief.Text(w); err != nil {
		return err
	}
	return chart(w, in, brief)
}

func listed(cases []string) string {
	if len(cases) > caseList {
		return strings.Join(cases[:caseList], ", ") + fmt.Sprintf(" and %d more", len(cases)-caseList)
	}
	return strings.Join(cases, ", ")
}

// chart draws the strongest signals over time, with their onset marked below each line.
func chart(w io.Writer, in evidence.Input, b evidence.Brief) error {
	rows := signals(in, b)
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "\nNo metric to draw.")
		return err
	}
	from, to := extent(rows)
	_, err := fmt.Fprintf(w, "\nSignals from %s to %s (^ onset, | start of trouble)\n", clock(from), clock(to))
	for _, r := range rows {
		if err != nil {
			return err
		}
		low, high, line := sparkline(r.series, from, to)
		_, err = fmt.Fprintf(w, "  %s\n  %s  %s .. %s\n  %s\n", r.label, line, plain(low), plain(high), marks(r.onset, in.Window.Start, from, to))
	}
	return err
}

// signal is one row of the chart.
type signal struct {
	label  string
	series evidence.Series
	onset  time.Time
}

// signals are the series of the strongest onsets, those of the ranked causes first; without any, the alarms of the ranked
// causes; without those, the first series.
func signals(in evidence.Input, b evidence.Brief) []signal {
	var out []signal
	for _, o := range causesFirst(b) {
		at := slices.IndexFunc(in.Metrics, func(s evidence.Series) bool {
			return s.Component == o.Component && s.Metric == o.Metric && s.Statistic == o.Statistic
		})
		if at >= 0 && len(out) < chartRows {
			label := fmt.Sprintf("%s (%s, strength %.1f)", title(in.Metrics[at]), o.Direction, o.Strength)
			out = append(out, signal{label, in.Metrics[at], o.At})
		}
	}
	if len(out) == 0 {
		out = alarmSignals(in, b)
	}
	if len(out) == 0 {
		for _, s := range in.Metrics[:min(len(in.Metrics), 3)] {
			out = append(out, signal{title(s), s, time.Time{}})
		}
	}
	return out
}

// causesFirst orders onsets: two of each of the first causes, then the rest as they are.
func causesFirst(b evidence.Brief) []evidence.Onset {
	var first, rest []evidence.Onset
	taken := map[string]int{}
	for _, o := range b.Onsets {
		rank := slices.IndexFunc(b.Causes, func(c evidence.Cause) bool { return c.Component == o.Component })
		if rank >= 0 && rank < 3 && taken[o.Component] < 2 {
			taken[o.Component]++
			first = append(first, o)
		} else {
			rest = append(rest, o)
		}
	}
	return append(first, rest...)
}

// alarmSignals counts the alarms of the first causes over time.
func alarmSignals(in evidence.Input, b evidence.Brief) []signal {
	var out []signal
	for _, c := range b.Causes[:min(len(b.Causes), chartRows)] {
		s := evidence.Series{Component: c.Component, Metric: "alarms"}
		for _, a := range in.Alarms {
			if a.Component == c.Component || a.Host == c.Component {
				s.Times, s.Values = append(s.Times, a.Time.UnixMilli()), append(s.Values, float64(max(a.Count, 1)))
			}
		}
		if len(s.Times) > 0 {
			out = append(out, signal{title(s), s, c.Onset})
		}
	}
	return out
}

func title(s evidence.Series) string {
	return strings.TrimSpace(s.Component + " " + s.Metric + " " + s.Statistic)
}

// extent is the time that the rows cover, in Unix milliseconds.
func extent(rows []signal) (from, to int64) {
	from, to = math.MaxInt64, math.MinInt64
	for _, r := range rows {
		for _, t := range r.series.Times {
			from, to = min(from, t), max(to, t)
		}
	}
	return from, max(to, from+1)
}

// sparkline draws the series as one line of blocks: means of metrics, sums of counts. A short hole is filled with the value
// before it, a long one is a blank.
func sparkline(s evidence.Series, from, to int64) (low, high float64, line string) {
	levels := columns(s, from, to)
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range levels {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	blocks := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range levels {
		switch {
		case math.IsNaN(v):
			b.WriteByte(' ')
		case high == low:
			b.WriteRune(blocks[0])
		default:
			share := (v - low) / (high - low)
			b.WriteRune(blocks[min(max(int(share*float64(len(blocks))), 0), len(blocks)-1)])
		}
	}
	return low, high, b.String()
}

// columns are the values that are drawn, one a column, NaN for a hole.
func columns(s evidence.Series, from, to int64) []float64 {
	sum, count := make([]float64, chartWidth), make([]float64, chartWidth)
	samples := 0
	for i := range min(len(s.Times), len(s.Values)) {
		if v := s.Values[i]; !math.IsNaN(v) && !math.IsInf(v, 0) {
			c := column(s.Times[i], from, to)
			sum[c] += v
			count[c]++
			samples++
		}
	}
	hole := 2*chartWidth/max(samples, 1) + 1
	out := make([]float64, chartWidth)
	last := -hole
	for c := range out {
		switch {
		case count[c] > 0 && s.Metric == "alarms":
			out[c], last = sum[c], c
		case count[c] > 0:
			out[c], last = sum[c]/count[c], c
		case s.Metric != "alarms" && c-last < hole:
			out[c] = out[c-1]
		default:
			out[c] = math.NaN()
		}
	}
	return out
}

// marks is the line below a sparkline.
func marks(onset, start time.Time, from, to int64) string {
	line := []rune(strings.Repeat(" ", chartWidth))
	if !start.IsZero() && start.UnixMilli() >= from && start.UnixMilli() <= to {
		line[column(start.UnixMilli(), from, to)] = '|'
	}
	if !onset.IsZero() {
		line[column(onset.UnixMilli(), from, to)] = '^'
	}
	return strings.TrimRight(string(line), " ")
}

func column(t, from, to int64) int {
	return min(max(int(float64(t-from)/float64(to-from)*chartWidth), 0), chartWidth-1)
}

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05") }

func plain(v float64) string {
	if math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf("%.4g", v)
}
