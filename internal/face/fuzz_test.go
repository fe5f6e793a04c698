package face

import (
	"bytes"
	"errors"
	"image"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/jpegtest"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/gen2brain/jpegn"
)

// fuzzOptions keep a file that claims to be large from taking seconds.
var fuzzOptions = report.Options{MaxBytes: 1 << 20, MaxPixels: 1 << 18, MaxSide: 4000, MaxMemory: 16 << 20}

// FuzzAnalyze feeds damaged files: each gives a report or a refusal, never a panic, and the same
// twice.
func FuzzAnalyze(f *testing.F) {
	src := facetest.Remapped(facetest.DecodeSample(f), 160, 200, func(x, y int) (int, int) { return 2 * x, 2 * y })
	for _, seed := range [][]byte{
		facetest.SampleJPEG(f), facetest.SampleJPEG(f)[:5000], facetest.EncodeJPEG(f, src, 60),
		facetest.WithPNGOrientation(facetest.EncodePNG(f, src), 6),
		facetest.EncodeWebP(src),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Analyze(bytes.NewReader(data), fuzzOptions)
		var refusal *report.Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("neither a report nor a refusal: %v", err)
		}
		first := facetest.AsJSON(t, r)
		again, err2 := Analyze(bytes.NewReader(data), fuzzOptions)
		if facetest.AsJSON(t, again) != first || (err == nil) != (err2 == nil) {
			t.Fatal("the second report is another one")
		}
	})
}

// FuzzDecode stops before the face is looked for, and so gets through a hundred times as many
// files. What the header says about the size holds, whatever the decoder makes of the rest, and
// neither memory nor time exceed what an honest photo may take, see fuzzedOnce.
func FuzzDecode(f *testing.F) {
	addSeeds(f, facetest.Remapped(facetest.DecodeSample(f), 40, 50, func(x, y int) (int, int) { return 8 * x, 8 * y }))
	for _, files := range []map[string][]byte{
		facetest.ModuleFiles(f, "github.com/gen2brain/jpegn", "*.jpg"),
		facetest.ModuleFiles(f, "golang.org/x/image", "*.webp"),
	} {
		for _, data := range files {
			if len(data) < 1<<16 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := fuzzedOnce(t, data)
		var refusal *report.Refusal
		switch {
		case err != nil && !errors.As(err, &refusal):
			t.Fatalf("neither pixels nor a refusal: %v", err)
		case err != nil:
			return
		case p.Luma.W != p.Width || p.Luma.H != p.Height || len(p.Luma.Pix) != p.Width*p.Height:
			t.Fatalf("header says %d x %d, decoded are %d x %d", p.Width, p.Height, p.Luma.W, p.Luma.H)
		}
		w, h := p.Size()
		for _, scale := range []int{8, 1} {
			g, err := p.Grey(scale)
			if err != nil || scale == 1 && (g.W != w || g.H != h) {
				t.Fatalf("upright picture has %d x %d pixels, want %d x %d: %v", g.W, g.H, w, h, err)
			}
		}
	})
}

// addSeeds adds files of every kind that is read, and damaged ones.
func addSeeds(f *testing.F, src *image.RGBA) {
	f.Helper()
	w, h := src.Rect.Dx(), src.Rect.Dy()
	baseline := facetest.EncodeJPEG(f, src, 60)
	seeds := [][]byte{
		nil, baseline, facetest.EncodePNG(f, src), facetest.EncodeInterlacedPNG(f, src), facetest.EncodeWebP(src),
		facetest.EncodePNG(f, facetest.OnCanvas(3, 2, image.Point{})),
		facetest.WithWebPOrientation(facetest.EncodeWebP(src), w, h, 3),
		[]byte("RIFF\x24\x00\x00\x00WEBPVP8 "), []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"),
		facetest.EncodeJPEGAs(f, src, jpegn.Subsample444, 0), facetest.EncodeJPEGAs(f, src, jpegn.Subsample440, 0),
		facetest.EncodeJPEGAs(f, src, jpegn.Subsample422, 2), facetest.EncodeJPEGAs(f, src, jpegn.SubsampleGray, 1),
		facetest.ManyGroups(20, 20, 1), facetest.ManyGroups(20, 20, 25), facetest.LossyWebP(f),
		facetest.BadCRC(facetest.WithPNGChunk(facetest.EncodePNG(f, src), "tEXt", []byte("a\x00b")), "tEXt"),
		claiming(baseline, 4000, 4000), claiming(baseline, 65535, 65535), claiming(baseline, 1, 1),
	}
	for o := 1; o <= 8; o++ {
		seeds = append(
			seeds, facetest.WithJPEGOrientation(baseline, o), facetest.WithPNGOrientation(facetest.EncodePNG(f, src), o),
		)
	}
	for _, o := range []jpegtest.Options{
		{Frame: 0xc2}, {Sampling: jpegtest.YCbCr420(), Frame: 0xc2, Restart: 2},
		{Sampling: jpegtest.YCbCr420(), Frame: 0xc1, Wide: true},
		{Sampling: [][2]int{{1, 1}, {2, 1}, {1, 2}}, Frame: 0xc2, RGB: true},
		{Sampling: jpegtest.YCbCr420(), Scans: []jpegtest.Scan{
			{Components: []int{1}, To: 63}, {Components: []int{0, 2}, To: 63},
		}},
	} {
		o.Step = 6
		whole := jpegtest.Encode(src, o)
		hidden := bytes.Replace(whole, []byte{0xff, 0xda}, []byte{0xff, 0xd8, 0, 4, 0xff, 0xd9, 0xff, 0xda}, 1)
		seeds = append(seeds, whole, whole[:len(whole)-2], hidden, append(bytes.Clone(whole), whole...))
	}
	for _, whole := range [][]byte{
		baseline, facetest.SampleJPEG(f), facetest.EncodePNG(f, src), facetest.EncodeWebP(src),
	} {
		for i := range 8 {
			seeds = append(seeds, whole[:len(whole)*i/8])
		}
	}
	for _, s := range seeds {
		f.Add(s)
	}
}

// claiming changes the size in a baseline JPEG's frame header.
func claiming(data []byte, w, h int) []byte {
	data = bytes.Clone(data)
	at := bytes.Index(data, []byte{0xff, 0xc0})
	copy(data[at+5:], []byte{byte(h >> 8), byte(h), byte(w >> 8), byte(w)})
	return data
}
