package boards

import "testing"

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
