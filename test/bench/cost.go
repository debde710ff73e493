package main

import (
	"fmt"
	"math"
	"time"

	"github.com/firefinder/firefinder/shared/evidence"
)

// cost is how long a part takes at one size, on made-up data.
type cost struct {
	part  string
	unit  string
	size  int
	spent time.Duration
}

// perUnit is nanoseconds for a point or a line: it stays level when cost is linear.
func (c cost) perUnit() float64 { return float64(c.spent.Nanoseconds()) / float64(c.size) }

const costSeries = 50 // series of the made-up incident

// costs measures the engine's parts at three sizes each, a factor of ten apart.
func costs() []cost {
	var out []cost
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		out = append(out, measure("whole analysis", "points", n, func() { evidence.Analyze(madeUpIncident(n, 0)) }))
	}
	for _, n := range []int{1_000, 10_000, 100_000} {
		out = append(out, measure("whole analysis", "log lines", n, func() { evidence.Analyze(madeUpIncident(5_000, n)) }))
	}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		lines := madeUpLog(n)
		out = append(out, measure("log templates", "lines", n, func() {
			m := evidence.NewMiner()
			for _, l := range lines {
				m.Add(l.Message)
			}
			m.Group(0)
		}))
	}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		values := wave(n, n/2)
		out = append(out, measure("change points", "points", n, func() { evidence.ChangePoints(values) }))
	}
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		values := wave(n, n/2)
		out = append(out, measure("streaming anomalies", "points", n, func() {
			a := evidence.NewAnomalies()
			for _, v := range values {
				a.Next(v)
			}
		}))
	}
	return out
}

// measure takes the best of three: the least disturbed one.
func measure(part, unit string, size int, work func()) cost {
	best := time.Duration(math.MaxInt64)
	for range 3 {
		began := time.Now()
		work()
		best = min(best, time.Since(began))
	}
	return cost{part, unit, size, best}
}

// madeUpIncident spreads points over costSeries series, a tenth of which shift halfway, and lines over their components.
func madeUpIncident(points, lines int) evidence.Input {
	n := points / costSeries
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	start := begin.Add(time.Duration(n/2) * time.Second)
	in := evidence.Input{Window: evidence.Window{From: begin, To: begin.Add(time.Duration(n) * time.Second), Start: start}}
	for s := range costSeries {
		at := n
		if s%10 == 0 {
			at = n / 2
		}
		series := evidence.Series{Component: fmt.Sprintf("component-%d", s), Metric: "latency", Values: wave(n, at), Times: make([]int64, n)}
		for i := range series.Times {
			series.Times[i] = begin.Add(time.Duration(i) * time.Second).UnixMilli()
		}
		in.Metrics = append(in.Metrics, series)
	}
	in.Logs = madeUpLog(lines)
	for i := range in.Logs {
		in.Logs[i].Component = in.Metrics[i%costSeries].Component
		in.Logs[i].Time = begin.Add(time.Duration(i%max(n, 1)) * time.Second)
	}
	return in
}

// wave is a daily wave with a little structure, raised by its amplitude from at on.
func wave(n, at int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 100 + 5*math.Sin(float64(i)/288*2*math.Pi) + math.Sin(float64(i)*1.7)
		if i >= at {
			out[i] += 50
		}
	}
	return out
}

func madeUpLog(n int) []evidence.LogLine {
	statements := []string{"order %d accepted in %d ms", "GET /api/v1/orders/%d 200 %d", "pool exhausted: active=%d waiting=%d", "cache miss key=k%d shard=%d"}
	out := make([]evidence.LogLine, n)
	for i := range out {
		out[i].Message = fmt.Sprintf(statements[i%len(statements)], i, i%97)
	}
	return out
}
