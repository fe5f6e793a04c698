package photo

import (
	"bytes"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/report"
)

func TestColourProfile_isFoundInEveryFormat(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	jpg, png, webp := facetest.EncodeJPEG(t, src, 80), facetest.EncodePNG(t, src), facetest.EncodeWebP(src)
	profile := bytes.Repeat([]byte("not really a profile. "), 10_000)
	huge := make([]byte, MaxICC+1)
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
		{"a JPEG in one segment", facetest.WithSegments(jpg, 0xe2, of(1, 1, small)), small},
		{"a JPEG in four segments", facetest.WithSegments(jpg, 0xe2, facetest.ICCSegments(profile)...), profile},
		{
			"a JPEG whose segments are out of order",
			facetest.WithSegments(jpg, 0xe2, of(2, 2, small[500:]), of(1, 2, small[:500])), small,
		},
		{"a JPEG without", jpg, nil},
		{"a JPEG with another APP2", facetest.WithSegments(jpg, 0xe2, []byte("MPF\x00more")), nil},
		{"a JPEG with a part missing", facetest.WithSegments(jpg, 0xe2, of(1, 2, small)), nil},
		{"a JPEG with a part twice", facetest.WithSegments(jpg, 0xe2, of(1, 2, small), of(1, 2, small)), nil},
		{"a JPEG with parts that disagree", facetest.WithSegments(jpg, 0xe2, of(1, 2, small), of(2, 3, small)), nil},
		{"a JPEG with a part 0", facetest.WithSegments(jpg, 0xe2, of(0, 1, small)), nil},
		{"a JPEG with a part beyond the count", facetest.WithSegments(jpg, 0xe2, of(2, 1, small)), nil},
		{"a JPEG with a prefix alone", facetest.WithSegments(jpg, 0xe2, []byte(iccPrefix)), nil},
		{"a JPEG with too large a profile", facetest.WithSegments(jpg, 0xe2, facetest.ICCSegments(huge)...), nil},
		{"a PNG", facetest.WithPNGProfile(png, profile), profile},
		{"a PNG without", png, nil},
		{"a PNG with too large a profile", facetest.WithPNGProfile(png, huge), nil},
		{"a PNG with a profile that is cut", facetest.WithPNGChunk(png, "iCCP", []byte("name\x00\x00\x78\x9c")), nil},
		{"a PNG with a profile without a name", facetest.WithPNGChunk(png, "iCCP", []byte("\x00\x00")), nil},
		{"a WebP", facetest.WithWebPProfile(webp, src.Rect.Dx(), src.Rect.Dy(), profile[:half]), profile[:half]},
		{"a WebP without", webp, nil},
		{"a WebP with too large a profile", facetest.WithWebPProfile(webp, src.Rect.Dx(), src.Rect.Dy(), huge), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, err := ReadHeader(tt.data, report.Options{}.WithDefaults())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(h.icc, tt.want) {
				t.Errorf("%d bytes, want %d", len(h.icc), len(tt.want))
			}
		})
	}
}
