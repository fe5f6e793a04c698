package face

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/report"
	"golang.org/x/image/draw"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	jpg, png := facetest.SampleJPEG(t), facetest.EncodePNG(t, src)
	sof := bytes.Index(jpg, []byte{0xff, 0xc2})
	patched := func(at int, b ...byte) []byte {
		data := bytes.Clone(jpg)
		copy(data[sof+at:], b)
		return data
	}
	heic := append([]byte{0, 0, 0, 24}, "ftypheic\x00\x00\x00\x00mif1heic"...)
	faceless := facetest.Remapped(src, 320, 400, func(x, y int) (int, int) { return x, y })
	draw.Draw(faceless, image.Rect(50, 90, 280, 340), image.NewUniform(color.Gray{150}), image.Point{}, draw.Src)

	tests := []struct {
		name string
		data []byte
		want report.Code
	}{
		{"nothing at all", nil, report.Corrupt},
		{"a text", []byte("Dear photo, please be a face.\n"), report.UnsupportedFormat},
		{"a GIF", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), report.UnsupportedFormat},
		{"a HEIC file", heic, report.UnsupportedFormat},
		{"a CMYK JPEG", patched(9, 4), report.UnsupportedFormat},
		{"a JPEG of 12 bits", patched(4, 12), report.UnsupportedFormat},
		{"an arithmetic JPEG", patched(1, 0xca), report.UnsupportedFormat},
		{"a JPEG that claims 60000 x 60000 pixels", patched(5, 0xea, 0x60, 0xea, 0x60), report.TooLarge},
		{"a JPEG that claims no height", patched(5, 0, 0), report.Corrupt},
		{
			"a JPEG with two frame headers",
			append(bytes.Clone(jpg[:len(jpg)-2]), append(jpg[sof:sof+19:sof+19], 0xff, 0xd9)...), report.Corrupt,
		},
		{"a JPEG cut in the middle", jpg[:len(jpg)/2], report.Corrupt},
		{"a JPEG cut in its header", jpg[:20], report.Corrupt},
		{"three bytes of a JPEG", jpg[:3], report.Corrupt},
		{"a PNG cut in the middle", png[:len(png)/2], report.Corrupt},
		{"a PNG's signature", png[:8], report.Corrupt},
		{"half a WebP", []byte("RIFF\x24\x00\x00\x00WEBPVP8 "), report.Corrupt},

		{"a picture of noise", facetest.EncodePNG(t, facetest.Noise(300, 300, 7)), report.NoFace},
		{"a face painted over", facetest.EncodePNG(t, faceless), report.NoFace},
		{"one pixel", facetest.EncodePNG(t, facetest.OnCanvas(1, 1, image.Point{})), report.NoFace},
		{"a line", facetest.EncodePNG(t, facetest.OnCanvas(5000, 1, image.Point{})), report.NoFace},
		{
			"the same face twice, side by side", facetest.EncodePNG(t, facetest.OnCanvas(640, 400, image.Point{}, src, src)),
			report.SeveralFaces,
		},
		{
			"a face far away",
			facetest.EncodePNG(t, facetest.OnCanvas(800, 800, image.Pt(300, 300), facetest.Enlarged(src, 100, 125))),
			report.FaceTooSmall,
		},
		{"a face of few pixels", facetest.EncodePNG(t, facetest.Enlarged(src, 160, 200)), report.FaceTooSmall},
		{"a face turned far to the side", facetest.EncodePNG(t, onCylinder(src, 0.5)), report.TurnedAway},
		{
			"a face in the dark", facetest.EncodePNG(t, facetest.Graded(src, func(v float64) float64 { return v * 0.25 })),
			report.TooDark,
		},
		{"a black picture", facetest.EncodePNG(t, facetest.Graded(src, func(float64) float64 { return 0 })), report.TooDark},
		{
			"a face in the glare", facetest.EncodePNG(t, facetest.Graded(src, func(v float64) float64 { return v*0.25 + 185 })),
			report.TooBright,
		},
		{"a face out of focus", facetest.EncodePNG(t, facetest.Softened(src, 8)), report.Blurred},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := Analyze(bytes.NewReader(tt.data), report.Options{})
			if got := facetest.CodeOf(t, err); got != tt.want {
				t.Fatalf("code %q, want %q: %v %+v", got, tt.want, err, r.Quality)
			}
		})
	}
}

// onCylinder turns a face as if it were painted on a cylinder, by sin = turn.
func onCylinder(src image.Image, turn float64) *image.RGBA {
	b := src.Bounds()
	mid, radius := float64(b.Dx())/2, float64(b.Dx())*0.45
	return facetest.Remapped(src, b.Dx(), b.Dy(), func(x, y int) (int, int) {
		s := (float64(x) - mid) / radius
		if math.Abs(s) > 1 {
			return x, y
		}
		return int(math.Round(mid + radius*math.Sin(math.Asin(s)-math.Asin(turn)*math.Sqrt(1-s*s)))), y
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	jpg := facetest.SampleJPEG(t)
	for name, opts := range map[string]report.Options{
		"bytes":  {MaxBytes: 1000},
		"pixels": {MaxPixels: 127_999},
		"side":   {MaxSide: 399},
		"memory": {MaxMemory: 1 << 20},
	} {
		t.Run("too many "+name, func(t *testing.T) {
			t.Parallel()
			_, err := Analyze(bytes.NewReader(jpg), opts)
			if got := facetest.CodeOf(t, err); got != report.TooLarge {
				t.Errorf("code %q, want %q", got, report.TooLarge)
			}
		})
	}
	t.Run("just enough", func(t *testing.T) {
		t.Parallel()
		opts := report.Options{MaxBytes: int64(len(jpg)), MaxPixels: 128_000, MaxSide: 400}
		if _, err := Analyze(bytes.NewReader(jpg), opts); err != nil {
			t.Error(err)
		}
	})
}

func TestRefusal_saysWhatWasChecked(t *testing.T) {
	t.Parallel()
	dark := facetest.EncodePNG(t, facetest.Graded(facetest.DecodeSample(t), func(v float64) float64 { return v * 0.25 }))
	_, err := Analyze(bytes.NewReader(dark), report.Options{})
	var got struct {
		Code    report.Code
		Detail  string
		Quality []report.Check
		Fixes   []string
	}
	if json.Unmarshal([]byte(facetest.AsJSON(t, err)), &got) != nil || got.Code != report.TooDark || got.Detail == "" {
		t.Fatalf("refusal %+v", got)
	}
	if len(got.Quality) != len(measure.CheckRules) || len(got.Fixes) == 0 || len(got.Fixes) > measure.MaxFixes {
		t.Errorf("%d checks, fixes %q", len(got.Quality), got.Fixes)
	}
}
