package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
)

const (
	chartRows  = 12       // signals drawn
	chartWidth = 72       // characters of a line
	alarmCount = "alarms" // the metric of a signal that counts alarms: summed, not averaged
)

// chart draws the strongest signals over time, with their onset marked below each line.
func chart(w io.Writer, in evidence.Input, b evidence.Brief) error {
	rows := signals(in, b)
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "\nNo metric and no alarm to draw.")
		return err
	}
	from, to := extent(rows)
	_, err := fmt.Fprintf(w, "\nSignals from %s to %s (^ onset, | start of trouble)\n", clock(from), clock(to))
	for _, r := range rows {
		if err != nil {
			return err
		}
		low, high, line := sparkline(r.series, from, to)
		_, err = fmt.Fprintf(w, "  %s\n  %s  %s .. %s\n", r.label, line, plain(low), plain(high))
		if m := marks(r.onset, in.Window.Start, from, to); m != "" && err == nil {
			_, err = fmt.Fprintln(w, "  "+m)
		}
	}
	return err
}

// signal is one row of the chart.
type signal struct {
	label  string
	series evidence.Series
	onset  time.Time
}

// signals are the series of the strongest onsets, those of the ranked causes first; without any, alarms; without
// those, the first series.
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

// alarmSignals counts alarms over time: those of the ranked causes first, then of the components with most.
func alarmSignals(in evidence.Input, b evidence.Brief) []signal {
	onset, order := map[string]time.Time{}, []string{}
	for _, c := range b.Causes {
		onset[c.Component] = c.Onset
		order = append(order, c.Component)
	}
	series := map[string]*evidence.Series{}
	for _, a := range in.Alarms {
		for _, name := range slices.Compact([]string{a.Component, a.Host}) {
			if name == "" {
				continue
			}
			if series[name] == nil {
				series[name] = &evidence.Series{Component: name, Metric: alarmCount}
			}
			s := series[name]
			s.Times, s.Values = append(s.Times, a.Time.UnixMilli()), append(s.Values, float64(max(a.Count, 1)))
		}
	}
	busy := slices.SortedFunc(maps.Keys(series), func(a, b string) int {
		return cmp.Or(len(series[b].Times)-len(series[a].Times), strings.Compare(a, b))
	})
	var out []signal
	for _, name := range append(order, busy...) {
		if s := series[name]; s != nil && len(out) < chartRows {
			out = append(out, signal{title(*s), *s, onset[name]})
			delete(series, name)
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
	if s.Metric == alarmCount {
		low = 0
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
		case count[c] > 0 && s.Metric == alarmCount:
			out[c], last = sum[c], c
		case count[c] > 0:
			out[c], last = sum[c]/count[c], c
		case s.Metric != alarmCount && c-last < hole:
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
