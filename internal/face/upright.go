package face

import (
	"image"
	"image/color"
	"io"

	"golang.org/x/image/draw"
)

// Upright decodes a photo as Analyze does, within the same limits, and gives it as people see it:
// turned by its EXIF orientation, opaque, and shrunk to at most side pixels along its longer side.
// It carries nothing of the photo's metadata. The errors are those of Analyze for a file that
// cannot be read.
func Upright(r io.Reader, opts Options, side int) (*image.RGBA, error) {
	p, err := open(r, opts.withDefaults())
	if err != nil {
		return nil, err
	}
	p.readProfile()
	if p.decoded, err = p.decode(true); err != nil {
		return nil, err
	}
	p.convert(p.decoded)
	if p.format == formatWebP {
		stretchVideo(p.decoded)
	}
	small := shrunkTo(p.decoded, side)
	if p.srgb != nil {
		p.srgb.pixels(small.Pix, 1)
	}
	p.decoded = small
	return p.turned(), nil
}

// stretchVideo gives the frame of a WebP with losses the levels of a photo.
func stretchVideo(img image.Image) {
	var m *image.YCbCr
	switch v := img.(type) {
	case *image.YCbCr:
		m = v
	case *image.NYCbCrA:
		m = &v.YCbCr
	default:
		return
	}
	(&plane{pix: m.Y}).stretchVideoLevels()
	(&plane{pix: m.Cb}).stretchVideoColours()
	(&plane{pix: m.Cr}).stretchVideoColours()
}

// shrunkTo gives the picture, opaque, with at most side pixels along its longer side.
func shrunkTo(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(color.Gray{Y: backdrop}), image.Point{}, draw.Src)
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(out, out.Rect, img, b.Min, draw.Over)
		return out
	}
	draw.CatmullRom.Scale(out, out.Rect, img, b, draw.Over, nil)
	return out
}

// turned copies the decoded picture, an *image.RGBA, as its orientation says.
func (p *photo) turned() *image.RGBA {
	src := p.decoded.(*image.RGBA)
	if p.orientation == 1 {
		return src
	}
	look := p.lookup()
	out := image.NewRGBA(image.Rect(0, 0, look.w, look.h))
	for y := range look.h {
		for x := range look.w {
			at := look.stored(x, y)
			copy(out.Pix[out.PixOffset(x, y):][:4], src.Pix[src.PixOffset(at.X, at.Y):][:4])
		}
	}
	return out
}
