package face

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// metricRule is a measure that one photo can carry: its agreement with the same measure from manual points, ICC(2,1), was at least 0.6 on people who
// were not used for fitting. All are taken in the frame in which the pupils are level and one unit (IOD) apart.
type metricRule struct {
	name, unit string
	of         func(q *points) float64
	// sides says that the value changes its sign in a mirror.
	sides bool
}

// metricRules holds the measures. The line of the pupils as horizontal and its middle as the middle of the face follow Berlin et al., Journal of
// Cranio-Maxillofacial Surgery (2014), who found reference lines through midpoints of paired points the most reliable in photographs; the tilt
// of the palpebral fissure is that of Farkas, Anthropometry of the Head and Face (1994), here between the marks of the eyelids' corners.
var metricRules = [...]metricRule{
	{name: "mouth_tilt", unit: "deg", of: mouthTilt, sides: true},
	{name: "canthal_tilt", unit: "deg", of: canthalTilt},
	{name: "eye_mouth_distance", unit: "IOD", of: eyeMouthDistance},
	{name: "mouth_deviation", unit: "IOD", of: mouthDeviation, sides: true},
	{name: "lip_height", unit: "IOD", of: lipHeight},
	{name: "mouth_width", unit: "IOD", of: mouthWidth},
	{name: "inner_eye_distance", unit: "IOD", of: innerEyeDistance},
	{name: "nose_deviation", unit: "IOD", of: noseDeviation, sides: true},
	{name: "eye_nose_distance", unit: "IOD", of: eyeNoseDistance},
}

// mouthTilt is the angle of the line through the mouth corners against that through the pupils, positive when the
// corner at the right of the image is lower.
func mouthTilt(q *points) float64 {
	d := q.at[markMouthR].Minus(q.at[markMouthL])
	return math.Atan2(d.Y, d.X) * raster.Degree
}

// canthalTilt is the mean angle by which the outer corners of the eyes lie above the inner ones.
func canthalTilt(q *points) float64 {
	l, r := q.at[markEyeInnerL].Minus(q.at[markEyeOuterL]), q.at[markEyeOuterR].Minus(q.at[markEyeInnerR])
	return (math.Atan2(l.Y, l.X) - math.Atan2(r.Y, r.X)) / 2 * raster.Degree
}

// eyeMouthDistance is from the middle between the pupils to the middle between the mouth corners.
func eyeMouthDistance(q *points) float64 {
	return raster.MiddleOf(q.at[markMouthL], q.at[markMouthR]).Length()
}

// mouthDeviation is how far the middle of the mouth lies to the right of the line square to the pupils.
func mouthDeviation(q *points) float64 {
	return raster.MiddleOf(q.at[markMouthL], q.at[markMouthR]).X
}

// lipHeight is from the top of the upper lip to the bottom of the lower lip.
func lipHeight(q *points) float64 {
	return q.at[markLipBottom].Minus(q.at[markLipTop]).Length()
}

func mouthWidth(q *points) float64 { return q.at[markMouthR].Minus(q.at[markMouthL]).Length() }
func innerEyeDistance(q *points) float64 {
	return q.at[markEyeInnerR].Minus(q.at[markEyeInnerL]).Length()
}
func noseDeviation(q *points) float64   { return q.at[markNoseTip].X }
func eyeNoseDistance(q *points) float64 { return q.at[markNoseTip].Y }

// metrics gives the measures with 95 % intervals for what a careful person would measure in this photo. They hold the method's own error, larger
// where this photo's points scatter more than usual.
func (m *measurement) metrics() []report.Metric {
	list := make([]report.Metric, len(metricRules))
	worse := max(1, m.pts.meanSpread()/m.by.usualSpread)
	for i, r := range metricRules {
		f := m.by.metrics[i]
		value := r.of(&m.pts) - f.bias
		half := float64(1.96 * f.sem * worse)
		list[i] = report.Metric{
			Name: r.name, Unit: r.unit, Value: report.Round(value, 3), Lo: report.Round(value-half, 3), Hi: report.Round(value+half, 3),
			Reliability: report.Reliability{ICC: report.Round(f.icc, 2), SEM: report.Round(f.sem, 3), SDC: report.Round(float64(1.96*math.Sqrt2*f.retest), 3)},
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
