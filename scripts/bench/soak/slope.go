package main

import (
	"errors"
	"math"
	"slices"
)

// point is a value at a time, in hours.
type point struct{ at, value float64 }

// slope is the change of a value in an hour, with the bounds of its 95 % interval.
type slope struct{ Low, Middle, High float64 }

// errFew is returned for fewer points than an interval can be made of.
var errFew = errors.New("there are fewer than 10 samples")

// fewest is the least number of points, for which the normal approximation of the interval holds.
const fewest = 10

// slopeOf returns the median of the slopes between all pairs of points (Theil 1950), with the
// interval by Kendall's statistic (Sen 1968). It takes the points as independent, so the interval
// is too narrow where successive ones depend on each other. Points at the same time make no pair.
func slopeOf(points []point) (slope, error) {
	n := float64(len(points))
	if n < fewest {
		return slope{}, errFew
	}
	var all []float64
	for i, a := range points {
		for _, b := range points[i+1:] {
			if a.at != b.at {
				all = append(all, (b.value-a.value)/(b.at-a.at))
			}
		}
	}
	if len(all) == 0 {
		return slope{}, errFew
	}
	slices.Sort(all)
	c := 1.96 * math.Sqrt(n*(n-1)*(2*n+5)/18)
	pairs := float64(len(all))
	low, high := max(0, int((pairs-c)/2)), min(len(all)-1, int(math.Ceil((pairs+c)/2)))
	return slope{Low: all[low], Middle: median(all), High: all[high]}, nil
}

// median returns the middle of the sorted values, or the mean of the two in the middle.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// levelOf returns the median of the points' values.
func levelOf(points []point) float64 {
	values := make([]float64, len(points))
	for i, p := range points {
		values[i] = p.value
	}
	slices.Sort(values)
	return median(values)
}
