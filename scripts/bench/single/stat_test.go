package single

import "testing"

func TestPercentile(t *testing.T) {
	t.Parallel()
	values := []uint64{30, 10, 20, 40}
	for p, want := range map[int]uint64{0: 10, 25: 10, 26: 20, 50: 20, 75: 30, 95: 40, 100: 40} {
		if got := Percentile(values, p); got != want {
			t.Errorf("%d %% is %d, want %d", p, got, want)
		}
	}
	if got := Percentile([]uint64{}, 50); got != 0 {
		t.Errorf("of nothing it is %d", got)
	}
}
