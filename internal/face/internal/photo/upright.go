package photo

import (
	"image"
	"image/color"
	"image/draw"
	"io"
	"runtime/debug"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// Upright decodes a photo as Analyze does, within the same limits, and returns it as people see it:
// turned by its EXIF orientation, opaque, in sRGB, and shrunk to at most side pixels along its
// longer side. It carries nothing of the photo's metadata. The errors are those of Analyze for a
// file that cannot be read.
//
// The image is an *image.YCbCr or an *image.Gray for most photos whose file keeps brightness and
// colours apart, which takes a half or less of the memory, and an *image.RGBA for all others.
// Beside the decoded file, that is all that is taken.
func Upright(r io.Reader, opts report.Options, side int) (image.Image, error) {
	p, err := Open(r, opts.WithDefaults())
	if err != nil {
		return nil, err
	}
	p.readProfile()
	p.giveBack() // what measuring the photo took
	if p.Decoded, err = p.Decode(true); err != nil {
		return nil, err
	}
	p.convert(p.Decoded)
	if p.Format == FormatWebP {
		stretchVideo(p.Decoded)
	}
	return p.upright(side), nil
}

// upright turns and shrinks what was decoded, whose memory it may take.
func (p *Photo) upright(side int) image.Image {
	w, h := shrunkTo(p.Width, p.Height, side)
	switch m := p.Decoded.(type) {
	case *image.Gray:
		return raster.LumaOf(m).Resized(w, h).Upright(p.Orientation).Image()
	case *image.YCbCr:
		if p.staysPlanes(m, w, h) {
			return p.uprightPlanes(m, w, h)
		}
	}
	return p.uprightPixels(w, h)
}

// manyPixels is the size of a photo from which on giveBack does something.
const manyPixels = 4_000_000

// giveBack returns unused memory to the system. Otherwise the garbage collector lets it grow to as
// much again as is in use.
func (p *Photo) giveBack() {
	if p.Width*p.Height >= manyPixels {
		debug.FreeOSMemory()
	}
}

// shrunkTo returns w x h in proportion with at most side pixels along the longer side.
func shrunkTo(w, h, side int) (int, int) {
	if long := max(w, h); long > side {
		return max(1, w*side/long), max(1, h*side/long)
	}
	return w, h
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
	(&raster.Plane{Pix: m.Y}).StretchVideoLevels()
	(&raster.Plane{Pix: m.Cb}).StretchVideoColours()
	(&raster.Plane{Pix: m.Cr}).StretchVideoColours()
}

// staysPlanes reports whether the image becomes upright, at w x h pixels and in sRGB, plane by
// plane. Colours of which the last one of an odd number would come first do not, nor do those that
// lie for more than two pixels if they are not resized.
func (p *Photo) staysPlanes(m *image.YCbCr, w, h int) bool {
	b, same := m.Rect, m.Rect.Size() == image.Pt(w, h)
	if b.Min != (image.Point{}) || p.SRGB != nil && (!same || m.SubsampleRatio != image.YCbCrSubsampleRatio420) {
		return false
	}
	if !same {
		return true
	}
	evenX, evenY := b.Dx()%2 == 0 || !raster.ReversesX(p.Orientation), b.Dy()%2 == 0 || !raster.ReversesY(p.Orientation)
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
		return true
	case image.YCbCrSubsampleRatio422:
		return evenX
	case image.YCbCrSubsampleRatio440:
		return evenY
	case image.YCbCrSubsampleRatio420:
		return evenX && evenY
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
	}
	return false
}

// uprightPlanes turns the planes of the image, whose memory it takes. Those that are resized get
// the same size, so that the colours lose nothing.
func (p *Photo) uprightPlanes(m *image.YCbCr, w, h int) *image.YCbCr {
	colours := coloursIn(m)
	own := raster.Planes{
		Y: raster.LumaOf(m), Cb: packedPlane(m.Cb, m.CStride, colours), Cr: packedPlane(m.Cr, m.CStride, colours),
	}
	ratio := m.SubsampleRatio
	if p.SRGB != nil {
		p.SRGB.planes(own)
	}
	if m.Rect.Size() != image.Pt(w, h) {
		ratio = image.YCbCrSubsampleRatio444
	}
	for _, q := range [...]**raster.Plane{&own.Y, &own.Cb, &own.Cr} {
		if ratio == image.YCbCrSubsampleRatio444 {
			*q = (*q).Resized(w, h)
		}
		*q = (*q).Upright(p.Orientation)
	}
	out := own.Image()
	out.SubsampleRatio = ratio
	if p.Orientation >= 5 {
		out.SubsampleRatio = lying(ratio)
	}
	return out
}

// coloursIn returns the size of the planes of colours.
func coloursIn(m *image.YCbCr) image.Rectangle {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	last := m.COffset(w-1, h-1)
	return image.Rect(0, 0, last%m.CStride+1, last/m.CStride+1)
}

func packedPlane(pix []uint8, stride int, size image.Rectangle) *raster.Plane {
	p := &raster.Plane{W: size.Dx(), H: size.Dy()}
	p.Pix, _ = raster.Packed(pix, stride, size)
	return p
}

