package face

import (
	"bytes"
	"image"
	"image/jpeg"
	"sync"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/facetest"
	ownjpeg "github.com/facescan/facescan/internal/face/internal/jpeg"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/gen2brain/jpegn"
	"golang.org/x/image/draw"
)

// cameraJPEG makes a photo as a phone takes it: the sample enlarged to 3:4, with the grain of a
// sensor, so that it takes as many bits a pixel as a real one.
func cameraJPEG(tb testing.TB, w, h int) []byte {
	tb.Helper()
	src := facetest.DecodeSample(tb)
	dst := facetest.OnCanvas(w, h, image.Point{})
	fits := w * 5 / 4 // the height of the sample at this width
	draw.CatmullRom.Scale(dst, image.Rect(0, (h-fits)/2, w, (h+fits)/2), src, src.Rect, draw.Src, nil)
	return facetest.EncodeJPEG(tb, facetest.Grained(dst, 7), 90)
}

var cameraPhotos = sync.OnceValue(func() map[string][]byte {
	tb := new(testing.B)
	return map[string][]byte{"12MP": cameraJPEG(tb, 3024, 4032), "1MP": cameraJPEG(tb, 864, 1152)}
})

// BenchmarkScan is the whole of it, beside image/jpeg decoding the same file.
func BenchmarkScan(b *testing.B) {
	for _, size := range []string{"12MP", "1MP"} {
		data := cameraPhotos()[size]
		b.Run("image/jpeg decoding "+size, func(b *testing.B) {
			measured(b, func() error { _, err := jpeg.Decode(bytes.NewReader(data)); return err })
		})
		b.Run("report "+size, func(b *testing.B) {
			measured(b, func() error { _, err := Analyze(bytes.NewReader(data), report.Options{}); return err })
		})
		b.Run("report and pictures "+size, func(b *testing.B) {
			measured(b, func() error { _, _, err := Scan(bytes.NewReader(data), report.Options{}); return err })
		})
	}
	sample, wall := facetest.SampleJPEG(b), facetest.EncodeJPEG(b, facetest.Noise(1000, 1000, 1), 90)
	b.Run("report sample.jpg 0.1MP progressive", func(b *testing.B) {
		measured(b, func() error { _, err := Analyze(bytes.NewReader(sample), report.Options{}); return err })
	})
	b.Run("refusal of noise 1MP", func(b *testing.B) {
		measured(b, func() error { _, _ = Analyze(bytes.NewReader(wall), report.Options{}); return nil })
	})
}

// BenchmarkDecoders compares what decodes JPEG photos here with what could.
func BenchmarkDecoders(b *testing.B) {
	files := map[string][]byte{
		"12MP": cameraPhotos()["12MP"], "1MP": cameraPhotos()["1MP"], "progressive 0.1MP": facetest.SampleJPEG(b),
	}
	for size, data := range files {
		for name, decode := range map[string]func() error{
			"own":             func() error { _, err := ownJPEG(data, true); return err },
			"own, brightness": func() error { _, err := ownJPEG(data, false); return err },
			"jpegn's":         func() error { _, err := jpegn.Decode(bytes.NewReader(data)); return err },
			"Go's":            func() error { _, err := jpeg.Decode(bytes.NewReader(data)); return err },
		} {
			b.Run(name+" "+size, func(b *testing.B) { measured(b, decode) })
		}
	}
}

func ownJPEG(data []byte, colours bool) (image.Image, error) {
	f, err := ownjpeg.Read(data, func(byte, []byte) {})
	if err != nil {
		return nil, err
	}
	return f.Decode(colours)
}

// BenchmarkStages takes the way of a 12 megapixel photo apart.
func BenchmarkStages(b *testing.B) {
	models, err := cascade.LoadModels()
	if err != nil {
		b.Fatal(err)
	}
	data := cameraPhotos()["12MP"]
	open := func() (*photo.Photo, error) {
		return photo.Open(bytes.NewReader(data), report.Options{}.WithDefaults())
	}
	p, err := open()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("models", func(b *testing.B) {
		measured(b, func() error { _, err := cascade.ModelsFrom(cascade.Cascades()); return err })
	})
	b.Run("header", func(b *testing.B) {
		measured(b, func() error { _, err := open(); return err })
	})
	b.Run("decode", func(b *testing.B) {
		measured(b, func() error { q := *p; _, err := q.Decode(true); return err })
	})
	m, err := measure.OfPhoto(p, models)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("shrink", func(b *testing.B) {
		measured(b, func() error { p.Luma.Shrunk(m.Scale, 6); return nil })
	})
	b.Run("lean", func(b *testing.B) {
		measured(b, func() error { p.Luma.LeansRight(1); return nil })
	})
	b.Run("detect", func(b *testing.B) {
		measured(b, func() error { _, err := models.Detect(m.Grey); return err })
	})
	b.Run("near", func(b *testing.B) {
		measured(b, func() error { m.Near(); return nil })
	})
	near, place, _ := m.Near()
	seen := landmark.Locate(models, near, place)
	rough := seen.Points(&landmark.Layout)
	b.Run("points", func(b *testing.B) {
		measured(b, func() error { landmark.Locate(models, near, place); return nil })
	})
	b.Run("crop", func(b *testing.B) {
		measured(b, func() error { near.Crop(mirror.FaceFrame(&rough), mirror.FaceW, mirror.FaceH); return nil })
	})
	b.Run("field", func(b *testing.B) {
		measured(b, func() error { mirror.Registered(near, &rough); return nil })
	})
	b.Run("assemble", func(b *testing.B) {
		measured(b, func() error { _, err := m.Report(); return err })
	})
}

func measured(b *testing.B, f func() error) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
}
