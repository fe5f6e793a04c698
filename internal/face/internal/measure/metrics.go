package measure

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// metricRule is a measure that one photo can carry: its agreement with the same measure from manual
// points, ICC(2,1), was at least 0.6 on people who were not used for fitting. All are taken in the
// frame in which the pupils are level and one unit (IOD) apart.
type metricRule struct {
	Name, unit string
	Of         func(q *landmark.Points) float64
	// Sides means that the value changes its sign in a mirror.
	Sides bool
}

// MetricRules holds the measures. The line of the pupils as horizontal and its middle as the middle
// of the face follow Berlin et al., Journal of Cranio-Maxillofacial Surgery (2014), who found
// reference lines through midpoints of paired points the most reliable in photographs; the tilt of
// the palpebral fissure is that of Farkas, Anthropometry of the Head and Face (1994), here between
// the marks of the eyelids' corners.
var MetricRules = [...]metricRule{
	{Name: "mouth_tilt", unit: "deg", Of: mouthTilt, Sides: true},
	{Name: "canthal_tilt", unit: "deg", Of: canthalTilt},
	{Name: "eye_mouth_distance", unit: "IOD", Of: eyeMouthDistance},
	{Name: "mouth_deviation", unit: "IOD", Of: mouthDeviation, Sides: true},
	{Name: "lip_height", unit: "IOD", Of: lipHeight},
	{Name: "mouth_width", unit: "IOD", Of: mouthWidth},
	{Name: "inner_eye_distance", unit: "IOD", Of: innerEyeDistance},
	{Name: "nose_deviation", unit: "IOD", Of: noseDeviation, Sides: true},
	{Name: "eye_nose_distance", unit: "IOD", Of: eyeNoseDistance},
}

// mouthTilt returns the angle of the line through the mouth corners against that through the
// pupils, positive when the corner at the right of the image is lower.
func mouthTilt(q *landmark.Points) float64 {
	d := q.At[landmark.MarkMouthR].Minus(q.At[landmark.MarkMouthL])
	return math.Atan2(d.Y, d.X) * raster.Degree
}

// canthalTilt returns the mean angle by which the outer corners of the eyes lie above the inner
// ones.
func canthalTilt(q *landmark.Points) float64 {
	l := q.At[landmark.MarkEyeInnerL].Minus(q.At[landmark.MarkEyeOuterL])
	r := q.At[landmark.MarkEyeOuterR].Minus(q.At[landmark.MarkEyeInnerR])
	return (math.Atan2(l.Y, l.X) - math.Atan2(r.Y, r.X)) / 2 * raster.Degree
}

// eyeMouthDistance returns the distance from the middle between the pupils to the middle between
// the mouth corners.
func eyeMouthDistance(q *landmark.Points) float64 {
	return raster.MiddleOf(q.At[landmark.MarkMouthL], q.At[landmark.MarkMouthR]).Length()
}

// mouthDeviation returns how far the middle of the mouth lies to the right of the line square to
// the pupils.
func mouthDeviation(q *landmark.Points) float64 {
	return raster.MiddleOf(q.At[landmark.MarkMouthL], q.At[landmark.MarkMouthR]).X
}

// lipHeight returns the distance from the top of the upper lip to the bottom of the lower lip.
func lipHeight(q *landmark.Points) float64 {
	return q.At[landmark.MarkLipBottom].Minus(q.At[landmark.MarkLipTop]).Length()
}

func mouthWidth(q *landmark.Points) float64 {
	return q.At[landmark.MarkMouthR].Minus(q.At[landmark.MarkMouthL]).Length()
}
func innerEyeDistance(q *landmark.Points) float64 {
	return q.At[landmark.MarkEyeInnerR].Minus(q.At[landmark.MarkEyeInnerL]).Length()
}
func noseDeviation(q *landmark.Points) float64   { return q.At[landmark.MarkNoseTip].X }
func eyeNoseDistance(q *landmark.Points) float64 { return q.At[landmark.MarkNoseTip].Y }

// metrics returns the measures with 95 % intervals for what a careful person would measure in this
// photo. They hold the method's own error, larger where this photo's points scatter more than
// usual.
func (m *Measurement) metrics() []report.Metric {
	list := make([]report.Metric, len(MetricRules))
	worse := max(1, m.Pts.MeanSpread()/m.by.UsualSpread)
	for i, r := range MetricRules {
		f := m.by.Metrics[i]
		value := r.Of(&m.Pts) - f.Bias
		half := float64(1.96 * f.Sem * worse)
		list[i] = report.Metric{
			Name: r.Name, Unit: r.unit, Value: report.Round(value, 3), Lo: report.Round(value-half, 3),
			Hi: report.Round(value+half, 3),
			Reliability: report.Reliability{
				ICC: report.Round(f.ICC, 2), SEM: report.Round(f.Sem, 3), SDC: report.Round(float64(1.96*math.Sqrt2*f.Retest), 3),
			},
		}
	}
	return list
}
