package measure

import (
	"math"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/report"
	"pgregory.net/rapid"
)

func TestScore_fallsWithTheIndex(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(0, 0.1).Draw(t, "a"), rapid.Float64Range(0, 0.1).Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		x, y := percentile(a), percentile(b)
		if x < y || x > 100 || y < 0 {
			t.Fatalf("index %v scores %v, index %v scores %v", a, x, b, y)
		}
	})
}

func TestContributionsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var energy [mirror.Parts]float64
		for i := range energy {
			energy[i] = rapid.Float64Range(0, 1).Draw(t, contributionNames[i])
		}
		lost := -report.Round(rapid.Float64Range(0, 100).Draw(t, "lost"), 1)
		sum := 0.0
		for _, c := range contributions(energy, lost) {
			if c.Points > 0 {
				t.Fatalf("%s adds %v", c.Metric, c.Points)
			}
			sum += c.Points
		}
		if slices.Max(energy[:]) > 0 && math.Abs(sum-lost) > 1e-9 {
			t.Fatalf("the parts add up to %v, not %v", sum, lost)
		}
	})
}
