package photos

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/png"
	"strings"

	"github.com/HugoSmits86/nativewebp"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testphoto/portrait"
)

// selfie returns the usual face.
func selfie() *image.RGBA { return usual.Draw(portrait.Selfie()) }

func asPNG(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// formats are completed photos in every format that is read.
func formats() []Photo {
	return []Photo{
		{
			Code: "completed_png", Shows: "The usual face, as PNG.", ContentType: "image/png", Outcome: ranked(),
			file: func() ([]byte, error) { return asPNG(selfie()) },
		}, {
			Code: "completed_webp", Shows: "The usual face, as lossless WebP.", ContentType: "image/webp", Outcome: ranked(),
			file: func() ([]byte, error) {
				var b bytes.Buffer
				err := nativewebp.Encode(&b, selfie(), nil)
				return b.Bytes(), err
			},
		}, {
			Code: "completed_mirrored", Shows: "The photo completed_png, mirrored: it has the same score.",
			ContentType: "image/png", Outcome: ranked(),
			file: func() ([]byte, error) { return asPNG(mirrored(selfie())) },
		}, {
			Code: "completed_turned", Shows: "The usual face, stored lying with the Exif orientation 6.", Outcome: ranked(),
			file: func() ([]byte, error) {
				data, err := asJPEG(turned(selfie()), quality)
				return oriented(data, 6), err
			},
		}, {
			Code: "completed_grey", Shows: "The usual face, without colours.", Outcome: ranked(),
			file: func() ([]byte, error) { return asJPEG(grey(selfie()), quality) },
		},
	}
}

// oriented returns the JPEG with an Exif orientation.
func oriented(data []byte, orientation byte) []byte {
	exif := append(
		[]byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"),
		orientation, 0, 0, 0, 0, 0, 0,
	)
	segment := append([]byte{0xff, 0xe1, 0, byte(2 + len(exif))}, exif...)
	return append(append(bytes.Clone(data[:2]), segment...), data[2:]...)
}

// unread are files that are no photo, or none that is read.
func unread() []Photo {
	whole := drawn(nil)
	given := func(text string) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(text), nil }
	}
	unsupported, corrupt := fails(report.UnsupportedFormat), fails(report.Corrupt)
	return []Photo{
		{
			Code: "unsupported_format", Shows: "A text.", Outcome: unsupported, file: given("This is a text and not a photo.\n"),
		}, {
			Code: "unsupported_format_heic", Shows: "The beginning of a HEIC file.", Outcome: unsupported,
			file: given("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
		}, {
			Code: "unsupported_format_gif", Shows: "The usual face, as GIF.", Outcome: unsupported, file: asGIF,
		}, {
			Code: "unsupported_format_pdf", Shows: "The beginning of a PDF.", Outcome: unsupported,
			file: given("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
		}, {
			Code: "too_large", Shows: "An empty PNG of 8,000 by 8,000 pixels, in some kilobytes.", ContentType: "image/png",
			Outcome: fails(report.TooLarge), file: func() ([]byte, error) { return emptyPNG(8000) },
		}, {
			Code: "corrupt", Shows: "A JPEG that ends in its middle, as of an upload that broke off.", Outcome: corrupt,
			file: func() ([]byte, error) {
				data, err := whole()
				return data[:len(data)/2], err
			},
		}, {
			Code: "corrupt_png", Shows: "A PNG with a wrong bit.", ContentType: "image/png", Outcome: corrupt,
			file: func() ([]byte, error) {
				data, err := asPNG(selfie())
				if err == nil {
					data[len(data)/2] ^= 1
				}
				return data, err
			},
		},
	}
}

// misdeclared are photos that are not what their ticket says.
func misdeclared() []Photo {
	return []Photo{
		{
			Code: scan.ReasonMismatch, Shows: "The usual face; another photo is announced.",
			SHA256: strings.Repeat("0", 64), Outcome: failed(scan.ReasonMismatch), file: drawn(nil),
		}, {
			Code: scan.ReasonType, Shows: "The usual face, as PNG; a JPEG is announced.",
			Outcome: failed(scan.ReasonType), file: func() ([]byte, error) { return asPNG(selfie()) },
		}, {
			Code: scan.ReasonEncoded, Shows: "The usual face; the PUT declares it as compressed.", ContentEncoding: "gzip",
			Outcome: failed(scan.ReasonEncoded), file: drawn(nil),
		},
	}
}

func asGIF() ([]byte, error) {
	src := selfie()
	img := image.NewPaletted(src.Rect, palette.Plan9)
	draw.Draw(img, img.Rect, src, image.Point{}, draw.Src)
	var b bytes.Buffer
	err := gif.Encode(&b, img, nil)
	return b.Bytes(), err
}

// emptyPNG returns a black PNG of side by side pixels of one bit, which is small for its size: the
// pixels are not made.
func emptyPNG(side int) ([]byte, error) {
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	line := make([]byte, 1+(side+7)/8)
	for range side {
		if _, err := z.Write(line); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	size := binary.BigEndian.AppendUint32(nil, uint32(side))
	header := append(append(bytes.Clone(size), size...), 1, 0, 0, 0, 0)
	data := chunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", header)
	return chunk(chunk(data, "IDAT", pixels.Bytes()), "IEND", nil), nil
}

// chunk returns the PNG with a chunk and its checksum appended.
func chunk(data []byte, name string, body []byte) []byte {
	named := append([]byte(name), body...)
	data = binary.BigEndian.AppendUint32(data, uint32(len(body)))
	return binary.BigEndian.AppendUint32(append(data, named...), crc32.ChecksumIEEE(named))
}
