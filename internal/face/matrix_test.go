package face

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/exif"
	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/gen2brain/jpegn"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// TestTheSamePixelsGiveTheSameReport however a lossless file keeps them.
func TestTheSamePixelsGiveTheSameReport(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	want := facetest.AsJSON(t, analyze(t, facetest.EncodePNG(t, src)))
	deep := image.NewNRGBA64(src.Rect)
	draw.Draw(deep, deep.Rect, src, image.Point{}, draw.Src)
	// opaque but for one white pixel in the corner, so that the file keeps an alpha channel
	clear := image.NewNRGBA(src.Rect)
	draw.Draw(clear, clear.Rect, src, image.Point{}, draw.Src)
	clear.SetNRGBA(0, 0, color.NRGBA{R: 255, G: 255, B: 255, A: 254})
	src.SetRGBA(0, 0, color.RGBA{R: 255, G: 255, B: 255, A: 255})
	wantClear := facetest.AsJSON(t, analyze(t, facetest.EncodePNG(t, src)))
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"PNG of 16 bits":           {facetest.EncodePNG(t, deep), want},
		"PNG with transparency":    {facetest.EncodePNG(t, clear), wantClear},
		"interlaced PNG":           {facetest.EncodeInterlacedPNG(t, src), wantClear},
		"lossless WebP":            {facetest.EncodeWebP(src), wantClear},
		"lossless WebP, with EXIF": {facetest.WithWebPOrientation(facetest.EncodeWebP(src), 320, 400, 1), wantClear},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, facetest.AsJSON(t, analyze(t, tt.data))); diff != "" {
				t.Errorf("report (-PNG +this):\n%s", diff)
			}
		})
	}
	t.Run("turned WebP", func(t *testing.T) {
		t.Parallel()
		got := analyze(t, facetest.WithWebPOrientation(facetest.EncodeWebP(facetest.Stored(src, 8)), 400, 320, 8))
		if got.Image.Orientation != 8 {
			t.Errorf("orientation %d", got.Image.Orientation)
		}
		got.Image.Orientation = 1
		if diff := cmp.Diff(wantClear, facetest.AsJSON(t, got)); diff != "" {
			t.Errorf("report (-upright +stored):\n%s", diff)
		}
	})
	t.Run("grey PNG and PNG with a palette of greys", func(t *testing.T) {
		t.Parallel()
		grey := image.NewGray(src.Rect)
		draw.Draw(grey, grey.Rect, src, image.Point{}, draw.Src)
		var palette color.Palette
		for v := range 256 {
			palette = append(palette, color.Gray{uint8(v)})
		}
		indexed := image.NewPaletted(src.Rect, palette)
		copy(indexed.Pix, grey.Pix)
		if diff := cmp.Diff(
			facetest.AsJSON(t, analyze(t, facetest.EncodePNG(t, grey))),
			facetest.AsJSON(t, analyze(t, facetest.EncodePNG(t, indexed))),
		); diff != "" {
			t.Errorf("report (-grey +palette):\n%s", diff)
		}
	})
}

// TestEveryKindOfJPEG_isRead compares with the PNG of the same pixels, up to what compression
// changes.
func TestEveryKindOfJPEG_isRead(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	want := analyze(t, facetest.EncodePNG(t, src))
	for name, data := range map[string][]byte{
		"progressive 4:2:0": facetest.SampleJPEG(t),
		"baseline 4:4:4":    facetest.EncodeJPEGAs(t, src, jpegn.Subsample444, 0),
		"baseline 4:4:0":    facetest.EncodeJPEGAs(t, src, jpegn.Subsample440, 0),
		"baseline 4:2:2":    facetest.EncodeJPEGAs(t, src, jpegn.Subsample422, 0),
		"baseline 4:2:0":    facetest.EncodeJPEGAs(t, src, jpegn.Subsample420, 0),
		"grey":              facetest.EncodeJPEGAs(t, src, jpegn.SubsampleGray, 0),
		"with restarts":     facetest.EncodeJPEGAs(t, src, jpegn.Subsample420, 4),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := analyze(t, data)
			if diff := cmp.Diff(want.Landmarks, got.Landmarks, cmpopts.EquateApprox(0, 1.5)); diff != "" {
				t.Errorf("landmarks (-PNG +JPEG):\n%s", diff)
			}
			if got.Score.Value < want.Score.Lo || got.Score.Value > want.Score.Hi {
				t.Errorf("score %v lies outside the interval of %+v", got.Score.Value, want.Score)
			}
		})
	}
}

