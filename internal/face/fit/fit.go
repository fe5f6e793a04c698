package fit

import (
	"errors"
	"math"
	"strconv"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// Sample is one person of an annotated set, for [Fit]: the observations of this person's photos,
// and the manual points.
type Sample struct {
	// Neutral is the annotated photo, Smiling another one of the same session; nil where there is
	// none.
	Neutral, Smiling *Observation
	// Points are the manual points by name (see LandmarkNames), Dense the 189 of the London set's
	// template; pixels of the upright original.
	Points map[string][2]float64
	Dense  [][2]float64
	// ToRight and ToLeft are the neutral photo with the head turned by TurnDegrees on a cylinder.
	ToRight, ToLeft *Observation
	// Blurred and Recaptures are altered copies of the neutral photo that show the same face.
	Blurred    *Observation
	Recaptures []*Observation
	// Shaded are copies that are lit from a side, with shadows cast.
	Shaded []*Observation
	// Glasses are two copies with glasses drawn on, of thin and of dark frames.
	Glasses []*Observation
}

// Others are portraits of other people than the samples', without points.
type Others struct {
	// Portraits are the photos to learn from. Shaded and Glasses are altered copies of each, like
	// those of a Sample.
	Portraits       []*Observation
	Shaded, Glasses [][]*Observation
	// Ordinary are photos from which only the quantiles of the index are used.
	Ordinary []*Observation
}

// TurnDegrees is the turn of the heads in Sample.ToRight and ToLeft, in degrees.
const TurnDegrees = 8

// fewestSamples is the smallest number of people for a fit.
const fewestSamples = 8

var errFewSamples = errors.New(
	"face: a fit needs at least 8 people, each with a neutral photo, its points and the copies turned to both sides",
)

// Fit fits a calibration. The same photos in the same order give the same calibration.
func Fit(samples []Sample, others Others) (*measure.Calibration, error) {
	var whole []Sample
	for _, s := range samples {
		if s.Neutral != nil && s.ToRight != nil && s.ToLeft != nil && len(s.Dense) == denseSize && s.annotated() {
			whole = append(whole, s)
		}
	}
	if len(whole) < fewestSamples {
		return nil, errFewSamples
	}
	m := &measure.Calibration{Looks: &[measure.Regions]measure.Learned{}}
	for i := range m.LookLimits {
		m.LookLimits[i] = 1 // until they are fitted
	}
	fitPoints(m, whole)
	fitPose(m, whole)
	fitPrior(m, whole)
	roundedField(m)
	fitLooks(m, reference(m, whole, &others))
	fitIndex(m, whole, &others)
	fitErrors(m, whole, &others)
	fitMetrics(m, whole)
	rounded(m)
	return m, nil
}

// reference returns the photos from which looks are learned, by person: those that pass every other
// check. Dark glasses are learned but do not set limits, because their frames cover too much of the
// eyes.
func reference(m *measure.Calibration, samples []Sample, o *Others) []portrayed {
	var people []portrayed
	add := func(glasses []*Observation, photos ...*Observation) {
		var p portrayed
		if len(glasses) == 2 {
			photos = append(photos, glasses[0])
			p.worn = good(m, glasses[1])
		}
		p.photos = good(m, photos...)
		people = append(people, p)
	}
	for i := range samples {
		add(samples[i].Glasses, samples[i].Neutral, samples[i].Smiling)
	}
	for i, p := range o.Portraits {
		add(o.Glasses[i], p)
	}
	return people
}

// good returns the photos that pass every check.
func good(m *measure.Calibration, photos ...*Observation) (list []*Observation) {
	for _, p := range photos {
		if p != nil && rankable(p.judged(m)) {
			list = append(list, p)
		}
	}
	return list
}

func (s *Sample) annotated() bool {
	for _, n := range landmark.PublishedNames() {
		if _, ok := s.Points[n]; !ok {
			return false
		}
	}
	return true
}

// manual returns the manual points in the frame of the manual pupils, in the plane of the
// observation (mirrored or not).
func (s *Sample) manual() (q landmark.Points) {
	at := s.planePoints()
	f := raster.FrameBetween(
		raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0}, at[landmark.MarkPupilL], at[landmark.MarkPupilR],
	)
	for k := range landmark.Marks {
		q.At[k] = f.Inner(at[k])
	}
	q.Frame = f
	return q
}

// planePoints returns the manual points in the analysed plane. The middles of the brows, which the
// manual points lack, stay at zero.
func (s *Sample) planePoints() (at [landmark.Marks]raster.Vec) {
	for k, name := range landmark.Names {
		if name == "" {
			continue
		}
		if s.Neutral.m.Photo.Mirrored {
			name = landmark.Names[landmark.Mark(k).Partner()]
		}
		at[k] = s.Neutral.inPlane(s.Points[name])
	}
	return at
}

// inPlane maps a place in the upright original to the analysed plane.
func (o *Observation) inPlane(p [2]float64) raster.Vec {
	x := p[0]
	if o.m.Photo.Mirrored {
		w, _ := o.m.Photo.Size()
		x = float64(w-1) - x
	}
	return raster.Vec{X: raster.Grown(x, 1/float64(o.m.Scale)), Y: raster.Grown(p[1], 1/float64(o.m.Scale))}
}

