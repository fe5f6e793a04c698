package face

import (
	"encoding/binary"
	"math"
)

// vec is a place or a direction in a plane, pixels, x to the right, y down.
type vec struct{ x, y float64 }

func (a vec) plus(b vec) vec       { return vec{a.x + b.x, a.y + b.y} }
func (a vec) minus(b vec) vec      { return vec{a.x - b.x, a.y - b.y} }
func (a vec) scaled(f float64) vec { return vec{float64(a.x * f), float64(a.y * f)} }
func (a vec) length() float64      { return math.Sqrt(sq(a.x) + sq(a.y)) }
func middleOf(a, b vec) vec        { return vec{(a.x + b.x) / 2, (a.y + b.y) / 2} }
func (a vec) times(b vec) vec {
	return vec{float64(a.x*b.x) - float64(a.y*b.y), float64(a.x*b.y) + float64(a.y*b.x)}
}
func (a vec) over(b vec) vec { n := sq(b.x) + sq(b.y); return a.times(vec{b.x / n, -b.y / n}) }

// frame is a similarity between a crop (inner) and the plane that it is cut from (outer): shift,
// turn and scale. Turn and scale are one vector that is multiplied like a complex number; no angle
// is computed, so no trigonometric function is either.
type frame struct{ origin, axis vec }

// frameAt makes the frame that puts inner on outer, axis being the crop's x axis, one crop pixel
// long, in the plane.
func frameAt(outer, inner, axis vec) frame {
	return frame{origin: outer.minus(inner.times(axis)), axis: axis}
}

// frameBetween makes the frame that puts the crop's a on the plane's pa and b on pb.
func frameBetween(a, b, pa, pb vec) frame { return frameAt(pa, a, pb.minus(pa).over(b.minus(a))) }

func (f frame) outer(inner vec) vec { return f.origin.plus(inner.times(f.axis)) }
func (f frame) inner(outer vec) vec { return outer.minus(f.origin).over(f.axis) }

// scale is how many pixels of the plane make one of the crop.
func (f frame) scale() float64 { return f.axis.length() }

// maxSamples bounds the work for one crop pixel, along each side.
const maxSamples = 8

// crop cuts a picture out along a frame. A pixel is the mean of k x k bilinear samples, k such that
// they lie less than about a pixel of the plane apart, so that shrinking does not alias. Outside
// the plane the border is repeated. Whole numbers after the frame.
func (p *plane) crop(f frame, w, h int) *plane {
	return p.sampled(f, w, h, min(max(int(math.Ceil(f.scale()-0.2)), 1), maxSamples))
}

// sampled is crop with k samples along each side of a pixel, 1 to maxSamples.
func (p *plane) sampled(f frame, w, h, k int) *plane {
	g := gridOn(f, k)
	out := newPlane(w, h)
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
func (p *plane) setMeans(y int, sums []uint32, k int) {
	row := p.row(y)
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
func gridOn(f frame, k int) sampling {
	const one = 1 << 20
	fixed := func(v float64) int { return int(math.Round(min(max(v, -1<<20), 1<<20) * one)) }
	g := sampling{dx: fixed(f.axis.x / float64(k)), dy: fixed(f.axis.y / float64(k))}
	g.x = fixed(f.origin.x) - (k-1)*(g.dx-g.dy)/2
	g.y = fixed(f.origin.y) - (k-1)*(g.dx+g.dy)/2
	return g
}

func (g sampling) at(row int) (x, y int) { return g.x - row*g.dy, g.y + row*g.dx }

// addRow adds a row of samples. Those that lie beyond the border, where it is repeated, are the
// first and the last ones.
func (p *plane) addRow(sums []uint32, x, y, dx, dy int) {
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
func (p *plane) surrounds(x, y int) bool { return x >= 0 && y >= 0 && x>>20 < p.w-1 && y>>20 < p.h-1 }

// addInner adds samples none of which lies beyond the border. Two pixels that lie side by side
// share one number: the upper two and the lower two are weighed by the row, then what came out by
// the column.
//
//go:norace
func (p *plane) addInner(sums []uint32, x, y, dx, dy int) {
	pix, width := p.pix, p.w
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

// sample interpolates at a place in 1/256 pixel and gives 65536 times the brightness.
//
//go:norace
func (p *plane) sample(x, y int) uint32 {
	fx, fy := x&255, y&255
	left, right := min(max(x>>8, 0), p.w-1), min(max(x>>8+1, 0), p.w-1)
	upper, lower := p.row(min(max(y>>8, 0), p.h-1)), p.row(min(max(y>>8+1, 0), p.h-1))
	top := int(upper[left])*(256-fx) + int(upper[right])*fx
	low := int(lower[left])*(256-fx) + int(lower[right])*fx
	return uint32(top*(256-fy) + low*fy)
}

// after chains two frames: first from g's inner to g's outer, which is f's inner, then on to f's
// outer.
func (f frame) after(g frame) frame {
	return frame{origin: f.outer(g.origin), axis: f.axis.times(g.axis)}
}

// turnAxis is the x axis of a frame turned clockwise by an angle in degrees.
func turnAxis(degrees float64) vec {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return vec{cos, sin}
}