// TestDecodersAgree compares brightness with image/jpeg's for the pictures of jpegn's tests, and
// for WebP with the pictures beside them.
func TestDecodersAgree(t *testing.T) {
	t.Parallel()
	for name, data := range facetest.ModuleFiles(t, "github.com/gen2brain/jpegn", "test.4*.jpg") {
		theirs, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			continue // kinds that image/jpeg does not read
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareLuma(t, data, raster.LumaOf(theirs), 3)
		})
	}
	webps := facetest.ModuleFiles(t, "golang.org/x/image", "*lossless.webp")
	pngs := facetest.ModuleFiles(t, "golang.org/x/image", "*.png")
	for name, data := range webps {
		beside, ok := pngs[strings.TrimSuffix(name, ".lossless.webp")+".png"]
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theirs, err := png.Decode(bytes.NewReader(beside))
			if err != nil {
				t.Fatal(err)
			}
			compareLuma(t, data, raster.LumaOf(theirs), 0)
		})
	}
	t.Run("lossy WebP keeps the levels of video", func(t *testing.T) {
		t.Parallel()
		for name, data := range facetest.ModuleFiles(t, "golang.org/x/image", "*.lossy.webp") {
			theirs, err := webp.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			want := raster.LumaOf(theirs)
			for i, v := range want.Pix {
				want.Pix[i] = uint8(min(255, max(0, (float64(v)-16)*255/219+0.5)))
			}
			t.Log(name)
			compareLuma(t, data, want, 1)
		}
	})
}

func compareLuma(t *testing.T, data []byte, want *raster.Plane, most int) {
	t.Helper()
	p, err := photo.Open(bytes.NewReader(data), report.Options{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Load(); err != nil {
		t.Fatal(err)
	}
	if p.Luma.W != want.W || p.Luma.H != want.H {
		t.Fatalf("%d x %d pixels, want %d x %d", p.Luma.W, p.Luma.H, want.W, want.H)
	}
	for i, v := range p.Luma.Pix {
		if d := mirror.Abs(int(v) - int(want.Pix[i])); d > most {
			t.Fatalf("pixel %d, %d is %d, want %d", i%want.W, i/want.W, v, want.Pix[i])
		}
	}
}

func TestKindsThatAreRefused(t *testing.T) {
	t.Parallel()
	files := facetest.ModuleFiles(t, "github.com/gen2brain/jpegn", "test.*.jpg")
	jpg := facetest.EncodeJPEG(t, facetest.DecodeSample(t), 90)
	for name, tt := range map[string]struct {
		data []byte
		want report.Code
		says string
	}{
		"CMYK": {files["test.cmyk.jpg"], report.UnsupportedFormat, "CMYK"},
		"YCCK": {files["test.ycck.jpg"], report.UnsupportedFormat, "CMYK"},
		"HEIC": {
			[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), report.UnsupportedFormat, "JPEG",
		},
		"AVIF": {
			[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif"), report.UnsupportedFormat, "JPEG",
		},
		"animated WebP": {
			facetest.RIFFOf("VP8X", []byte{2, 0, 0, 0, 9, 0, 0, 9, 0, 0}, "ANIM", make([]byte, 6)), report.UnsupportedFormat,
			"animation",
		},
		"a bomb of 60000 x 900":  {claiming(jpg, 60000, 900), report.TooLarge, "megapixels"},
		"a size that it has not": {claiming(jpg, 11999, 4000), report.Corrupt, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Analyze(bytes.NewReader(tt.data), report.Options{})
			if got := facetest.CodeOf(t, err); got != tt.want || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %s with %q", err, tt.want, tt.says)
			}
		})
	}
}

// TestNothingOfTheMetadataIsReported plants a word in every place where files keep words.
func TestNothingOfTheMetadataIsReported(t *testing.T) {
	t.Parallel()
	const secret = "Nikola's-secret-place"
	src := facetest.DecodeSample(t)
	data := append(facetest.EXIFWith(1), secret...)
	var jpg bytes.Buffer
	opts := &jpegn.EncodeOptions{Quality: 90, Exif: append([]byte(exif.Prefix), data...), Segments: []jpegn.Segment{
		{Marker: 0xfe, Data: []byte(secret)}, {Marker: 0xe2, Data: []byte("ICC_PROFILE\x00\x01\x01" + secret)},
		{Marker: 0xed, Data: []byte("Photoshop 3.0\x00" + secret)},
	}}
	if err := jpegn.Encode(&jpg, src, opts); err != nil {
		t.Fatal(err)
	}
	whole := facetest.EncodePNG(t, src)
	withText := facetest.PNGChunkOf(facetest.PNGChunkOf(whole[:33:33], "tEXt", []byte("Author\x00"+secret)), "eXIf", data)
	webpData := facetest.EncodeWebP(src)
	for name, data := range map[string][]byte{
		"JPEG": jpg.Bytes(), "PNG": append(withText, whole[33:]...),
		"WebP": facetest.RIFFOf(
			"VP8X", []byte{1<<3 | 1<<2, 0, 0, 0, 63, 1, 0, 143, 1, 0}, "VP8L", webpData[20:], "EXIF", data, "XMP ",
			[]byte(secret),
		),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !bytes.Contains(data, []byte(secret)) {
				t.Fatal("the word is not in the file")
			}
			r, pictures, err := Scan(bytes.NewReader(data), report.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out := facetest.AsJSON(t, r) + fmt.Sprintf("%+v", r)
			for _, p := range pictures {
				out += string(p.JPEG)
			}
			if strings.Contains(out, secret) {
				t.Error("the word came out")
			}
		})
	}
}
