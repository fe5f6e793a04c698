package mirror

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// Registration is what comparing a face with its mirror image shows.
type Registration struct {
	Raw   Pattern                   // the mirror field as it was registered, IOD
	Alike float64                   // likeness of the two halves, -1 to 1
	Local [len(FieldPoints)]float64 // the same about each field point
}

// Registered compares the face with its mirror image. A quick look with few pixels finds where the
// middle line is, by the whole face and not by the pupils alone; the crop is cut again along it,
// and registered with care. A pupil that is found a little off then hardly matters. The crop is
// given at half size.
func Registered(grey *raster.Plane, rough *landmark.Points) (r Registration, half []float64) {
	at := FaceFrame(rough)
	quick := mirrorField(prepare(halved(grey.Crop(at, FaceW, FaceH))), wholeTurn(rough), quickLevels[:])
	half = halved(grey.Crop(at.After(middleFrame(&quick)), FaceW, FaceH))
	im := prepare(half)
	r.Raw = mirrorField(im, 0, levels[:])
	r.Alike, r.Local = im.likeness(&r.Raw), im.agreements(&r.Raw)
	return r, half
}

// quickLevels are those of the first look.
var quickLevels = [...]level{
	{sigma: 20, base: 0.9987507809245809, steps: 4, every: 4},
	{sigma: 12, base: 0.9965337989703691, steps: 4, every: 4},
}

// middleFrame moves a face crop such that the middle line of a field becomes its own.
func middleFrame(f *Pattern) raster.Frame {
	const midX, midY = (FaceW - 1) / 2.0, 2*fieldMidY + 0.5
	shift, turn := rigidOf(f)
	axis := raster.Vec{X: 1, Y: turn}
	middle := raster.Vec{X: midX, Y: midY}
	return raster.FrameAt(middle.Plus(raster.Vec{X: 2 * shift, Y: 0}), middle, axis.Scaled(1/axis.Length()))
}

// rigidOf returns the shift, half-size pixels, and the turn, radians, of the whole that fit a field
// best.
func rigidOf(f *Pattern) (shift, turn float64) {
	var n, cy, sx, num, den float64
	for k, p := range FieldPoints {
		n += p.count()
		cy += float64(p.count() * (p.Y/2 - fieldMidY))
		sx += float64(p.count() * f[k].X)
	}
	cy, sx = cy/n, sx/n
	for k, p := range FieldPoints {
		x, y := p.X/2-fieldMidX, p.Y/2-fieldMidY-cy
		num += float64(p.count() * (float64(x*f[k].Y) - float64(y*(f[k].X-sx))))
		den += float64(p.count() * (raster.Sq(x) + raster.Sq(y)))
	}
	turn = num / den
	shift = sx + float64(turn*cy)
	return float64(shift * fieldIOD), float64(turn * fieldIOD)
}

// The ellipse of the face in which the halves are compared, in IOD from the middle between the
// pupils.
const (
	alikeY  = 0.50
	alikeRX = 0.95
	alikeRY = 1.25
)

// likeness returns the correlation, -1 to 1, of the picture without its light and its mirror image,
// laid over each other by the shift and the turn of a field.
func (im *fieldImage) likeness(f *Pattern) float64 {
	shift, turn := rigidOf(f)
	var c correlation
	for y := range FieldH {
		for x := range FieldW {
			dx, dy := float64(x)-fieldMidX, float64(y)-fieldEyeY
			if raster.Sq(dx/(alikeRX*fieldIOD))+raster.Sq((dy-alikeY*fieldIOD)/(alikeRY*fieldIOD)) > 1 {
				continue
			}
			v := raster.Vec{X: shift - float64(turn*(float64(y)-fieldMidY)), Y: float64(turn * dx)}
			at := raster.Vec{X: float64(x), Y: float64(y)}
			a, b := between(at.Plus(v)), between(at.Minus(v))
			if a.inside() && b.inside() {
				c.add(a.value((*patch)(im.i[a.row*FieldW+a.col:])), b.value((*patch)(im.j[b.row*FieldW+b.col:])))
			}
		}
	}
	return c.value()
}

// correlation sums up pairs.
type correlation struct{ n, a, b, aa, bb, ab float64 }

func (c *correlation) add(a, b float64) { c.addWeighted(a, b, 1) }

// addWeighted adds a pair that counts as much as its weight.
func (c *correlation) addWeighted(a, b, weight float64) {
	wa, wb := float64(weight*a), float64(weight*b)
	c.n, c.a, c.b = c.n+weight, c.a+wa, c.b+wb
	c.aa += float64(wa * a)
	c.bb += float64(wb * b)
	c.ab += float64(wa * b)
}

func (c *correlation) value() float64 {
	if c.n == 0 {
		return 0
	}
	va, vb := c.aa-float64(c.a*c.a)/c.n, c.bb-float64(c.b*c.b)/c.n
	if va <= 0 || vb <= 0 {
		return 0
	}
	return (c.ab - float64(c.a*c.b)/c.n) / math.Sqrt(float64(va*vb))
}

// The crop on which the pixels are compared and the light is judged. The pupils are level and
// landmark.CropIOD apart.
const (
	FaceW     = 300
	FaceH     = 320
	FaceEyeY  = 90
	fieldEyeY = FaceEyeY/2 - 0.25 // in the crop at half size
)

// FaceFrame places the face crop in the plane.
func FaceFrame(q *landmark.Points) raster.Frame {
	const mid = float64(FaceW-1) / 2
	inIOD := raster.FrameBetween(
		raster.Vec{X: mid - landmark.CropIOD/2, Y: FaceEyeY}, raster.Vec{X: mid + landmark.CropIOD/2, Y: FaceEyeY},
		raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0},
	)
	return q.Frame.After(inIOD)
}
