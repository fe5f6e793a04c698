package face

import (
	"math"

	"github.com/facescan/facescan/internal/face/report"
)

// report applies the rules to what was measured: the gates, the tables and the rounding. The error is a refusal by a gate.
func (m *measurement) report() (Report, error) {
	q := m.quality()
	if q.refusal != nil {
		return Report{}, q.refusal
	}
	return m.reportOf(&q), nil
}

func (m *measurement) reportOf(q *quality) Report {
	w, h := m.photo.size()
	r := Report{
		Version:            Version,
		Image:              Image{Width: w, Height: h, Orientation: m.photo.orientation, ColorProfile: m.photo.embedded},
		Face:               m.box(),
		Landmarks:          m.landmarks(),
		Pose:               Pose{Roll: round(m.pts.roll(), 1), Yaw: round(m.yaw, 1)},
		Quality:            q.checks,
		Fixes:              q.fixes,
		Score:              m.score(),
		Metrics:            m.metrics(),
		NotMeasured:        report.Unmeasured(),
		Rankable:           q.notRankable == "",
		NotRankableBecause: q.notRankable,
	}
	if m.photo.mirrored {
		turnOver(&r)
	}
	return r
}

// roll is the angle of the line through the pupils, degrees.
func (q *points) roll() float64 { return math.Atan2(q.frame.axis.y, q.frame.axis.x) * degree }

func (m *measurement) box() Box {
	f := float64(m.scale)
	half := m.place.size * f / 2
	return Box{
		X: round(grown(m.place.x, f)-half, 1), Y: round(grown(m.place.y, f)-half, 1), Size: round(2*half, 1),
		Quality: round(m.place.q, 1),
	}
}

// landmarks gives the named points in pixels of the upright original.
func (m *measurement) landmarks() map[string]Point {
	list := make(map[string]Point, len(names))
	f := float64(m.scale)
	for k, name := range names {
		if name == "" {
			continue
		}
		at := m.pts.frame.outer(m.pts.at[k])
		list[name] = Point{
			X: round(grown(at.x, f), 2), Y: round(grown(at.y, f), 2), SE: round(m.pts.standardError(mark(k))*m.pts.iod()*f, 2),
		}
	}
	return list
}

// standardError is that of each coordinate of a mark in IOD: the method's, larger where this photo's points scatter more than usual.
func (q *points) standardError(k mark) float64 {
	return fitted.pointErrors[k] * math.Sqrt((1+sq(q.spread[k]/fitted.spreads[k]))/2)
}

// turnOver makes the report of the mirrored photo: it was analysed turned over (see plane.leansRight).
func turnOver(r *Report) {
	last := float64(r.Image.Width - 1)
	r.Face.X = round(last-(r.Face.X+r.Face.Size), 1)
	swapped := make(map[string]Point, len(r.Landmarks))
	for k, name := range names {
		if name == "" {
			continue
		}
		p := r.Landmarks[name]
		p.X = round(last-p.X, 2)
		swapped[names[mark(k).partner()]] = p
	}
	r.Landmarks = swapped
	r.Pose.Roll, r.Pose.Yaw = round(-r.Pose.Roll, 1), round(-r.Pose.Yaw, 1)
	for i, rule := range metricRules {
		if rule.sides {
			m := &r.Metrics[i]
			m.Value, m.Lo, m.Hi = round(-m.Value, 3), round(-m.Hi, 3), round(-m.Lo, 3)
		}
	}
}
