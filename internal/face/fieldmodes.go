package face

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// pattern is a displacement at every field point; those off the middle line stand for their mirror image too.
type pattern [len(fieldPoints)]raster.Vec

// rigid are the directions, each of length 1 and at right angles, that say nothing about the face: a shift sideways and a turn of the whole,
// which depend on where the middle is taken to be.
var rigid = rightAngled(
	patternOf(func(fieldPoint) raster.Vec { return raster.Vec{X: 1, Y: 0} }),
	patternOf(func(p fieldPoint) raster.Vec { return raster.Vec{X: -(p.y/2 - fieldMidY), Y: p.x/2 - fieldMidX} }),
)

func patternOf(at func(fieldPoint) raster.Vec) (f pattern) {
	for k, p := range fieldPoints {
		f[k] = at(p)
		if p.middle {
			f[k].Y = 0
		}
	}
	return f
}

func rightAngled(a, b pattern) [2]pattern {
	a = unitOf(a)
	return [2]pattern{a, unitOf(without(b, []pattern{a}))}
}

// unitOf gives the direction of a pattern, with length 1; nothing stays nothing.
func unitOf(f pattern) pattern {
	n := math.Sqrt(dot(&f, &f))
	if n == 0 {
		return f
	}
	return f.times(1 / n)
}

//go:norace
func dot(a, b *pattern) float64 {
	sum := 0.0
	for k := range fieldPoints {
		d := float64(a[k].X*b[k].X) + float64(a[k].Y*b[k].Y)
		sum += float64(d * fieldPoints[k].count())
	}
	return sum
}

// count is the number of points of the face that an entry stands for.
func (p *fieldPoint) count() float64 {
	if p.middle {
		return 1
	}
	return 2
}

//go:norace
func without(f pattern, directions []pattern) pattern {
	for _, direction := range directions {
		d := dot(&f, &direction)
		for k, u := range direction {
			f[k] = f[k].Minus(u.Scaled(d))
		}
	}
	return f
}

func (f pattern) times(s float64) pattern {
	for k := range f {
		f[k] = f[k].Scaled(s)
	}
	return f
}
