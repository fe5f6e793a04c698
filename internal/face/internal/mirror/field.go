package mirror

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// Part is a region of the face.
type Part int

// The parts.
const (
	PartEyes Part = iota
	partBrows
	partNose
	PartMouth
	partJaw
	Parts // their number
)

// The mirror field: at each place of the left half of the face, the half displacement by which the
// picture has to move to look like its mirror image. It is found by Gauss-Newton steps (Lucas and
// Kanade, "An iterative image registration technique", 1981) in Gaussian windows from coarse to
// fine, on the crop at half size with the local light taken out.
const (
	FieldW    = FaceW / 2
	FieldH    = FaceH / 2
	fieldMidX = (FieldW - 1) / 2.0
	fieldMidY = 82.0 // row about which the whole field may be turned, half-size pixels
	fieldIOD  = landmark.CropIOD / 2

	lightRadius = 7   // half-size pixels, of the box filter that takes the light out
	lightFloor  = 3.0 // grey levels; keeps smooth skin from being blown up into noise
	stiffness   = 0.05
	turnDead    = 1.5 * math.Pi / 180 // whole turns below this are left to the field
	jawWeight   = 0.5                 // the jaw's edge is the least repeatable
	settled     = 0.01                // pixels
)

// level is one pass: window size in half-size pixels, and the most steps in it. base is exp(-1/(2
// sigma^2)), written out because math.Exp gives other last bits on other machines.
type level struct {
	sigma, base  float64
	steps, every int // every how many pixels a window is looked at
}

// levels are those of the measurement.
var levels = [...]level{
	{sigma: 20, base: 0.9987507809245809, steps: 6, every: 2},
	{sigma: 12, base: 0.9965337989703691, steps: 5, every: 2},
	{sigma: 6, base: 0.9862071167439163, steps: 4, every: 2},
}

// fieldImage is the crop prepared for registration: the picture and its mirror image with their
// gradients.
type fieldImage struct{ i, j []texel }

// texel is a pixel and its gradient, together because they are always asked for together.
type texel struct{ v, gx, gy float64 }

// mirrorField registers a picture with its mirror image, starting from a turn of the whole,
// radians.
func mirrorField(im *fieldImage, phi float64, levels []level) (f Pattern) {
	start := make([]raster.Vec, len(FieldPoints))
	for k, p := range FieldPoints {
		start[k] = raster.Vec{X: float64(-phi * (p.Y/2 - fieldMidY)), Y: float64(phi * (p.X/2 - fieldMidX))}
	}
	for _, l := range levels {
		w := newWeights(l)
		for k := range FieldPoints {
			start[k] = im.register(&FieldPoints[k], start[k], w)
		}
	}
	for k := range start {
		f[k] = start[k].Scaled(1.0 / fieldIOD)
		if FieldPoints[k].Middle {
			f[k].Y = 0
		}
	}
	return f
}

// prepare halves the crop, takes the light out and computes gradients, of the picture and, turned
// over, of its mirror image.
func prepare(half []float64) *fieldImage {
	flat := withoutLight(half, FieldW, FieldH, lightRadius, lightFloor)
	return &fieldImage{i: texels(flat, FieldW, FieldH), j: texels(Mirrored(flat, FieldW), FieldW, FieldH)}
}

// halved returns the crop at half size.
func halved(crop *raster.Plane) []float64 {
	half := make([]float64, FieldW*FieldH)
	for y := range FieldH {
		a, b := crop.Row(2*y), crop.Row(2*y+1)
		for x := range FieldW {
			half[y*FieldW+x] = float64(int(a[2*x])+int(a[2*x+1])+int(b[2*x])+int(b[2*x+1])) / 4
		}
	}
	return half
}

// weights are the window of one level.
type weights struct {
	reach int
	g     []float64 // by distance
	sigma float64
	steps int
	every int
}

