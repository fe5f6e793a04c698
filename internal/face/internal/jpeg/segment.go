package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Markers of ITU T.81 that matter here.
const (
	markerSOF0  = 0xc0 // baseline
	markerSOF2  = 0xc2 // progressive
	markerSOF15 = 0xcf
	markerDHT   = 0xc4
	markerJPG   = 0xc8
	markerDAC   = 0xcc // tables of arithmetic coding
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerDQT   = 0xdb
	markerDRI   = 0xdd
	markerDHP   = 0xde // hierarchical
	markerEXP   = 0xdf
	markerAPP0  = 0xe0 // JFIF, among others
	markerAPP14 = 0xee // Adobe
	markerAPP15 = 0xef
	markerCOM   = 0xfe
)

var (
	errTruncated = errors.New("jpeg: file ends before its last scan")
	errSegment   = errors.New("jpeg: segment is malformed")
	errHole      = errors.New("jpeg: hole of zeros")
	errMarker    = errors.New("jpeg: marker out of place")
)

// segment is a marker of a JPEG with its content.
type segment struct {
	marker byte
	body   []byte
	end    int // where the segment ends in the file
}

// hole is what a part of a file looks like that was never written.
var hole [64]byte

// isFrame reports whether the segment is a frame header, of whatever kind.
func (s segment) isFrame() bool {
	switch s.marker {
	case markerDHT, markerJPG, markerDAC:
		return false
	}
	return s.marker >= markerSOF0 && s.marker <= markerSOF15
}

// readSegment reads the next segment at or after pos, passing over fill bytes and over what is no
// marker, as decoders do. The markers without content stand elsewhere: SOI at the start alone, RST
// in scans alone. EOI is the only one that is returned.
func readSegment(data []byte, pos int) (segment, error) {
	start := pos
	marker, pos, err := nextMarker(data, pos)
	if err != nil {
		return segment{}, err
	}
	if bytes.Contains(data[start:pos], hole[:]) {
		return segment{}, errHole
	}
	switch {
	case marker == markerEOI:
		return segment{marker: marker, end: pos}, nil
	case marker < markerSOF0, marker >= markerRST0 && marker <= markerSOI, marker > markerAPP15 && marker != markerCOM:
		return segment{}, errMarker
	}
	if pos+2 > len(data) {
		return segment{}, errTruncated
	}
	n := int(binary.BigEndian.Uint16(data[pos:]))
	if n < 2 {
		return segment{}, errSegment
	}
	if pos+n > len(data) {
		return segment{}, errTruncated
	}
	return segment{marker: marker, body: data[pos+2 : pos+n], end: pos + n}, nil
}

// nextMarker finds the next marker at or after pos and the place behind it.
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

// endOfScan passes over entropy-coded data: up to the next marker that is neither a stuffed zero
// nor a restart.
func endOfScan(data []byte, pos int) int {
	for pos < len(data) {
		i := bytes.IndexByte(data[pos:], 0xff)
		if i < 0 || pos+i+1 >= len(data) {
			return len(data)
		}
		pos += i
		if m := data[pos+1]; m != 0 && m != 0xff && (m < markerRST0 || m > markerRST7) {
			return pos
		}
		pos++
	}
	return pos
}
