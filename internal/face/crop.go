package face

import "math"

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

// frame is a similarity between a crop (inner) and the plane that it is cut from (outer): shift, turn and scale. Turn and scale are
// one vector that is multiplied like a complex number; no angle is computed, so no trigonometric function is either.
type frame struct{ origin, axis vec }

// frameAt makes the frame that puts inner on outer, axis being the crop's x axis, one crop pixel long, in the plane.
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

// crop cuts a picture out along a frame. A pixel is the mean of k x k bilinear samples, k such that they lie less than about a pixel
// of the plane apart, so that shrinking does not alias. Outside the plane the border is repeated. Whole numbers after the frame.
func (p *plane) crop(f frame, w, h int) *plane {
	k := min(max(int(math.Ceil(f.scale()-0.2)), 1), maxSamples)
	const one = 1 << 20
	toFixed := func(v float64) int64 { return int64(math.Round(min(max(v, -1<<20), 1<<20) * one)) }
	dx, dy := toFixed(f.axis.x/float64(k)), toFixed(f.axis.y/float64(k))
	out := newPlane(w, h)
	// The first sample lies at -(k-1)/2 sub-pixels from the pixel's middle, in both directions.
	x0 := toFixed(f.origin.x) - int64(k-1)*(dx-dy)/2
	y0 := toFixed(f.origin.y) - int64(k-1)*(dx+dy)/2
	n := int64(k * k)
	for row := range h {
		for col := range w {
			x := x0 + int64(k)*(int64(col)*dx-int64(row)*dy)
			y := y0 + int64(k)*(int64(col)*dy+int64(row)*dx)
			sum := int64(0)
			for i := range int64(k) {
				for j := range int64(k) {
					sum += p.sample((x+j*dx-i*dy)>>12, (y+j*dy+i*dx)>>12)
				}
			}
			out.pix[row*w+col] = uint8((sum + n<<15) / (n << 16))
		}
	}
	return out
}

// sample interpolates at a place in 1/256 pixel and gives 65536 times the brightness.
func (p *plane) sample(x, y int64) int64 {
	col, row := int(x>>8), int(y>>8)
	fx, fy := x&255, y&255
	if col >= 0 && row >= 0 && col < p.w-1 && row < p.h-1 {
		s := p.pix[row*p.w+col : row*p.w+col+p.w+2]
		top := int64(s[0])*(256-fx) + int64(s[1])*fx
		low := int64(s[p.w])*(256-fx) + int64(s[p.w+1])*fx
		return top*(256-fy) + low*fy
	}
	clampX := func(c int) int { return min(max(c, 0), p.w-1) }
	clampY := func(r int) int { return min(max(r, 0), p.h-1) * p.w }
	top := int64(p.pix[clampY(row)+clampX(col)])*(256-fx) + int64(p.pix[clampY(row)+clampX(col+1)])*fx
	low := int64(p.pix[clampY(row+1)+clampX(col)])*(256-fx) + int64(p.pix[clampY(row+1)+clampX(col+1)])*fx
	return top*(256-fy) + low*fy
}

// after chains two frames: first from g's inner to g's outer, which is f's inner, then on to f's outer.
func (f frame) after(g frame) frame {
	return frame{origin: f.outer(g.origin), axis: f.axis.times(g.axis)}
}

// turnAxis is the x axis of a frame turned clockwise by an angle in degrees.
func turnAxis(degrees float64) vec {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return vec{cos, sin}
}
