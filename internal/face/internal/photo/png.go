package photo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"io"

	"github.com/facescan/facescan/internal/face/internal/exif"
	"github.com/facescan/facescan/internal/face/report"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngFile is what a walk over the chunks of a PNG (ISO/IEC 15948) finds.
type pngFile struct {
	// parts are the signature and the chunks that hold the picture, one behind the other. Other
	// chunks are not given to the decoder, which would refuse a photo for their checksums.
	parts       [][]byte
	ihdr        []byte
	transparent bool // by a colour or a palette
	exif, icc   []byte
}

// pngHeader reads the structure of a PNG without decoding it. image/png checks the checksums of all
// chunks that it is given and of the pixels together, so a photo is whole if it decodes.
func pngHeader(data []byte) (Header, error) {
	f, err := readPNG(data)
	if err != nil {
		return Header{}, err
	}
	cfg, err := png.DecodeConfig(f.reader())
	if err != nil {
		return Header{}, pngRefusal(err)
	}
	h := Header{Format: FormatPNG, Width: cfg.Width, Height: cfg.Height, Orientation: max(1, exif.Orientation(f.exif))}
	if f.icc != nil {
		h.icc = iccFromPNG(f.icc)
	}
	h.greyPNG = f.ihdr[pngColourAt]&pngColours == 0
	h.Memory = f.bytesPerPixel() * int64(cfg.Width) * int64(cfg.Height)
	h.decode = func(bool) (image.Image, error) {
		img, err := png.Decode(f.reader())
		if err != nil {
			return nil, pngRefusal(err)
		}
		return img, nil
	}
	return h, nil
}

func pngRefusal(err error) error {
	var unsupported png.UnsupportedError
	if errors.As(err, &unsupported) {
		return report.RefuseBecause(report.UnsupportedFormat, detailUnreadKind, err)
	}
	return report.RefuseBecause(report.Corrupt, detailDamaged, err)
}

var errChunk = errors.New("chunk is cut or out of place")

// maxPNGParts bounds the parts of a file. One in order has five: the signature with IHDR, PLTE,
// tRNS, all IDAT together (ISO/IEC 15948, 11.2.4) and IEND. The rest is room for files that are not
// quite in order. The parts of a file of 25 MB could take 200 MB else, which no header announces.
const maxPNGParts = 64

// readPNG walks over the chunks, up to the end chunk or the end of the file, which is no fault if
// the picture is there. Its errors are refusals.
func readPNG(data []byte) (*pngFile, error) {
	const frame = 4 + 4 + 4 // length, name, checksum
	f := &pngFile{parts: [][]byte{data[:len(pngSignature)]}}
	for pos := len(pngSignature); pos+frame <= len(data); {
		length := int64(binary.BigEndian.Uint32(data[pos:]))
		if length > int64(len(data)-pos-frame) {
			break
		}
		chunk := data[pos : pos+frame+int(length)]
		name, body := string(chunk[4:8]), chunk[8:len(chunk)-4]
		if name == "IEND" {
			break
		}
		if err := f.add(name, body, chunk); err != nil {
			return nil, err
		}
		pos += len(chunk)
	}
	if f.ihdr == nil {
		return nil, report.RefuseBecause(report.Corrupt, detailDamaged, errChunk)
	}
	f.parts = append(f.parts, []byte("\x00\x00\x00\x00IEND\xae\x42\x60\x82"))
	return f, nil
}

// add takes a chunk.
func (f *pngFile) add(name string, body, chunk []byte) error {
	const ancillary = 0x20 // a bit of the first letter of a name
	const ihdrSize = 13
	intact := crc32.ChecksumIEEE(chunk[4:len(chunk)-4]) == binary.BigEndian.Uint32(chunk[len(chunk)-4:])
	switch {
	case f.ihdr == nil && (name != "IHDR" || len(body) != ihdrSize):
		if name == "CgBI" { // Apple's own kind, for programs on phones
			return report.Refuse(report.UnsupportedFormat, detailUnreadKind)
		}
		return report.RefuseBecause(report.Corrupt, detailDamaged, errChunk)
	case name == "IHDR":
		f.ihdr = body
	case name == "PLTE", name == "IDAT":
	case name == "tRNS" && intact && f.takesTransparency():
		f.transparent = true
	case name == "eXIf" && intact && f.exif == nil:
		f.exif = body
		return nil
	case name == "iCCP" && intact && f.icc == nil:
		f.icc = body
		return nil
	case name[0]&ancillary == 0:
		return report.Refuse(report.UnsupportedFormat, detailUnreadKind)
	default:
		return nil
	}
	if f.keep(chunk); len(f.parts) > maxPNGParts {
		return report.RefuseBecause(report.Corrupt, detailDamaged, errChunk)
	}
	return nil
}

// keep adds a chunk to the parts, to the last one if it stands right behind.
func (f *pngFile) keep(chunk []byte) {
	last := &f.parts[len(f.parts)-1]
	if n := len(*last); cap(*last) >= n+len(chunk) && &(*last)[:n+1][n] == &chunk[0] {
		*last = (*last)[:n+len(chunk)]
		return
	}
	f.parts = append(f.parts, chunk)
}

func (f *pngFile) reader() io.Reader {
	var readers []io.Reader
	for _, part := range f.parts {
		readers = append(readers, bytes.NewReader(part))
	}
	return io.MultiReader(readers...)
}

// Places in the body of IHDR, and colour types.
const (
	pngDepthAt, pngColourAt, pngInterlaceAt = 8, 9, 12

	pngGrey, pngPalette  = 0, 3
	pngColours, pngAlpha = 2, 4 // bits
)

// takesTransparency reports whether a tRNS chunk may say which colours are transparent.
func (f *pngFile) takesTransparency() bool { return f.ihdr[pngColourAt]&pngAlpha == 0 }

// bytesPerPixel returns how much image/png takes for a pixel.
func (f *pngFile) bytesPerPixel() int64 {
	n := int64(4)
	switch colour := f.ihdr[pngColourAt]; {
	case colour == pngPalette, colour == pngGrey && !f.transparent:
		n = 1
	}
	if f.ihdr[pngDepthAt] == 16 {
		n = max(8*n/4, 2)
	}
	if f.ihdr[pngInterlaceAt] != 0 {
		n *= 2 // all passes beside the picture
	}
	return n
}
