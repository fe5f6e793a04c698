package photo

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
	"golang.org/x/image/draw"
	"pgregory.net/rapid"
)

func TestUpright_givesTheSamePictureForEveryOrientation(t *testing.T) {
	t.Parallel()
	want := facetest.DecodeSample(t)
	for orientation := 1; orientation <= 8; orientation++ {
		t.Run(fmt.Sprint(orientation), func(t *testing.T) {
			t.Parallel()
			data := facetest.EncodePNG(t, facetest.Stored(want, orientation))
			got, err := Upright(bytes.NewReader(facetest.WithPNGOrientation(data, orientation)), report.Options{}, 4096)
			if err != nil {
				t.Fatal(err)
			}
			if got := pixelsOf(got); got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%v, want the picture of %v", got.Rect, want.Rect)
			}
		})
	}
}

// pixelsOf draws an image.
func pixelsOf(img image.Image) *image.RGBA {
	out := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}

// photoOf is a photo that was decoded.
func photoOf(img image.Image, orientation int) *Photo {
	size := img.Bounds().Size()
	return &Photo{Header: Header{Width: size.X, Height: size.Y, Orientation: orientation}, Decoded: img}
}

var ratios = []image.YCbCrSubsampleRatio{
	image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
	image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
}

func TestUprightPlanesShowTheSamePixels(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ratio := rapid.SampledFrom(ratios).Draw(t, "ratio")
		// As decoders make it: whole blocks, of which the picture is the first part.
		size := image.Rect(0, 0, rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h"))
		m := image.NewYCbCr(image.Rect(0, 0, 48, 48), ratio)
		for _, pix := range [][]uint8{m.Y, m.Cb, m.Cr} {
			copy(pix, rapid.SliceOfN(rapid.Byte(), len(pix), len(pix)).Draw(t, "samples"))
		}
		m.Rect = size
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		before := pixelsOf(m)
		got := pixelsOf(photoOf(m, o).upright(48))
		if want := facetest.Stored(before, inverse(o)); got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
			t.Fatalf("%v, want the picture of %v", got.Rect, want.Rect)
		}
	})
}

// inverse is the orientation that undoes another.
func inverse(orientation int) int {
	if orientation == 6 || orientation == 8 {
		return 14 - orientation
	}
	return orientation
}

// TestUpright_isShrunkAsByCatmullRom holds every kind of decoded image, shrunk by means of areas,
// to one step of Catmull-Rom's curve.
func TestUpright_isShrunkAsByCatmullRom(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	b := src.Bounds()
	const side = 230
	w, h := shrunkTo(b.Dx(), b.Dy(), side)
	want := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(want, want.Rect, src, b, draw.Src, nil)
	for name, img := range map[string]image.Image{
		"RGBA": src, "NRGBA": facetest.As(src, image.NewNRGBA(b)), "NRGBA64": facetest.As(src, image.NewNRGBA64(b)),
		"4:4:4": planesFrom(src, 0),
		"4:2:2": planesFrom(src, 1), "4:2:0": planesFrom(src, 2), "4:1:1": planesFrom(src, 4), "4:1:0": planesFrom(src, 5),
	} {
		for o := 1; o <= 8; o++ {
			t.Run(fmt.Sprint(name, " by ", o), func(t *testing.T) {
				t.Parallel()
				got := pixelsOf(photoOf(copyOf(img), o).upright(side))
				got = facetest.Stored(got, o)
				if got.Rect != want.Rect {
					t.Fatalf("%v, want %v", got.Rect, want.Rect)
				}
				if apart := samplesApart(got, want); apart > 2 {
					t.Errorf("%.2f levels apart", apart)
				}
			})
		}
	}
}

// copyOf copies an image of planes, whose memory is taken by making it upright.
func copyOf(img image.Image) image.Image {
	m, ok := img.(*image.YCbCr)
	if !ok {
		return img
	}
	c := *m
	c.Y, c.Cb, c.Cr = bytes.Clone(m.Y), bytes.Clone(m.Cb), bytes.Clone(m.Cr)
	return &c
}

// planesFrom converts a picture, with the colours of ratio i: each from one pixel.
func planesFrom(src *image.RGBA, i int) *image.YCbCr {
	m := image.NewYCbCr(src.Rect, ratios[i])
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			c := src.RGBAAt(x, y)
			at := m.COffset(x, y)
			m.Y[m.YOffset(x, y)], m.Cb[at], m.Cr[at] = color.RGBToYCbCr(c.R, c.G, c.B)
		}
	}
	return m
}

// samplesApart is the mean difference of the samples of two opaque pictures, levels.
func samplesApart(a, b *image.RGBA) float64 {
	sum := 0
	for i, v := range a.Pix {
		sum += facetest.Diff8(v, b.Pix[i])
	}
	return float64(sum) / float64(len(a.Pix)) * 4 / 3
}

func TestUpright_isShrunkAndOpaque(t *testing.T) {
	t.Parallel()
	clear := image.NewNRGBA(image.Rect(0, 0, 300, 60))
	got, err := Upright(bytes.NewReader(facetest.EncodePNG(t, clear)), report.Options{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	shown := pixelsOf(got)
	if shown.Rect != image.Rect(0, 0, 100, 20) || !shown.Opaque() || shown.RGBAAt(50, 10).R != raster.Backdrop {
		t.Errorf("%v, %v in the middle", shown.Rect, shown.RGBAAt(50, 10))
	}
}

func TestUpright_keepsPlanes(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"of a JPEG": facetest.SampleJPEG(t),
		"of grey": facetest.EncodePNG(
			t, facetest.As(facetest.DecodeSample(t), image.NewGray(facetest.DecodeSample(t).Bounds())),
		),
		"of a JPEG in Adobe RGB": facetest.WithJPEGProfile(facetest.SampleJPEG(t), facetest.ProfileAdobe.Bytes()),
	} {
		got, err := Upright(bytes.NewReader(data), report.Options{}, 4096)
		if err != nil {
			t.Fatal(err)
		}
		if _, isPixels := got.(*image.RGBA); isPixels {
			t.Errorf("%s: a picture of pixels", name)
		}
	}
}

func TestUpright_refusesWhatAnalyzeRefuses(t *testing.T) {
	t.Parallel()
	for want, data := range map[report.Code][]byte{
		report.Corrupt: facetest.SampleJPEG(t)[:300], report.UnsupportedFormat: []byte("GIF89a, or so it says"),
		report.TooLarge: facetest.EncodePNG(t, image.NewGray(image.Rect(0, 0, 500, 500))),
	} {
		_, err := Upright(bytes.NewReader(data), report.Options{MaxPixels: 200_000}, 100)
		if got := facetest.CodeOf(t, err); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
