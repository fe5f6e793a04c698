package main

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// line returns points a second apart that grow by perHour, with noise of that half width.
func line(seed uint64, n int, level, perHour, noise float64) []point {
	source := rand.New(rand.NewPCG(seed, 2))
	points := make([]point, n)
	for i := range points {
		at := float64(i) / 3600
		points[i] = point{at, level + perHour*at + noise*(2*source.Float64()-1)}
	}
	return points
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*(1+math.Abs(a)+math.Abs(b)) }

func TestSlopeOf_knownSeries(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]float64{"level": 0, "growing": 7, "falling": -7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := slopeOf(line(1, 60, 100, want, 0))
			if err != nil {
				t.Fatal(err)
			}
			if !near(got.Low, want) || !near(got.Middle, want) || !near(got.High, want) {
				t.Errorf("%+v, want %g", got, want)
			}
		})
	}
}

func TestSlopeOf_intervalHoldsTheTruth(t *testing.T) {
	t.Parallel()
	const series, truth = 400, 50
	held := 0
	for seed := range uint64(series) {
		got, err := slopeOf(line(seed, 40, 100, truth, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got.Low <= truth && truth <= got.High {
			held++
		}
	}
	if share := float64(held) / series; share < .92 || share > .98 { // three standard errors about 95 %
		t.Errorf("%.1f %% of the intervals hold the slope", 100*share)
	}
}

func TestSlopeOf_outlierDoesNotCount(t *testing.T) {
	t.Parallel()
	points := line(1, 60, 100, 0, 0)
	points[59].value = 1e9
	if got, err := slopeOf(points); err != nil || got.Middle != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSlopeOf_tooFew(t *testing.T) {
	t.Parallel()
	for name, points := range map[string][]point{
		"none": nil, "nine": line(1, 9, 1, 1, 0), "all at one time": make([]point, 20),
	} {
		if _, err := slopeOf(points); !errors.Is(err, errFew) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSlopeOf_shiftAndScale(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), fewest, 40).Draw(t, "values")
		shift := rapid.Float64Range(-1000, 1000).Draw(t, "shift")
		scale := rapid.Float64Range(.1, 10).Draw(t, "scale")
		var before, after []point
		for i, v := range values {
			before = append(before, point{float64(i), v})
			after = append(after, point{float64(i), scale*v + shift})
		}
		a, err := slopeOf(before)
		if err != nil {
			t.Fatal(err)
		}
		b, err := slopeOf(after)
		if err != nil {
			t.Fatal(err)
		}
		if !near(b.Low, scale*a.Low) || !near(b.Middle, scale*a.Middle) || !near(b.High, scale*a.High) {
			t.Fatalf("%+v became %+v by the scale %g", a, b, scale)
		}
		if a.Low > a.Middle || a.Middle > a.High {
			t.Fatalf("out of order: %+v", a)
		}
	})
}
