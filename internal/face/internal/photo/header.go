package photo

import (
	"bytes"
	"fmt"
	"image"

	"github.com/facescan/facescan/internal/face/report"
)

// Format is the kind of a file.
type Format int

// The kinds that are read.
const (
	FormatJPEG Format = iota
	FormatPNG
	FormatWebP
)

// Sentences that several places say.
const (
	detailDamaged    = "This file is damaged or was not uploaded completely. Please upload it again."
	detailUnreadKind = "This kind of image file cannot be read. Please save the photo as an ordinary JPEG."
)

// OwnPlanes is what this package keeps while it turns a picture upright, bytes a pixel.
const OwnPlanes = 2

// Header is what a file says about itself before it is decoded.
type Header struct {
	Format        Format
	Width, Height int // pixels as stored, before orientation
	Orientation   int // EXIF, 1 to 8
	// Memory is how many bytes decoding takes at most, from the decoders' picture types.
	Memory int64
	// icc is the embedded colour profile as stored, at most maxICC bytes and not checked any
	// further; nil when the file has none, or a malformed one.
	icc []byte
	// greyPNG is whether a PNG stores grey alone. With transparency image/png makes colours of it.
	greyPNG bool
	// decode decodes the photo; without colours its brightness is enough. It reads exactly what the
	// header was checked on, in a JPEG by the same parser, and nothing that stands behind.
	decode func(colours bool) (image.Image, error)
}

// Check refuses what would take too much to decode.
func (h Header) Check(opts report.Options) error {
	pixels := int64(h.Width) * int64(h.Height)
	if h.Width > opts.MaxSide || h.Height > opts.MaxSide || pixels > opts.MaxPixels {
		return report.Refuse(report.TooLarge,
			fmt.Sprintf("This photo has %d x %d pixels. Please send one with at most %g megapixels.",
				h.Width, h.Height, float64(opts.MaxPixels)/1e6))
	}
	if h.Memory+OwnPlanes*pixels > opts.MaxMemory {
		return report.Refuse(report.TooLarge, fmt.Sprintf("This photo of %d x %d pixels takes too much memory to read. "+
			"Please save it as an ordinary (baseline) JPEG or make it smaller.", h.Width, h.Height))
	}
	return nil
}

// ReadHeader finds the format by the first bytes, never by a name or a declared type.
func ReadHeader(data []byte, opts report.Options) (Header, error) {
	switch {
	case len(data) == 0:
		return Header{}, report.Refuse(report.Corrupt, "This file is empty. Please upload the photo again.")
	case bytes.HasPrefix(data, []byte{0xff, 0xd8, 0xff}):
		return jpegHeader(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return pngHeader(data)
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return webpHeader(data, opts)
	case report.IsHEIF(data):
		return Header{}, report.Refuse(report.UnsupportedFormat, "This is a HEIC or AVIF photo, which is not read here. "+
			"Please let the phone convert it to JPEG (iPhone: Settings, Camera, Formats, Most Compatible).")
	default:
		return Header{}, report.Refuse(report.UnsupportedFormat, "This file is not a JPEG, PNG or WebP image.")
	}
}
