package raster

import (
	"encoding/binary"
	"math"
)

// Vec is a place or a direction in a plane, pixels, x to the right, y down.
type Vec struct{ X, Y float64 }

// Plus returns a + b.
func (a Vec) Plus(b Vec) Vec { return Vec{a.X + b.X, a.Y + b.Y} }

// Minus returns a - b.
func (a Vec) Minus(b Vec) Vec { return Vec{a.X - b.X, a.Y - b.Y} }

// Scaled returns a times f.
func (a Vec) Scaled(f float64) Vec { return Vec{float64(a.X * f), float64(a.Y * f)} }

// Length returns the length of a.
func (a Vec) Length() float64 { return math.Sqrt(Sq(a.X) + Sq(a.Y)) }

// MiddleOf returns the place half-way between a and b.
func MiddleOf(a, b Vec) Vec { return Vec{(a.X + b.X) / 2, (a.Y + b.Y) / 2} }

// Times returns a times b, both taken as complex numbers.
func (a Vec) Times(b Vec) Vec {
	return Vec{float64(a.X*b.X) - float64(a.Y*b.Y), float64(a.X*b.Y) + float64(a.Y*b.X)}
}

// Over returns a divided by b, both taken as complex numbers.
func (a Vec) Over(b Vec) Vec { n := Sq(b.X) + Sq(b.Y); return a.Times(Vec{b.X / n, -b.Y / n}) }

// Frame is a similarity between a crop (inner) and the plane that it is cut from (outer): shift,
// turn and scale. Turn and scale are one vector that is multiplied like a complex number; no angle
// is computed, so no trigonometric function is either.
type Frame struct{ Origin, Axis Vec }

// FrameAt returns the frame that puts inner on outer, axis being the crop's x axis, one crop pixel
// long, in the plane.
func FrameAt(outer, inner, axis Vec) Frame {
	return Frame{Origin: outer.Minus(inner.Times(axis)), Axis: axis}
}

// FrameBetween returns the frame that puts the crop's a on the plane's pa and b on pb.
func FrameBetween(a, b, pa, pb Vec) Frame { return FrameAt(pa, a, pb.Minus(pa).Over(b.Minus(a))) }

// Outer returns the place in the plane of a place in the crop.
func (f Frame) Outer(inner Vec) Vec { return f.Origin.Plus(inner.Times(f.Axis)) }

// Inner returns the place in the crop of a place in the plane.
func (f Frame) Inner(outer Vec) Vec { return outer.Minus(f.Origin).Over(f.Axis) }

// Scale returns how many pixels of the plane make one of the crop.
func (f Frame) Scale() float64 { return f.Axis.Length() }

// maxSamples bounds the work for one crop pixel, along each side.
const maxSamples = 8

// Crop cuts a picture out along a frame. A pixel is the mean of k x k bilinear samples, k such that
// they lie less than about a pixel of the plane apart, so that shrinking does not alias. Outside
// the plane the border is repeated. Whole numbers after the frame.
func (p *Plane) Crop(f Frame, w, h int) *Plane {
	return p.Sampled(f, w, h, min(max(int(math.Ceil(f.Scale()-0.2)), 1), maxSamples))
}

// Sampled is like Crop with k samples along each side of a pixel, 1 to maxSamples.
func (p *Plane) Sampled(f Frame, w, h, k int) *Plane {
	g := gridOn(f, k)
	out := NewPlane(w, h)
	sums := make([]uint32, w*k)
	for row := range h {
		clear(sums)
		for i := range k {
			x, y := g.at(row*k + i)
			p.addRow(sums, x, y, g.dx, g.dy)
		}
		out.setMeans(row, sums, k)
	}
	return out
}

// setMeans fills a row with the means of k sums of k samples. Dividing by k*k is multiplying by its
// reciprocal, rounded up: exact for the at most 15 bits that are divided.
//
//go:norace
func (p *Plane) setMeans(y int, sums []uint32, k int) {
	row := p.Row(y)
	switch k {
	case 1:
		for x, sum := range sums[:len(row)] {
			row[x] = uint8((sum + 1<<15) >> 16)
		}
		return
	case 2:
		for x := range row {
			row[x] = uint8((sums[0] + sums[1] + 1<<17) >> 18)
			sums = sums[2:]
		}
		return
	}
	n := uint32(k * k)
	reciprocal := uint64(1<<21/n + 1)
	for x := range row {
		sum := n << 15
		for _, v := range sums[x*k : (x+1)*k] {
			sum += v
		}
		row[x] = uint8(uint64(sum>>16) * reciprocal >> 21)
	}
}

