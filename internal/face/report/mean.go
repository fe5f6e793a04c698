package report

import "math"

// Limits of the mean of several scores.
const (
	// meanOf95 is the half-width of a 95 % interval in standard errors.
	meanOf95 = 1.96
	// outlierLimit is the smallest distance of an outlier from the mean of the others, in standard
	// errors. A score that is no outlier exceeds it once in 370 times.
	outlierLimit = 3
	// sharedError is the share of the error's variance that the photos of one series have in
	// common, because they are taken by one camera in one light within minutes. It is a choice.
	// Independent errors would let the interval of three of Yale's mild photos cover the mean of
	// the person's others in 75 of 100 cases (scripts/bench/tried.md).
	sharedError = 0.3
	// shareStep keeps a score off the ends, where the normal scale is infinite: half of the last
	// decimal that is shown.
	shareStep = 0.0005
	// leastReadSE is the smallest standard error that is read from an interval, which at the ends
	// may be rounded to zero.
	leastReadSE = 0.05
)

// Mean returns the mean score of several photos of one person, measured by the same version of the
// engine, with its 95 % interval. It also returns the index of the score that it omits as an
// outlier, or -1. The mean has only Value, Lo and Hi. It is zero if there are no scores.
//
// Value is the arithmetic mean. The interval is computed on the normal scale (z of the percentile,
// where the spread does not depend on the score) from the standard error of each score. That is SE
// or, if it is missing, the wider half of the score's interval divided by 1.96, since the other
// half is cut off at the ends. The variance of the mean is sharedError times the mean of the
// scores' variances, which more photos do not lower, plus the remaining share of their sum / n^2.
// So photos of poor conditions, whose intervals are wide, widen the interval, and more photos
// narrow it. A single score is returned with its own interval.
//
// With 3 scores or more, Mean omits at most one outlier: the score that differs most from the mean
// of the others, if by more than 3 standard errors of that difference on the normal scale.
func Mean(scores []Score) (mean Score, outlier int) {
	if len(scores) == 0 {
		return Score{}, -1
	}
	if len(scores) == 1 {
		return Score{Value: scores[0].Value, Lo: scores[0].Lo, Hi: scores[0].Hi}, -1
	}
	outlier = outlierOf(scores)
	sum, square, n := 0.0, 0.0, 0
	for i, s := range scores {
		if i == outlier {
			continue
		}
		sum += s.Value
		square += s.variance()
		n++
	}
	mean.Value = Round(sum/float64(n), 1)
	count := float64(n)
	variance := float64(sharedError*square)/count + float64((1-sharedError)*square)/(count*count)
	z, half := probit(mean.Value), float64(meanOf95*math.Sqrt(variance))
	mean.Lo, mean.Hi = Round(100*phi(z-half), 1), Round(100*phi(z+half), 1)
	return mean, outlier
}

// outlierOf returns the index of the score that differs from the mean of the others by more than
// outlierLimit, or -1.
func outlierOf(scores []Score) int {
	if len(scores) < 3 {
		return -1
	}
	sum, square := 0.0, 0.0
	for _, s := range scores {
		sum += probit(s.Value)
		square += s.variance()
	}
	others, found, farthest := float64(len(scores)-1), -1, float64(outlierLimit)
	for i, s := range scores {
		z, v := probit(s.Value), s.variance()
		difference := z - (sum-z)/others
		far := math.Abs(float64(difference)) / math.Sqrt(v+float64((square-v)/(others*others)))
		if far > farthest {
			found, farthest = i, far
		}
	}
	return found
}

// variance returns the square of the score's standard error on the normal scale. Reports of engine
// 1 have none, so it is derived from their interval.
func (s Score) variance() float64 {
	if s.SE > 0 {
		return float64(s.SE * s.SE)
	}
	z := probit(s.Value)
	e := max((z-probit(s.Lo))/meanOf95, (probit(s.Hi)-z)/meanOf95, leastReadSE)
	return float64(e * e)
}

// probit returns the standard normal quantile of a percentile of 0 to 100.
func probit(percentile float64) float64 {
	share := min(max(percentile/100, shareStep), 1-shareStep)
	return math.Sqrt2 * math.Erfinv(2*share-1)
}

// phi returns the standard normal distribution function.
func phi(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
