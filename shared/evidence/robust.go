package evidence

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Statistics that one wild sample cannot move. All functions are pure, leave their arguments as they are and run in
// linear time unless they say otherwise; an empty argument gives NaN, never a panic.

const (
	normalMAD  = 1.4826 // makes the MAD of a normal sample estimate its standard deviation (Rousseeuw and Croux 1993)
	meanScale  = 1.2533 // the same for the mean absolute deviation
	scaleShare = 0.01   // a scale is at least this share of the typical size: smaller wobble is rounding, not behaviour
	scaleFloor = 1e-9   // and never zero
	zCap       = 1e4    // beyond this a robust z says nothing more
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

// trimmedMean is the mean without the share trim at both ends. It sorts a copy. NaN for no values.
func trimmedMean(values []float64, trim float64) float64 {
	work := finite(values)
	slices.Sort(work)
	cut := int(min(max(trim, 0), 0.49) * float64(len(work)))
	return mean(work[cut : len(work)-cut])
}

// mean is NaN for no values.
func mean(values []float64) float64 { return stat.Mean(values, nil) }

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
	return stat.StdDev(values, nil)
}
