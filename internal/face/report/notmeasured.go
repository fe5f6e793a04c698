package report

import "slices"

// Unmeasured returns what people ask for and the engine gives no number for, and why.
func Unmeasured() []NotMeasured { return slices.Clone(notMeasured) }

// notMeasured is what people ask for, and why there is no number.
var notMeasured = []NotMeasured{
	{"jaw", "No point lies on the edge of the jaw; only how alike its two sides look enters the score."},
	{"cheekbones", "No point lies on the cheekbones, and one photo from the front does not show depth."},
	{"chin", "No point lies on the chin."},
	{"facial_thirds", "They need the hairline and the chin, and no point lies on either."},
	{"skin", "Light and camera change its look more than the skin does, and nothing about skin or health is inferred."},
}
