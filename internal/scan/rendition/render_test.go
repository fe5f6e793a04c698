package rendition

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
	"pgregory.net/rapid"
)

// colours is a picture in which every pixel differs from its neighbours.
func colours(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x ^ y) * 16), 255})
		}
	}
	return img
}

var decoders = map[Format]func(io.Reader) (image.Image, error){
	JPEG: jpeg.Decode, PNG: png.Decode, WebP: webp.Decode, TIFF: tiff.Decode,
}

func decode(tb testing.TB, f Format, file []byte) image.Image {
	tb.Helper()
	img, err := decoders[f](bytes.NewReader(file))
	if err != nil {
		tb.Fatalf("decode %s: %v", f, err)
	}
	return img
}

// made is what the operations make of a picture, by way of a PNG.
func made(t *testing.T, img image.Image, operations ...Operation) image.Image {
	t.Helper()
	r := Rendition{Name: "a", Format: PNG, Operations: operations}
	if err := Validate([]Rendition{r}); err != nil {
		t.Fatal(err)
	}
	file, err := Render(img, r)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, PNG, file)
}

func TestSizes(t *testing.T) {
	t.Parallel()
	img := colours(400, 300)
	for _, tt := range []struct {
		o    Operation
		w, h int
	}{
		{Operation{Op: Resize, Width: 200}, 200, 150},
		{Operation{Op: Resize, Height: 30}, 40, 30},
		{Operation{Op: Resize, Width: 200, Height: 30}, 40, 30},
		{Operation{Op: Resize, Width: 1}, 1, 1},
		{Operation{Op: Resize, Width: 4000}, 400, 300},
		{Operation{Op: Resize, Width: 100, Height: 100, Fit: FitCover}, 100, 100},
		{Operation{Op: Resize, Width: 100, Height: 100, Fit: FitFill}, 100, 100},
		{Operation{Op: Resize, Width: 1000, Height: 1000, Fit: FitCover}, 300, 300},
		{Operation{Op: Resize, Width: 1600, Height: 300, Fit: FitFill}, 400, 75},
		{Operation{Op: Crop, Left: 0.25, Right: 0.75, Bottom: 0.5}, 200, 150},
		{Operation{Op: Crop, Left: 0.9999, Right: 1, Bottom: 0.0001}, 1, 1},
		{Operation{Op: Blur, Sigma: 20}, 400, 300},
	} {
		if got := made(t, img, tt.o).Bounds().Size(); got != image.Pt(tt.w, tt.h) {
			t.Errorf("%+v: %v, want %d x %d", tt.o, got, tt.w, tt.h)
		}
	}
	t.Run("a WebP is shrunk further", func(t *testing.T) {
		t.Parallel()
		file, err := Render(image.NewGray(image.Rect(0, 0, 2*MaxWebPSide, 8)), Rendition{Format: WebP})
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(t, WebP, file).Bounds().Size(); got != image.Pt(MaxWebPSide, 4) {
			t.Errorf("%v", got)
		}
	})
	t.Run("a picture over the longest side is shrunk", func(t *testing.T) {
		t.Parallel()
		if got := made(t, image.NewGray(image.Rect(0, 0, 2*MaxSide, 8))).Bounds().Size(); got != image.Pt(MaxSide, 4) {
			t.Errorf("%v", got)
		}
	})
}

