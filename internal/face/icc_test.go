package face

import (
	"bytes"
	"compress/zlib"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
)

func TestTheColourProfileIsFoundInEveryFormat(t *testing.T) {
	t.Parallel()
	src := decodeSample(t)
	jpg, png, webp := encodeJPEG(t, src, 80), encodePNG(t, src), encodeWebP(src)
	profile := bytes.Repeat([]byte("not really a profile. "), 10_000)
	huge := make([]byte, maxICC+1)
	half := len(profile) / 2
	of := func(number, count byte, part []byte) []byte {
		return append(append([]byte(iccPrefix), number, count), part...)
	}
	small := profile[:1000]

	tests := []struct {
		name string
		data []byte
		want []byte
	}{
		{"a JPEG in one segment", withSegments(jpg, 0xe2, of(1, 1, small)), small},
		{"a JPEG in four segments", withSegments(jpg, 0xe2, iccSegments(profile)...), profile},
		{"a JPEG whose segments are out of order", withSegments(jpg, 0xe2, of(2, 2, small[500:]), of(1, 2, small[:500])), small},
		{"a JPEG without", jpg, nil},
		{"a JPEG with another APP2", withSegments(jpg, 0xe2, []byte("MPF\x00more")), nil},
		{"a JPEG with a part missing", withSegments(jpg, 0xe2, of(1, 2, small)), nil},
		{"a JPEG with a part twice", withSegments(jpg, 0xe2, of(1, 2, small), of(1, 2, small)), nil},
		{"a JPEG with parts that disagree", withSegments(jpg, 0xe2, of(1, 2, small), of(2, 3, small)), nil},
		{"a JPEG with a part 0", withSegments(jpg, 0xe2, of(0, 1, small)), nil},
		{"a JPEG with a part beyond the count", withSegments(jpg, 0xe2, of(2, 1, small)), nil},
		{"a JPEG with a prefix alone", withSegments(jpg, 0xe2, []byte(iccPrefix)), nil},
		{"a JPEG with too large a profile", withSegments(jpg, 0xe2, iccSegments(huge)...), nil},
		{"a PNG", withPNGProfile(png, profile), profile},
		{"a PNG without", png, nil},
		{"a PNG with too large a profile", withPNGProfile(png, huge), nil},
		{"a PNG with a profile that is cut", withPNGChunk(png, "iCCP", []byte("name\x00\x00\x78\x9c")), nil},
		{"a PNG with a profile without a name", withPNGChunk(png, "iCCP", []byte("\x00\x00")), nil},
		{"a WebP", withWebPProfile(webp, src.Rect.Dx(), src.Rect.Dy(), profile[:half]), profile[:half]},
		{"a WebP without", webp, nil},
		{"a WebP with too large a profile", withWebPProfile(webp, src.Rect.Dx(), src.Rect.Dy(), huge), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, err := readHeader(tt.data, report.Options{}.WithDefaults())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(h.icc, tt.want) {
				t.Errorf("%d bytes, want %d", len(h.icc), len(tt.want))
			}
		})
	}
}

// withSegments puts segments of a marker behind the start of a JPEG.
func withSegments(data []byte, marker byte, bodies ...[]byte) []byte {
	out := bytes.Clone(data[:2])
	for _, body := range bodies {
		n := 2 + len(body)
		out = append(append(out, 0xff, marker, byte(n>>8), byte(n)), body...)
	}
	return append(out, data[2:]...)
}

// iccSegments gives the bodies of the APP2 segments that carry a profile.
func iccSegments(profile []byte) [][]byte {
	const most = 0xffff - 2 - len(iccPrefix) - 2
	var bodies [][]byte
	count := (len(profile) + most - 1) / most
	for i := range count {
		part := profile[i*most : min((i+1)*most, len(profile))]
		bodies = append(bodies, append(append([]byte(iccPrefix), byte(i+1), byte(count)), part...))
	}
	return bodies
}

func withPNGProfile(data, profile []byte) []byte {
	body := bytes.NewBuffer([]byte("a name\x00\x00"))
	z := zlib.NewWriter(body)
	_, _ = z.Write(profile)
	_ = z.Close()
	return withPNGChunk(data, "iCCP", body.Bytes())
}

// withPNGChunk puts a chunk behind the header of a PNG.
func withPNGChunk(data []byte, name string, body []byte) []byte {
	const afterIHDR = 8 + 25
	return append(pngChunkOf(bytes.Clone(data[:afterIHDR]), name, body), data[afterIHDR:]...)
}

// withWebPProfile puts a lossless WebP into the extended format, with a profile before the pixels.
func withWebPProfile(data []byte, w, h int, profile []byte) []byte {
	canvas := []byte{1 << 5, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
	return riffOf("VP8X", canvas, "ICCP", profile, "VP8L", data[20:])
}
