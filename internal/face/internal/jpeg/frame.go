package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The kinds of JPEG that are not read. Any other error of this package means that the file is
// damaged.
var (
	// ErrUnsupported is wrapped by the error for a kind of JPEG that this package does not read.
	ErrUnsupported = errors.New("jpeg: kind of JPEG that is not read")
	// ErrCMYK is wrapped by the error for four colours. It wraps ErrUnsupported.
	ErrCMYK = fmt.Errorf("%w: four colours", ErrUnsupported)
)

var (
	errFrames  = errors.New("jpeg: no frame header, or several")
	errScan    = errors.New("jpeg: scan out of place")
	errMissing = errors.New("jpeg: scans are missing")
)

// maxPasses is the largest number of passes over the blocks of a photo in all its scans. Encoders
// need 6 to 14. A file of a thousand scans that change nothing would be small and yet take seconds.
const maxPasses = 64

// File is a JPEG whose structure is known and whose scans are not decoded yet.
type File struct {
	Width, Height int // pixels

	data         []byte
	progressive  bool
	components   []component
	across, down int // the largest sampling factors
	mcusX, mcusY int // MCUs of a scan of several components

	jfif, adobeRGB bool

	scans   int // needed to have the whole photo
	pending int // coefficients, counted once for all blocks of a component, of which bits are missing
	passed  int // blocks that the scans go over
}

// component is one of the colours of a JPEG.
type component struct {
	id, h, v, table int
	// blocksX and blocksY count the blocks that hold pixels: a scan of one component has these.
	blocksX, blocksY int
	// strideX and strideY count those of whole MCUs: a scan of several components has these.
	strideX, strideY int
	// left is how many bits of each coefficient, in the order of the file, are missing.
	left [64]int8
}

// unseen is the number of missing bits of a coefficient that was in no scan yet.
const unseen = -1

// Read reads the structure of a JPEG up to its last needed scan, and hands the content of each
// application segment before to metadata. It takes no memory that a size in the file determines.
func Read(data []byte, metadata func(marker byte, body []byte)) (*File, error) {
	if !bytes.HasPrefix(data, []byte{0xff, markerSOI}) {
		return nil, errMarker
	}
	f := &File{data: data}
	for pos := 2; ; {
		s, err := readSegment(data, pos)
		if err != nil {
			return nil, err
		}
		pos = s.end
		switch {
		case s.marker == markerEOI:
			return nil, errMissing
		case s.marker == markerSOS:
			if err := f.addScan(s.body); err != nil {
				return nil, err
			}
			if f.pending == 0 {
				return f, nil
			}
			pos = endOfScan(data, pos)
		case s.isFrame():
			if err := f.readFrame(s); err != nil {
				return nil, err
			}
		case s.marker == markerJPG, s.marker == markerDAC, s.marker == markerDHP, s.marker == markerEXP:
			return nil, fmt.Errorf("%w: marker %#x", ErrUnsupported, s.marker)
		case s.marker >= markerAPP0 && s.marker <= markerAPP15:
			f.readColours(s)
			metadata(s.marker, s.body)
		}
	}
}

// readColours notes what says whether the components are red, green and blue.
func (f *File) readColours(s segment) {
	const transformAt = 11 // behind "Adobe", a version and flags
	switch {
	case s.marker == markerAPP0 && bytes.HasPrefix(s.body, []byte("JFIF\x00")):
		f.jfif = true
	case s.marker == markerAPP14 && bytes.HasPrefix(s.body, []byte("Adobe")) && len(s.body) > transformAt:
		f.adobeRGB = s.body[transformAt] == 0
	}
}

// readFrame takes a frame header. A second one could claim another size than the one that was
// checked.
func (f *File) readFrame(s segment) error {
	const head, each = 6, 3
	if f.components != nil {
		return errFrames
	}
	if len(s.body) < head {
		return errSegment
	}
	f.progressive = s.marker == markerSOF2
	f.Height, f.Width = int(binary.BigEndian.Uint16(s.body[1:])), int(binary.BigEndian.Uint16(s.body[3:]))
	precision, n := int(s.body[0]), int(s.body[5])
	switch {
	case s.marker > markerSOF2 || precision != 8:
		return fmt.Errorf("%w: frame %#x, %d bits", ErrUnsupported, s.marker, precision)
	case n == 4:
		return ErrCMYK
	case n != 1 && n != 3:
		return fmt.Errorf("%w: %d components", ErrUnsupported, n)
	case f.Width == 0 || f.Height == 0 || len(s.body) != head+each*n:
		return errSegment
	}
	for body := s.body[head:]; len(body) > 0; body = body[each:] {
		c := component{id: int(body[0]), h: int(body[1] >> 4), v: int(body[1] & 15), table: int(body[2])}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.table > 3 || f.component(c.id) != nil {
			return errSegment
		}
		f.components = append(f.components, c)
	}
	f.layOut()
	return nil
}

