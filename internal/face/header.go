package face

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/png"

	"golang.org/x/image/webp"

	"github.com/facescan/facescan/internal/face/internal/jpeg"
)

type format int

const (
	formatJPEG format = iota
	formatPNG
	formatWebP
)

// Sentences that several places say.
const (
	detailDamaged    = "This file is damaged or was not uploaded completely. Please upload it again."
	detailUnreadKind = "This kind of image file cannot be read. Please save the photo as an ordinary JPEG."
)

// ownPlanes is what this package keeps while it turns a picture upright, bytes a pixel.
const ownPlanes = 2

// header is what a file says about itself before it is decoded.
type header struct {
	format        format
	width, height int // pixels as stored, before orientation
	orientation   int // EXIF, 1 to 8
	// memory is how many bytes decoding takes at most, from the decoders' picture types.
	memory int64
	// icc is the embedded colour profile as stored, at most maxICC bytes and not checked any
	// further; nil when the file has none, or a malformed one.
	icc []byte
	// jpeg is the file, of a JPEG.
	jpeg *jpeg.File
}

// check refuses what would take too much to decode.
func (h header) check(opts Options) error {
	pixels := int64(h.width) * int64(h.height)
	if h.width > opts.MaxSide || h.height > opts.MaxSide || pixels > opts.MaxPixels {
		return refuse(TooLarge, fmt.Sprintf("This photo has %d x %d pixels. Please send one with at most %g megapixels.",
			h.width, h.height, float64(opts.MaxPixels)/1e6))
	}
	if h.memory+ownPlanes*pixels > opts.MaxMemory {
		return refuse(TooLarge, fmt.Sprintf("This photo of %d x %d pixels takes too much memory to read. Please save it as an ordinary "+
			"(baseline) JPEG or make it smaller.", h.width, h.height))
	}
	return nil
}

// readHeader tells the format by the first bytes, never by a name or a declared type.
func readHeader(data []byte) (header, error) {
	switch {
	case len(data) == 0:
		return header{}, refuse(Corrupt, "This file is empty. Please upload the photo again.")
	case bytes.HasPrefix(data, []byte{0xff, 0xd8, 0xff}):
		return jpegHeader(data)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return pngHeader(data)
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return webpHeader(data)
	case isHEIF(data):
		return header{}, refuse(UnsupportedFormat, "This is a HEIC or AVIF photo, which is not read here. Please let the phone convert it to JPEG "+
			"(iPhone: Settings, Camera, Formats, Most Compatible).")
	default:
		return header{}, refuse(UnsupportedFormat, "This file is not a JPEG, PNG or WebP image.")
	}
}

// isHEIF looks for the brands of HEIC and AVIF (ISO/IEC 23008-12) in the file's first box.
func isHEIF(data []byte) bool {
	if len(data) < 12 || string(data[4:8]) != "ftyp" {
		return false
	}
	switch string(data[8:12]) {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1", "avif", "avis":
		return true
	}
	return false
}

// jpegHeader reads the structure of a JPEG without decoding it.
func jpegHeader(data []byte) (header, error) {
	const app1, app2 = 0xe1, 0xe2
	h := header{format: formatJPEG}
	var icc iccChunks
	file, err := jpeg.Read(data, func(marker byte, body []byte) {
		exif, isExif := bytes.CutPrefix(body, []byte(exifPrefix))
		switch {
		case marker == app1 && isExif && h.orientation == 0:
			h.orientation = orientationIn(exif)
		case marker == app2:
			icc.add(body)
		}
	})
	switch {
	case errors.Is(err, jpeg.ErrCMYK):
		return header{}, refuseBecause(UnsupportedFormat, "This JPEG is made for printing (CMYK). Please save it with RGB colours.", err)
	case errors.Is(err, jpeg.ErrUnsupported):
		return header{}, refuseBecause(UnsupportedFormat, detailUnreadKind, err)
	case err != nil:
		return header{}, refuseBecause(Corrupt, detailDamaged, err)
	}
	h.orientation, h.icc, h.jpeg = max(1, h.orientation), icc.profile(), file
	h.width, h.height, h.memory = file.Width, file.Height, file.Memory()
	return h, nil
}

func pngHeader(data []byte) (header, error) {
	const bitDepthAt = 24 // signature, IHDR's length and name, width, height
	cfg, err := png.DecodeConfig(bytes.NewReader(data))
	var unsupported png.UnsupportedError
	if errors.As(err, &unsupported) {
		return header{}, refuseBecause(UnsupportedFormat, detailUnreadKind, err)
	}
	if err != nil {
		return header{}, refuseBecause(Corrupt, detailDamaged, err)
	}
	h := header{format: formatPNG, width: cfg.Width, height: cfg.Height, orientation: 1, memory: 4 * int64(cfg.Width) * int64(cfg.Height)}
	if data[bitDepthAt] == 16 {
		h.memory *= 2
	}
	if exif := pngChunk(data, "eXIf"); exif != nil {
		h.orientation = max(1, orientationIn(exif))
	}
	if icc := pngChunk(data, "iCCP"); icc != nil {
		h.icc = iccFromPNG(icc)
	}
	return h, nil
}

// pngChunk finds the content of the first chunk of a name; nil without one.
func pngChunk(data []byte, name string) []byte {
	for data = data[8:]; len(data) >= 12; {
		n := int64(binary.BigEndian.Uint32(data))
		if n > int64(len(data)-12) {
			return nil
		}
		if string(data[4:8]) == name {
			return data[8 : 8+n]
		}
		data = data[12+n:]
	}
	return nil
}

func webpHeader(data []byte) (header, error) {
	cfg, err := webp.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return header{}, refuseBecause(Corrupt, detailDamaged, err)
	}
	// Lossless frames are decoded by way of several pictures of 4 bytes a pixel.
	h := header{format: formatWebP, width: cfg.Width, height: cfg.Height, orientation: 1, memory: 8 * int64(cfg.Width) * int64(cfg.Height)}
	if riffChunk(data, "ANIM") != nil {
		return header{}, refuse(UnsupportedFormat, "This is an animation. Please send a photo.")
	}
	if exif := riffChunk(data, "EXIF"); exif != nil {
		h.orientation = max(1, orientationIn(bytes.TrimPrefix(exif, []byte(exifPrefix))))
	}
	if icc := riffChunk(data, "ICCP"); icc != nil {
		h.icc = iccFromWebP(icc)
	}
	return h, nil
}

// riffChunk finds the content of the first chunk of a name; nil without one.
func riffChunk(data []byte, name string) []byte {
	for data = data[12:]; len(data) >= 8; {
		n := int64(binary.LittleEndian.Uint32(data[4:]))
		if n > int64(len(data)-8) {
			return nil
		}
		if string(data[:4]) == name {
			return data[8 : 8+n]
		}
		data = data[min(8+n+n&1, int64(len(data))):]
	}
	return nil
}
