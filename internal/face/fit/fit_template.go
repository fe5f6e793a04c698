package fit

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// denseMarks holds, for each of mirror.FieldPoints, the indexes of that point and of its mirror
// partner in the 189-point template of the Face Research Lab London Set.
var denseMarks = [len(mirror.FieldPoints)]struct{ at, partner int }{
	{18, 27}, {19, 26}, {20, 25}, {21, 24}, {22, 23}, {28, 33}, {29, 32}, {30, 31}, {50, 56}, {51, 57}, {52, 58}, {53, 59},
	{54, 60},
	{55, 55}, {61, 66}, {62, 67}, {63, 68}, {64, 69}, {65, 70}, {71, 82}, {72, 81}, {73, 80}, {74, 79}, {75, 78}, {76, 77},
	{83, 86},
	{84, 85}, {87, 93}, {88, 92}, {89, 91}, {90, 90}, {94, 98}, {95, 97}, {96, 96}, {99, 103}, {100, 102}, {101, 101},
	{104, 108},
	{105, 107}, {106, 106}, {125, 133}, {126, 132}, {127, 131}, {128, 130}, {129, 129}, {0, 1},
}

// denseShape is a set of manual points in pupil distances from the middle between the pupils: the
// left half and the middle line, and their partners.
type denseShape struct {
	at, partner [len(mirror.FieldPoints)]raster.Vec
}

// denseSize is the number of points of the template.
const denseSize = 189

func denseOf(points [][2]float64) (s denseShape) {
	at := func(k int) raster.Vec { return raster.Vec{X: points[k][0], Y: points[k][1]} }
	f := raster.FrameBetween(raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0}, at(0), at(1))
	for k, d := range denseMarks {
		s.at[k], s.partner[k] = f.Inner(at(d.at)), f.Inner(at(d.partner))
	}
	return s
}

// asymmetry returns half the difference to the mirror image, less the part that a shift and a turn
// of the whole explain, as the field measures it.
func (s *denseShape) asymmetry() (h mirror.Pattern) {
	for k := range mirror.FieldPoints {
		a, b := s.at[k], s.partner[k]
		h[k] = raster.Vec{X: (a.X + b.X) / 2, Y: (a.Y - b.Y) / 2}
	}
	return mirror.Without(h, mirror.Rigid[:])
}

// drumRadius is the radius of the upright cylinder on which a head turns, in pupil distances: half
// the width of a head.
const drumRadius = 1.2

// turned returns the shape with the head turned on the cylinder by a small angle.
func (s denseShape) turned(degrees float64) denseShape {
	move := func(p raster.Vec) raster.Vec {
		c := max(0, 1-raster.Sq(p.X/drumRadius))
		return raster.Vec{X: p.X + float64(drumRadius*degrees/raster.Degree)*math.Sqrt(c), Y: p.Y}
	}
	for k := range s.at {
		s.at[k], s.partner[k] = move(s.at[k]), move(s.partner[k])
	}
	return s
}

// yaw estimates the turn of the head in degrees: the turn of the mean face that explains most of
// the asymmetry of the manual points.
func (s *denseShape) yaw() float64 {
	h := s.asymmetry()
	t := drumTurn
	return mirror.Dot(&h, &t) / mirror.Dot(&t, &t)
}

// drumTurn is the asymmetry that one degree makes on the mean face.
var drumTurn = func() mirror.Pattern {
	var s denseShape
	for k, p := range mirror.FieldPoints {
		const mid = (mirror.FaceW - 1) / 2.0
		s.at[k] = raster.Vec{X: (p.X - mid) / landmark.CropIOD, Y: (p.Y - mirror.FaceEyeY) / landmark.CropIOD}
		s.partner[k] = raster.Vec{X: -s.at[k].X, Y: s.at[k].Y}
	}
	s = s.turned(1)
	return s.asymmetry()
}()
