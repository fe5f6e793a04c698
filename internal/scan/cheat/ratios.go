package cheat

import (
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/report"
)

// ratioNames are the lengths that distinguish faces best, relative to the effects of expression,
// camera distance and the engine's error. Each is the same for a mirrored photo. "Below" is
// negative for what lies above.
var ratioNames = []string{
	"inner eye corners", "outer eye corners", "nose tip below the pupils", "upper lip below the pupils",
	"inner brows below the pupils", "outer brows below the pupils", "inner brows", "canthal tilt",
}

// noise is the difference of each ratio between a neutral and a smiling photo of one person: root
// mean square of the fitted half of GUARD.md, in pupil distances.
var noise = []float64{0.020, 0.027, 0.048, 0.050, 0.023, 0.018, 0.015, 0.019}

// ratiosOf returns the ratios of the engine's points, with the pupils level and one apart.
func ratiosOf(landmarks map[string]report.Point) []float64 {
	left, right := landmarks["pupil_left"], landmarks["pupil_right"]
	ax, ay := right.X-left.X, right.Y-left.Y
	square := ax*ax + ay*ay
	if square == 0 {
		return nil
	}
	at := func(name string) (x, y float64) {
		dx, dy := landmarks[name].X-(left.X+right.X)/2, landmarks[name].Y-(left.Y+right.Y)/2
		return (dx*ax + dy*ay) / square, (dy*ax - dx*ay) / square
	}
	// pair returns the distance between the two points of a name, and how far they are below the
	// pupils.
	pair := func(part, which string) (wide, below float64) {
		x1, y1 := at(part + "_left_" + which)
		x2, y2 := at(part + "_right_" + which)
		return x2 - x1, (y1 + y2) / 2
	}
	innerEyes, innerBelow := pair("eye", "inner")
	outerEyes, outerBelow := pair("eye", "outer")
	innerBrows, browsBelow := pair("brow", "inner")
	_, browEndsBelow := pair("brow", "outer")
	_, nose := at("nose_tip")
	_, lip := at("lip_upper_top")
	return []float64{innerEyes, outerEyes, nose, lip, browsBelow, browEndsBelow, innerBrows, 2 * (outerBelow - innerBelow)}
}

// jump returns the distance of ratios from others, as the root mean square of the differences in
// units of noise.
func jump(now, before []float64) float64 {
	sum := 0.0
	for i, v := range now {
		d := (v - before[i]) / noise[i]
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(now)))
}

// usual returns the median of each ratio over the last entries of the engine's version, or nil
// without any. A median follows the user even if the first photo was another person's: after two of
// the user's own photos it is the user's.
func usual(earlier []Entry, engine int) []float64 {
	var last [][]float64
	for _, e := range slices.Backward(earlier) {
		if e.Engine == engine && len(e.Ratios) == len(ratioNames) && len(last) < usualOf {
			last = append(last, e.Ratios)
		}
	}
	if last == nil {
		return nil
	}
	medians := make([]float64, len(ratioNames))
	for i := range medians {
		var values []float64
		for _, r := range last {
			values = append(values, r[i])
		}
		slices.Sort(values)
		medians[i] = (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	}
	return medians
}
