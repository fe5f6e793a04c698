package face

import "math"

// metricRule is a measure that one photo can carry: its correlation with the same from manual points was at least 0.7.
type metricRule struct {
	name, unit string
	of         func(q *points) float64
	// sides says that the value changes its sign in a mirror.
	sides bool
	// bias is what this method reads too much, sem the standard deviation of the rest, against manual points; reliability is
	// the correlation.
	bias, sem, reliability float64
	// feels is by how much the value moves, in its unit, when the points move by one IOD.
	feels float64
}

const degree = 180 / math.Pi

// metricRules holds the five measures; numbers from the 61 neutral faces of the London set.
var metricRules = [...]metricRule{
	{name: "mouth_tilt", unit: "deg", of: mouthTilt, sides: true, sem: 0.89, reliability: 0.84, feels: 1.8 * degree},
	{name: "canthal_tilt", unit: "deg", of: canthalTilt, bias: -0.11, sem: 1.74, reliability: 0.74, feels: 2.5 * degree},
	{name: "eye_mouth_distance", unit: "IOD", of: eyeMouthDistance, bias: -0.008, sem: 0.028, reliability: 0.91, feels: 0.7},
	{name: "mouth_deviation", unit: "IOD", of: mouthDeviation, sides: true, sem: 0.014, reliability: 0.83, feels: 0.7},
	{name: "lip_height", unit: "IOD", of: lipHeight, bias: 0.004, sem: 0.032, reliability: 0.85, feels: 1.4},
}

// mouthTilt is the angle of the line through the mouth corners against that through the pupils, positive when the
// corner at the right of the image is lower.
func mouthTilt(q *points) float64 {
	d := q.at[markMouthR].minus(q.at[markMouthL])
	return math.Atan2(d.y, d.x) * degree
}

// canthalTilt is the mean angle by which the outer corners of the eyes lie above the inner ones.
func canthalTilt(q *points) float64 {
	l, r := q.at[markEyeInnerL].minus(q.at[markEyeOuterL]), q.at[markEyeOuterR].minus(q.at[markEyeInnerR])
	return (math.Atan2(l.y, l.x) - math.Atan2(r.y, r.x)) / 2 * degree
}

// eyeMouthDistance is from the middle between the pupils to the middle between the mouth corners.
func eyeMouthDistance(q *points) float64 {
	return middleOf(q.at[markMouthL], q.at[markMouthR]).length()
}

// mouthDeviation is how far the middle of the mouth lies to the right of the line square to the pupils.
func mouthDeviation(q *points) float64 {
	return middleOf(q.at[markMouthL], q.at[markMouthR]).x
}

// lipHeight is from the top of the upper lip to the bottom of the lower lip.
func lipHeight(q *points) float64 {
	return q.at[markLipBottom].minus(q.at[markLipTop]).length()
}

// metrics gives the measures with intervals that hold the method's own error and the spread of this photo's points.
func (q *points) metrics() []Metric {
	list := make([]Metric, len(metricRules))
	for i, r := range metricRules {
		value := r.of(q) - r.bias
		half := float64(1.96 * math.Sqrt(sq(r.sem)+sq(float64(r.feels*q.meanSpread()))/repeats))
		list[i] = Metric{
			Name: r.name, Unit: r.unit, Reliability: r.reliability,
			Value: round(value, 3), Lo: round(value-half, 3), Hi: round(value+half, 3),
		}
	}
	return list
}

// meanSpread is how far the ends of the cascades are spread, as a standard deviation of each coordinate, IOD.
func (q *points) meanSpread() float64 {
	sum := 0.0
	for _, s := range q.spread {
		sum += s
	}
	return sum / float64(marks)
}

// notMeasured is what people ask for, and why there is no number.
var notMeasured = []NotMeasured{
	{"jaw", "No point lies on the edge of the jaw; only how alike its two sides look enters the score."},
	{"cheekbones", "No point lies on the cheekbones, and one photo from the front does not show depth."},
	{"chin", "No point lies on the chin."},
	{"facial_thirds", "They need the hairline and the chin, and no point lies on either."},
	{"skin", "Light and camera change its look more than the skin does, and nothing about skin or health is inferred."},
}
