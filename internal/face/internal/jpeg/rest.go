package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
)

var errRest = errors.New("jpeg: scan goes on behind its last block")

// maxExtra is how many bytes may stand between a scan and a marker. Some cameras leave a few there.
// A scan that was damaged seldom ends so close to the marker: see TestDamageIsNoticed of package
// face.
const maxExtra = 16

// checkExtra checks that a marker follows the scan, and moves there.
func (d *decoder) checkExtra() error {
	for pos := d.r.pos; pos <= d.r.pos+maxExtra && pos < len(d.data); pos++ {
		if marker, _ := markerAt(d.data, pos); marker != 0 {
			d.r.pos = pos
			return nil
		}
	}
	return errRest
}

// checkRest looks at what follows the last scan. If the scan was damaged, the last block may have
// been reached too early: then what is left of it follows. A missing end marker is not missed.
func (d *decoder) checkRest() error {
	if d.checkExtra() != nil {
		if d.moreOfScan() || d.inHole() {
			return errRest
		}
		return nil
	}
	for pos := d.r.pos; ; {
		marker, next := markerAt(d.data, pos)
		if marker >= markerRST0 && marker <= markerRST7 { // encoders with restarts may end on one
			pos = next
			continue
		}
		if marker == markerSOI && next < len(d.data) && d.data[next] != 0xff { // it begins no picture
			return errMarker
		}
		s, err := readSegment(d.data, pos)
		switch {
		case err != nil, s.marker == markerEOI:
			return nil //nolint:nilerr // what follows a whole photo may be anything
		case s.marker == markerSOS:
			return errScan
		case s.isFrame():
			return errFrames
		}
		pos = s.end
	}
}

// moreOfScan reports whether the bytes at d.r.pos look like entropy-coded data: any 255 in them is
// followed by a zero or is a restart marker, up to the end marker or, if that is missing, the end
// of the file.
func (d *decoder) moreOfScan() bool {
	if film := d.r.pos + 4; film+4 <= len(d.data) && string(d.data[film:film+4]) == "ftyp" { // ISO/IEC 14496-12
		return false
	}
	stuffed := false
	for pos := d.r.pos; ; {
		i := bytes.IndexByte(d.data[pos:], 0xff)
		if i < 0 {
			return stuffed
		}
		marker, next := markerAt(d.data, pos+i)
		switch filled := next > pos+i+2; {
		case next >= len(d.data), marker == markerEOI:
			return stuffed || marker == markerEOI
		case marker == 0 && !filled:
			stuffed = true
		case marker < markerRST0, marker > markerRST7:
			return false
		}
		pos = next
	}
}

// hasHole reports whether a scan has a run of zeros that no photo gives: where zeros stand for flat
// blocks, they are right, but in most tables the code of zeros is that of a value.
func hasHole(scan []byte, blocks []mcuBlock) bool {
	flat := true
	for _, b := range blocks {
		flat = flat && (b.dc == nil || b.dc.symbols[0] == 0) && (b.ac == nil || b.ac.symbols[0]&15 == 0)
	}
	const step = len(hole) / 2
	for at := 0; !flat && at+8 <= len(scan); at += step {
		if binary.LittleEndian.Uint64(scan[at:]) == 0 && zerosAround(scan, at) >= len(hole) {
			return true
		}
	}
	return false
}

// zerosAround counts the zero bytes around a place.
func zerosAround(data []byte, at int) int {
	from, to := at, at
	for from > 0 && data[from-1] == 0 {
		from--
	}
	for to < len(data) && data[to] == 0 {
		to++
	}
	return to - from
}

// inHole reports whether d.r.pos lies amid zeros, as in a file of which a part was never written.
func (d *decoder) inHole() bool {
	const least = 16
	from, to := d.r.pos-least, d.r.pos+least
	return from >= 0 && to <= len(d.data) && bytes.Count(d.data[from:to], []byte{0}) == 2*least
}
