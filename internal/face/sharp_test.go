package face

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

// smeared moves the plane by some pixels to the right while it is taken.
func (p *plane) smeared(pixels int) *plane {
	q := newPlane(p.w, p.h)
	for y := range p.h {
		row, out := p.row(y), q.row(y)
		for x := range row {
			sum := 0
			for i := range pixels {
				sum += int(row[min(p.w-1, max(0, x+i-pixels/2))])
			}
			out[x] = uint8(sum / pixels)
		}
	}
	return q
}

func TestMovementMakesDetailUneven(t *testing.T) {
	t.Parallel()
	p := lumaOf(decodeSample(t))
	crop := p.shrunk(1, 1).crop(frame{axis: vec{1, 0}}, min(p.w, lightW), min(p.h, lightH))
	sharp, across := evenness(crop), evenness(crop.smeared(9))
	if across > sharp/2 {
		t.Errorf("evenness %v, moved %v", sharp, across)
	}
	if along := evenness(crop.smeared(9).transposed()); along > sharp/2 {
		t.Errorf("moved downwards %v", along)
	}
}

func TestBlocksStandOutInCoarseJPEG(t *testing.T) {
	t.Parallel()
	p := lumaOf(decodeSample(t))
	for _, tt := range []struct {
		quality     int
		least, most float64
	}{{95, 0.9, 1.3}, {80, 0.9, 1.4}, {3, 2, 100}} {
		var b bytes.Buffer
		g := &image.Gray{Pix: p.pix, Stride: p.w, Rect: image.Rect(0, 0, p.w, p.h)}
		if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: tt.quality}); err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(&b)
		if err != nil {
			t.Fatal(err)
		}
		q := lumaOf(img)
		in := window{x: float64(p.w) / 2, y: float64(p.h) / 2, size: float64(min(p.w, p.h))}
		if got := q.blocks(in, 1); got < tt.least || got > tt.most {
			t.Errorf("quality %d: %v, want %v to %v", tt.quality, got, tt.least, tt.most)
		}
	}
}
