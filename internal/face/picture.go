package face

import (
	"bytes"
	"fmt"
	"image"
	"slices"

	"github.com/gen2brain/jpegn"
)

// The names of the pictures, in the order in which Scan gives them.
const (
	PictureOverlay    = "overlay"     // the photo with the points, the middle line and the asymmetry drawn on it
	PictureCrop       = "crop"        // the face alone, pupils level and cropPupils pixels apart
	PictureLeftLeft   = "left-left"   // the image's left half of the face, and its mirror image
	PictureRightRight = "right-right" // the image's right half of the face, and its mirror image
	PictureThumbnail  = "thumbnail"   // the photo, small
)

// PictureNames lists the names, in the order in which Scan gives the pictures.
func PictureNames() []string {
	return []string{PictureOverlay, PictureCrop, PictureLeftLeft, PictureRightRight, PictureThumbnail}
}

// Picture is made of a photo for people to look at. It carries nothing of the photo's metadata, and is upright.
type Picture struct {
	Name string // one of PictureNames
	JPEG []byte
}

const pictureQuality = 85 // of the JPEG, 1 to 100

// pictures draws everything from what measuring has decoded.
func (m *measurement) pictures() ([]Picture, error) {
	c := m.canvas()
	left, right := m.halves(c)
	drawn := []picture{m.overlay(c), m.aligned(c), left, right, thumbnail(c)}
	if m.photo.mirrored {
		drawn[2], drawn[3] = right, left
	}
	names := PictureNames()
	list := make([]Picture, len(drawn))
	for i, p := range drawn {
		if m.photo.mirrored {
			p.mirror()
		}
		data, err := p.encode()
		if err != nil {
			return nil, fmt.Errorf("face: encoding the %s: %w", names[i], err)
		}
		list[i] = Picture{Name: names[i], JPEG: data}
	}
	return list, nil
}

// picture is a picture in colour as JPEG keeps it: brightness, and at half the size (which is even) the two colour differences, 128
// being grey.
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

// encode uses jpegn, in less than half of image/jpeg's time and with the same bytes under every release of Go.
func (p picture) encode() ([]byte, error) {
	img := &image.YCbCr{
		Y: p.y.pix, Cb: p.cb.pix, Cr: p.cr.pix, YStride: p.y.w, CStride: p.cb.w,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, p.y.w, p.y.h),
	}
	var b bytes.Buffer
	if err := jpegn.Encode(&b, img, &jpegn.EncodeOptions{Quality: pictureQuality}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// canvas is what pictures are cut from: the plane that was looked at, and its colours at half the size.
type canvas struct{ y, cb, cr *plane }

func (m *measurement) canvas() canvas {
	cb, cr := m.photo.colours(m.grey)
	return canvas{y: m.grey, cb: cb, cr: cr}
}

// cut gives w x h pixels, both even, along a frame; what lies outside the photo is grey.
func (c canvas) cut(f frame, w, h int) picture {
	// A pixel of the colour planes lies in the middle of four of the others, in the picture as on the canvas.
	quarter := vec{0.5, 0.5}
	half := frame{origin: f.outer(quarter).minus(quarter).scaled(0.5), axis: f.axis}
	p := picture{y: c.y.window(f, w, h), cb: c.cb.window(half, w/2, h/2), cr: c.cr.window(half, w/2, h/2)}
	c.y.clearOutside(p.y, f)
	c.cb.clearOutside(p.cb, half)
	c.cr.clearOutside(p.cr, half)
	return p
}

// window is crop, but copies where the pixels of both are the same ones.
func (p *plane) window(f frame, w, h int) *plane {
	x, y := int(f.origin.x), int(f.origin.y)
	same := f.axis == vec{1, 0} && f.origin == vec{float64(x), float64(y)}
	if !same || x < 0 || y < 0 || x+w > p.w || y+h > p.h {
		return p.crop(f, w, h)
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
)

// aligned cuts out the face with its pupils level and at fixed places.
func (m *measurement) aligned(c canvas) picture {
	inIOD := frameAt(vec{}, vec{cropMid, cropEyeY}, vec{1.0 / cropPupils, 0})
	return c.cut(m.pts.frame.after(inIOD), cropW, cropH)
}

// halves gives the face made of its left half and of its right half, each beside its own mirror image.
func (m *measurement) halves(c canvas) (left, right picture) {
	middle := m.asym.middleLine()
	inIOD := frameAt(middle.origin, vec{halfMid, cropEyeY * halfSize}, middle.axis.scaled(1/(cropPupils*halfSize)))
	left = c.cut(m.pts.frame.after(inIOD), halfW, halfH)
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
	w, h = even(w), even(h)
	return picture{y: c.y.reduced(w, h), cb: c.cb.reduced(w/2, h/2), cr: c.cr.reduced(w/2, h/2)}
}

// even gives the nearest smaller even number, at least 2.
func even(n int) int { return max(n&^1, 2) }