// lying returns the ratio of an image whose rows become columns, for one that stays planes.
func lying(ratio image.YCbCrSubsampleRatio) image.YCbCrSubsampleRatio {
	if ratio == image.YCbCrSubsampleRatio422 {
		return image.YCbCrSubsampleRatio440
	}
	if ratio == image.YCbCrSubsampleRatio440 {
		return image.YCbCrSubsampleRatio422
	}
	return ratio
}

// stripRows is how many rows are drawn, and turned, at a time.
const stripRows = 16

// uprightPixels draws the decoded image on grey, converts and resizes it to w x h pixels as stored,
// and turns it, strip by strip.
func (p *Photo) uprightPixels(w, h int) *image.RGBA {
	p.giveBack() // what decoding took beside the image
	b := p.Decoded.Bounds()
	out := newTurner(w, h, p.Orientation)
	add := out.add
	if b.Size() != image.Pt(w, h) {
		add = newPixelResizer(b.Dx(), b.Dy(), w, h, out.add).add
	}
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), stripRows))
	ground := image.NewUniform(color.Gray{Y: raster.Backdrop})
	for y := 0; y < b.Dy(); y += stripRows {
		area := image.Rect(0, 0, b.Dx(), min(stripRows, b.Dy()-y))
		draw.Draw(strip, area, ground, image.Point{}, draw.Src)
		draw.Draw(strip, area, p.Decoded, b.Min.Add(image.Pt(0, y)), draw.Over)
		if p.SRGB != nil {
			p.SRGB.pixels(strip.Pix[:area.Dy()*strip.Stride], 1)
		}
		for row := range area.Dy() {
			add(strip.Pix[row*strip.Stride:][:strip.Stride])
		}
	}
	out.flush()
	return out.img
}

// turner writes the rows of a stored picture, opaque pixels of four bytes, where they belong in the
// upright one. It does so for stripRows at a time, whose pixels share lines of the cache where rows
// become columns.
type turner struct {
	img   *image.RGBA
	look  lookup // the way back, from the stored picture to the upright one
	strip []uint8
	y     int // of the strip's first row
}

func newTurner(w, h, orientation int) *turner {
	size, back := image.Rect(0, 0, w, h), orientation
	switch orientation {
	case 5, 7:
		size = image.Rect(0, 0, h, w)
	case 6, 8: // a quarter turn one way, and the other way back
		size, back = image.Rect(0, 0, h, w), 14-orientation
	}
	return &turner{
		img: image.NewRGBA(size), look: lookupIn(size, back, false), strip: make([]uint8, 0, stripRows*4*w),
	}
}

// add takes the next row.
func (t *turner) add(row []uint8) {
	t.strip = append(t.strip, row...)
	if len(t.strip) == cap(t.strip) {
		t.flush()
	}
}

// flush writes the rows that were added since the last time.
//
//go:norace
func (t *turner) flush() {
	offset := func(by image.Point) int { return 4*by.X + t.img.Stride*by.Y }
	right, down := offset(t.look.right), offset(t.look.down)
	width := 4 * t.look.w
	rows := len(t.strip) / width
	start := offset(t.look.origin) + t.y*down
	for x := range t.look.w {
		for row := range rows {
			copy(t.img.Pix[start+x*right+row*down:][:4], t.strip[row*width+4*x:][:4])
		}
	}
	t.y += rows
	t.strip = t.strip[:0]
}

// pixelResizer resizes rows of opaque pixels of four bytes, channel by channel.
type pixelResizer struct {
	channels [3]*raster.Resizer
	samples  []uint8 // of one channel in a row
	shrunk   []uint8 // the same in a row of the result
	done     []uint8 // a row of the result
	emit     func(row []uint8)
}

func newPixelResizer(w, h, newW, newH int, emit func(row []uint8)) *pixelResizer {
	r := &pixelResizer{
		samples: make([]uint8, w), shrunk: make([]uint8, newW), done: make([]uint8, 4*newW), emit: emit,
	}
	for i := range r.channels {
		r.channels[i] = raster.NewResizer(h, newW, newH)
	}
	for i := 3; i < len(r.done); i += 4 {
		r.done[i] = 255
	}
	return r
}

// add takes the next row. The picture is shrunk, so that it completes one row at most.
func (r *pixelResizer) add(row []uint8) {
	complete := false
	next := func() []uint8 {
		complete = true
		return r.shrunk
	}
	for i, channel := range r.channels {
		everyFourth(r.samples, row[i:])
		channel.Add(r.samples, next)
		if complete {
			intoEveryFourth(r.done[i:], r.shrunk)
		}
	}
	if complete {
		r.emit(r.done)
	}
}

//go:norace
func everyFourth(dst, src []uint8) {
	for x := range dst {
		dst[x] = src[4*x]
	}
}

//go:norace
func intoEveryFourth(dst, src []uint8) {
	for x, v := range src {
		dst[4*x] = v
	}
}
