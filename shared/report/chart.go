package report

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
)

// Chart is one metric as a line with marks at moments.
type Chart struct {
	Title string
	Unit  string
	Times []int64 // Unix milliseconds, ascending
	Vals  evidence.Values
	Marks []Mark
}

// Mark is a moment on a chart.
type Mark struct {
	At    time.Time
	Label string
	Kind  string // onset or change
}

// Charts makes a chart of each kept series, with its own onset and the changes that are not decoys marked.
func Charts(series []evidence.Series, b evidence.Brief) []Chart {
	var out []Chart
	for _, s := range series {
		c := Chart{Title: s.Component + " " + s.Metric, Unit: s.Unit, Times: s.Times, Vals: s.Values}
		if s.Statistic != "" {
			c.Title += " (" + s.Statistic + ")"
		}
		for _, v := range b.Changes {
			if v.Verdict == evidence.Culprit {
				c.Marks = append(c.Marks, Mark{v.Change.Time, changeLabel(v.Change), "change"})
			}
		}
		for _, o := range b.Onsets {
			if o.Component == s.Component && o.Metric == s.Metric && o.Statistic == s.Statistic {
				c.Marks = append(c.Marks, Mark{o.At, "onset", "onset"})
			}
		}
		out = append(out, c)
	}
	return out
}

// changeLabel names a change in a few words; long revisions, such as commit hashes, say nothing on a chart.
func changeLabel(c evidence.Change) string {
	label := c.Kind
	if n := len(c.Revision); n > 0 && n <= 12 {
		label += " " + c.Revision
	}
	return label + " of " + c.Component
}

const (
	width, height           = 760, 190
	left, right, top, floor = 64, 24, 26, 160 // plot area: x from left to width-right, y from top to floor
	spanBefore              = 40 * time.Minute
)

// SVG draws the chart: the last part of the series around its marks, at most a few hundred points. It prints, needs no
// script, and says in words what it shows.
func (c Chart) SVG() string {
	times, values := c.clip()
	if len(times) < 2 {
		return ""
	}
	ticks := round(bounds(values))
	lo, hi := ticks[0], ticks[len(ticks)-1]
	x := func(t int64) float64 {
		return left + float64(t-times[0])/float64(times[len(times)-1]-times[0])*(width-left-right)
	}
	y := func(v float64) float64 { return floor - (v-lo)/(hi-lo)*(floor-top) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" class="chart"><title>%s</title>`, width, height, html.EscapeString(c.describe()))
	for _, v := range ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`,
			left, width-right, y(v), y(v), left-6, y(v)+4, Number(v))
	}
	at, layout := hours(times[0], times[len(times)-1])
	for _, t := range at {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text class="tick" x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			x(t), x(t), floor, floor+4, x(t), floor+18, time.UnixMilli(t).UTC().Format(layout))
	}
	fmt.Fprintf(&b, `<text class="tick" x="%d" y="%d" text-anchor="end">UTC</text>`, left-6, floor+18)
	fmt.Fprintf(&b, `<path class="line" d="%s"/>`, path(times, values, x, y))
	for i, m := range c.Marks {
		at := m.At.UnixMilli()
		if at < times[0] || at > times[len(times)-1] {
			continue
		}
		anchor, dx := "start", 4.0
		if m.Kind == "change" && x(at) > left+6*float64(len(m.Label)) || x(at)+6*float64(len(m.Label)) > width-right {
			anchor, dx = "end", -4.0
		}
		fmt.Fprintf(&b, `<line class="mark %s" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text class="label %s" x="%.1f" y="%d" text-anchor="%s">%s</text>`,
			m.Kind, x(at), x(at), top-8, floor, m.Kind, x(at)+dx, top-8+12*(i%2), anchor, html.EscapeString(m.Label))
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// clip keeps the part from before the first mark to the end, thinned to at most 360 points by keeping extremes.
func (c Chart) clip() ([]int64, evidence.Values) {
	from := int64(math.MinInt64)
	for i, m := range c.Marks {
		if at := m.At.Add(-spanBefore).UnixMilli(); i == 0 || at < from {
			from = at
		}
	}
	var times []int64
	var values evidence.Values
	for i, t := range c.Times {
		if t >= from && i < len(c.Vals) {
			times, values = append(times, t), append(values, c.Vals[i])
		}
	}
	for len(times) > 360 {
		times, values = halve(times, values)
	}
	return times, values
}

func halve(times []int64, values evidence.Values) ([]int64, evidence.Values) {
	var ot []int64
	var ov evidence.Values
	for i := 0; i+1 < len(times); i += 2 {
		pick := i
		if math.Abs(values[i+1]) > math.Abs(values[i]) {
			pick = i + 1
		}
		ot, ov = append(ot, times[pick]), append(ov, values[pick])
	}
	return ot, ov
}

func bounds(values evidence.Values) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > 0 && lo < hi/2 {
		lo = 0
	}
	if !(hi > lo) {
		lo, hi = lo-1, lo+1
	}
	if math.IsInf(lo, 0) || math.IsNaN(lo) {
		return 0, 1
	}
	return lo, hi
}

// path draws the line and leaves gaps where there is no data.
func path(times []int64, values evidence.Values, x func(int64) float64, y func(float64) float64) string {
	var b strings.Builder
	pen := "M"
	for i, t := range times {
		if math.IsNaN(values[i]) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", pen, x(t), y(values[i]))
		pen = "L"
	}
	return b.String()
}

func (c Chart) describe() string {
	text := c.Title
	if c.Unit != "" {
		text += " in " + strings.ToLower(c.Unit)
	}
	for _, m := range c.Marks {
		text += fmt.Sprintf("; %s at %s", m.Label, clock(m.At))
	}
	return text
}

// Number prints a value with three significant digits and a suffix for thousands and up.
func Number(v float64) string {
	for _, s := range []struct {
		over float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if math.Abs(v) >= s.over {
			div := s.over
			if s.name == "k" {
				div = 1e3
			}
			return fmt.Sprintf("%.3g%s", v/div, s.name)
		}
	}
	return fmt.Sprintf("%.4g", v)
}
