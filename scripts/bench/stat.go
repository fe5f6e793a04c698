package main

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/facescan/facescan/internal/face/fit"
)

// quantile interpolates; q is from 0 to 1.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	at := q * float64(len(s)-1)
	i := min(int(at), len(s)-1)
	j := min(i+1, len(s)-1)
	return s[i] + (s[j]-s[i])*(at-float64(i))
}

// ranks returns each value its place in order, equal ones the middle of theirs.
func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case v[a] < v[b]:
			return -1
		case v[a] > v[b]:
			return 1
		}
		return 0
	})
	r := make([]float64, len(v))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && v[order[j]] == v[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			r[order[k]] = float64(i+j-1) / 2
		}
		i = j
	}
	return r
}

func pearson(a, b []float64) float64 {
	ma, mb := fit.Mean(a), fit.Mean(b)
	var ab, aa, bb float64
	for i := range a {
		ab += (a[i] - ma) * (b[i] - mb)
		aa += (a[i] - ma) * (a[i] - ma)
		bb += (b[i] - mb) * (b[i] - mb)
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

func spearman(a, b []float64) float64 { return pearson(ranks(a), ranks(b)) }

// draws is the number of bootstrap samples.
const draws = 2000

// bootstrap returns the 95 % interval of a statistic of n people by drawing them again with
// replacement. It always draws the same.
func bootstrap(n int, statistic func(chosen []int) float64) (lo, hi float64) {
	r := rand.New(rand.NewPCG(20, 26)) //nolint:gosec // repeatable on purpose
	values := make([]float64, 0, draws)
	chosen := make([]int, n)
	for range draws {
		for i := range chosen {
			chosen[i] = r.IntN(n)
		}
		if v := statistic(chosen); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	return quantile(values, 0.025), quantile(values, 0.975)
}

// picked returns the chosen values.
func picked(v []float64, chosen []int) []float64 {
	out := make([]float64, len(chosen))
	for i, k := range chosen {
		out[i] = v[k]
	}
	return out
}
