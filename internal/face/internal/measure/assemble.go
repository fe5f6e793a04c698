package measure

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// Report applies the rules to what was measured: the gates, the tables and the rounding. The error
// is a refusal by a gate.
func (m *Measurement) Report() (report.Report, error) {
	q := m.Quality()
	if q.Refusal != nil {
		return report.Report{}, q.Refusal
	}
	return m.ReportOf(&q), nil
}

// ReportOf returns the report of what was measured, with the checks of its quality.
func (m *Measurement) ReportOf(q *quality) report.Report {
	w, h := m.Photo.Size()
	r := report.Report{
		Version: report.Version,
		Image: report.Image{
			Width: w, Height: h, Orientation: m.Photo.Orientation, ColorProfile: m.Photo.Embedded,
		},
		Face:               m.box(),
		Landmarks:          m.landmarks(),
		Pose:               report.Pose{Roll: report.Round(m.Pts.Roll(), 1), Yaw: report.Round(m.Yaw, 1)},
		Quality:            q.checks,
		Fixes:              q.fixes,
		Score:              m.score(),
		Metrics:            m.metrics(),
		NotMeasured:        report.Unmeasured(),
		Rankable:           q.NotRankable == "",
		NotRankableBecause: q.NotRankable,
	}
	if m.Photo.Mirrored {
		TurnOver(&r)
	}
	return r
}

func (m *Measurement) box() report.Box {
	f := float64(m.Scale)
	half := m.Place.Size * f / 2
	return report.Box{
		X: report.Round(raster.Grown(m.Place.X, f)-half, 1), Y: report.Round(raster.Grown(m.Place.Y, f)-half, 1),
		Size:    report.Round(2*half, 1),
		Quality: report.Round(m.Place.Q, 1),
	}
}

// landmarks returns the named points in pixels of the upright original.
func (m *Measurement) landmarks() map[string]report.Point {
	list := make(map[string]report.Point, len(landmark.Names))
	f := float64(m.Scale)
	for k, name := range landmark.Names {
		if name == "" {
			continue
		}
		at := m.Pts.Frame.Outer(m.Pts.At[k])
		list[name] = report.Point{
			X: report.Round(raster.Grown(at.X, f), 2), Y: report.Round(raster.Grown(at.Y, f), 2),
			SE: report.Round(MarkError(&m.Pts, landmark.Mark(k))*m.Pts.IOD()*f, 2),
		}
	}
	return list
}

// MarkError returns the error of each coordinate of a mark in IOD: the method's, larger where this
// photo's points scatter more than usual.
func MarkError(q *landmark.Points, k landmark.Mark) float64 {
	return Fitted.PointErrors[k] * math.Sqrt((1+raster.Sq(q.Spread[k]/Fitted.Spreads[k]))/2)
}

// TurnOver makes the report of the mirrored photo: it was analysed turned over (see
// raster.Plane.LeansRight).
func TurnOver(r *report.Report) {
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
	for i, rule := range MetricRules {
		if rule.Sides {
			m := &r.Metrics[i]
			m.Value, m.Lo, m.Hi = report.Round(-m.Value, 3), report.Round(-m.Hi, 3), report.Round(-m.Lo, 3)
		}
	}
}
