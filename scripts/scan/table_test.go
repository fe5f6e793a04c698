package main

import (
	"testing"

	"github.com/facescan/facescan/internal/face/report"
)

func TestIntervalBar_showsTheScoreInItsInterval(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		lo, value, hi float64
		want          string
	}{
		{"in the middle", 25, 50, 75, "0 |......======o======......| 100"},
		{"unevenly", 7.5, 31.5, 69.2, "0 |..======o=========.......| 100"},
		{"the whole scale", 0, 50, 100, "0 |============o============| 100"},
		{"at the bottom", 0, 0, 0, "0 |o........................| 100"},
		{"at the top", 98, 100, 100, "0 |........................o| 100"},
		{"beyond the scale", -20, 130, 140, "0 |========================o| 100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := intervalBar(report.Score{Value: tt.value, Lo: tt.lo, Hi: tt.hi}); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
