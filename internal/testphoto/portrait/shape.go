package portrait

import "math"

// bell returns a smooth hill that is 1 at (cx, cy) and ends at the ellipse of radii rx and ry.
func bell(x, y, cx, cy, rx, ry float64) float64 {
	u, v := (x-cx)/rx, (y-cy)/ry
	d := float64(u*u) + float64(v*v)
	if d >= 1 {
		return 0
	}
	return float64((1 - d) * (1 - d))
}

// step rises smoothly from 0 at lo to 1 at hi; lo may be the larger one.
func step(lo, hi, v float64) float64 {
	t := min(1, max(0, (v-lo)/(hi-lo)))
	return float64(float64(t*t) * (3 - t - t))
}

// outline returns how far a place is inside the face: 1 in its middle, 0 at its edge.
func (f Face) outline(x, y float64) float64 {
	wide := float64(1.12 * (1 + f.Wide))
	if y > .5 { // the jaw narrows
		wide = float64(wide * (1 - float64(.25*step(.45, 2.1, y))))
	}
	long := float64(1.72 * (1 + f.Long))
	if y < .2 {
		long = 1.75
	}
	u, v := x/wide, (y-.2)/long
	return 1 - float64(u*u) - float64(v*v)
}

// height returns how far the face stands out of the picture.
func (f Face) height(x, y float64) float64 {
	z := float64(1.05 * math.Sqrt(max(0, f.outline(x, y))))
	tip := f.noseTip()
	// The nose: a ridge that rises and widens towards its tip, and the wings beside it.
	if y > -.3 && y < tip+.2 {
		along := step(-.3, tip, y)
		bridge := float64(.06 * step(-.3, -.1, y))
		wide := .13 + float64(.12*along)
		u := x / wide
		if d := float64(u * u); d < 1 {
			rise := bridge + float64(.30*float64(along*along))
			slope := float64((1 - d) * (1 - d))
			z += float64(float64(rise*slope) * step(tip+.17, tip+.02, y))
		}
	}
	z += float64(.09 * (bell(x, y, -.17, tip, .14, .13) + bell(x, y, .17, tip, .14, .13)))
	for _, side := range [...]float64{-1, 1} {
		ex, ey := f.eye(side)
		z -= float64(.10 * bell(x, y, ex, ey-.04, .42, .30))
		z += float64(.075 * bell(x, y, ex, ey, .27, .2))
		z += float64(.05 * bell(x, y, float64(side*.5), -.36, .5, .16))
		z += float64(.05 * bell(x, y, float64(side*.62), .5, .42, .4))
		// The fold from the nose to the corner of the mouth.
		z -= float64(.02 * bell(x, y, float64(side*.38), .82, .08, .3))
	}
	m := f.mouth()
	z += float64(.06 * bell(x, y, 0, m, .55, .26))
	z += float64(.05 * bell(x, y, 0, m+.12, .3, .1))
	z -= float64(.03 * bell(x, y, 0, m+.25, .35, .09))
	z += float64(.07 * bell(x, y, 0, m+.55, .36, .3))
	z -= float64(.015 * bell(x, y, 0, m-.22, .05, .16))
	return z
}

// noseTip returns how far the tip of the nose lies below the pupils.
func (f Face) noseTip() float64 { return float64(.52 * (1 + f.Nose)) }

// mouth returns how far the lips' line lies below the pupils.
func (f Face) mouth() float64 { return float64(1.02 * (1 + f.Long)) }

// eye returns the place of the pupil of a side, -1 at the left of the picture and 1 at its right.
func (f Face) eye(side float64) (x, y float64) {
	if side > 0 {
		return .5, 0
	}
	return -.5, float64(.5 * f.Uneven)
}

// noise returns values from -1 to 1 that change smoothly from one whole number to the next.
func noise(x, y float64, seed uint32) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	u, v := step(0, 1, x-fx), step(0, 1, y-fy)
	ix, iy := int32(fx), int32(fy)
	top := hash(ix, iy, seed) + float64((hash(ix+1, iy, seed)-hash(ix, iy, seed))*u)
	low := hash(ix, iy+1, seed) + float64((hash(ix+1, iy+1, seed)-hash(ix, iy+1, seed))*u)
	return top + float64((low-top)*v)
}

// hash returns a value from -1 to 1 for a place of the grid.
func hash(x, y int32, seed uint32) float64 {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca6b ^ seed*0xc2b2ae35
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	h ^= h >> 15
	return float64(h>>8)/(1<<23) - 1 // exact, even if fused
}
