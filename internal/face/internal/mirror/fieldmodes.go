package mirror

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// Pattern is a displacement at every field point; those off the middle line stand for their mirror
// image too.
type Pattern [len(FieldPoints)]raster.Vec

// Rigid are the directions, each of length 1 and at right angles, that say nothing about the face:
// a shift sideways and a turn of the whole, which depend on where the middle is taken to be.
var Rigid = RightAngled(
	patternOf(func(fieldPoint) raster.Vec { return raster.Vec{X: 1, Y: 0} }),
	patternOf(func(p fieldPoint) raster.Vec { return raster.Vec{X: -(p.Y/2 - fieldMidY), Y: p.X/2 - fieldMidX} }),
)

func patternOf(at func(fieldPoint) raster.Vec) (f Pattern) {
	for k, p := range FieldPoints {
		f[k] = at(p)
		if p.Middle {
			f[k].Y = 0
		}
	}
	return f
}

// RightAngled returns the direction of a, and that of what b has at a right angle to it.
func RightAngled(a, b Pattern) [2]Pattern {
	a = UnitOf(a)
	return [2]Pattern{a, UnitOf(Without(b, []Pattern{a}))}
}

// UnitOf returns the direction of a pattern, with length 1; nothing stays nothing.
func UnitOf(f Pattern) Pattern {
	n := math.Sqrt(Dot(&f, &f))
	if n == 0 {
		return f
	}
	return f.Times(1 / n)
}

// Dot returns the scalar product over all points of the face.
//
//go:norace
func Dot(a, b *Pattern) float64 {
	sum := 0.0
	for k := range FieldPoints {
		d := float64(a[k].X*b[k].X) + float64(a[k].Y*b[k].Y)
		sum += float64(d * FieldPoints[k].count())
	}
	return sum
}

// count returns the number of points of the face that an entry stands for.
func (p *fieldPoint) count() float64 {
	if p.Middle {
		return 1
	}
	return 2
}

// Without returns f without its parts along the directions, which are of length 1.
//
//go:norace
func Without(f Pattern, directions []Pattern) Pattern {
	for _, direction := range directions {
		d := Dot(&f, &direction)
		for k, u := range direction {
			f[k] = f[k].Minus(u.Scaled(d))
		}
	}
	return f
}

// Times returns f scaled by s.
func (f Pattern) Times(s float64) Pattern {
	for k := range f {
		f[k] = f[k].Scaled(s)
	}
	return f
}
