package single

import "slices"

// Percentile returns the least of the values that p percent of them do not exceed; 0 where there
// are none.
func Percentile[T ~int64 | ~uint64](values []T, p int) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}
