package draw

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
	"pgregory.net/rapid"
)

// looked measures a photo such that it can be drawn.
func looked(tb testing.TB, data []byte) *measure.Measurement {
	tb.Helper()
	models, err := cascade.LoadModels()
	if err != nil {
		tb.Fatal(err)
	}
	p, err := photo.Open(bytes.NewReader(data), report.Options{}.WithDefaults())
	if err != nil {
		tb.Fatal(err)
	}
	p.Pictured = true
	m, err := measure.OfPhoto(p, models)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := m.Report(); err != nil {
		tb.Fatal(err)
	}
	return m
}

// quickPNG does not compress, which takes seconds under the race detector.
func quickPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func samePicture(t *testing.T, name string, want, got raster.Planes) {
	t.Helper()
	for i, pair := range [...][2]*raster.Plane{{want.Y, got.Y}, {want.Cb, got.Cb}, {want.Cr, got.Cr}} {
		a, b := pair[0], pair[1]
		if a.W != b.W || a.H != b.H {
			t.Fatalf("%s: plane %d is %d x %d, want %d x %d", name, i, b.W, b.H, a.W, a.H)
		}
		for k := range a.Pix {
			if a.Pix[k] != b.Pix[k] {
				t.Fatalf("%s: plane %d at %d, %d: %d, want %d", name, i, k%a.W, k/a.W, b.Pix[k], a.Pix[k])
			}
		}
	}
}

// A canvas of odd sides, larger than the working image, so that it is shrunk with some columns left
// over.
func TestMirroredPhoto_givesMirroredPictures(t *testing.T) {
	t.Parallel()
	img := facetest.Remapped(
		facetest.DecodeSample(t), 701, 2001, func(x, y int) (int, int) { return (x+1)/2 - 16, y/2 - 200 },
	)
	a, b := looked(t, quickPNG(t, img)), looked(t, quickPNG(t, facetest.MirrorOf(img)))
	if a.Photo.Mirrored == b.Photo.Mirrored {
		t.Fatal("neither of the two is turned over")
	}
	ca, cb := canvasOf(a), canvasOf(b)
	samePicture(t, "overlay", overlayOf(a, ca), overlayOf(b, cb))
	samePicture(t, "crop", aligned(stripOf(a, ca)), aligned(stripOf(b, cb)))
	samePicture(t, "thumbnail", thumbnail(ca), thumbnail(cb))
	// One of the two is turned back in the end.
	pa, errA := Pictures(a)
	pb, errB := Pictures(b)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	for i, j := range [...]int{0, 1, 3, 2, 4} {
		if far := meanDifference(t, pa[i], pb[j]); far > 1 {
			t.Errorf("%s and the mirrored photo's %s differ by %.2f levels", pa[i].Name, pb[j].Name, far)
		}
	}
}

// meanDifference compares the brightness of a picture with that of another one, mirrored, in grey
// levels, without the legend.
func meanDifference(t *testing.T, a, b report.Picture) float64 {
	t.Helper()
	imgA, errA := jpeg.Decode(bytes.NewReader(a.JPEG))
	imgB, errB := jpeg.Decode(bytes.NewReader(b.JPEG))
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	p, q := raster.LumaOf(imgA), raster.LumaOf(imgB)
	if a.Name == report.PictureOverlay {
		above := image.Rect(0, 0, p.W, p.H-even(legendHeight*p.W/legendWidth))
		p, q = p.Part(above), q.Part(above)
	}
	q.Mirror()
	sum := 0.0
	for i, v := range p.Pix {
		sum += math.Abs(float64(v) - float64(q.Pix[i]))
	}
	return sum / float64(len(p.Pix))
}

func TestHalves_areTheirOwnMirrorImages(t *testing.T) {
	t.Parallel()
	m := looked(t, facetest.SampleJPEG(t))
	strip := stripOf(m, canvasOf(m))
	left, right := halvesOf(m, strip)
	for name, p := range map[string]raster.Planes{"left": left, "right": right} {
		turned := p.Clone()
		turned.Mirror()
		samePicture(t, name, p, turned)
	}
	// On this nearly symmetric face both are much like the crop, each on its own side.
	crop := aligned(strip)
	crop.Y = crop.Y.Resized(halfW, halfH)
	for name, tt := range map[string]struct {
		half   *raster.Plane
		x0, x1 int
	}{"left": {left.Y, 80, 200}, "right": {right.Y, 200, 320}} {
		sum, n := 0.0, 0
		for y := 100; y < 430; y++ {
			for x := tt.x0; x < tt.x1; x++ {
				sum += math.Abs(float64(tt.half.Row(y)[x]) - float64(crop.Y.Row(y)[x]))
				n++
			}
		}
		if mean := sum / float64(n); mean > 10 {
			t.Errorf("the %s half differs from the crop by %.1f levels", name, mean)
		}
	}
}

func TestWindow_isACrop(t *testing.T) {
	t.Parallel()
	p := raster.LumaOf(facetest.Noise(40, 30, 5))
	for _, f := range []raster.Frame{
		{Axis: raster.Vec{X: 1, Y: 0}}, {Axis: raster.Vec{X: 1, Y: 0}, Origin: raster.Vec{X: 7, Y: 3}},
		{Axis: raster.Vec{X: 1, Y: 0}, Origin: raster.Vec{X: 7.5, Y: 3}},
		{Axis: raster.Vec{X: 1, Y: 0}, Origin: raster.Vec{X: -1, Y: 3}},
		{Axis: raster.Vec{X: 1, Y: 0}, Origin: raster.Vec{X: 30, Y: 3}}, {Axis: raster.Vec{X: 0.5, Y: 0}},
		{Axis: raster.Vec{X: 0, Y: 1}, Origin: raster.Vec{X: 20, Y: 2}},
	} {
		want, got := p.Sampled(f, 20, 16, 1), p.Window(f, 20, 16)
		samePicture(t, "window", raster.Planes{Y: want, Cb: want, Cr: want}, raster.Planes{Y: got, Cb: got, Cr: got})
	}
}

