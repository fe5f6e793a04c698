package facetest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
)

// Tiff returns EXIF data of entries of a tag, a type and a value each.
func Tiff(order binary.AppendByteOrder, entries ...[3]uint32) []byte {
	data := []byte("MM")
	if order.String() == binary.LittleEndian.String() {
		data = []byte("II")
	}
	data = order.AppendUint32(order.AppendUint16(data, 42), 8)
	data = order.AppendUint16(data, uint16(len(entries)))
	for _, e := range entries {
		data = order.AppendUint16(order.AppendUint16(data, uint16(e[0])), uint16(e[1]))
		data = order.AppendUint32(data, 1)
		if e[1] == 3 {
			data = order.AppendUint16(order.AppendUint16(data, uint16(e[2])), 0)
		} else {
			data = order.AppendUint32(data, e[2])
		}
	}
	return order.AppendUint32(data, 0)
}

// WithSegments returns a JPEG with segments of a marker after its start.
func WithSegments(data []byte, marker byte, bodies ...[]byte) []byte {
	out := bytes.Clone(data[:2])
	for _, body := range bodies {
		n := 2 + len(body)
		out = append(append(out, 0xff, marker, byte(n>>8), byte(n)), body...)
	}
	return append(out, data[2:]...)
}

// iccMark begins each segment of a profile.
const iccMark = "ICC_PROFILE\x00"

// ICCSegments returns the bodies of the APP2 segments that carry a profile.
func ICCSegments(profile []byte) [][]byte {
	const most = 0xffff - 2 - len(iccMark) - 2
	var bodies [][]byte
	count := (len(profile) + most - 1) / most
	for i := range count {
		part := profile[i*most : min((i+1)*most, len(profile))]
		bodies = append(bodies, append(append([]byte(iccMark), byte(i+1), byte(count)), part...))
	}
	return bodies
}

// WithPNGProfile returns the PNG file with a colour profile.
func WithPNGProfile(data, profile []byte) []byte {
	body := bytes.NewBuffer([]byte("a name\x00\x00"))
	z := zlib.NewWriter(body)
	_, _ = z.Write(profile)
	_ = z.Close()
	return WithPNGChunk(data, "iCCP", body.Bytes())
}

// WithPNGChunk returns a PNG with a chunk after its header.
func WithPNGChunk(data []byte, name string, body []byte) []byte {
	const afterIHDR = 8 + 25
	return append(PNGChunkOf(bytes.Clone(data[:afterIHDR]), name, body), data[afterIHDR:]...)
}

// WithWebPProfile returns a lossless WebP in the extended format, with a profile before the pixels.
func WithWebPProfile(data []byte, w, h int, profile []byte) []byte {
	canvas := []byte{1 << 5, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
	return RIFFOf("VP8X", canvas, "ICCP", profile, "VP8L", data[20:])
}

// BadCRC returns the PNG with a bit flipped in the checksum of the first chunk of a name.
func BadCRC(data []byte, name string) []byte {
	data = bytes.Clone(data)
	at := bytes.Index(data, []byte(name))
	n := int(data[at-4])<<24 | int(data[at-3])<<16 | int(data[at-2])<<8 | int(data[at-1])
	data[at+4+n] ^= 1
	return data
}

// WithJPEGProfile returns the JPEG file with a colour profile.
func WithJPEGProfile(data, profile []byte) []byte {
	return WithSegments(data, 0xe2, ICCSegments(profile)...)
}
