package rescore

import (
	"math"
	"slices"
)

// fewest is how many scans a change must be of: figures of fewer would tell the scores of single
// ones.
const fewest = 5

// Change is how scores have changed in all. It says nothing about one scan: of fewer than five it
// has their number alone.
type Change struct {
	Scans int `json:"scans"`
	// Quantiles are those of the scores before, after, and of the differences.
	Quantiles []Quantile `json:"quantiles"`
	// Mean is the mean difference, and Largest the largest in either direction.
	Mean    float64 `json:"mean"`
	Largest float64 `json:"largest"`
}

// Quantile is the value that the part of all values are at most.
type Quantile struct {
	Part   float64 `json:"part"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	Change float64 `json:"change"`
}

// parts are the quantiles of a change.
var parts = []float64{0.05, 0.25, 0.5, 0.75, 0.95}

// Change returns how the scores have changed, the zero Change if none was scored again.
func (r Result) Change() Change {
	n := len(r.Before)
	if n < fewest {
		return Change{Scans: n}
	}
	c, differences := Change{Scans: n}, make([]float64, n)
	for i := range n {
		differences[i] = r.After[i] - r.Before[i]
		c.Mean += differences[i] / float64(n)
		c.Largest = max(c.Largest, math.Abs(differences[i]))
	}
	before, after := slices.Sorted(slices.Values(r.Before)), slices.Sorted(slices.Values(r.After))
	slices.Sort(differences)
	for _, part := range parts {
		i := max(int(math.Ceil(part*float64(n)))-1, 0) // by the nearest rank
		c.Quantiles = append(c.Quantiles, Quantile{part, before[i], after[i], differences[i]})
	}
	return c
}
