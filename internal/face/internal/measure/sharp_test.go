package measure

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

func TestMovement_makesDetailUneven(t *testing.T) {
	t.Parallel()
	p := raster.LumaOf(facetest.DecodeSample(t))
	crop := p.Shrunk(1, 1).Crop(raster.Frame{Axis: raster.Vec{X: 1, Y: 0}}, min(p.W, lightW), min(p.H, lightH))
	sharp, across := evenness(crop), evenness(smeared(crop, 9))
	if across > sharp/2 {
		t.Errorf("evenness %v, moved %v", sharp, across)
	}
	if along := evenness(smeared(crop, 9).Transposed()); along > sharp/2 {
		t.Errorf("moved downwards %v", along)
	}
}

func TestBlocksStandOutInCoarseJPEG(t *testing.T) {
	t.Parallel()
	p := raster.LumaOf(facetest.DecodeSample(t))
	for _, tt := range []struct {
		quality     int
		least, most float64
	}{{95, 0.9, 1.3}, {80, 0.9, 1.4}, {3, 2, 100}} {
		var b bytes.Buffer
		g := &image.Gray{Pix: p.Pix, Stride: p.W, Rect: image.Rect(0, 0, p.W, p.H)}
		if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: tt.quality}); err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		q := raster.LumaOf(img)
		in := cascade.Window{X: float64(p.W) / 2, Y: float64(p.H) / 2, Size: float64(min(p.W, p.H))}
		if got := blocksOf(q, in, 1); got < tt.least || got > tt.most {
			t.Errorf("quality %d: %v, want %v to %v", tt.quality, got, tt.least, tt.most)
		}
	}
}

// smeared moves a plane by some pixels to the right while it is taken.
func smeared(p *raster.Plane, pixels int) *raster.Plane {
	q := raster.NewPlane(p.W, p.H)
	for y := range p.H {
		row, out := p.Row(y), q.Row(y)
		for x := range row {
			sum := 0
			for i := range pixels {
				sum += int(row[min(p.W-1, max(0, x+i-pixels/2))])
			}
			out[x] = uint8(sum / pixels)
		}
	}
	return q
}