func newWeights(l level) weights {
	w := weights{reach: int(2 * l.sigma), sigma: l.sigma, steps: l.steps, every: l.every}
	// base^(d*d), by (d+1)^2 = d^2 + 2d + 1.
	value, factor, square := 1.0, l.base, float64(l.base*l.base)
	for range w.reach + 1 {
		w.g = append(w.g, value)
		value = float64(value * factor)
		factor = float64(factor * square)
	}
	return w
}

// register finds the half displacement v at a point with I(p+v) = J(p-v) in the window, starting
// from v0 and staying within sigma of it. Where the picture shows no texture the start is kept
// (Tikhonov).
func (im *fieldImage) register(p *fieldPoint, v0 raster.Vec, w weights) raster.Vec {
	v := v0
	for range w.steps {
		n := im.window(raster.Vec{X: p.X / 2, Y: p.Y / 2}, v, &w)
		if n.total == 0 {
			return v0
		}
		hold := float64(stiffness * n.total)
		step, ok := solve(n.a+hold, n.b, n.c+hold, n.d+float64(hold*(v.X-v0.X)), n.e+float64(hold*(v.Y-v0.Y)))
		if !ok {
			return v
		}
		v = v0.Plus(v.Minus(step).Minus(v0).AtMost(w.sigma))
		if step.Length() < settled {
			break
		}
	}
	return v
}

// normal are the sums of a Gauss-Newton step: of the products of the gradients, and of gradients
// and difference.
type normal struct{ a, b, c, d, e, total float64 }

// window compares the picture about p+v with its mirror image about p-v. Neighbours are whole
// pixels away, so all of them lie between four pixels in the same way.
//
//go:norace
func (im *fieldImage) window(p, v raster.Vec, w *weights) (n normal) {
	a, b := between(p.Plus(v)), between(p.Minus(v))
	left, right := w.within(min(a.col, b.col), max(a.col, b.col), FieldW)
	top, low := w.within(min(a.row, b.row), max(a.row, b.row), FieldH)
	for dy := top; dy <= low; dy += w.every {
		i, j := im.i[(a.row+dy)*FieldW+a.col+left:], im.j[(b.row+dy)*FieldW+b.col+left:]
		beside := w.g[Abs(dy)]
		for dx := left; dx <= right; dx += w.every {
			p, q := a.of((*patch)(i[dx-left:])), b.of((*patch)(j[dx-left:]))
			r, gx, gy := p.v-q.v, p.gx+q.gx, p.gy+q.gy
			weight := float64(w.g[Abs(dx)]*beside) / (1 + raster.Sq(r))
			n.total += weight
			x, y := float64(weight*gx), float64(weight*gy)
			n.a += float64(x * gx)
			n.b += float64(x * gy)
			n.c += float64(y * gy)
			n.d += float64(x * r)
			n.e += float64(y * r)
		}
	}
	return n
}

// within returns the first and the last step of a window that lie in a picture of some size, seen
// from the lower and the higher of two places.
func (w *weights) within(lower, higher, size int) (first, last int) {
	first = -w.reach
	if beyond := -lower - first; beyond > 0 {
		first += (beyond + w.every - 1) / w.every * w.every
	}
	return first, min(w.reach, size-2-higher)
}

// solve returns the solution of the symmetric system (a b; b c) s = (d; e).
func solve(a, b, c, d, e float64) (raster.Vec, bool) {
	det := float64(a*c) - float64(b*b)
	if det <= 0 {
		return raster.Vec{}, false
	}
	return raster.Vec{X: (float64(c*d) - float64(b*e)) / det, Y: (float64(a*e) - float64(b*d)) / det}, true
}

// Abs returns the absolute value of v.
func Abs(v int) int { return max(v, -v) }

// bilinear is a place between four pixels, the upper left one and their weights.
type bilinear struct {
	col, row           int
	w00, w01, w10, w11 float64
}

