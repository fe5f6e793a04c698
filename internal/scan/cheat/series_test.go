package cheat

import (
	"bytes"
	"testing"
)

// hashOff is a hash that differs from the zero one in n bits.
func hashOff(n int) []byte {
	h := make([]byte, hashBits/8)
	for i := range n {
		h[i/8] |= 1 << (i % 8)
	}
	return h
}

// usualRatios are ratios of a face, each further by that many units of its noise.
func usualRatios(by float64) []float64 {
	r := make([]float64, len(ratioNames))
	for i := range r {
		r[i] = 1 + by*noise[i]
	}
	return r
}

func TestPhotosOfOneSeries(t *testing.T) {
	t.Parallel()
	far := bytes.Repeat([]byte{0xf0}, hashBits/8)
	for name, tt := range map[string]struct {
		before, now string // the series
		bits        int
		ratios      float64
		want        string
	}{
		"alike, of one series":            {"a", "a", copyDistance, 0, ""},
		"at the limit of a series":        {"a", "a", burstDistance, 0, "copied_photo"},
		"just beyond it":                  {"a", "a", burstDistance + 1, 0, ""},
		"alike, of two series":            {"a", "b", copyDistance, 0, "copied_photo"},
		"alike, before a series":          {"", "a", copyDistance, 0, "copied_photo"},
		"alike, after a series":           {"a", "", copyDistance, 0, "copied_photo"},
		"no series":                       {"", "", burstDistance + 1, 0, "copied_photo"},
		"another shape within a series":   {"a", "a", 100, 9, ""},
		"another shape before the series": {"", "a", 100, 9, "geometry_jump"},
		"another shape after a series":    {"a", "", 100, 9, "geometry_jump"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := Observation{Engine: 1, SeriesID: tt.before, Hash: hashOff(0), Mirrored: far, Ratios: usualRatios(0)}
			_, state := Judge(State{}, "first", 1, first)
			second := Observation{
				Engine: 1, SeriesID: tt.now, Hash: hashOff(tt.bits), Mirrored: far, Ratios: usualRatios(tt.ratios),
			}
			for range 2 { // an analysis that is repeated comes to the same
				var reasons []Reason
				reasons, state = Judge(state, "second", 1, second)
				if got := codesOf(reasons); got != tt.want {
					t.Errorf("%q, want %q", got, tt.want)
				}
			}
		})
	}
}

// Another's face in a series is told from the scans before the series, not from those within.
func TestSeries_isComparedWithWhatWasUsualBefore(t *testing.T) {
	t.Parallel()
	state := State{}
	judge := func(id, series string, ratios float64, bits int) string {
		var reasons []Reason
		o := Observation{
			Engine: 1, SeriesID: series, Hash: hashOff(bits), Mirrored: hashOff(256 - bits), Ratios: usualRatios(ratios),
		}
		reasons, state = Judge(state, id, 1, o)
		return codesOf(reasons)
	}
	for i, tt := range []struct {
		series string
		ratios float64
		want   string
	}{{"", 0, ""}, {"a", 0, ""}, {"a", 9, "geometry_jump"}, {"a", 9, "geometry_jump"}, {"a", 0, ""}} {
		if got := judge(string(rune('a'+i)), tt.series, tt.ratios, 30*i); got != tt.want {
			t.Errorf("photo %d: %q, want %q", i, got, tt.want)
		}
	}
}
