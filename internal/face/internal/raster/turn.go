package raster

import "math"

// Within shrinks the plane to a longer side of at most side. It also returns the factor back to its
// size. Halving first takes a third of the time.
func (p *Plane) Within(side int) (*Plane, float64) {
	factor := 1.0
	for max(p.W, p.H) >= 2*side && min(p.W, p.H) > 1 {
		p, factor = p.Shrunk(2, 1), 2*factor
	}
	long := max(p.W, p.H)
	if long <= side {
		return p, factor
	}
	return p.Resized(max(1, p.W*side/long), max(1, p.H*side/long)), factor * float64(long) / float64(side)
}

// Padded returns the plane with a margin in which its border is repeated.
func (p *Plane) Padded(margin int) *Plane {
	q := NewPlane(p.W+2*margin, p.H+2*margin)
	for y := range q.H {
		src, row := p.Row(min(max(y-margin, 0), p.H-1)), q.Row(y)
		copy(row[margin:], src)
		for x := range margin {
			row[x], row[q.W-1-x] = src[0], src[p.W-1]
		}
	}
	return q
}

// Turned returns the plane turned clockwise by an angle in degrees about its middle, on a square
// that holds all of it. The corners are grey: the border repeated into them makes streaks, in which
// the detector sees faces.
func (p *Plane) Turned(degrees float64) *Plane {
	side := p.Diagonal()
	f := p.TurnFrame(side, degrees)
	q := p.Crop(f, side, side)
	for y := range side {
		row := q.Row(y)
		for x := range row {
			if at := f.Outer(Vec{float64(x), float64(y)}); !p.Holds(at) {
				row[x] = Backdrop
			}
		}
	}
	return q
}

// Diagonal returns the length of the diagonal in whole pixels, rounded up.
func (p *Plane) Diagonal() int { return int(math.Ceil(Vec{float64(p.W), float64(p.H)}.Length())) }

// Holds reports whether the place lies on a pixel of the plane.
func (p *Plane) Holds(at Vec) bool {
	return at.X > -0.5 && at.Y > -0.5 && at.X < float64(p.W)-0.5 && at.Y < float64(p.H)-0.5
}

// TurnFrame places a square crop of the same scale on the middle of the plane, such that the crop
// shows it turned clockwise.
func (p *Plane) TurnFrame(side int, degrees float64) Frame {
	half := float64(side-1) / 2
	return FrameAt(Vec{float64(p.W-1) / 2, float64(p.H-1) / 2}, Vec{half, half}, TurnAxis(-degrees))
}

// Whole returns the area of all pixels.
func (p *Plane) Whole() Area { return Area{Right: p.W, Low: p.H} }

// Area is a part of a plane, pixels; right and low lie outside.
type Area struct{ Left, Top, Right, Low int }
