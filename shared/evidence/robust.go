package evidence

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Statistics that one wild sample cannot move. All functions are pure, leave their arguments as they are and run in
// linear time unless they say otherwise; an empty argument gives NaN, never a panic.

const (
	normalMAD   = 1.4826 // makes the MAD of a normal sample estimate its standard deviation (Rousseeuw and Croux 1993)
	meanScale   = 1.2533 // the same for the mean absolute deviation
	scaleShare  = 0.01   // a scale is at least this share of the typical size: smaller wobble is rounding, not behaviour
	scaleFloor  = 1e-9   // and never zero
	zCap        = 1e4    // beyond this a robust z says nothing more
	maxResample = 4096   // buckets of an alignment
)

// median is the middle value, the mean of the two middle ones for an even number. NaN for no values.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile is the q-quantile (0..1) with linear interpolation (type 7 of Hyndman and Fan 1996). NaN for no values.
func quantile(values []float64, q float64) float64 {
	work := finite(values)
	if len(work) == 0 {
		return math.NaN()
	}
	at := min(max(q, 0), 1) * float64(len(work)-1)
	low := int(at)
	a := selectNth(work, low)
	if low+1 >= len(work) || at == float64(low) {
		return a
	}
	b := slices.Min(work[low+1:]) // selectNth left only larger ones to the right
	return a + (at-float64(low))*(b-a)
}

// mad is the median absolute deviation from center, scaled to estimate a standard deviation. NaN for no values.
func mad(values []float64, center float64) float64 {
	deviations := make([]float64, 0, len(values))
	for _, v := range values {
		deviations = append(deviations, math.Abs(v-center))
	}
	return normalMAD * median(deviations)
}

// baseline is what is normal for a signal: its typical value and its typical wobble.
type baseline struct {
	center, scale float64
	n             int
}

// baselineOf describes the finite values. Its scale is the scaled MAD; where more than half of the values are equal, the
// mean absolute deviation; and never less than a hundredth of the typical size, so that a constant series has a scale.
func baselineOf(values []float64) baseline {
	work := finite(values)
	b := baseline{center: median(work), n: len(work)}
	if b.n == 0 {
		return b
	}
	b.scale = mad(work, b.center)
	if b.scale == 0 {
		sum := 0.0
		for _, v := range work {
			sum += math.Abs(v-b.center) / float64(len(work))
		}
		b.scale = meanScale * sum
	}
	b.scale = max(b.scale, scaleShare*math.Abs(b.center), scaleFloor)
	return b
}

// z is the distance of x from the baseline in scales, within ±zCap; 0 when there is no baseline or x is no number.
func (b baseline) z(x float64) float64 {
	z := (x - b.center) / b.scale
	if b.n == 0 || math.IsNaN(z) {
		return 0
	}
	return min(max(z, -zCap), zCap)
}

// robustZ is the distance of x from the median of reference in scaled MADs. See baselineOf for constant references.
func robustZ(x float64, reference []float64) float64 { return baselineOf(reference).z(x) }

// trimmedMean is the mean without the share trim at both ends. It sorts a copy. NaN for no values.
func trimmedMean(values []float64, trim float64) float64 {
	work := finite(values)
	slices.Sort(work)
	cut := int(min(max(trim, 0), 0.49) * float64(len(work)))
	return mean(work[cut : len(work)-cut])
}

func mean(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	m := 0.0
	for i, v := range values {
		m += (v - m) / float64(i+1) // no overflow for large values
	}
	return m
}

// finite copies the values that are numbers.
func finite(values []float64) []float64 {
	out := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	return out
}

// selectNth partially orders values in place so that values[n] is what sorting would put there, nothing to its left is
// larger and nothing to its right smaller. Hoare's selection with a median of three, sorting once it goes badly.
func selectNth(values []float64, n int) float64 {
	low, high := 0, len(values)-1
	for budget := 64; low < high; budget-- {
		if budget == 0 || high-low < 12 {
			slices.Sort(values[low : high+1])
			break
		}
		pivot := middle(values[low], values[low+(high-low)/2], values[high])
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			high = j
		case n >= i:
			low = i
		default:
			return values[n]
		}
	}
	return values[n]
}

