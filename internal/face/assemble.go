package face

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// report applies the rules to what was measured: the gates, the tables and the rounding. The error is a refusal by a gate.
func (m *measurement) report() (report.Report, error) {
	q := m.quality()
	if q.refusal != nil {
		return report.Report{}, q.refusal
	}
	return m.reportOf(&q), nil
}

func (m *measurement) reportOf(q *quality) report.Report {
	w, h := m.photo.Size()
	r := report.Report{
		Version:            report.Version,
		Image:              report.Image{Width: w, Height: h, Orientation: m.photo.Orientation, ColorProfile: m.photo.Embedded},
		Face:               m.box(),
		Landmarks:          m.landmarks(),
		Pose:               report.Pose{Roll: report.Round(m.pts.Roll(), 1), Yaw: report.Round(m.yaw, 1)},
		Quality:            q.checks,
		Fixes:              q.fixes,
		Score:              m.score(),
		Metrics:            m.metrics(),
		NotMeasured:        report.Unmeasured(),
		Rankable:           q.notRankable == "",
		NotRankableBecause: q.notRankable,
	}
	if m.photo.Mirrored {
		turnOver(&r)
	}
	return r
}

func (m *measurement) box() report.Box {
	f := float64(m.scale)
	half := m.place.Size * f / 2
	return report.Box{
		X: report.Round(raster.Grown(m.place.X, f)-half, 1), Y: report.Round(raster.Grown(m.place.Y, f)-half, 1), Size: report.Round(2*half, 1),
		Quality: report.Round(m.place.Q, 1),
	}
}

// landmarks gives the named points in pixels of the upright original.
func (m *measurement) landmarks() map[string]report.Point {
	list := make(map[string]report.Point, len(landmark.Names))
	f := float64(m.scale)
	for k, name := range landmark.Names {
		if name == "" {
			continue
		}
		at := m.pts.Frame.Outer(m.pts.At[k])
		list[name] = report.Point{
			X: report.Round(raster.Grown(at.X, f), 2), Y: report.Round(raster.Grown(at.Y, f), 2), SE: report.Round(markError(&m.pts, landmark.Mark(k))*m.pts.IOD()*f, 2),
		}
	}
	return list
}

// markError is that of each coordinate of a mark in IOD: the method's, larger where this photo's points scatter more than usual.
func markError(q *landmark.Points, k landmark.Mark) float64 {
	return fitted.pointErrors[k] * math.Sqrt((1+raster.Sq(q.Spread[k]/fitted.spreads[k]))/2)
}

// turnOver makes the report of the mirrored photo: it was analysed turned over (see plane.leansRight).
func turnOver(r *report.Report) {
	last := float64(r.Image.Width - 1)
	r.Face.X = report.Round(last-(r.Face.X+r.Face.Size), 1)
	swapped := make(map[string]report.Point, len(r.Landmarks))
	for k, name := range landmark.Names {
		if name == "" {
			continue
		}
		p := r.Landmarks[name]
		p.X = report.Round(last-p.X, 2)
		swapped[landmark.Names[landmark.Mark(k).Partner()]] = p
	}
	r.Landmarks = swapped
	r.Pose.Roll, r.Pose.Yaw = report.Round(-r.Pose.Roll, 1), report.Round(-r.Pose.Yaw, 1)
	for i, rule := range metricRules {
		if rule.sides {
			m := &r.Metrics[i]
			m.Value, m.Lo, m.Hi = report.Round(-m.Value, 3), report.Round(-m.Hi, 3), report.Round(-m.Lo, 3)
		}
	}
}
