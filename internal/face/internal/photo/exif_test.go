package photo

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/exif"
	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/report"
)

// TestTheFirstOrientationCounts has EXIF segments as programs leave them.
func TestTheFirstOrientationCounts(t *testing.T) {
	t.Parallel()
	jpg := facetest.EncodeJPEG(t, facetest.DecodeSample(t), 80)
	segment := func(data []byte) []byte { return append([]byte(exif.Prefix), data...) }
	six, three := segment(facetest.EXIFWith(6)), segment(facetest.EXIFWith(3))
	sof := bytes.Index(jpg, []byte{0xff, 0xc0})
	for name, tt := range map[string]struct {
		data []byte
		want int
	}{
		"an empty segment first": {facetest.WithSegments(jpg, 0xe1, segment(nil), six), 6},
		"one without orientation first": {
			facetest.WithSegments(jpg, 0xe1, segment(facetest.Tiff(binary.LittleEndian)), six), 6,
		},
		"XMP first": {
			facetest.WithSegments(jpg, 0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00<x/>"), six), 6,
		},
		"two": {facetest.WithSegments(jpg, 0xe1, six, three), 6},
		"behind the frame header": {
			append(bytes.Clone(jpg[:sof+19]), facetest.WithSegments(jpg[sof+17:], 0xe1, six)[2:]...), 6,
		},
		"none": {jpg, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := ReadHeader(tt.data, report.Options{}.WithDefaults())
			if err != nil {
				t.Fatal(err)
			}
			if h.Orientation != tt.want {
				t.Errorf("%d, want %d", h.Orientation, tt.want)
			}
		})
	}
}