func middle(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

// clean returns the finite samples of a series in order of time; of several at one time the last given one counts. Linear
// for a series that is already in order, else n log n. Times without a value, and values without a time, are dropped.
func clean(s Series) Series {
	out := s
	out.Times, out.Values = make([]int64, 0, len(s.Times)), make(Values, 0, len(s.Times))
	order := make([]int, 0, min(len(s.Times), len(s.Values)))
	for i := range min(len(s.Times), len(s.Values)) {
		if !math.IsNaN(s.Values[i]) && !math.IsInf(s.Values[i], 0) {
			order = append(order, i)
		}
	}
	byTime := func(a, b int) int { return cmp.Compare(s.Times[a], s.Times[b]) }
	if !slices.IsSortedFunc(order, byTime) {
		slices.SortStableFunc(order, byTime)
	}
	for _, i := range order {
		if last := len(out.Times) - 1; last >= 0 && out.Times[last] == s.Times[i] {
			out.Values[last] = s.Values[i]
			continue
		}
		out.Times, out.Values = append(out.Times, s.Times[i]), append(out.Values, s.Values[i])
	}
	return out
}

// mannWhitney compares two samples without assuming a distribution: effect is the chance that a value of b is above one
// of a, counting ties half (0.5 is no difference, 1 all above), and p the two-sided normal approximation with tie
// correction. n log n. With an empty sample: 0.5 and 1. Source: Mann and Whitney 1947; effect as in Vargha and Delaney 2000.
func mannWhitney(a, b []float64) (effect, p float64) {
	a, b = finite(a), finite(b)
	n, m := float64(len(a)), float64(len(b))
	if n == 0 || m == 0 {
		return 0.5, 1
	}
	ranks, ties := rankSum(a, b)
	u := ranks - m*(m+1)/2
	effect = u / (n * m)
	variance := n * m / 12 * (n + m + 1 - ties/((n+m)*max(n+m-1, 1)))
	if variance <= 0 {
		return effect, 1
	}
	z := max(math.Abs(u-n*m/2)-0.5, 0) / math.Sqrt(variance) // 0.5: continuity
	return effect, 2 * distuv.UnitNormal.Survival(z)
}

// rankSum is the sum of the ranks of b among both samples, and the tie correction: the sum of t³-t over groups of ties.
func rankSum(a, b []float64) (sum, ties float64) {
	type item struct {
		v     float64
		fromB bool
	}
	all := make([]item, 0, len(a)+len(b))
	for _, v := range a {
		all = append(all, item{v, false})
	}
	for _, v := range b {
		all = append(all, item{v, true})
	}
	slices.SortFunc(all, func(x, y item) int { return cmp.Compare(x.v, y.v) })
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].v == all[i].v {
			j++
		}
		rank, t := float64(i+j+1)/2, float64(j-i)
		for ; i < j; i++ {
			if all[i].fromB {
				sum += rank
			}
		}
		ties += t*t*t - t
	}
	return sum, ties
}

// cusum finds the one place where the level of the values most likely changed: at is the index of the first value of the
// new level, strength how far the cumulative sum of deviations from the mean strayed, in standard errors of a series
// without a change (above about 1.36 is unlikely by chance). At is -1 for fewer than four values or a constant series.
// Source: CUSUM of Page 1954 in the form of Taylor 2000; bound from the Brownian bridge (Kolmogorov).
func cusum(values []float64) (at int, strength float64) {
	if len(values) < 4 {
		return -1, 0
	}
	m, scale := mean(values), noise(values)
	if scale <= 0 || math.IsNaN(scale) || math.IsInf(m, 0) {
		return -1, 0
	}
	sum, far := 0.0, 0.0
	at = -1
	for i, v := range values[:len(values)-1] {
		if sum += v - m; math.Abs(sum) > far {
			at, far = i+1, math.Abs(sum)
		}
	}
	return at, far / (scale * math.Sqrt(float64(len(values))))
}

// noise estimates the standard deviation around a level that may change, from the differences of neighbours; where most
// neighbours are equal, the standard deviation itself. Source: von Neumann 1941, with the MAD in place of the mean square.
func noise(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	differences := make([]float64, len(values)-1)
	for i := range differences {
		differences[i] = values[i+1] - values[i]
	}
	if s := mad(differences, 0) / math.Sqrt2; s > 0 {
		return s
	}
	return deviation(values)
}

// deviation is the standard deviation around the mean. 0 for fewer than two values.
func deviation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	m, sum := mean(values), 0.0
	for _, v := range values {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// aligned brings two clean series onto one clock: means of buckets of step milliseconds over the span that both cover,
// keeping the buckets in which both have a sample. Step 0 means the coarser of the two typical spacings. The result is
// bounded: the step grows until maxResample buckets cover the span. Empty when they do not overlap.
func aligned(a, b Series, step int64) (x, y []float64) {
	if len(a.Times) == 0 || len(b.Times) == 0 {
		return nil, nil
	}
	from, to := max(a.Times[0], b.Times[0]), min(a.Times[len(a.Times)-1], b.Times[len(b.Times)-1])
	if to < from {
		return nil, nil
	}
	if step <= 0 {
		step = max(spacing(a.Times), spacing(b.Times), 1)
	}
	step = max(step, (to-from)/maxResample+1)
	p, q := buckets(a, from, to, step), buckets(b, from, to, step)
	for i := range p {
		if !math.IsNaN(p[i]) && !math.IsNaN(q[i]) {
			x, y = append(x, p[i]), append(y, q[i])
		}
	}
	return x, y
}

// buckets are the means of a series in steps from..to, NaN where there is no sample.
func buckets(s Series, from, to, step int64) []float64 {
	n := int((to-from)/step) + 1
	out, count := make([]float64, n), make([]float64, n)
	for i, t := range s.Times {
		if t >= from && t <= to {
			k := (t - from) / step
			count[k]++
			out[k] += (s.Values[i] - out[k]) / count[k]
		}
	}
	for k := range out {
		if count[k] == 0 {
			out[k] = math.NaN()
		}
	}
	return out
}

// spacing is the median distance of neighbouring times, 0 for fewer than two.
func spacing(times []int64) int64 {
	if len(times) < 2 {
		return 0
	}
	d := make([]float64, len(times)-1)
	for i := range d {
		d[i] = float64(times[i+1] - times[i])
	}
	return int64(median(d))
}
