package fit

import (
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// ICC returns the intraclass correlation ICC(2,1) of two readings of each person: the share of the
// variance that lies between people, where a constant difference between the readings counts as
// disagreement (Shrout and Fleiss, Psychological Bulletin 86, 1979). It is 0 for fewer than three
// people.
func ICC(a, b []float64) float64 {
	n := float64(len(a))
	if len(a) < 3 {
		return 0
	}
	ma, mb := Mean(a), Mean(b)
	all := (ma + mb) / 2
	people, rest := 0.0, 0.0
	for i := range a {
		m := (a[i] + b[i]) / 2
		people += float64(2 * raster.Sq(m-all))
		rest += raster.Sq(a[i]-m-ma+all) + raster.Sq(b[i]-m-mb+all)
	}
	readings := float64(n * (raster.Sq(ma-all) + raster.Sq(mb-all)))
	people, rest = people/(n-1), rest/(n-1)
	whole := people + rest + float64(2*(readings-rest))/n
	if whole <= 0 {
		return 0
	}
	return (people - rest) / whole
}

// Mean returns the mean, or 0 for no values.
func Mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(1, len(v)))
}

// Deviation returns the standard deviation, or 0 for fewer than two values.
func Deviation(v []float64) float64 {
	m, sum := Mean(v), 0.0
	for _, x := range v {
		sum += raster.Sq(x - m)
	}
	return math.Sqrt(sum / float64(max(1, len(v)-1)))
}

// RootMeanSquare returns the root of the mean square of the values.
func RootMeanSquare(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += raster.Sq(x)
	}
	return math.Sqrt(sum / float64(max(1, len(v))))
}

// quantile returns the quantile q, 0 to 1, by interpolation between the sorted values.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	at := float64(q * float64(len(s)-1))
	i := min(int(at), max(0, len(s)-2))
	j := min(i+1, len(s)-1)
	return s[i] + float64((s[j]-s[i])*(at-float64(i)))
}
