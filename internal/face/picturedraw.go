package face

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
)

// Shapes are drawn by their distance: a pixel is covered by as much of itself as lies within the
// line. This is anti-aliased, exactly mirrored for a mirrored shape, and, unlike x/image/vector
// with its float32 and its assembly, the same on every machine.

// stroke is a line with round ends from a to b; with ring, the line around it at that distance. All
// in pixels.
type stroke struct {
	a, b vec
	ring float64
	half float64 // half the line's width
}

func line(a, b vec, width float64) stroke { return stroke{a: a, b: b, half: width / 2} }
func disc(at vec, radius float64) stroke  { return stroke{a: at, b: at, half: radius} }
func ring(at vec, radius, width float64) stroke {
	return stroke{a: at, b: at, ring: radius, half: width / 2}
}

// arrow is a shaft and the two sides of its head.
func arrow(from, to vec, width, head float64) []stroke {
	back := from.minus(to)
	back = back.scaled(head / back.length())
	const cos, sin = 0.8, 0.6 // of half the head's angle
	return []stroke{
		line(from, to, width),
		line(to, to.plus(back.times(vec{cos, sin})), width),
		line(to, to.plus(back.times(vec{cos, -sin})), width),
	}
}

// grown is the stroke with more on every side.
func (s stroke) grown(by float64) stroke {
	s.half += by
	return s
}

// covers gives how much of the pixel lies under the stroke, 0 to 255.
func (s stroke) covers(pixel vec) uint8 {
	along, to := s.b.minus(s.a), pixel.minus(s.a)
	if n := sq(along.x) + sq(along.y); n > 0 {
		t := (float64(along.x*to.x) + float64(along.y*to.y)) / n
		to = to.minus(along.scaled(max(0, min(1, t))))
	}
	far, near := s.ring+s.half+0.5, s.ring-s.half-0.5
	if square := sq(to.x) + sq(to.y); square >= sq(far) || near > 0 && square <= sq(near) {
		return 0
	}
	distance := math.Abs(to.length()-s.ring) - s.half
	return uint8(float64(255*max(0, min(1, 0.5-distance))) + 0.5)
}

// bounds holds every pixel that the stroke touches.
func (s stroke) bounds() image.Rectangle {
	reach := s.ring + s.half + 1
	return image.Rect(
		int(math.Floor(min(s.a.x, s.b.x)-reach)), int(math.Floor(min(s.a.y, s.b.y)-reach)),
		int(math.Ceil(max(s.a.x, s.b.x)+reach))+1, int(math.Ceil(max(s.a.y, s.b.y)+reach))+1)
}

// ink is a colour, and how much of it is laid on, 0 to 255.
type ink struct{ y, cb, cr, strength uint8 }

func inkOf(r, g, b, strength uint8) ink {
	y, cb, cr := color.RGBToYCbCr(r, g, b)
	return ink{y, cb, cr, strength}
}

// drawing is a layer of strokes in one ink. Where they overlap the ink is not laid on twice.
type drawing struct {
	ink     ink
	strokes []stroke
}

// draw lays the layers on, one over the other, all of them on a dark seam, so that they show on
// light skin as on dark.
func (p picture) draw(seam float64, dark ink, layers ...drawing) {
	under := drawing{ink: dark}
	for _, l := range layers {
		for _, s := range l.strokes {
			under.strokes = append(under.strokes, s.grown(seam))
		}
	}
	mask := newPlane(p.y.w, p.y.h)
	for _, l := range append([]drawing{under}, layers...) {
		area := mask.cover(l.strokes)
		p.lay(mask, l.ink, area)
		mask.clear(area)
	}
}

// cover writes the strokes into a mask and gives the area that they touch, with even borders.
func (p *plane) cover(strokes []stroke) image.Rectangle {
	var area image.Rectangle
	for _, s := range strokes {
		b := s.bounds().Intersect(image.Rect(0, 0, p.w, p.h))
		area = area.Union(b)
		for y := b.Min.Y; y < b.Max.Y; y++ {
			row := p.row(y)
			for x := b.Min.X; x < b.Max.X; x++ {
				row[x] = max(row[x], s.covers(vec{float64(x), float64(y)}))
			}
		}
	}
	return image.Rect(area.Min.X&^1, area.Min.Y&^1, (area.Max.X+1)&^1, (area.Max.Y+1)&^1)
}

func (p *plane) clear(area image.Rectangle) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		clear(p.row(y)[area.Min.X:area.Max.X])
	}
}

// lay puts ink where the mask is, in an area with even borders.
func (p picture) lay(mask *plane, i ink, area image.Rectangle) {
	for y := area.Min.Y; y < area.Max.Y; y += 2 {
		upper, lower := mask.row(y), mask.row(y+1)
		for x := area.Min.X; x < area.Max.X; x += 2 {
			for x+8 <= area.Max.X && binary.LittleEndian.Uint64(upper[x:])|binary.LittleEndian.Uint64(lower[x:]) == 0 {
				x += 8
			}
			if x < area.Max.X {
				p.laySquare([4]uint8{upper[x], upper[x+1], lower[x], lower[x+1]}, i, x, y)
			}
		}
	}
}

// laySquare puts ink on the four pixels that share their colours, of which the first is at an even
// place.
func (p picture) laySquare(covers [4]uint8, i ink, x, y int) {
	sum := 0
	for k, cover := range covers {
		if cover > 0 {
			p.y.blend(x+k%2, y+k/2, i.y, int(cover)*int(i.strength)*4)
			sum += int(cover)
		}
	}
	if sum > 0 {
		p.cb.blend(x/2, y/2, i.cb, sum*int(i.strength))
		p.cr.blend(x/2, y/2, i.cr, sum*int(i.strength))
	}
}

// blend moves a pixel towards a value by a share of 4*255*255.
func (p *plane) blend(x, y int, to uint8, share int) {
	const whole = 4 * 255 * 255
	v := &p.pix[y*p.w+x]
	*v = uint8((int(*v)*(whole-share) + int(to)*share + whole/2) / whole)
}
