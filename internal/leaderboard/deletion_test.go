package leaderboard

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/face/reliability"
)

func gone(c Contribution) Contribution {
	c.Score, c.Deleted = 0, true
	return c
}

func TestHistory_isAFunctionOfTheScansAndTheDeletions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := scansGen(6).Draw(t, "scans")
		kept := slices.Clone(facts)
		for i := range kept {
			if rapid.Bool().Draw(t, "deleted") {
				kept[i] = gone(kept[i])
				facts = append(facts, kept[i])
			}
		}
		got, want := see(rapid.Permutation(append(facts, facts...)).Draw(t, "order")...), model(kept)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("history differs from the model (-want +got):\n%s", diff)
		}
	})
}

func TestHistory_deletionFreesNoPlace(t *testing.T) {
	h := see(scanAt("a", day0, 40), scanAt("b", day0.Add(1), 60), scanAt("c", day0.Add(2), 60))
	h = h.Add(gone(h[0])).Add(scanAt("d", day0.Add(time.Hour), 99)).Trim()
	if len(h) != 3 || len(h.Live()) != 2 || h.Has(scanAt("d", day0.Add(time.Hour), 99)) {
		t.Errorf("history = %+v", h)
	}
	again := h.Add(scanAt("a", day0.AddDate(0, 0, 1), 70)) // the id of a deleted scan, used again the next day
	if len(again.Live()) != 3 {
		t.Errorf("a later scan of the same id does not count: %+v", again)
	}
}

// Deleting a scan that scored at the prior or better, or not the lowest, never raises the rating.
func TestRating_deletionDoesNotPay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := see(scansGen(6).Draw(t, "scans")...)
		if len(h) < 2 {
			return
		}
		scores := reliability.Of(1)
		i := rapid.IntRange(0, len(h)-1).Draw(t, "deleted")
		lowest := math.Inf(1)
		for j, c := range h {
			if j != i {
				lowest = min(lowest, c.Score)
			}
		}
		after := h.Add(gone(h[i])).Rating(1)
		if h[i].Score >= min(scores.Mean, lowest) && after > h.Rating(1) {
			t.Fatalf("rating rose from %v to %v by deleting %v", h.Rating(1), after, h[i].Score)
		}
	})
}

// The simulation of features.md H6 with deletion: of 50 scans over 17 days, each user above the
// middle deletes all below their own mean. That gains .26 of the standard deviation between people
// in the middle of the scale, where it gains most, and less above; were deleted scans left out it
// would gain .5 everywhere.
func TestRating_deletionGainsLittle(t *testing.T) {
	const between, rounds = 20.0, 400
	within := between * math.Sqrt(priorPhotos(reliability.Of(1)))
	random := rand.New(rand.NewPCG(1, 2))
	for _, truth := range []float64{50, 60, 70, 80} {
		gain := 0.0
		for range rounds {
			var honest History
			for i := range 50 {
				score := min(100, max(0, truth+random.NormFloat64()*within))
				honest = honest.Add(scanAt(string(rune('A'+i)), day0.AddDate(0, 0, i/3).Add(time.Duration(i)), score))
			}
			cheat := honest
			for _, c := range honest {
				if c.Score < truth {
					cheat = cheat.Add(gone(c))
				}
			}
			gain += (cheat.Rating(1) - honest.Rating(1)) / between / rounds
		}
		if gain > .27 {
			t.Errorf("at %v deletion gains %.2f standard deviations", truth, gain)
		}
	}
}
