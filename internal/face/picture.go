package face

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/gen2brain/jpegn"
)

const pictureQuality = 85 // of the JPEG, 1 to 100

// pictures draws everything from what measuring has decoded.
func (m *measurement) pictures() ([]report.Picture, error) {
	c := m.canvas()
	strip := m.strip(c)
	left, right := m.halves(strip)
	drawn := []picture{m.overlay(c), m.aligned(strip), left, right, thumbnail(c)}
	if m.photo.mirrored {
		drawn[2], drawn[3] = right, left
	}
	names := report.PictureNames()
	list := make([]report.Picture, len(drawn))
	for i, p := range drawn {
		if m.photo.mirrored {
			p.mirror()
		}
		if names[i] == report.PictureOverlay {
			p = p.withLegend()
		}
		data, err := p.encode()
		if err != nil {
			return nil, fmt.Errorf("face: encoding the %s: %w", names[i], err)
		}
		list[i] = report.Picture{Name: names[i], JPEG: data, Image: p.image()}
	}
	return list, nil
}

// picture is a picture in colour as JPEG keeps it: brightness, and at half the size (which is even)
// the two colour differences, 128 being grey.
type picture struct{ y, cb, cr *plane }

func (p picture) mirror() {
	p.y.mirror()
	p.cb.mirror()
	p.cr.mirror()
}

func (p picture) clone() picture {
	c := func(q *plane) *plane { return &plane{w: q.w, h: q.h, pix: slices.Clone(q.pix)} }
	return picture{c(p.y), c(p.cb), c(p.cr)}
}

// image gives the picture's own memory as an image.
func (p picture) image() *image.YCbCr {
	return &image.YCbCr{
		Y: p.y.pix, Cb: p.cb.pix, Cr: p.cr.pix, YStride: p.y.w, CStride: p.cb.w,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, p.y.w, p.y.h),
	}
}