// layOut counts the blocks of each component.
func (f *File) layOut() {
	if len(f.components) == 1 {
		f.components[0].h, f.components[0].v = 1, 1 // T.81, A.2.2: sampling factors mean nothing here
	}
	for _, c := range f.components {
		f.across, f.down = max(f.across, c.h), max(f.down, c.v)
	}
	f.mcusX, f.mcusY = parts(f.Width, 8*f.across), parts(f.Height, 8*f.down)
	for i := range f.components {
		c := &f.components[i]
		c.blocksX, c.blocksY = parts(f.Width*c.h, 8*f.across), parts(f.Height*c.v, 8*f.down)
		c.strideX, c.strideY = f.mcusX*c.h, f.mcusY*c.v
		for k := range c.left {
			c.left[k] = unseen
		}
	}
	f.pending = 64 * len(f.components)
}

// parts returns how many parts of a size a whole takes.
func parts(whole, size int) int { return (whole + size - 1) / size }

// component returns the component of a number, or nil.
func (f *File) component(id int) *component {
	for i := range f.components {
		if f.components[i].id == id {
			return &f.components[i]
		}
	}
	return nil
}

// scan is the header of a scan.
type scan struct {
	parts     []scanPart
	from, to  int // coefficients, in the order of the file
	high, low int // how many bits were missing before and are missing after it; high is 0 at first
}

// scanPart is a component in a scan with the numbers of its Huffman tables.
type scanPart struct {
	*component
	dc, ac int
}

// readScan takes the header of a scan.
func (f *File) readScan(body []byte) (s scan, err error) {
	if len(body) == 0 || f.components == nil {
		return s, errFrames
	}
	n := int(body[0])
	if n < 1 || n > len(f.components) || len(body) != 4+2*n {
		return s, errSegment
	}
	blocks := 0
	for part := body[1:]; len(s.parts) < n; part = part[2:] {
		p := scanPart{f.component(int(part[0])), int(part[1] >> 4), int(part[1] & 15)}
		if p.component == nil || p.dc > 3 || p.ac > 3 {
			return s, errSegment
		}
		for _, other := range s.parts {
			if other.component == p.component {
				return s, errSegment
			}
		}
		blocks += p.h * p.v
		s.parts = append(s.parts, p)
	}
	const maxBlocks = 10 // in an MCU: T.81, B.2.3
	if n > 1 && blocks > maxBlocks {
		return s, errScan
	}
	if !f.progressive { // as other decoders do, whatever the header says
		s.to = 63
		return s, nil
	}
	last := body[1+2*n:]
	s.from, s.to, s.high, s.low = int(last[0]), int(last[1]), int(last[2]>>4), int(last[2]&15)
	return s, nil
}

// addScan checks that a scan has its place behind those before it and that all of them do not take
// too long.
func (f *File) addScan(body []byte) error {
	s, err := f.readScan(body)
	if err != nil {
		return err
	}
	if err := f.progress(s); err != nil {
		return err
	}
	all := 0
	for _, c := range f.components {
		all += c.blocksX * c.blocksY
	}
	for _, p := range s.parts {
		f.passed += p.blocksX * p.blocksY
	}
	if f.passed > maxPasses*all {
		return fmt.Errorf("%w: more than %d passes", ErrUnsupported, maxPasses)
	}
	f.scans++
	return nil
}

// progress takes the bits of a scan off what is missing (T.81, G.1.1.1).
func (f *File) progress(s scan) error {
	const maxLow = 13
	if f.progressive && (s.from > s.to || s.to > 63 || s.from == 0 && s.to > 0 || s.from > 0 && len(s.parts) > 1) {
		return errScan
	}
	before := unseen
	if s.high > 0 {
		before = s.high
	}
	if s.low > maxLow || s.high > 0 && s.high != s.low+1 {
		return errScan
	}
	for _, p := range s.parts {
		for k := s.from; k <= s.to; k++ {
			if int(p.left[k]) != before {
				return errScan
			}
			if p.left[k] = int8(s.low); s.low == 0 {
				f.pending--
			}
		}
	}
	return nil
}