func TestOperations_doWhatTheySay(t *testing.T) {
	t.Parallel()
	img := colours(64, 48)
	t.Run("a crop keeps the pixels", func(t *testing.T) {
		t.Parallel()
		got := made(t, img, Operation{Op: Crop, Left: 0.25, Top: 0.5, Right: 0.5, Bottom: 1})
		if got.At(0, 0) != color.Color(img.RGBAAt(16, 24)) || got.At(15, 23) != color.Color(img.RGBAAt(31, 47)) {
			t.Errorf("corners %v and %v", got.At(0, 0), got.At(15, 23))
		}
	})
	t.Run("grayscale has no colour", func(t *testing.T) {
		t.Parallel()
		got := made(t, img, Operation{Op: Grayscale})
		for y := range 48 {
			for x := range 64 {
				if r, g, b, _ := got.At(x, y).RGBA(); r != g || g != b {
					t.Fatalf("%v at %d, %d", got.At(x, y), x, y)
				}
			}
		}
	})
	t.Run("a wider blur is smoother, and sharpening the contrary", func(t *testing.T) {
		t.Parallel()
		last := math.Inf(1)
		for _, sigma := range []float64{0.5, 1, 1.99, 2.01, 4, 8, 20} {
			now := roughness(made(t, img, Operation{Op: Blur, Sigma: sigma}))
			if now >= last {
				t.Errorf("sigma %v: roughness %v after %v", sigma, now, last)
			}
			last = now
		}
		if before, after := roughness(img), roughness(made(t, img, Operation{Op: Sharpen, Sigma: 2})); after <= before {
			t.Errorf("roughness %v after sharpening, %v before", after, before)
		}
	})
	t.Run("the order counts", func(t *testing.T) {
		t.Parallel()
		small, blur := Operation{Op: Resize, Width: 16}, Operation{Op: Blur, Sigma: 2}
		if cmp.Equal(made(t, img, small, blur), made(t, img, blur, small)) {
			t.Error("blurring before and after shrinking is the same")
		}
	})
	t.Run("a watermark is written where told and nowhere else", func(t *testing.T) {
		t.Parallel()
		for at, spot := range map[Position]image.Rectangle{
			"": image.Rect(200, 180, 400, 240), TopLeft: image.Rect(0, 0, 200, 60), TopRight: image.Rect(200, 0, 400, 60),
			BottomLeft: image.Rect(0, 180, 200, 240), Center: image.Rect(100, 90, 300, 150),
		} {
			grey := image.NewGray(image.Rect(0, 0, 400, 240))
			got := made(t, grey, Operation{Op: Watermark, Text: "FaceScan", Position: at})
			inside := 0
			for y := range 240 {
				for x := range 400 {
					if r, _, _, _ := got.At(x, y).RGBA(); r == 0 {
						continue
					}
					if !image.Pt(x, y).In(spot) {
						t.Fatalf("%s: written at %d, %d", at, x, y)
					}
					inside++
				}
			}
			if inside < 100 {
				t.Errorf("%s: %d pixels written", at, inside)
			}
		}
	})
	t.Run("less quality is less bytes", func(t *testing.T) {
		t.Parallel()
		size := func(quality int) int {
			file, err := Render(img, Rendition{Format: JPEG, Quality: quality})
			if err != nil {
				t.Fatal(err)
			}
			return len(file)
		}
		if size(10) >= size(50) || size(50) >= size(95) || size(0) != size(defaultQuality) {
			t.Errorf(
				"%d, %d, %d bytes at 10, 50, 95; %d at 0, %d at 85", size(10), size(50), size(95), size(0), size(defaultQuality),
			)
		}
	})
	t.Run("what is transparent is white in a JPEG", func(t *testing.T) {
		t.Parallel()
		file, err := Render(image.NewNRGBA(image.Rect(0, 0, 9, 9)), Rendition{Format: JPEG})
		if err != nil {
			t.Fatal(err)
		}
		if r, _, _, _ := decode(t, JPEG, file).At(4, 4).RGBA(); r < 0xf000 {
			t.Errorf("red %x", r)
		}
	})
}

// kinds are the same size of picture in each of the kinds that are not copied.
func kinds(t *rapid.T) map[string]image.Image {
	w, h := rapid.IntRange(1, 60).Draw(t, "w"), rapid.IntRange(1, 140).Draw(t, "h")
	fill := func(pix []uint8) { copy(pix, rapid.SliceOfN(rapid.Byte(), len(pix), len(pix)).Draw(t, "samples")) }
	grey, half := image.NewGray(image.Rect(0, 0, w, h)), image.NewYCbCr(
		image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420,
	)
	fill(grey.Pix)
	fill(half.Y)
	fill(half.Cb)
	fill(half.Cr)
	return map[string]image.Image{"grey": grey, "planes": half, "pixels": drawn(half)}
}

