package evidence

import (
	"math"
	"slices"
)

const (
	minSegment     = 5             // samples: fewer are an outlier, not a level
	maxBins        = 1000          // a longer series is averaged down to this many bins before segmentation, then refined
	changePenalty  = 3.0           // times log n times the long-run variance, for every change: the leading term of the modified BIC
	linearPenalty  = 1.0           // the same, for every segment with a slope
	minBlocks      = 12            // blocks from which a variance is estimated
	dependentReach = 16            // samples over which neighbours are assumed to depend on each other
	minSamples     = 2 * minBlocks // fewer do not show whether neighbours depend on each other
	steady         = 1e-9          // relative variance below which a series is constant
)

// ChangePoints finds where the course of a series changes, its level or its trend: the index of the first value of each
// new regime, ascending. NaN and infinities are no data. A series without a change, or too short to tell, gives nil. Time
// is linear in values.
//
// Method: optimal partitioning with pruning (PELT, Killick et al. 2012) into segments that are flat or straight lines. The
// penalty of a change is that of the modified BIC (Zhang and Siegmund 2007), scaled by the long-run variance instead of the
// variance of neighbours, because samples of a metric depend on each other (Romano et al., "Detecting abrupt changes in the
// presence of local fluctuations and autocorrelated noise", 2022). A pure random walk has no regimes; the method still
// reports some of its longest excursions.
func ChangePoints(values []float64) []int {
	index := make([]int, 0, len(values))
	clean := make([]float64, 0, len(values))
	for i, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			index, clean = append(index, i), append(clean, v)
		}
	}
	width := (len(clean) + maxBins - 1) / maxBins
	if len(clean) < minSamples {
		return nil
	}
	bins := blockMeans(clean, width)
	despike(bins)
	standardize(bins)
	scale := longRunVariance(bins)
	if scale < steady {
		return nil
	}
	var out []int
	for _, c := range segment(bins, scale) {
		out = append(out, index[refine(clean, c*width, width)])
	}
	return slices.Compact(out)
}

// refine moves a change found between bins to the sample, within a bin on either side, that splits its neighbourhood into
// the two best levels.
func refine(values []float64, at, width int) int {
	if width == 1 {
		return at
	}
	from, to := max(at-2*width, 0), min(at+2*width, len(values))
	s := newSums(values[from:to])
	best, least := at, math.Inf(1)
	for c := max(at-width, from+1); c < min(at+width, to); c++ {
		left, _ := s.residuals(0, c-from)
		right, _ := s.residuals(c-from, to-from)
		if left+right < least {
			best, least = c, left+right
		}
	}
	return best
}

// despike replaces lone wild values by the median of their neighbourhood, in place: they are outliers, not levels. Source:
// Hampel's filter, with a wide bound.
func despike(values []float64) {
	const reach, bound = 3, 6
	original := slices.Clone(values)
	scale := noise(values)
	for i := range values {
		around := original[max(i-reach, 0):min(i+reach+1, len(original))]
		if m := median(around); math.Abs(original[i]-m) > bound*scale {
			values[i] = m
		}
	}
}

// standardize shifts and scales values in place so that sums of squares stay exact.
func standardize(values []float64) {
	b := baselineOf(values)
	spread := max(deviation(values), scaleFloor)
	for i := range values {
		values[i] = (values[i] - b.center) / spread
	}
}

// blockMeans averages runs of width values; the last run may be shorter.
func blockMeans(values []float64, width int) []float64 {
	out := make([]float64, 0, len(values)/width+1)
	for block := range slices.Chunk(values, width) {
		out = append(out, mean(block))
	}
	return out
}

// longRunVariance is the variance that the mean of many neighbours has, times their number. For independent samples it is
// their variance; for samples that drift it is larger. It is the largest over block sizes of the variance of block means
// times the size, estimated from second differences, which neither a level nor a slope moves, by their MAD, which a few
// changes do not move. A series too short for blocks of dependentReach is given the growth that its smaller blocks show.
func longRunVariance(values []float64) float64 {
	largest, first, last := 0.0, 0.0, 0.0
	width := 1
	for ; len(values)/width >= minBlocks; width *= 2 {
		means := blockMeans(values[:len(values)/width*width], width)
		second := make([]float64, 0, len(means))
		for i := 2; i < len(means); i++ {
			second = append(second, means[i]-2*means[i-1]+means[i-2])
		}
		s := mad(second, 0)
		last = s * s / 6 * float64(width) // the second difference of independent samples has six variances
		largest = max(largest, last)
		if width == 1 {
			first = last
		}
	}
	if width /= 2; width > 1 && width < dependentReach && last > first && first > 0 {
		growth := min(math.Log2(last/first)/math.Log2(float64(width)), 1)
		largest *= math.Pow(dependentReach/float64(width), growth)
	}
	return largest
}

// sums are prefix sums from which the residual of a flat or straight fit to any span follows in constant time.
type sums struct{ y, yy, xy []float64 }

func newSums(values []float64) sums {
	n := len(values) + 1
	s := sums{make([]float64, n), make([]float64, n), make([]float64, n)}
	for i, v := range values {
		s.y[i+1] = s.y[i] + v
		s.yy[i+1] = s.yy[i] + v*v
		s.xy[i+1] = s.xy[i] + v*float64(i)
	}
	return s
}

// residuals are the sums of squares around the mean and around the regression line of values[from:to].
func (s sums) residuals(from, to int) (flat, line float64) {
	n := float64(to - from)
	y, yy := s.y[to]-s.y[from], s.yy[to]-s.yy[from]
	flat = max(yy-y*y/n, 0)
	center := (float64(from) + float64(to-1)) / 2
	xy := s.xy[to] - s.xy[from] - center*y
	xx := n * (n*n - 1) / 12
	if xx == 0 {
		return flat, flat
	}
	return flat, max(flat-xy*xy/xx, 0)
}

// segment is PELT over flat and straight segments.
func segment(values []float64, scale float64) []int {
	n := len(values)
	s := newSums(values)
	unit := math.Log(float64(n)) * scale
	cost := func(from, to int) float64 {
		flat, line := s.residuals(from, to)
		return min(flat, line+linearPenalty*unit)
	}
	best, last := make([]float64, n+1), make([]int, n+1)
	best[0] = -changePenalty * unit
	starts := []int{0}
	for t := minSegment; t <= n; t++ {
		best[t] = math.Inf(1)
		costs := make([]float64, len(starts))
		for k, f := range starts {
			costs[k] = best[f] + cost(f, t)
			if c := costs[k] + changePenalty*unit; c < best[t] {
				best[t], last[t] = c, f
			}
		}
		kept := starts[:0]
		for k, f := range starts {
			if costs[k] <= best[t]+linearPenalty*unit { // splitting a straight segment may cost one more slope

				kept = append(kept, f)
			}
		}
		starts = kept
		if f := t - minSegment + 1; f >= minSegment {
			starts = append(starts, f)
		}
	}
	var out []int
	for t := last[n]; t > 0; t = last[t] {
		out = append(out, t)
	}
	slices.Reverse(out)
	return out
}
