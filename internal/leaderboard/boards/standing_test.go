package boards

import (
	"testing"

	"github.com/facescan/facescan/internal/leaderboard"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		above, total int64
		want         float64
	}{{0, 1, 100}, {0, 2, 100}, {1, 2, 0}, {0, 3, 100}, {1, 3, 50}, {9, 10, 0}, {0, 0, 100}, {333, 1000, 66.7}}
	for _, tt := range tests {
		if got := percentile(tt.above, tt.total); got != tt.want {
			t.Errorf("percentile(%d above, of %d) = %v, want %v", tt.above, tt.total, got, tt.want)
		}
	}
}

// The user's own entry widens no range.
func TestRankIn_isAmongTheOthers(t *testing.T) {
	t.Parallel()
	all := make(leaderboard.Counts, 1000)
	all[leaderboard.BucketOf(90)]++
	all[leaderboard.BucketOf(10)]++
	for key, want := range map[string]Rank{
		leaderboard.RatingKey(9000): {Rank: 1, Low: 1, High: 1, Percentile: 100},
		leaderboard.RatingKey(1000): {Rank: 2, Low: 2, High: 2, Percentile: 0},
	} {
		rating, err := ratingIn(key)
		if err != nil {
			t.Fatal(err)
		}
		others, err := without(all, key)
		if err != nil {
			t.Fatal(err)
		}
		if got := rankIn(others, want.Rank-1, 2, rating, 5); got != want {
			t.Errorf("rank of %v is %+v, want %+v", rating, got, want)
		}
	}
	if all.Total() != 2 {
		t.Error("the counts themselves were changed")
	}
}