func between(at raster.Vec) bilinear {
	col, row := math.Floor(at.X), math.Floor(at.Y)
	fx, fy := at.X-col, at.Y-row
	return bilinear{
		col: int(col), row: int(row),
		w00: float64((1 - fx) * (1 - fy)), w01: float64(fx * (1 - fy)), w10: float64((1 - fx) * fy), w11: float64(fx * fy),
	}
}

// inside reports whether the four pixels are in the field image.
func (b *bilinear) inside() bool {
	return b.col >= 0 && b.row >= 0 && b.col < FieldW-1 && b.row < FieldH-1
}

// patch is a pixel of a field image with those after it, up to the one below at the right.
type patch [FieldW + 2]texel

// value returns the grey level alone of the place.
//
//go:norace
func (b *bilinear) value(s *patch) float64 {
	p00, p01, p10, p11 := &s[0], &s[1], &s[FieldW], &s[FieldW+1]
	return float64(b.w00*p00.v) + float64(b.w01*p01.v) + float64(b.w10*p10.v) + float64(b.w11*p11.v)
}

//go:norace
func (b *bilinear) of(s *patch) texel {
	p00, p01, p10, p11 := &s[0], &s[1], &s[FieldW], &s[FieldW+1]
	return texel{
		v:  float64(b.w00*p00.v) + float64(b.w01*p01.v) + float64(b.w10*p10.v) + float64(b.w11*p11.v),
		gx: float64(b.w00*p00.gx) + float64(b.w01*p01.gx) + float64(b.w10*p10.gx) + float64(b.w11*p11.gx),
		gy: float64(b.w00*p00.gy) + float64(b.w01*p01.gy) + float64(b.w10*p10.gy) + float64(b.w11*p11.gy),
	}
}

// turnWeights say how much each mark counts for the turn of the whole face.
var turnWeights = [landmark.Marks]float64{
	landmark.MarkPupilL: 1, landmark.MarkPupilR: 1, landmark.MarkEyeOuterL: 1, landmark.MarkEyeOuterR: 1,
	landmark.MarkEyeInnerL: 1, landmark.MarkEyeInnerR: 1,
	landmark.MarkBrowInnerL: 0.3, landmark.MarkBrowInnerR: 0.3, landmark.MarkBrowMiddleL: 0.3,
	landmark.MarkBrowMiddleR: 0.3, landmark.MarkBrowOuterL: 0.3, landmark.MarkBrowOuterR: 0.3,
	landmark.MarkMouthL: 1, landmark.MarkMouthR: 1, landmark.MarkLipTop: 1, landmark.MarkLipBottom: 1,
	landmark.MarkNoseTip: 0.5,
}

// wholeTurn returns the angle in radians by which the points show the face turned against the line
// of the pupils.
func wholeTurn(q *landmark.Points) float64 {
	var num, den, wsum, cy, cx float64
	type row struct {
		h, even raster.Vec
		w       float64
	}
	var rows [landmark.Marks]row
	for k := range landmark.Marks {
		a, b := q.At[k], q.At[k.Partner()]
		rows[k] = row{
			h: raster.Vec{X: (a.X + b.X) / 2, Y: (a.Y - b.Y) / 2}, even: raster.Vec{X: (a.X - b.X) / 2, Y: (a.Y + b.Y) / 2},
			w: turnWeights[k],
		}
		wsum += rows[k].w
		cx += float64(rows[k].w * rows[k].h.X)
		cy += float64(rows[k].w * rows[k].even.Y)
	}
	cx, cy = cx/wsum, cy/wsum
	for _, r := range rows {
		num += float64(r.w * (float64(-(r.even.Y-cy)*(r.h.X-cx)) + float64(r.even.X*r.h.Y)))
		den += float64(r.w * (raster.Sq(r.even.Y-cy) + raster.Sq(r.even.X)))
	}
	phi := num / den
	return math.Copysign(max(0, math.Abs(phi)-turnDead), phi)
}
