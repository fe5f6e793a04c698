package fit

import (
	"io"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// Calibration is every number that was fitted to annotated photos.
type Calibration = measure.Calibration

// Observation holds what was measured in one photo before any fitted number is applied. With [Fit]
// and [Calibration] it lets scripts/bench fit the engine to some people and evaluate it on others.
// Only scripts/bench uses it.
type Observation struct{ m measure.Measurement }

// Observe measures a photo as Analyze does. Its errors are those of Analyze up to the detection of
// the face. It does not keep the pictures.
func Observe(r io.Reader, opts report.Options) (*Observation, error) {
	models, err := cascade.LoadModels()
	if err != nil {
		return nil, err
	}
	p, err := photo.Open(r, opts.WithDefaults())
	if err != nil {
		return nil, err
	}
	m, err := measure.OfPhoto(p, models)
	if err != nil {
		return nil, err
	}
	o := &Observation{m: *m}
	o.m.Photo, o.m.Grey = &photo.Photo{Header: p.Header, Mirrored: p.Mirrored}, nil
	return o, nil
}

// Reading is the result of a calibration for an observation. If Refusal is set, Analyze would
// return it and no report; the other fields are set all the same, for statistics.
type Reading struct {
	Report  report.Report
	Refusal *report.Refusal
	// Index is the symmetry index, the square root of IOD. Deviation is its distance above the mean
	// of the reference portraits, in standard deviations between people. DeviationSE is the
	// standard error of Deviation.
	Index, Deviation, DeviationSE float64
	// Yaw is the turn of the head, degrees, unrounded.
	Yaw float64
}

// Read applies a calibration.
func (o *Observation) Read(c *measure.Calibration) Reading {
	seen := o.m
	seen.Judge(c)
	r := Reading{
		Index: seen.Index, Deviation: seen.Deviation, DeviationSE: seen.StandardError(),
		Yaw: float64(seen.Yaw * o.side(true)),
	}
	q := seen.Quality()
	r.Refusal = q.Refusal
	r.Report = seen.ReportOf(&q)
	return r
}

// field returns the mirror field of the photo as it was taken, not mirrored.
func (o *Observation) field() mirror.Pattern {
	f := o.m.Raw
	for k := range f {
		f[k] = f[k].Scaled(o.side(true))
	}
	return f
}

// asymmetry returns the asymmetry of the points of the photo as it was taken, not mirrored.
func (o *Observation) asymmetry(offsets *[landmark.Marks]raster.Vec) landmark.Asymmetry {
	q := o.m.Seen.Points(offsets)
	h := landmark.AsymmetryOf(&q)
	if !o.m.Photo.Mirrored {
		return h
	}
	var g landmark.Asymmetry
	for k := range h {
		g[landmark.Mark(k).Partner()] = raster.Vec{X: -h[k].X, Y: h[k].Y}
	}
	return g
}

// signs returns the three signs of a turned head in the photo as it was taken.
func (o *Observation) signs(m *measure.Calibration) [3]float64 {
	h, f := o.asymmetry(&m.Offsets), o.field()
	return m.Signs(&h, &f)
}

// LowerSide returns which side of the mouth or of the eyes is lower in the photo by the estimate of
// the field: -1 at the left of the image, 1 at the right.
func (o *Observation) LowerSide(c *measure.Calibration, mouth bool) float64 {
	_, believed := c.Believed(&o.m.Raw, &o.m.Local)
	sum := 0.0
	for i, at := range mirror.FreeAt {
		if p := &mirror.FieldPoints[at.Point]; at.Axis == 1 && p.Part == partOf(mouth) {
			sum += believed[i]
		}
	}
	if sum*o.side(true) > 0 {
		return -1
	}
	return 1
}

func partOf(mouth bool) mirror.Part {
	if mouth {
		return mirror.PartMouth
	}
	return mirror.PartEyes
}

// ManualYaw returns the turn of a head, degrees, by the 189 manual points: the turn of the mean
// face on a cylinder that explains most of their asymmetry.
func ManualYaw(dense [][2]float64) float64 {
	d := denseOf(dense)
	return d.yaw()
}

// LowerSide returns which side of the mouth or of the eyes is lower in the face by manual points:
// -1 at the left of the image, 1 at the right.
func LowerSide(dense [][2]float64, mouth bool) float64 {
	of, d := partOf(mouth), denseOf(dense)
	h, sum := d.asymmetry(), 0.0
	for k, p := range mirror.FieldPoints {
		if p.Part == of && !p.Middle {
			sum += h[k].Y
		}
	}
	if sum > 0 {
		return -1
	}
	return 1
}

// ManualMetrics returns the measures of Report.Metrics from manual points by name, in an upright
// image.
func ManualMetrics(byName map[string][2]float64) map[string]float64 {
	var at [landmark.Marks]raster.Vec
	for k, name := range landmark.Names {
		at[k] = raster.Vec{X: byName[name][0], Y: byName[name][1]}
	}
	f := raster.FrameBetween(
		raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0}, at[landmark.MarkPupilL], at[landmark.MarkPupilR],
	)
	var q landmark.Points
	for k := range landmark.Marks {
		q.At[k] = f.Inner(at[k])
	}
	values := map[string]float64{}
	for _, r := range measure.MetricRules {
		values[r.Name] = r.Of(&q)
	}
	return values
}

// Fitted returns the calibration that Analyze uses.
func Fitted() *measure.Calibration { return &measure.Fitted }
