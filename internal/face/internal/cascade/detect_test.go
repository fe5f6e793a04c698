package cascade

import (
	"bytes"
	"image"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

func TestWeakFacesInATurnedPicture_mayBeChance(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		confidence []float64
		turn       float64
		want       bool
	}{
		"nothing":                  {nil, 0, true},
		"weak and upright":         {[]float64{60}, 0, false},
		"weak and turned":          {[]float64{60, 105}, 30, true},
		"one of the turned sure":   {[]float64{60, 160}, 30, false},
		"turned, just sure enough": {[]float64{chanceQuality}, 90, false},
	} {
		var faces []Window
		for _, q := range tt.confidence {
			faces = append(faces, Window{Q: q})
		}
		if got := byChance(faces, tt.turn); got != tt.want {
			t.Errorf("%s: by chance %v, want %v", name, got, tt.want)
		}
	}
}

// TestFaceThatFillsThePictureIsFound cuts the sample so tightly that no window holds the face.
func TestFaceThatFillsThePictureIsFound(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	const side = 185 // the detector's box is 248 wide
	cut := facetest.Remapped(src, side, side, func(x, y int) (int, int) { return x + 69, y + 109 })
	plane := planeOf(t, cut)
	models, err := LoadModels()
	if err != nil {
		t.Fatal(err)
	}
	if upright := models.faces(plane, minFace*side, minQuality); len(upright) > 0 {
		t.Fatalf("found %v in the picture alone: it is not cut tightly enough", upright)
	}
	place, err := models.search(plane)
	if err != nil || place.Turn != 0 || place.Q < minBeyondQuality || place.Size < side {
		t.Errorf("found %+v, error %v; want an upright face larger than the picture", place, err)
	}
}

func planeOf(t *testing.T, img image.Image) *raster.Plane {
	t.Helper()
	p, err := photo.Open(bytes.NewReader(facetest.EncodePNG(t, img)), report.Options{}.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	grey, err := p.Grey(1)
	if err != nil {
		t.Fatal(err)
	}
	return grey
}
