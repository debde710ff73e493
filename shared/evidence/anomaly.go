package evidence

import "math"

// Anomalous is the score from which a sample counts as an anomaly: one threshold for the whole engine.
const Anomalous = 0.5

const (
	anomalyMemory = 2016 // samples that are remembered: a week at five minutes
	anomalyWarmup = 288  // samples before anything is called unusual: a day at five minutes
	anomalyQuiet  = 36   // samples after an anomaly in which what follows counts as the same one
	anomalyMargin = 0.05 // how far beyond the known range, as a share of it, a value must be to score Anomalous
	anomalyFloor  = 0.02 // a range is at least this share of the typical size
)

// anomalyScales are the lengths, in samples, of the averages that are watched: single values, short runs, levels.
var anomalyScales = []int{1, 6, 36}

// Anomalies is a streaming detector of values, runs and levels that a series has not shown before. It compares moving
// averages of several lengths with the range that the same averages covered in the remembered past (novelty by range, the
// simplest conformal test): the score grows with the distance beyond that range. What was seen once is known, so an
// outage is reported when it begins and when it is worse than before, not at every sample. Memory is bounded and Next
// takes constant time on average. Not safe for concurrent use.
type Anomalies struct {
	scales []scaleRange
	quiet  int // samples left for which nothing is reported
}

// scaleRange watches the moving average of one length.
type scaleRange struct {
	length    int
	ring      []float64 // last length values
	n         int       // values seen
	sum       float64
	low, high extreme
}

// NewAnomalies returns a detector that has seen nothing.
func NewAnomalies() *Anomalies {
	a := &Anomalies{}
	for _, l := range anomalyScales {
		a.scales = append(a.scales, scaleRange{length: l, ring: make([]float64, l), low: extreme{sign: -1}, high: extreme{sign: 1}})
	}
	return a
}

// Next takes the next sample in order of time, samples being about equally far apart, and returns its score, 0 (seen before) to 1; Anomalous and above is an anomaly. A value that is
// no number scores 0 and is forgotten.
func (a *Anomalies) Next(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	most := 0.0
	for i := range a.scales {
		most = max(most, a.scales[i].next(v))
	}
	if a.quiet--; a.quiet >= 0 {
		return min(most, Anomalous/2)
	}
	if most >= Anomalous {
		a.quiet = anomalyQuiet
	}
	return most
}

func (s *scaleRange) next(v float64) float64 {
	at := s.n % s.length
	s.sum += v - s.ring[at]
	s.ring[at] = v
	s.n++
	if at == s.length-1 { // once a round, so that rounding does not add up
		s.sum = 0
		for _, r := range s.ring {
			s.sum += r
		}
	}
	m := s.sum / float64(s.length)
	if s.n < s.length || math.IsNaN(m) || math.IsInf(m, 0) {
		return 0
	}
	score := 0.0
	if s.n > max(anomalyWarmup, 2*s.length) {
		score = s.novelty(m)
	}
	s.low.add(s.n, m)
	s.high.add(s.n, m)
	return score
}

// novelty is how far m lies beyond the known range: 0 within, Anomalous at anomalyMargin of the range, towards 1 far away.
func (s *scaleRange) novelty(m float64) float64 {
	low, high := s.low.value(), s.high.value()
	span := max(high-low, anomalyFloor*math.Abs(high/2+low/2), scaleFloor)
	beyond := max(m-high, low-m, 0) / span
	if math.IsInf(beyond, 0) || math.IsNaN(beyond) {
		return 0
	}
	return beyond / (beyond + anomalyMargin)
}

// extreme is the maximum (sign 1) or minimum (sign -1) of the last anomalyMemory values: a monotonic queue, constant time
// a value on average.
type extreme struct {
	sign float64
	at   []int
	v    []float64
}

func (e *extreme) add(at int, v float64) {
	for len(e.v) > 0 && e.sign*e.v[len(e.v)-1] <= e.sign*v {
		e.at, e.v = e.at[:len(e.at)-1], e.v[:len(e.v)-1]
	}
	e.at, e.v = append(e.at, at), append(e.v, v)
	for e.at[0] <= at-anomalyMemory {
		e.at, e.v = e.at[1:], e.v[1:]
	}
}

func (e *extreme) value() float64 {
	if len(e.v) == 0 {
		return math.NaN()
	}
	return e.v[0]
}
