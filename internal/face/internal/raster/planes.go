package raster

import (
	"image"
	"slices"
)

// Planes is a picture in colour as JPEG keeps it: brightness, and at half the size (which is even)
// the two colour differences, 128 being grey.
type Planes struct{ Y, Cb, Cr *Plane }

// Mirror turns the picture over, in place.
func (p Planes) Mirror() {
	p.Y.Mirror()
	p.Cb.Mirror()
	p.Cr.Mirror()
}

// Clone returns a copy.
func (p Planes) Clone() Planes {
	c := func(q *Plane) *Plane { return &Plane{W: q.W, H: q.H, Pix: slices.Clone(q.Pix)} }
	return Planes{c(p.Y), c(p.Cb), c(p.Cr)}
}

// Image returns the picture's own memory as an image.
func (p Planes) Image() *image.YCbCr {
	return &image.YCbCr{
		Y: p.Y.Pix, Cb: p.Cb.Pix, Cr: p.Cr.Pix, YStride: p.Y.W, CStride: p.Cb.W,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, p.Y.W, p.Y.H),
	}
}

// Filled returns a plane of one grey level.
func Filled(w, h int, v uint8) *Plane {
	return &Plane{W: w, H: h, Pix: slices.Repeat([]uint8{v}, w*h)}
}
