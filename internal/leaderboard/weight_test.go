package leaderboard

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// seriesOf is a series that was settled at day0 with so many photos.
func seriesOf(id string, score float64, photos, struck int, revision int64) Contribution {
	return Contribution{
		ScanID: id, Score: score, CompletedAt: day0, Series: true, Photos: photos, Struck: struck, Revision: revision,
	}
}

// A series counts once, with the weight of its photos: its mean is that much more certain.
func TestRatingOfSeries(t *testing.T) {
	t.Parallel()
	third := day0.Add(3)
	for name, tt := range map[string]struct {
		history History
		want    float64
	}{
		"one scan":          {History{scanAt("a", third, 80)}, 71},
		"a series of one":   {History{seriesOf("a", 80, 1, 0, 1)}, 71},
		"a series of three": {History{seriesOf("a", 80, 3, 0, 1)}, 76.25},
		"three scans are as certain": {
			History{scanAt("a", day0, 80), scanAt("b", day0.Add(1), 80), scanAt("c", day0.Add(2), 80)}, 76.25,
		},
		"a series outweighs a scan": {History{seriesOf("a", 80, 3, 0, 1), scanAt("b", third, 40)}, 68.06},
		"a photo of it deleted":     {History{seriesOf("a", 80, 2, 1, 2)}, 67.5},
		"all of it deleted":         {History{seriesOf("a", 0, 0, 3, 4)}, 50},
		"none counts any more":      {History{seriesOf("a", 0, 0, 0, 2)}, 50},
		"the series deleted": {
			History{{ScanID: "a", CompletedAt: day0, Series: true, Deleted: true, Struck: 3}}, 50,
		},
		"the series deleted, a poor scan": {
			History{{ScanID: "a", CompletedAt: day0, Series: true, Deleted: true, Struck: 3}, scanAt("b", third, 10)}, 13.87,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.history.Rating(1); got != tt.want {
				t.Errorf("rating %v, want %v", got, tt.want)
			}
		})
	}
}

// Whatever the order in which the events of a series come, and how often, the rating is the same.
func TestSeries_isRatedByItsLastRevision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "revisions")
		var told []Contribution
		for i := range n {
			told = append(told, seriesOf("a", float64(rapid.IntRange(0, 100).Draw(t, "score")),
				rapid.IntRange(0, 5).Draw(t, "photos"),
				rapid.IntRange(0, 2).Draw(t, "struck"), int64(i)+1))
		}
		last := told[n-1]
		if rapid.Bool().Draw(t, "deleted") {
			last = Contribution{ScanID: "a", CompletedAt: day0, Series: true, Deleted: true, Struck: 3}
			told = append(told, last)
		}
		got := see(rapid.Permutation(slices.Concat(told, told)).Draw(t, "order")...)
		if diff := cmp.Diff(History{last}, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
