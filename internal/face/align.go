package face

import "math"

// registered gives the mirror field of the face, and how alike its halves are. A quick look with few pixels finds where the middle line is, by the
// whole face and not by the pupils alone; the crop is cut again along it, and registered with care. A pupil that is found a little
// off then hardly matters.
func registered(grey *plane, rough *points) (pattern, float64) {
	at := rough.faceFrame()
	quick := mirrorField(prepare(halved(grey.crop(at, faceW, faceH))), rough.wholeTurn(), quickLevels[:])
	im := prepare(halved(grey.crop(at.after(middleFrame(&quick)), faceW, faceH)))
	f := mirrorField(im, 0, levels[:])
	return f, im.likeness(&f)
}

// quickLevels are those of the first look.
var quickLevels = [...]level{
	{sigma: 20, base: 0.9987507809245809, steps: 4, every: 4},
	{sigma: 12, base: 0.9965337989703691, steps: 4, every: 4},
}

// middleFrame moves a face crop such that the middle line of a field becomes its own.
func middleFrame(f *pattern) frame {
	const midX, midY = (faceW - 1) / 2.0, 2*fieldMidY + 0.5
	shift, turn := rigidOf(f)
	axis := vec{1, turn}
	middle := vec{midX, midY}
	return frameAt(middle.plus(vec{2 * shift, 0}), middle, axis.scaled(1/axis.length()))
}

// rigidOf gives the shift, half-size pixels, and the turn, radians, of the whole that fit a field best.
func rigidOf(f *pattern) (shift, turn float64) {
	var n, cy, sx, num, den float64
	for k, p := range fieldPoints {
		n += p.count()
		cy += float64(p.count() * (p.y/2 - fieldMidY))
		sx += float64(p.count() * f[k].x)
	}
	cy, sx = cy/n, sx/n
	for k, p := range fieldPoints {
		x, y := p.x/2-fieldMidX, p.y/2-fieldMidY-cy
		num += float64(p.count() * (float64(x*f[k].y) - float64(y*(f[k].x-sx))))
		den += float64(p.count() * (sq(x) + sq(y)))
	}
	turn = num / den
	shift = sx + float64(turn*cy)
	return float64(shift * fieldIOD), float64(turn * fieldIOD)
}

// leastAlike is the likeness of the halves below which it was no face that was found. Portraits, bent, turned, blurred and noisy ones too, have
// 0.42 to 0.92, and what was taken for a face in pictures without one 0.04 to 0.08.
const leastAlike = 0.25

const detailNoFace = "No face was found. Please take the photo from the front, with the whole face in the picture and light on it."

// The ellipse of the face in which the halves are compared, in IOD from the middle between the pupils.
const (
	alikeY  = 0.50
	alikeRX = 0.95
	alikeRY = 1.25
)

// likeness is the correlation, -1 to 1, of the picture without its light and its mirror image, laid over each other by the shift and the
// turn of a field.
func (im *fieldImage) likeness(f *pattern) float64 {
	shift, turn := rigidOf(f)
	var c correlation
	for y := range fieldH {
		for x := range fieldW {
			dx, dy := float64(x)-fieldMidX, float64(y)-fieldEyeY
			if sq(dx/(alikeRX*fieldIOD))+sq((dy-alikeY*fieldIOD)/(alikeRY*fieldIOD)) > 1 {
				continue
			}
			v := vec{shift - float64(turn*(float64(y)-fieldMidY)), float64(turn * dx)}
			at := vec{float64(x), float64(y)}
			a, b := between(at.plus(v)), between(at.minus(v))
			if a.inside() && b.inside() {
				c.add(a.of((*patch)(im.i[a.row*fieldW+a.col:])).v, b.of((*patch)(im.j[b.row*fieldW+b.col:])).v)
			}
		}
	}
	return c.value()
}

// correlation sums up pairs.
type correlation struct{ n, a, b, aa, bb, ab float64 }

func (c *correlation) add(a, b float64) {
	c.n, c.a, c.b = c.n+1, c.a+a, c.b+b
	c.aa += float64(a * a)
	c.bb += float64(b * b)
	c.ab += float64(a * b)
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