// fitPoints fits the offsets, then the remaining errors. Both sides of the face share their
// samples, so that no fitted value can make a face asymmetric.
func fitPoints(m *measure.Calibration, samples []Sample) {
	var dx, dy, spreads [landmark.Marks][]float64
	for i := range samples {
		s := &samples[i]
		seen := &s.Neutral.m.Seen
		at := func(k landmark.Mark) raster.Vec { return raster.Vec{X: seen.Raw[k].X, Y: seen.Raw[k].Y} }
		rough := raster.FrameBetween(
			raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0}, at(landmark.MarkPupilL), at(landmark.MarkPupilR),
		)
		whole := seen.Crop.After(rough)
		manual := s.planePoints()
		for k := range landmark.Marks {
			to, sign := leftOf(k)
			spreads[to] = append(spreads[to], seen.Raw[k].Spread/rough.Scale())
			if landmark.Names[k] == "" {
				continue
			}
			d := whole.Inner(manual[k]).Minus(rough.Inner(at(k)))
			dx[to], dy[to] = append(dx[to], sign*d.X), append(dy[to], d.Y)
		}
	}
	for k := range landmark.Marks {
		to, sign := leftOf(k)
		m.Spreads[k] = quantile(spreads[to], 0.5)
		m.Offsets[k] = raster.Vec{X: float64(sign * quantile(dx[to], 0.5)), Y: quantile(dy[to], 0.5)}
		if k.Partner() == k {
			m.Offsets[k].X = 0
		}
	}
	fitPointErrors(m, samples)
}

// leftOf returns the left mark of k's pair and the sign of x for k.
func leftOf(k landmark.Mark) (landmark.Mark, float64) {
	if p := k.Partner(); p < k {
		return p, -1
	}
	return k, 1
}

func fitPointErrors(m *measure.Calibration, samples []Sample) {
	var errs [landmark.Marks][]float64
	for i := range samples {
		got, want := samples[i].Neutral.m.Seen.Points(&m.Offsets), samples[i].planePoints()
		for k := range landmark.Marks {
			if landmark.Names[k] == "" {
				continue
			}
			to, _ := leftOf(k)
			d := got.Frame.Outer(got.At[k]).Minus(want[k]).Scaled(1 / got.IOD())
			errs[to] = append(errs[to], d.X, d.Y)
		}
	}
	for k := range landmark.Marks {
		to, _ := leftOf(k)
		m.PointErrors[k] = RootMeanSquare(errs[to])
	}
}

// roundedField rounds the values that read the field to the digits that Source writes. Everything
// fitted later is then fitted to the values that will be used.
func roundedField(m *measure.Calibration) {
	for k := range landmark.Marks {
		m.Offsets[k] = digits(m.Offsets[k])
		m.HeadTurn[k] = digits(m.HeadTurn[k])
	}
	for k := range mirror.FieldPoints {
		m.Posed[k], m.Turned[k] = digits(m.Posed[k]), digits(m.Turned[k])
	}
	for _, list := range [][]mirror.Component{m.Shared[:], m.Quiet[:]} {
		for i := range list {
			list[i].Variance = significant(list[i].Variance)
			for k := range list[i].Along {
				list[i].Along[k] = digits(list[i].Along[k])
			}
		}
	}
	m.Restless = significant(m.Restless)
	for _, table := range []*[mirror.Parts][2]float64{&m.Smooth, &m.Doubt} {
		for p := range table {
			table[p] = [2]float64{significant(table[p][0]), significant(table[p][1])}
		}
	}
	for i := range m.Yaw {
		m.Yaw[i], m.Held[i] = report.Round(m.Yaw[i], 3), report.Round(m.Held[i], 4)
	}
}

// rounded rounds the other values to the digits that Source writes, so that a fitted calibration
// equals the one read from tables.go.
func rounded(m *measure.Calibration) {
	for k := range landmark.Marks {
		m.PointErrors[k], m.Spreads[k] = report.Round(m.PointErrors[k], 4), report.Round(m.Spreads[k], 4)
	}
	for _, v := range []*float64{
		&m.HeldScale, &m.Index.Origin, &m.Index.Mean, &m.Index.Sd, &m.Before.Origin, &m.Before.Mean, &m.Before.Sd,
		&m.UsualSpread,
	} {
		*v = math.Round(*v*1e6) / 1e6
	}
	for i := range m.Errors {
		m.Errors[i] = report.Round(m.Errors[i], 4)
	}
	for i := range m.Metrics {
		f := &m.Metrics[i]
		f.Bias, f.Sem = report.Round(f.Bias, 4), report.Round(f.Sem, 4)
		f.ICC, f.Retest = report.Round(f.ICC, 3), report.Round(f.Retest, 4)
	}
}

func digits(v raster.Vec) raster.Vec {
	return raster.Vec{X: report.Round(v.X, 4), Y: report.Round(v.Y, 4)}
}

// significant returns v rounded to four significant digits.
func significant(v float64) float64 {
	f, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 3, 64), 64)
	if err != nil {
		return 0
	}
	return f
}
