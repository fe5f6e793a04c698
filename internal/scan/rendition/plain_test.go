package rendition

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"testing"

	"github.com/kovidgoyal/imaging"

	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// TestRenditionsLookAsByThePlainWay holds what is done in boxes, rows and planes, to save memory,
// to the same by a library on the whole picture.
func TestRenditionsLookAsByThePlainWay(t *testing.T) {
	t.Parallel()
	photo, err := jpeg.Decode(bytes.NewReader(emulatortest.SamplePhoto(t)))
	if err != nil {
		t.Fatal(err)
	}
	whole := imaging.Clone(photo)
	w, h := whole.Rect.Dx(), whole.Rect.Dy()
	unsharp := func(sigma float64) *image.NRGBA {
		out := imaging.Clone(whole)
		for i, v := range imaging.Blur(whole, sigma).Pix {
			out.Pix[i] = uint8(min(255, max(0, 2*int(out.Pix[i])-int(v))))
		}
		return out
	}
	for _, tt := range []struct {
		o     Operation
		plain *image.NRGBA
		most  float64 // root mean square difference, levels
	}{
		{Operation{Op: Resize, Width: w * 2 / 3}, imaging.Resize(whole, w*2/3, 0, imaging.CatmullRom), 1},
		{Operation{Op: Resize, Width: w / 4}, imaging.Resize(whole, w/4, 0, imaging.CatmullRom), 1},
		{Operation{Op: Resize, Width: 37}, imaging.Resize(whole, 37, 0, imaging.CatmullRom), 1},
		{
			Operation{Op: Resize, Width: 50, Height: 20, Fit: FitFill}, imaging.Resize(whole, 50, 20, imaging.CatmullRom), 1,
		},
		{
			Operation{Op: Resize, Width: 50, Height: 20, Fit: FitCover},
			imaging.Fill(whole, 50, 20, imaging.Center, imaging.CatmullRom), 1,
		},
		{
			Operation{Op: Crop, Left: 0.25, Top: 0.1, Right: 0.8, Bottom: 0.77},
			imaging.Crop(whole, Operation{Left: 0.25, Top: 0.1, Right: 0.8, Bottom: 0.77}.rectangle(w, h)), 0,
		},
		{Operation{Op: Grayscale}, imaging.Grayscale(whole), 1},
		{Operation{Op: Blur, Sigma: 0.1}, imaging.Blur(whole, 0.1), 1},
		{Operation{Op: Blur, Sigma: 1}, imaging.Blur(whole, 1), 1},
		{Operation{Op: Blur, Sigma: 2}, imaging.Blur(whole, 2), 1},
		{Operation{Op: Blur, Sigma: 2.1}, imaging.Blur(whole, 2.1), 1},
		{Operation{Op: Blur, Sigma: 7}, imaging.Blur(whole, 7), 1},
		{Operation{Op: Blur, Sigma: 20}, imaging.Blur(whole, 20), 1.5},
		{Operation{Op: Sharpen, Sigma: 1}, unsharp(1), 1},
		{Operation{Op: Sharpen, Sigma: 7}, unsharp(7), 1},
	} {
		t.Run(fmt.Sprintf("%+v", tt.o), func(t *testing.T) {
			t.Parallel()
			got := imaging.Clone(made(t, photo, tt.o))
			if got.Rect != tt.plain.Rect {
				t.Fatalf("%v, want %v", got.Rect, tt.plain.Rect)
			}
			if apart := rootMeanSquare(got.Pix, tt.plain.Pix); apart > tt.most {
				t.Errorf("%.2f levels apart", apart)
			}
		})
	}
}

func rootMeanSquare(a, b []uint8) float64 {
	sum := 0
	for i, v := range a {
		d := int(v) - int(b[i])
		sum += d * d
	}
	return math.Sqrt(float64(sum) / float64(len(a)))
}
