package photo

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"runtime/debug"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// WorkingSide is the length in pixels that the longer side of the picture looked at keeps at least,
// where the file has it. A face that fills a third of the frame then still has more than 100 pixels
// between its pupils.
const WorkingSide = 1000

// Photo is a file whose header has been read and found acceptable.
type Photo struct {
	Header
	// Begin is that of the report.Options.
	Begin func(stage string) (end func())
	// Luma is the picture's brightness, once decoded, in full size and as stored: it becomes
	// upright by the orientation turn, or upright and turned over if mirrored.
	Luma *raster.Plane
	turn int
	// Mirrored photos are looked at turned over (see raster.Plane.LeansRight).
	Mirrored bool
	// decoded is what the decoder gave, kept for pictures in colour if pictured, and until the
	// photo is measured if its colours are not sRGB.
	Pictured bool
	Decoded  image.Image

	// SRGB converts the photo's colours, nil if they are sRGB or are taken for it, and embedded is
	// what the report says of their profile, nil for sRGB. shown is the plane that grey gave last
	// with its colours, both converted.
	SRGB     *toSRGB
	Embedded *report.ColorProfile
	Shown    Canvas
}

// Open reads the bytes and checks them against the limits before anything is decoded. Its errors
// are refusals, or whatever r fails with.
func Open(r io.Reader, opts report.Options) (*Photo, error) {
	data, err := readUpTo(r, opts.MaxBytes+1)
	if err != nil {
		return nil, fmt.Errorf("face: reading the photo: %w", err)
	}
	if int64(len(data)) > opts.MaxBytes {
		return nil, report.Refuse(report.TooLarge,
			fmt.Sprintf("This file has more than %d megabytes. Please choose a smaller one.",
				opts.MaxBytes>>20))
	}
	h, err := ReadHeader(data, opts)
	if err != nil {
		return nil, err
	}
	if err := h.Check(opts); err != nil {
		return nil, err
	}
	return &Photo{Header: h, Begin: opts.Begin}, nil
}

// readUpTo reads all of r, or the first so many bytes. What lies in memory already is not read into
// ever larger pieces of it.
func readUpTo(r io.Reader, most int64) ([]byte, error) {
	known, ok := r.(*bytes.Reader)
	if !ok {
		return io.ReadAll(io.LimitReader(r, most))
	}
	data := make([]byte, min(int64(known.Len()), most))
	_, err := io.ReadFull(known, data)
	return data, err
}

// Size returns width and height of the upright picture in pixels.
func (p *Photo) Size() (w, h int) {
	if p.Orientation >= 5 {
		return p.Height, p.Width
	}
	return p.Width, p.Height
}

// Scale returns the largest of 8, 4, 2 and 1 by which the picture can be shrunk with its longer
// side still at least side pixels.
func (p *Photo) Scale(side int) int {
	for _, s := range [...]int{8, 4, 2} {
		if max(p.Width, p.Height)/s >= side {
			return s
		}
	}
	return 1
}

// Grey returns the brightness in sRGB of the upright picture at 1/scale of its size, turned over if
// mirrored. The plane must not be written to.
func (p *Photo) Grey(scale int) (*raster.Plane, error) {
	if err := p.Load(); err != nil {
		return nil, err
	}
	if scale > 1 {
		return p.inSRGB(p.Luma.Shrunk(scale, p.turn)), nil
	}
	p.Luma, p.turn = p.Luma.Upright(p.turn), 1
	return p.inSRGB(p.Luma), nil
}

// Load decodes the file, once. The full size is kept, because a small face in a large picture is
// measured in it.
func (p *Photo) Load() error {
	if p.Luma != nil {
		return nil
	}
	p.readProfile()
	img, err := p.Decode(p.Pictured || p.SRGB != nil)
	if err != nil {
		return err
	}
	p.convert(img)
	if p.Pictured || p.SRGB != nil {
		p.Decoded = img
	}
	p.Luma, p.turn = raster.LumaOf(img), p.Orientation
	if p.Format == FormatWebP && hasPlanes(img) {
		p.Luma.StretchVideoLevels()
	}
	if p.Mirrored = p.Luma.LeansRight(p.turn); p.Mirrored {
		p.turn = raster.TurnedOver(p.turn)
	}
	return nil
}

// hasPlanes reports whether an image keeps brightness and colours apart, as JPEG and lossy WebP do.
// The latter has the levels of a video's frame.
func hasPlanes(img image.Image) bool {
	switch img.(type) {
	case *image.YCbCr, *image.NYCbCrA:
		return true
	}
	return false
}

// muchMemory is what decoding takes, in bytes, from which on the memory of the photos before is
// given back first: the garbage of one would otherwise double the peak. A photo of 12 megapixels
// takes less.
const muchMemory = 64 << 20

// Decode decodes the file, once. The decoders meet hostile input, so a panic in one of them means a
// damaged file.
func (p *Photo) Decode(colours bool) (img image.Image, err error) {
	if p.Memory >= muchMemory {
		debug.FreeOSMemory()
	}
	defer func() {
		if v := recover(); v != nil {
			img, err = nil, report.RefuseBecause(report.Corrupt, detailDamaged, fmt.Errorf("decoder panic: %v", v))
		}
		p.decode = nil // and with it the bytes
	}()
	if img, err = p.decode(colours); err != nil {
		return nil, err
	}
	if img.Bounds().Size() != image.Pt(p.Width, p.Height) { // not what was checked against the limits
		return nil, report.Refuse(report.Corrupt, detailDamaged)
	}
	return img, nil
}
