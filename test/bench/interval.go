package main

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/firefinder/firefinder/test/bench/score"
)

// interval is a 95 % confidence interval; unknown when the result is pooled or does not say what it was averaged over.
type interval struct {
	low, high float64
	known     bool
}

const (
	z95       = 1.959964 // normal quantile of a two-sided 95 % interval
	resamples = 2000     // of a bootstrap
	whole     = 1e-6     // a count may miss a whole number by this much
)

// intervalOf is Wilson's for a share of cases, a percentile bootstrap for a mean of per-case numbers.
func intervalOf(r score.Result) interval {
	if len(r.Parts) > 1 {
		return bootstrap(r.Parts)
	}
	hits := r.Value * float64(r.Cases)
	if r.Pooled || r.Cases < 2 || r.Value < 0 || r.Value > 1 || math.Abs(hits-math.Round(hits)) > whole {
		return interval{}
	}
	return wilson(math.Round(hits), float64(r.Cases))
}

// wilson is the score interval of a share. Source: Wilson 1927; it stays within 0..1 and is honest at 0 and 1.
func wilson(hits, n float64) interval {
	p, z2 := hits/n, z95*z95
	center := (p + z2/(2*n)) / (1 + z2/n)
	half := z95 / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	return interval{max(center-half, 0), min(center+half, 1), true}
}

// bootstrap is the percentile interval of a mean. Its seed is fixed: the same results print the same table. Source: Efron 1979.
func bootstrap(parts []float64) interval {
	random := rand.New(rand.NewPCG(1, uint64(len(parts))))
	means := make([]float64, resamples)
	for i := range means {
		for range parts {
			means[i] += parts[random.IntN(len(parts))] / float64(len(parts))
		}
	}
	slices.Sort(means)
	return interval{means[resamples*25/1000], means[resamples*975/1000-1], true}
}