// encode uses jpegn, in less than half of image/jpeg's time and with the same bytes under every
// release of Go.
func (p picture) encode() ([]byte, error) {
	var b bytes.Buffer
	if err := jpegn.Encode(&b, p.image(), &jpegn.EncodeOptions{Quality: pictureQuality}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// canvas is what pictures are cut from: the plane that was looked at, and its colours at half the
// size.
type canvas struct{ y, cb, cr *plane }

func (m *measurement) canvas() canvas {
	if m.photo.srgb != nil {
		return m.photo.shown
	}
	cb, cr := m.photo.colours(m.grey)
	return canvas{y: m.grey, cb: cb, cr: cr}
}

// cut gives w x h pixels, both even, along a frame; what lies outside the photo is grey.
func (c canvas) cut(f frame, w, h int) picture {
	src, g := c.suited(f, w, h)
	p := picture{y: src.y.window(g, w, h), cb: src.cb.window(g.half(), w/2, h/2), cr: src.cr.window(g.half(), w/2, h/2)}
	half := f.half()
	c.y.clearOutside(p.y, f)
	c.cb.clearOutside(p.cb, half)
	c.cr.clearOutside(p.cr, half)
	return p
}

// half gives the frame of the same crop for planes of half the size. A pixel of those lies in the
// middle of four of the others, in the crop as on the canvas.
func (f frame) half() frame {
	quarter := vec{0.5, 0.5}
	return frame{origin: f.outer(quarter).minus(quarter).scaled(0.5), axis: f.axis}
}

const (
	// sparse is how many pixels of the canvas single samples may lie apart in a picture for people.
	// Each pixel then counts in some sample: at 1.5 portraits come out 48 dB or more from the means
	// of areas.
	sparse = 1.6
	// eighths is the denominator of the scales to which the canvas is shrunk by area.
	eighths = 8
)

// suited gives a canvas from which single samples can be taken along a frame: c itself or, where
// these would lie too far apart, the part of it that w x h pixels show, shrunk by area to about
// their scale; and the frame on that.
func (c canvas) suited(f frame, w, h int) (canvas, frame) {
	if f.scale() <= sparse {
		return c, f
	}
	by := int(f.scale() * eighths)
	for step := 2; step*eighths <= by; step *= 2 { // halving first is faster, and exact if nothing is left over
		by &^= step - 1
	}
	area := f.bounds(w, h, 2*by)
	part := canvas{
		y:  c.y.part(area),
		cb: c.cb.part(image.Rectangle{Min: area.Min.Div(2), Max: area.Max.Div(2)}),
		cr: c.cr.part(image.Rectangle{Min: area.Min.Div(2), Max: area.Max.Div(2)}),
	}
	newW, newH := area.Dx()/by*eighths, area.Dy()/by*eighths
	part = canvas{y: part.y.reduced(newW, newH), cb: part.cb.reduced(newW/2, newH/2), cr: part.cr.reduced(newW/2, newH/2)}
	scale := float64(by) / eighths
	onPart := f.origin.minus(vec{float64(area.Min.X), float64(area.Min.Y)})
	return part, frame{origin: vec{grown(onPart.x, 1/scale), grown(onPart.y, 1/scale)}, axis: f.axis.scaled(1 / scale)}
}

// bounds gives an area that holds every pixel that w x h samples along the frame look at, with even
// corners and sides that are multiples of unit.
func (f frame) bounds(w, h, unit int) image.Rectangle {
	right, low := float64(w-1), float64(h-1)
	var area image.Rectangle
	for _, corner := range [...]vec{{0, 0}, {right, 0}, {0, low}, {right, low}} {
		at := f.outer(corner)
		x, y := int(math.Floor(at.x)), int(math.Floor(at.y))
		area = area.Union(image.Rect(x-2, y-2, x+4, y+4))
	}
	area.Min.X, area.Min.Y = area.Min.X&^1, area.Min.Y&^1
	area.Max.X = area.Min.X + (area.Dx()+unit-1)/unit*unit
	area.Max.Y = area.Min.Y + (area.Dy()+unit-1)/unit*unit
	return area
}

// part copies an area of the plane. Outside of the plane the border is repeated.
func (p *plane) part(area image.Rectangle) *plane {
	q := newPlane(area.Dx(), area.Dy())
	inside := area.Min.X >= 0 && area.Max.X <= p.w
	for y := range q.h {
		src, dst := p.row(min(max(area.Min.Y+y, 0), p.h-1)), q.row(y)
		if inside {
			copy(dst, src[area.Min.X:])
			continue
		}
		for x := range dst {
			dst[x] = src[min(max(area.Min.X+x, 0), p.w-1)]
		}
	}
	return q
}

// window takes single samples along a frame, and copies where the pixels of both are the same ones.
func (p *plane) window(f frame, w, h int) *plane {
	x, y := int(f.origin.x), int(f.origin.y)
	same := f.axis == vec{1, 0} && f.origin == vec{float64(x), float64(y)}
	if !same || x < 0 || y < 0 || x+w > p.w || y+h > p.h {
		return p.sampled(f, w, h, 1)
	}
	q := newPlane(w, h)
	for row := range h {
		copy(q.row(row), p.row(y + row)[x:])
	}
	return q
}

// clearOutside makes grey what a crop of p along f shows of the world outside p.
func (p *plane) clearOutside(crop *plane, f frame) {
	right, low := float64(crop.w-1), float64(crop.h-1)
	inside := true
	for _, corner := range [...]vec{{0, 0}, {right, 0}, {0, low}, {right, low}} {
		inside = inside && p.holds(f.outer(corner))
	}
	if inside {
		return
	}
	for y := range crop.h {
		row := crop.row(y)
		for x := range row {
			if !p.holds(f.outer(vec{float64(x), float64(y)})) {
				row[x] = backdrop
			}
		}
	}
}

// The aligned crop, pixels: room for the hair above and the chin below, and for the ears.
const (
	cropW, cropH = 600, 750
	cropPupils   = 200 // between the pupils
	cropEyeY     = 300 // row of the pupils
	cropMid      = (cropW - 1) / 2.0

	// The halves show the same in fewer pixels, as two of them are looked at side by side.
	halfW, halfH = 400, 500
	halfSize     = float64(halfW) / cropW
	halfMid      = (halfW - 1) / 2.0

	// stripMargin is what the strip shows more than the crop on each side, for the halves: their
	// middle line is not quite square to the pupils. 24 pixels are enough for 3 degrees; of the 61
	// people of the reference the largest has 1.9.
	stripMargin = 24
	stripW      = cropW + 2*stripMargin
	stripH      = cropH + 2*stripMargin
)

// strip is the face with its pupils level and cropPupils pixels apart, resampled once: the crop and
// the halves are cut from it.
func (m *measurement) strip(c canvas) canvas {
	return canvas(c.cut(m.pts.frame.after(stripInIOD), stripW, stripH))
}

// stripInIOD leads from the pixels of the strip to distances between the pupils, from the middle
// between them.
var stripInIOD = frameAt(vec{}, vec{x: cropMid + stripMargin, y: cropEyeY + stripMargin}, vec{x: 1.0 / cropPupils, y: 0})

// aligned is the strip without its margins.
func (m *measurement) aligned(strip canvas) picture {
	return strip.cut(frame{origin: vec{stripMargin, stripMargin}, axis: vec{1, 0}}, cropW, cropH)
}

// halves gives the face made of its left half and of its right half, each beside its own mirror
// image.
func (m *measurement) halves(strip canvas) (left, right picture) {
	middle := m.asym.middleLine()
	inIOD := frameAt(middle.origin, vec{halfMid, cropEyeY * halfSize}, middle.axis.scaled(1/(cropPupils*halfSize)))
	onStrip := frame{origin: stripInIOD.inner(inIOD.origin), axis: inIOD.axis.over(stripInIOD.axis)}
	left = strip.cut(onStrip, halfW, halfH)
	right = left.clone()
	left.foldRight()
	right.mirror()
	right.foldRight()
	return left, right
}

// foldRight makes the right half the mirror image of the left one.
func (p picture) foldRight() {
	for _, q := range [...]*plane{p.y, p.cb, p.cr} {
		for y := range q.h {
			row := q.row(y)
			for x := range q.w / 2 {
				row[q.w-1-x] = row[x]
			}
		}
	}
}

const thumbnailSide = 256 // of the longer side at most, pixels

func thumbnail(c canvas) picture {
	w, h := c.y.w, c.y.h
	if long := max(w, h); long > thumbnailSide {
		w, h = w*thumbnailSide/long, h*thumbnailSide/long
	}
	return c.reduced(even(w), even(h))
}

// reduced gives all of the canvas in w x h pixels, both even, by area.
func (c canvas) reduced(w, h int) picture {
	return picture{y: c.y.reduced(w, h), cb: c.cb.reduced(w/2, h/2), cr: c.cr.reduced(w/2, h/2)}
}

// even gives the nearest smaller even number, at least 2.
func even(n int) int { return max(n&^1, 2) }