func TestFormatsWithoutLossKeepEveryPixel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for name, picture := range kinds(t) {
			part := Operation{Op: Crop, Left: 0.3, Top: 0.1, Right: 0.9, Bottom: 0.8}
			w, h := picture.Bounds().Dx(), picture.Bounds().Dy()
			area := part.rectangle(w, h)
			want := drawn(drawn(picture).SubImage(area))
			for _, f := range []Format{PNG, WebP, TIFF} {
				file, err := Render(picture, Rendition{Format: f, Operations: []Operation{part}})
				if err != nil {
					t.Fatal(err)
				}
				img, err := decoders[f](bytes.NewReader(file))
				if err != nil {
					t.Fatalf("%s of %s: %v", f, name, err)
				}
				if got := drawn(img); got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
					t.Fatalf("%s of %s: other pixels", f, name)
				}
			}
		}
	})
}

// roughness is the mean square difference of neighbours.
func roughness(img image.Image) float64 {
	sum := 0.0
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X + 1; x < b.Max.X; x++ {
			r1, g1, b1, _ := img.At(x-1, y).RGBA()
			r2, g2, b2, _ := img.At(x, y).RGBA()
			for _, d := range [...]float64{float64(r1) - float64(r2), float64(g1) - float64(g2), float64(b1) - float64(b2)} {
				sum += d * d
			}
		}
	}
	return sum
}

func operations() *rapid.Generator[Operation] {
	return rapid.Custom(func(t *rapid.T) Operation {
		side := rapid.IntRange(0, 60)
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return Operation{
				Op: Resize, Width: rapid.IntRange(1, 60).Draw(t, "w"), Height: side.Draw(t, "h"),
				Fit: rapid.SampledFrom(fits).Draw(t, "fit"),
			}
		case 1:
			left, top := rapid.Float64Range(0, 0.99).Draw(t, "left"), rapid.Float64Range(0, 0.99).Draw(t, "top")
			return Operation{
				Op: Crop, Left: left, Top: top, Right: rapid.Float64Range(left+0.001, 1).Draw(t, "right"),
				Bottom: rapid.Float64Range(top+0.001, 1).Draw(t, "bottom"),
			}
		}
		return rapid.SampledFrom([]Operation{
			{Op: Grayscale}, {Op: Blur, Sigma: 0.1}, {Op: Blur, Sigma: 20}, {Op: Sharpen, Sigma: 7},
			{Op: Watermark, Text: "Ada", Position: Center},
		}).Draw(t, "other")
	})
}

// Whatever is done to it, a picture never grows, and the same wish gives the same bytes.
func TestRenditions_areBoundedAndDeterministic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 50).Draw(t, "w"), rapid.IntRange(1, 50).Draw(t, "h")
		img := colours(w, h)
		before := bytes.Clone(img.Pix)
		r := Rendition{
			Name: "a", Format: rapid.SampledFrom(formats).Draw(t, "format"),
			Operations: rapid.SliceOfN(operations(), 0, MaxOperations).Draw(t, "operations"),
		}
		first, err := Render(img, r)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Render(img, r)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("another file the second time, %v", err)
		}
		if !bytes.Equal(before, img.Pix) {
			t.Fatal("the picture was changed")
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(first))
		if err != nil {
			t.Fatal(err)
		}
		if config.Width < 1 || config.Height < 1 || config.Width > w || config.Height > h {
			t.Fatalf("%d x %d of %d x %d", config.Width, config.Height, w, h)
		}
	})
}

func TestFiles_haveNoMetadata(t *testing.T) {
	t.Parallel()
	for _, f := range formats {
		file, err := Render(colours(16, 16), Rendition{Format: f})
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range []string{"Exif", "EXIF", "eXIf", "iTXt", "tEXt", "XMP", "xmp", "ICC", "iCCP", "tIME"} {
			if bytes.Contains(file, []byte(mark)) {
				t.Errorf("%s contains %s", f, mark)
			}
		}
	}
}

func BenchmarkRender(b *testing.B) {
	img := colours(4032, 3024)
	for _, r := range []Rendition{
		{Format: JPEG, Operations: []Operation{{Op: Resize, Width: 640}}},
		{Format: JPEG, Operations: []Operation{{Op: Blur, Sigma: 4}}},
		{Format: JPEG, Operations: []Operation{{Op: Blur, Sigma: 20}}},
		{Format: JPEG}, {Format: PNG}, {Format: WebP}, {Format: TIFF},
	} {
		b.Run(fmt.Sprintf("%s %v", r.Format, r.Operations), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Render(img, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
