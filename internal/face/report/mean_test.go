package report

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// scoreAt is a score with the interval that the standard error on the normal scale makes.
func scoreAt(value, se float64) Score {
	z := probit(value)
	return Score{Value: value, Lo: min(value, Round(100*phi(z-1.96*se), 1)), Hi: max(value, Round(100*phi(z+1.96*se), 1))}
}

func TestMean(t *testing.T) {
	t.Parallel()
	type result struct {
		Value, Lo, Hi float64
		Outlier       int
	}
	for name, tt := range map[string]struct {
		scores []Score
		want   result
	}{
		"none":          {nil, result{0, 0, 0, -1}},
		"one is itself": {[]Score{{Value: 62.5, Lo: 31.1, Hi: 86.9}}, result{62.5, 31.1, 86.9, -1}},
		"three narrow the interval": {
			[]Score{scoreAt(50, .5), scoreAt(50, .5), scoreAt(50, .5)}, result{50, 23.8, 76.2, -1},
		},
		"the mean is of the values": {[]Score{scoreAt(10, .6), scoreAt(40, .6)}, result{25, 5.2, 60.8, -1}},
		"two have no outlier":       {[]Score{scoreAt(1, .1), scoreAt(99, .1)}, result{50, 43.4, 56.6, -1}},
		"one of three far away": {
			[]Score{scoreAt(50, .3), scoreAt(52, .3), scoreAt(99, .3)}, result{51, 32.6, 69.1, 2},
		},
		"one near the limit stays": {
			[]Score{scoreAt(50, .3), scoreAt(50, .3), scoreAt(86, .3)}, result{62, 45.1, 76.9, -1},
		},
		"of two far away one": {
			[]Score{scoreAt(50, .1), scoreAt(50, .1), scoreAt(50, .1), scoreAt(95, .1), scoreAt(99, .1)},
			result{61.3, 56, 66.4, 4},
		},
		"wide intervals excuse much": {[]Score{scoreAt(20, 1), scoreAt(20, 1), scoreAt(99, 1)}, result{46.3, 6.4, 91, -1}},
		"the standard error is told": {
			[]Score{{Value: 50, Lo: 1, Hi: 99, SE: .5}, {Value: 50, Lo: 1, Hi: 99, SE: .5}, {Value: 50, Lo: 1, Hi: 99, SE: .5}},
			result{50, 23.7, 76.3, -1},
		},
		"the lower end has an interval": {[]Score{{Value: 0}, {Value: 0}}, result{0, 0, 0.1, -1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mean, outlier := Mean(tt.scores)
			if diff := cmp.Diff(tt.want, result{mean.Value, mean.Lo, mean.Hi, outlier}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMeanRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Score {
			return scoreAt(Round(rapid.Float64Range(0, 100).Draw(t, "value"), 1), rapid.Float64Range(0, 2).Draw(t, "error"))
		}), 1, 5).Draw(t, "scores")
		mean, outlier := Mean(scores)
		if !(0 <= mean.Lo && mean.Lo <= mean.Value && mean.Value <= mean.Hi && mean.Hi <= 100) {
			t.Fatalf("%+v is no score with its interval", mean)
		}
		if outlier >= 0 && len(scores) < 3 {
			t.Fatalf("of %d scores %d is an outlier", len(scores), outlier)
		}
		last := len(scores) - 1
		reversed := make([]Score, len(scores))
		for i, s := range scores {
			reversed[last-i] = s
		}
		again, _ := Mean(reversed)
		if math.Abs(again.Value-mean.Value) > .1001 {
			t.Fatalf("%v in another order, %v", again, mean)
		}
	})
}
