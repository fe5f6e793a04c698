package draw

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// Shapes are drawn by distance: the coverage of a pixel follows from its distance to the line. The
// result is anti-aliased, exactly mirrored for a mirrored shape, and the same on every machine,
// unlike that of x/image/vector with its float32 and its assembly.

// stroke is a line with round ends from a to b. If ring is set, it is the outline at that distance
// instead. All values are in pixels.
type stroke struct {
	a, b raster.Vec
	ring float64
	half float64 // half the line's width
}

func line(a, b raster.Vec, width float64) stroke { return stroke{a: a, b: b, half: width / 2} }
func disc(at raster.Vec, radius float64) stroke  { return stroke{a: at, b: at, half: radius} }
func ring(at raster.Vec, radius, width float64) stroke {
	return stroke{a: at, b: at, ring: radius, half: width / 2}
}

// arrow returns a shaft and the two sides of its head.
func arrow(from, to raster.Vec, width, head float64) []stroke {
	back := from.Minus(to)
	back = back.Scaled(head / back.Length())
	const cos, sin = 0.8, 0.6 // of half the head's angle
	return []stroke{
		line(from, to, width),
		line(to, to.Plus(back.Times(raster.Vec{X: cos, Y: sin})), width),
		line(to, to.Plus(back.Times(raster.Vec{X: cos, Y: -sin})), width),
	}
}

// grown returns the stroke widened by a length on every side.
func (s stroke) grown(by float64) stroke {
	s.half += by
	return s
}

// covers returns the coverage of the pixel by the stroke, 0 to 255.
func (s stroke) covers(pixel raster.Vec) uint8 {
	along, to := s.b.Minus(s.a), pixel.Minus(s.a)
	if n := raster.Sq(along.X) + raster.Sq(along.Y); n > 0 {
		t := (float64(along.X*to.X) + float64(along.Y*to.Y)) / n
		to = to.Minus(along.Scaled(max(0, min(1, t))))
	}
	far, near := s.ring+s.half+0.5, s.ring-s.half-0.5
	if square := raster.Sq(to.X) + raster.Sq(to.Y); square >= raster.Sq(far) || near > 0 && square <= raster.Sq(near) {
		return 0
	}
	distance := math.Abs(to.Length()-s.ring) - s.half
	return uint8(float64(255*max(0, min(1, 0.5-distance))) + 0.5)
}

// bounds returns a rectangle that contains every pixel that the stroke touches.
func (s stroke) bounds() image.Rectangle {
	reach := s.ring + s.half + 1
	return image.Rect(
		int(math.Floor(min(s.a.X, s.b.X)-reach)), int(math.Floor(min(s.a.Y, s.b.Y)-reach)),
		int(math.Ceil(max(s.a.X, s.b.X)+reach))+1, int(math.Ceil(max(s.a.Y, s.b.Y)+reach))+1)
}

// ink is a colour and its opacity, 0 to 255.
type ink struct{ y, cb, cr, strength uint8 }

func inkOf(r, g, b, strength uint8) ink {
	y, cb, cr := color.RGBToYCbCr(r, g, b)
	return ink{y, cb, cr, strength}
}

// drawing is a layer of strokes in one ink. Where strokes overlap, the ink is applied once.
type drawing struct {
	ink     ink
	strokes []stroke
}

// drawOn draws the layers in order, over a dark seam around all of them, so that they are visible
// on light and on dark skin.
func drawOn(p raster.Planes, seam float64, dark ink, layers ...drawing) {
	under := drawing{ink: dark}
	for _, l := range layers {
		for _, s := range l.strokes {
			under.strokes = append(under.strokes, s.grown(seam))
		}
	}
	mask := raster.NewPlane(p.Y.W, p.Y.H)
	for _, l := range append([]drawing{under}, layers...) {
		area := coverage(mask, l.strokes)
		lay(p, mask, l.ink, area)
		mask.Clear(area)
	}
}

// coverage writes the strokes into a mask and returns the area that they touch, with even borders.
func coverage(p *raster.Plane, strokes []stroke) image.Rectangle {
	var area image.Rectangle
	for _, s := range strokes {
		b := s.bounds().Intersect(image.Rect(0, 0, p.W, p.H))
		area = area.Union(b)
		for y := b.Min.Y; y < b.Max.Y; y++ {
			row := p.Row(y)
			for x := b.Min.X; x < b.Max.X; x++ {
				row[x] = max(row[x], s.covers(raster.Vec{X: float64(x), Y: float64(y)}))
			}
		}
	}
	return image.Rect(area.Min.X&^1, area.Min.Y&^1, (area.Max.X+1)&^1, (area.Max.Y+1)&^1)
}

// lay blends the ink into the picture by the mask, in an area with even borders.
func lay(p raster.Planes, mask *raster.Plane, i ink, area image.Rectangle) {
	for y := area.Min.Y; y < area.Max.Y; y += 2 {
		upper, lower := mask.Row(y), mask.Row(y+1)
		for x := area.Min.X; x < area.Max.X; x += 2 {
			for x+8 <= area.Max.X && binary.LittleEndian.Uint64(upper[x:])|binary.LittleEndian.Uint64(lower[x:]) == 0 {
				x += 8
			}
			if x < area.Max.X {
				laySquare(p, [4]uint8{upper[x], upper[x+1], lower[x], lower[x+1]}, i, x, y)
			}
		}
	}
}

// laySquare blends the ink into four pixels that share their colours. The first one is at an even
// place.
func laySquare(p raster.Planes, covers [4]uint8, i ink, x, y int) {
	sum := 0
	for k, cover := range covers {
		if cover > 0 {
			p.Y.Blend(x+k%2, y+k/2, i.y, int(cover)*int(i.strength)*4)
			sum += int(cover)
		}
	}
	if sum > 0 {
		p.Cb.Blend(x/2, y/2, i.cb, sum*int(i.strength))
		p.Cr.Blend(x/2, y/2, i.cr, sum*int(i.strength))
	}
}
