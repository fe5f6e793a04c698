package report

import "slices"

// Unmeasured returns the properties that people ask for and the engine does not measure, with the
// reasons.
func Unmeasured() []NotMeasured { return slices.Clone(notMeasured) }

// notMeasured lists the properties that people ask for, and why the engine does not measure them.
var notMeasured = []NotMeasured{
	{"jaw", "No point lies on the edge of the jaw; only how alike its two sides look enters the score."},
	{"cheekbones", "No point lies on the cheekbones, and one photo from the front does not show depth."},
	{"chin", "No point lies on the chin."},
	{"facial_thirds", "They need the hairline and the chin, and no point lies on either."},
	{"skin", "Light and camera change its look more than the skin does, and nothing about skin or health is inferred."},
}