// sampling is where the samples of a crop lie: the first one and the step to the next in a row, in
// 1/2^20 pixel; the step to the next row is square to it.
type sampling struct{ x, y, dx, dy int }

// gridOn puts k x k samples on each pixel of the crop. The first one lies at -(k-1)/2 steps from
// the pixel's middle, in both directions.
func gridOn(f Frame, k int) sampling {
	const one = 1 << 20
	fixed := func(v float64) int { return int(math.Round(min(max(v, -1<<20), 1<<20) * one)) }
	g := sampling{dx: fixed(f.Axis.X / float64(k)), dy: fixed(f.Axis.Y / float64(k))}
	g.x = fixed(f.Origin.X) - (k-1)*(g.dx-g.dy)/2
	g.y = fixed(f.Origin.Y) - (k-1)*(g.dx+g.dy)/2
	return g
}

func (g sampling) at(row int) (x, y int) { return g.x - row*g.dy, g.y + row*g.dx }

// addRow adds a row of samples. Those that lie beyond the border, where it is repeated, are the
// first and the last ones.
func (p *Plane) addRow(sums []uint32, x, y, dx, dy int) {
	for len(sums) > 0 && !p.surrounds(x, y) {
		sums[0] += p.sample(x>>12, y>>12)
		sums, x, y = sums[1:], x+dx, y+dy
	}
	for last := len(sums) - 1; last > 0 && !p.surrounds(x+last*dx, y+last*dy); last-- {
		sums[last] += p.sample((x+last*dx)>>12, (y+last*dy)>>12)
		sums = sums[:last]
	}
	p.addInner(sums, x, y, dx, dy)
}

// surrounds reports whether a place lies between four pixels.
func (p *Plane) surrounds(x, y int) bool { return x >= 0 && y >= 0 && x>>20 < p.W-1 && y>>20 < p.H-1 }

// addInner adds samples none of which lies beyond the border. Two pixels that lie side by side
// share one number: the upper two and the lower two are weighed by the row, then what came out by
// the column.
//
//go:norace
func (p *Plane) addInner(sums []uint32, x, y, dx, dy int) {
	pix, width := p.Pix, p.W
	for i := range sums {
		at := y>>20*width + x>>20
		fx, fy := uint32(x>>12)&255, uint32(y>>12)&255
		four := pix[at : at+width+2] // the upper two first, the lower two last
		v := uint64(binary.LittleEndian.Uint16(four)) | uint64(binary.LittleEndian.Uint16(four[len(four)-2:]))<<32
		v = (v | v<<8) & evenBytes
		both := uint32(v)*(256-fy) + uint32(v>>32)*fy
		sums[i] += both&0xffff*(256-fx) + both>>16*fx
		x, y = x+dx, y+dy
	}
}

// sample interpolates at a place in 1/256 pixel and returns 65536 times the brightness.
//
//go:norace
func (p *Plane) sample(x, y int) uint32 {
	fx, fy := x&255, y&255
	left, right := min(max(x>>8, 0), p.W-1), min(max(x>>8+1, 0), p.W-1)
	upper, lower := p.Row(min(max(y>>8, 0), p.H-1)), p.Row(min(max(y>>8+1, 0), p.H-1))
	top := int(upper[left])*(256-fx) + int(upper[right])*fx
	low := int(lower[left])*(256-fx) + int(lower[right])*fx
	return uint32(top*(256-fy) + low*fy)
}

// After chains two frames: first from g's inner to g's outer, which is f's inner, then on to f's
// outer.
func (f Frame) After(g Frame) Frame {
	return Frame{Origin: f.Outer(g.Origin), Axis: f.Axis.Times(g.Axis)}
}

// TurnAxis returns the x axis of a frame turned clockwise by an angle in degrees.
func TurnAxis(degrees float64) Vec {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return Vec{cos, sin}
}

// Sq returns the square of v, rounded where a fused multiply-add would not be.
func Sq(v float64) float64 { return float64(v * v) }

// Grown returns a coordinate in a plane that is f times as large; coordinates count from the middle
// of the first pixel.
func Grown(v, f float64) float64 { return float64((v+0.5)*f) - 0.5 }

// Degree is one radian in degrees.
const Degree = 180 / math.Pi

// AtMost returns a, shortened to length if it is longer.
func (a Vec) AtMost(length float64) Vec {
	if n := a.Length(); n > length {
		return a.Scaled(length / n)
	}
	return a
}

// Of returns X for axis 0 and Y for axis 1.
func (a Vec) Of(axis int) float64 {
	if axis == 0 {
		return a.X
	}
	return a.Y
}