// A slope is the same slope at every scale, so that each pixel of a picture shows where it was
// taken from.
func TestCutsShowTheirPlaceAtEveryScale(t *testing.T) {
	t.Parallel()
	ramp := func(w, h, step int) photo.Canvas {
		y, cb, cr := raster.NewPlane(w, h), raster.NewPlane((w+1)/2, (h+1)/2), raster.NewPlane((w+1)/2, (h+1)/2)
		for i := range y.Pix {
			y.Pix[i] = uint8((i%w + i/w) / step)
		}
		for i := range cb.Pix {
			// In the middle of four of the others.
			cb.Pix[i] = uint8(float64(2*(i%cb.W+i/cb.W)+1) / float64(step))
			cr.Pix[i] = 255 - cb.Pix[i]
		}
		return photo.Canvas{Y: y, Cb: cb, Cr: cr}
	}
	c := ramp(701, 499, 5)
	rapid.Check(t, func(t *rapid.T) {
		scale, turn := rapid.Float64Range(0.3, 9).Draw(t, "scale"), rapid.Float64Range(-20, 20).Draw(t, "degrees")
		w, h := 2*rapid.IntRange(1, 30).Draw(t, "half the width"), 2*rapid.IntRange(1, 30).Draw(t, "half the height")
		middle := raster.Vec{X: rapid.Float64Range(0, 700).Draw(t, "x"), Y: rapid.Float64Range(0, 498).Draw(t, "y")}
		f := raster.FrameAt(middle, raster.Vec{X: float64(w-1) / 2, Y: float64(h-1) / 2}, raster.TurnAxis(turn).Scaled(scale))
		p := cut(c, f, w, h)
		for i, v := range p.Y.Pix {
			at := f.Outer(raster.Vec{X: float64(i % w), Y: float64(i / w)})
			reach := 1.5*scale + 3 // of what a pixel may be made from: beyond the photo its border is repeated
			if at.X < reach || at.Y < reach || at.X > 700-reach || at.Y > 498-reach {
				continue
			}
			if want := (at.X+at.Y)/5 - 0.4; math.Abs(float64(v)-want) > 1.8 { // the slope is cut off to whole levels
				t.Fatalf("%d, %d is at %v: %d, want %.1f", i%w, i/w, at, v, want)
			}
		}
		for i, v := range p.Cb.Pix {
			at := f.Outer(raster.Vec{X: float64(2*(i%(w/2))) + 0.5, Y: float64(2*(i/(w/2))) + 0.5})
			reach := 3*scale + 5
			if at.X < reach || at.Y < reach || at.X > 700-reach || at.Y > 498-reach {
				continue
			}
			if want := (at.X+at.Y)/5 - 0.4; math.Abs(float64(v)-want) > 2 || mirror.Abs(int(v)+int(p.Cr.Pix[i])-255) > 1 {
				t.Fatalf("colour %d, %d is at %v: %d and %d, want %.1f", i%(w/2), i/(w/2), at, v, p.Cr.Pix[i], want)
			}
		}
	})
}

func TestParts_repeatTheBorder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := smallPlanes().Draw(t, "picture")
		corner := image.Pt(rapid.IntRange(-20, 20).Draw(t, "x"), rapid.IntRange(-20, 20).Draw(t, "y"))
		size := image.Pt(rapid.IntRange(1, 20).Draw(t, "w"), rapid.IntRange(1, 20).Draw(t, "h"))
		part := p.Part(image.Rectangle{Min: corner, Max: corner.Add(size)})
		if part.W != size.X || part.H != size.Y {
			t.Fatalf("%d x %d", part.W, part.H)
		}
		for i, v := range part.Pix {
			x, y := min(max(corner.X+i%size.X, 0), p.W-1), min(max(corner.Y+i/size.X, 0), p.H-1)
			if v != p.Row(y)[x] {
				t.Fatalf("%d, %d is %d, want %d", i%size.X, i/size.X, v, p.Row(y)[x])
			}
		}
	})
}

func TestCropOfAFaceAtTheBorder_isFilledWithGrey(t *testing.T) {
	t.Parallel()
	m := looked(t, facetest.EncodePNG(t, facetest.OnCanvas(320, 300, image.Pt(0, -110), facetest.DecodeSample(t))))
	crop := aligned(stripOf(m, canvasOf(m)))
	if y, b, r := crop.Y.Row(0)[300], crop.Cb.Row(0)[150], crop.Cr.Row(0)[150]; y != raster.Backdrop ||
		b != raster.Backdrop || r != raster.Backdrop {
		t.Errorf("above the photo there is %d, %d, %d, want grey", y, b, r)
	}
	if crop.Y.Row(cropEyeY + 100)[300] == raster.Backdrop {
		t.Error("the face is grey too")
	}
}

// smallPlanes generates small planes.
func smallPlanes() *rapid.Generator[*raster.Plane] {
	return rapid.Custom(func(t *rapid.T) *raster.Plane {
		p := raster.NewPlane(rapid.IntRange(1, 12).Draw(t, "w"), rapid.IntRange(1, 12).Draw(t, "h"))
		copy(p.Pix, rapid.SliceOfN(rapid.Byte(), len(p.Pix), len(p.Pix)).Draw(t, "pixels"))
		return p
	})
}
