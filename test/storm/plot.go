package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
)

// line is one series of a panel: a value for each size.
type line struct {
	name, color string
	points      []point
}

type point struct{ size, value float64 }

// panel is one plot with its target, 0 for none.
type panel struct {
	title  string
	target float64
	lines  []line
}

const (
	panelWidth, panelHeight = 300.0, 200.0
	left, top, gap          = 50.0, 40.0, 60.0
)

// plot draws three panels side by side: rate, latency, requests, each over the size of the storm.
func plot(r results) []byte {
	panels := []panel{
		{"flood: alarms decided a second", 2000, r.lines(func(x pass) float64 { return x.rate }, func(x result) pass { return x.flood })},
		{"open loop: p99 to the decision, ms", 50, r.lines(func(x pass) float64 { return float64(x.p99.Microseconds()) / 1000 }, func(x result) pass { return x.open })},
		{"flood: store requests an alarm", 1.2, r.lines(pass.requests, func(x result) pass { return x.flood })},
	}
	width, height := left+float64(len(panels))*(panelWidth+gap), top+panelHeight+60
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="11" role="img" aria-label="Rate, latency and store requests by size of the storm">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" fill="#ffffff"/>`+"\n", width, height)
	for i, p := range panels {
		p.draw(&b, left+float64(i)*(panelWidth+gap))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (r results) lines(value func(pass) float64, of func(result) pass) []line {
	out := []line{{name: mode(false), color: "#1f77b4"}, {name: mode(true), color: "#d62728"}}
	for _, x := range r.ours {
		i := 0
		if x.synced {
			i = 1
		}
		out[i].points = append(out[i].points, point{float64(x.size), value(of(x))})
	}
	return out
}

// draw draws the panel with its left edge at x0; sizes are spaced by their logarithm, values start at 0.
func (p panel) draw(b *bytes.Buffer, x0 float64) {
	low, high, most := math.Inf(1), math.Inf(-1), p.target
	for _, l := range p.lines {
		for _, q := range l.points {
			low, high, most = min(low, math.Log(q.size)), max(high, math.Log(q.size)), max(most, q.value)
		}
	}
	x := func(size float64) float64 { return x0 + (math.Log(size)-low)/max(high-low, 1e-9)*panelWidth }
	y := func(value float64) float64 { return top + panelHeight*(1-value/(most*1.1)) }
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" font-size="13">%s</text>`+"\n", x0, top-14, p.title)
	fmt.Fprintf(b, `<path d="M%.1f %.1f V%.1f H%.1f" fill="none" stroke="#444"/>`+"\n", x0, top, top+panelHeight, x0+panelWidth)
	for _, tick := range []float64{most / 2, most} {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="end">%.4g</text>`+"\n", x0-5, y(tick)+4, tick)
	}
	fmt.Fprintf(b, `<path d="M%.1f %.1f H%.1f" stroke="#888" stroke-dasharray="4 4"/><text x="%.1f" y="%.1f" fill="#666" text-anchor="end">target %.4g</text>`+"\n", x0, y(p.target), x0+panelWidth, x0+panelWidth, y(p.target)-4, p.target)
	for i, l := range p.lines {
		l.draw(b, x, y)
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s">%s</text>`+"\n", x0+float64(i)*90, top+panelHeight+40, l.color, l.name)
	}
	var sizes []float64
	for _, l := range p.lines {
		for _, q := range l.points {
			sizes = append(sizes, q.size)
		}
	}
	slices.Sort(sizes)
	for _, size := range slices.Compact(sizes) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">%.0f</text>`+"\n", x(size), top+panelHeight+18, size)
	}
}

func (l line) draw(b *bytes.Buffer, x, y func(float64) float64) {
	path := ""
	for i, q := range l.points {
		path += fmt.Sprintf("%c%.1f %.1f ", "ML"[min(i, 1)], x(q.size), y(q.value))
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(q.size), y(q.value), l.color)
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", path, l.color)
}
