package photo

import (
	"image"
	"slices"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// readProfile reads the embedded profile, before the file is decoded.
func (p *Photo) readProfile() {
	if p.icc == nil {
		return
	}
	read, err := ReadProfile(p.icc)
	if err == nil {
		if p.SRGB = read.converter(); p.SRGB == nil {
			return
		}
	}
	p.Embedded = &report.ColorProfile{Name: profileName(p.icc), Converted: err == nil}
	if err != nil {
		p.Embedded.Reason = err.Error()
	}
}

// convert converts a decoded image by the profile, or keeps that for its planes. A profile of grey
// for colours, or of colours for grey, is not one of this image.
func (p *Photo) convert(img image.Image) {
	if p.SRGB == nil {
		return
	}
	isGrey := p.greyPNG
	switch img.(type) {
	case *image.Gray, *image.Gray16:
		isGrey = true
	}
	switch {
	case isGrey != (p.SRGB.grey != nil):
		p.Embedded.Converted, p.Embedded.Reason = false, ErrProfileKind.Error()
		p.SRGB = nil
	case !hasPlanes(img):
		p.SRGB.image(img)
		p.SRGB = nil
	}
}

// inSRGB returns the plane converted, and keeps its converted colours beside it; or the plane
// itself if it needs no conversion.
func (p *Photo) inSRGB(grey *raster.Plane) *raster.Plane {
	if p.SRGB == nil {
		return grey
	}
	cb, cr := p.Colours(grey)
	p.Shown = Canvas{Y: &raster.Plane{W: grey.W, H: grey.H, Pix: slices.Clone(grey.Pix)}, Cb: cb, Cr: cr}
	p.SRGB.planes(raster.Planes(p.Shown))
	return p.Shown.Y
}

// Colours returns the two colour differences of the picture that grey shows, at half of grey's
// size.
func (p *Photo) Colours(grey *raster.Plane) (cb, cr *raster.Plane) {
	cb, cr, ok := p.OwnColours(grey)
	if !ok {
		cb, cr = p.MeanColours(grey)
	}
	if p.Format == FormatWebP && hasPlanes(p.Decoded) {
		cb.StretchVideoColours()
		cr.StretchVideoColours()
	}
	return cb, cr
}

// OwnColours takes the colours as most JPEGs keep them, at half the size. Not where shrinking
// leaves something over, or where what is last of an odd number would come first.
func (p *Photo) OwnColours(grey *raster.Plane) (cb, cr *raster.Plane, ok bool) {
	m, ok := p.Decoded.(*image.YCbCr)
	if !ok || m.SubsampleRatio != image.YCbCrSubsampleRatio420 || m.Rect.Min != (image.Point{}) {
		return nil, nil, false
	}
	turn := p.Orientation
	if p.Mirrored {
		turn = raster.TurnedOver(turn)
	}
	w, _ := p.Size()
	scale := w / grey.W
	fits := func(n int, reversed bool) bool { return n%(2*scale) == 0 || scale == 1 && !reversed }
	if !fits(m.Rect.Dx(), raster.ReversesX(turn)) || !fits(m.Rect.Dy(), raster.ReversesY(turn)) {
		return nil, nil, false
	}
	half := image.Rect(0, 0, (m.Rect.Dx()+1)/2, (m.Rect.Dy()+1)/2)
	upright := func(pix []uint8) *raster.Plane {
		q := &raster.Plane{W: half.Dx(), H: half.Dy()}
		q.Pix, _ = raster.Packed(slices.Clone(pix), m.CStride, half)
		return q.Shrunk(scale, turn)
	}
	return upright(m.Cb), upright(m.Cr), true
}

// MeanColours returns for each pixel the mean of the four pixels of the decoded image that lie in
// the middle of what it covers.
func (p *Photo) MeanColours(grey *raster.Plane) (cb, cr *raster.Plane) {
	cb, cr = raster.NewPlane((grey.W+1)/2, (grey.H+1)/2), raster.NewPlane((grey.W+1)/2, (grey.H+1)/2)
	look := lookupIn(p.Decoded.Bounds(), p.Orientation, p.Mirrored)
	tint := tintOf(p.Decoded)
	step := 2 * (look.w / grey.W)
	for y := range cb.H {
		for x := range cb.W {
			at := look.stored(x*step+step/2, y*step+step/2)
			left, up := at.Sub(look.right), at.Sub(look.down)
			b, r := 2, 2
			for _, at := range [...]image.Point{at, left, up, left.Sub(look.down)} {
				sb, sr := tint(at)
				b, r = b+int(sb), r+int(sr)
			}
			cb.Pix[y*cb.W+x], cr.Pix[y*cr.W+x] = uint8(b/4), uint8(r/4)
		}
	}
	return cb, cr
}

// lookup finds the pixels of an upright picture, w x h of them, in the stored one, which may lie on
// its side.
type lookup struct {
	w, h                int
	origin, right, down image.Point
}

// lookupIn returns the lookup in a stored picture with the bounds b. It undoes the EXIF orientation
// (see plane.upright), then turning over.
func lookupIn(b image.Rectangle, orientation int, mirrored bool) lookup {
	right, down := image.Pt(1, 0), image.Pt(0, 1)
	l := lookup{w: b.Dx(), h: b.Dy()}
	if orientation >= 5 && orientation <= 8 {
		l.w, l.h = l.h, l.w
		right, down = down, right
	}
	l.origin, l.right, l.down = b.Min, right, down
	switch orientation {
	case 2, 6:
		l.flipX()
	case 3, 7:
		l.flipX()
		l.flipY()
	case 4, 8:
		l.flipY()
	}
	if mirrored {
		l.flipX()
	}
	return l
}

func (l *lookup) flipX() {
	l.origin = l.origin.Add(l.right.Mul(l.w - 1))
	l.right = l.right.Mul(-1)
}

func (l *lookup) flipY() {
	l.origin = l.origin.Add(l.down.Mul(l.h - 1))
	l.down = l.down.Mul(-1)
}

// stored returns the place in the decoded image; beyond the border it is the border's.
func (l *lookup) stored(x, y int) image.Point {
	x, y = min(x, l.w-1), min(y, l.h-1)
	return l.origin.Add(l.right.Mul(x)).Add(l.down.Mul(y))
}

// tintOf returns a function for the colour differences of one pixel. As in lumaOf, what is
// transparent lies on grey.
func tintOf(img image.Image) func(image.Point) (cb, cr uint8) {
	switch m := img.(type) {
	case *image.YCbCr:
		return func(at image.Point) (uint8, uint8) {
			i := m.COffset(at.X, at.Y)
			return m.Cb[i], m.Cr[i]
		}
	case *image.NYCbCrA:
		return func(at image.Point) (uint8, uint8) {
			i := m.COffset(at.X, at.Y)
			return m.Cb[i], m.Cr[i]
		}
	case image.RGBA64Image:
		return func(at image.Point) (uint8, uint8) {
			c := m.RGBA64At(at.X, at.Y)
			return coloursOf(int64(c.R), int64(c.G), int64(c.B))
		}
	}
	return func(image.Point) (uint8, uint8) { return raster.Backdrop, raster.Backdrop }
}

// coloursOf returns JPEG's colour differences of a colour with 16 bits a channel.
func coloursOf(r, g, b int64) (cb, cr uint8) {
	scaled := func(v int64) uint8 { return uint8(max(0, min(255, (v/257+128<<16+1<<15)>>16))) }
	return scaled(-11059*r - 21709*g + 32768*b), scaled(32768*r - 27439*g - 5329*b)
}
