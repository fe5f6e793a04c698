package face

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/google/go-cmp/cmp"
)

func TestScan_givesReportAndPictures(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	data := facetest.WithJPEGOrientation(facetest.EncodeJPEG(t, facetest.Stored(src, 6), 95), 6)
	measured, pictures, err := Scan(bytes.NewReader(data), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(analyze(t, data), measured); diff != "" {
		t.Errorf("report (-Analyze +Scan):\n%s", diff)
	}
	want := []struct {
		name string
		size image.Point
	}{
		{report.PictureOverlay, image.Pt(800, 1204)}, {report.PictureCrop, image.Pt(600, 750)},
		{report.PictureLeftLeft, image.Pt(400, 500)},
		{report.PictureRightRight, image.Pt(400, 500)}, {report.PictureThumbnail, image.Pt(204, 256)},
	}
	if len(pictures) != len(want) || len(report.PictureNames()) != len(want) {
		t.Fatalf("%d pictures, %d names, want %d", len(pictures), len(report.PictureNames()), len(want))
	}
	for i, w := range want {
		p := pictures[i]
		if p.Name != w.name || p.Name != report.PictureNames()[i] {
			t.Errorf("picture %d is %s, want %s", i, p.Name, w.name)
		}
		img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		if img.Bounds().Size() != w.size {
			t.Errorf("%s is %v, want %v", p.Name, img.Bounds().Size(), w.size)
		}
		wantNoMetadata(t, p)
	}
	t.Run("the same bytes once more", func(t *testing.T) {
		t.Parallel()
		_, again, err := Scan(bytes.NewReader(data), report.Options{})
		if err != nil || !sameFiles(pictures, again) {
			t.Errorf("other pictures, or %v", err)
		}
	})
	t.Run("the crop has its pupils in their places", func(t *testing.T) {
		t.Parallel()
		marks := analyze(t, pictures[1].JPEG).Landmarks
		for name, x := range map[string]float64{"pupil_left": 199.5, "pupil_right": 399.5} {
			if p := marks[name]; math.Hypot(p.X-x, p.Y-300) > 3 {
				t.Errorf("%s at %v, %v; want %v, %v", name, p.X, p.Y, x, 300)
			}
		}
	})
}

// sameFiles compares pictures by their files. Asking go-cmp for the pixels, too, would take a
// minute.
func sameFiles(a, b []report.Picture) bool {
	return slices.EqualFunc(
		a, b, func(p, q report.Picture) bool { return p.Name == q.Name && bytes.Equal(p.JPEG, q.JPEG) },
	)
}

// wantNoMetadata checks that a JPEG has no segment but those that decoding needs and JFIF's, which
// is always the same.
func wantNoMetadata(t *testing.T, p report.Picture) {
	t.Helper()
	for at := 2; ; {
		marker, size := p.JPEG[at+1], int(p.JPEG[at+2])<<8|int(p.JPEG[at+3])
		switch {
		case marker == 0xda:
			return
		case marker == 0xe0 && string(p.JPEG[at+4:at+2+size]) == "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00":
		case marker >= 0xe0 && marker <= 0xef, marker == 0xfe:
			t.Errorf("%s has a segment %x of %d bytes", p.Name, marker, size)
		}
		at += 2 + size
	}
}

func TestRefusedPhoto_hasNoPictures(t *testing.T) {
	t.Parallel()
	_, pictures, err := Scan(bytes.NewReader([]byte("no photo")), report.Options{})
	if facetest.CodeOf(t, err) != report.UnsupportedFormat || pictures != nil {
		t.Errorf("%d pictures and %v", len(pictures), err)
	}
}

func TestReportAlone_keepsNoDecodedImage(t *testing.T) {
	t.Parallel()
	_, m, err := analyzed(bytes.NewReader(facetest.SampleJPEG(t)), report.Options{}, false)
	if err != nil || m.Photo.Decoded != nil {
		t.Errorf("the decoded image is kept, or %v", err)
	}
}
