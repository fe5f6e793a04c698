package face

import (
	"bytes"
	"fmt"
	"image"
	"testing"
)

func TestUprightGivesTheSamePictureForEveryOrientation(t *testing.T) {
	t.Parallel()
	want := decodeSample(t)
	for orientation := 1; orientation <= 8; orientation++ {
		t.Run(fmt.Sprint(orientation), func(t *testing.T) {
			t.Parallel()
			data := encodePNG(t, stored(want, orientation))
			got, err := Upright(bytes.NewReader(withPNGOrientation(data, orientation)), Options{}, 4096)
			if err != nil {
				t.Fatal(err)
			}
			if got.Rect != want.Rect || !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%v, want the picture of %v", got.Rect, want.Rect)
			}
		})
	}
}

func TestUprightIsShrunkAndOpaque(t *testing.T) {
	t.Parallel()
	clear := image.NewNRGBA(image.Rect(0, 0, 300, 60))
	got, err := Upright(bytes.NewReader(encodePNG(t, clear)), Options{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rect != image.Rect(0, 0, 100, 20) || !got.Opaque() || got.RGBAAt(50, 10).R != backdrop {
		t.Errorf("%v, %v in the middle", got.Rect, got.RGBAAt(50, 10))
	}
}

func TestUprightRefusesWhatAnalyzeRefuses(t *testing.T) {
	t.Parallel()
	for want, data := range map[Code][]byte{
		Corrupt: sampleJPEG(t)[:300], UnsupportedFormat: []byte("GIF89a, or so it says"), TooLarge: encodePNG(t, image.NewGray(image.Rect(0, 0, 500, 500))),
	} {
		_, err := Upright(bytes.NewReader(data), Options{MaxPixels: 200_000}, 100)
		if got := codeOf(t, err); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
