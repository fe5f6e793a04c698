package face

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Markers of ITU T.81 that matter here.
const (
	markerSOF0 = 0xc0 // baseline
	markerSOF1 = 0xc1 // extended sequential
	markerSOF2 = 0xc2 // progressive
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP1 = 0xe1 // EXIF, among others
	markerAPP2 = 0xe2 // ICC profile, among others
	markerTEM  = 0x01
)

// maxScans is far above what encoders write (about 10). A file of thousands of empty scans would be
// small and yet take minutes.
const maxScans = 40

var (
	errTruncated = errors.New("JPEG ends before its end marker")
	errSegment   = errors.New("JPEG segment is malformed")
	errFrames    = errors.New("JPEG has no frame header, or several")
	errScans     = errors.New("JPEG has too many scans")
)

// jpegFrame is what a walk over the markers finds.
type jpegFrame struct {
	marker                byte
	precision, components int
	width, height         int
	frames, scans         int
	exif                  []byte // of the first segment that has some, without its prefix
	icc                   iccChunks
	// samples is the number of samples a pixel over all components: 1.5 for the usual 4:2:0, 3
	// without subsampling.
	samples float64
}

// jpegHeader reads a JPEG's structure without decoding it. jpegn is lenient: it fills what is
// missing with grey. A photo of which half is missing must not be scored, so the whole file is
// walked to its end marker.
func jpegHeader(data []byte) (header, error) {
	f, err := walkJPEG(data)
	switch {
	case err != nil:
		return header{}, refuseBecause(Corrupt, detailDamaged, err)
	case f.marker > markerSOF2 || f.precision != 8:
		return header{}, refuse(UnsupportedFormat, detailUnreadKind)
	case f.components != 1 && f.components != 3:
		return header{}, refuse(UnsupportedFormat, "This JPEG is made for printing (CMYK). Please save it with RGB colours.")
	case f.width == 0 || f.height == 0:
		return header{}, refuse(Corrupt, detailDamaged)
	}
	h := header{format: formatJPEG, width: f.width, height: f.height, orientation: 1, bytesPerPixel: ownPlanes + f.samples}
	if f.exif != nil {
		h.orientation = orientationIn(f.exif)
	}
	h.icc = f.icc.profile()
	if f.marker == markerSOF2 {
		h.bytesPerPixel += 4 * f.samples // every coefficient is kept
	}
	return h, nil
}

func walkJPEG(data []byte) (*jpegFrame, error) {
	f := new(jpegFrame)
	for pos := 2; ; {
		marker, next, err := nextMarker(data, pos)
		if err != nil {
			return f, err
		}
		if marker == markerEOI {
			break
		}
		if marker == markerTEM || marker >= markerRST0 && marker <= markerSOI {
			pos = next
			continue
		}
		body, err := segment(data, next)
		if err != nil {
			return f, err
		}
		pos = next + 2 + len(body)
		switch {
		case isFrame(marker):
			if err := f.read(marker, body); err != nil {
				return f, err
			}
		case marker == markerAPP1 && f.exif == nil && bytes.HasPrefix(body, []byte(exifPrefix)):
			f.exif = body[len(exifPrefix):]
		case marker == markerAPP2:
			f.icc.add(body)
		case marker == markerSOS:
			if f.scans++; f.scans > maxScans {
				return f, errScans
			}
			pos = endOfScan(data, pos)
		}
	}
	if f.frames != 1 || f.scans == 0 {
		return f, errFrames
	}
	return f, nil
}

func isFrame(marker byte) bool {
	return marker >= markerSOF0 && marker <= 0xcf && marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// read takes a frame header. A second one could claim another size than the one that was checked.
func (f *jpegFrame) read(marker byte, body []byte) error {
	if len(body) < 6 {
		return errSegment
	}
	if f.frames++; f.frames > 1 {
		return errFrames
	}
	f.marker, f.precision = marker, int(body[0])
	f.height, f.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	f.components = int(body[5])
	if f.components != 1 && f.components != 3 {
		return nil // not read, and so not costed either
	}
	if len(body) < 6+3*f.components {
		return errSegment
	}
	return f.countSamples(body[6:])
}

// countSamples adds up the sampling factors of the components, three bytes each, against the
// largest.
func (f *jpegFrame) countSamples(components []byte) error {
	sum, across, down := 0, 1, 1
	for i := range f.components {
		h, v := int(components[3*i+1]>>4), int(components[3*i+1]&15)
		if h == 0 || v == 0 {
			return errSegment
		}
		sum, across, down = sum+h*v, max(across, h), max(down, v)
	}
	f.samples = float64(sum) / float64(across*down)
	return nil
}

// nextMarker finds the next marker at or after pos and the place behind it, passing over fill bytes
// and rubbish, as decoders do.
func nextMarker(data []byte, pos int) (marker byte, next int, err error) {
	for pos < len(data) {
		i := bytes.IndexByte(data[pos:], 0xff)
		if i < 0 || pos+i+1 >= len(data) {
			break
		}
		pos += i + 1
		if m := data[pos]; m != 0 && m != 0xff {
			return m, pos + 1, nil
		}
	}
	return 0, 0, errTruncated
}

// segment gives the content of a marker segment whose length stands at pos.
func segment(data []byte, pos int) ([]byte, error) {
	if pos+2 > len(data) {
		return nil, errTruncated
	}
	n := int(binary.BigEndian.Uint16(data[pos:]))
	if n < 2 {
		return nil, errSegment
	}
	if pos+n > len(data) {
		return nil, errTruncated
	}
	return data[pos+2 : pos+n], nil
}

// endOfScan passes over entropy-coded data: up to the next marker that is neither a stuffed zero
// nor a restart.
func endOfScan(data []byte, pos int) int {
	for pos < len(data) {
		i := bytes.IndexByte(data[pos:], 0xff)
		if i < 0 || pos+i+1 >= len(data) {
			return len(data)
		}
		pos += i
		if m := data[pos+1]; m != 0 && m != 0xff && (m < markerRST0 || m >= markerSOI) {
			return pos
		}
		pos++
	}
	return pos
}
