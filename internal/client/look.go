package client

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"github.com/kovidgoyal/imaging"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // photos may be WebP
)

// grain is the standard deviation of a camera's noise, of 255. What lies between pixels is smoother
// than a photo, and a face without texture is taken for one half twice.
const grain = 3

// LooksOfRoom is the number of looks in turn that are of one room: as many as a series has at most.
const LooksOfRoom = 5

// Look returns a JPEG of the photo as another look into the camera would give it, a different one
// for each n from 0: the head a little tilted and moved, the light from another side, the face
// warped by a few thousandths of the picture's width. [LooksOfRoom] in turn are of one room, whose
// light is neither the photo's nor another room's, so that the cheat guard takes a look neither for
// a copy of the photo nor, in a series, for one of another look.
func Look(photo []byte, n int) ([]byte, error) {
	decoded, err := imaging.Decode(bytes.NewReader(photo), imaging.AutoOrientation(true))
	if err != nil {
		return nil, fmt.Errorf("decode the photo: %w", err)
	}
	b := decoded.Bounds()
	src := image.NewRGBA(b)
	draw.Draw(src, b, decoded, b.Min, draw.Src)
	dst := image.NewRGBA(b)
	k, room := float64(n%LooksOfRoom), float64(n/LooksOfRoom)
	tilt := (1 + k/2) * math.Pow(-1, k) * math.Pi / 180
	noise := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // the same each time
	w, h := float64(b.Dx()), float64(b.Dy())
	for y := range b.Dy() {
		for x := range b.Dx() {
			u, v := float64(x)/w-.5, float64(y)/h-.5
			dx := u*w*math.Cos(tilt) - v*h*math.Sin(tilt) + .0012*w*math.Sin(7*v+k) + .01*w*k
			dy := u*w*math.Sin(tilt) + v*h*math.Cos(tilt) + .002*w*math.Sin(6*u+.2*k)
			light := 1 + .2*math.Sin(3*math.Pi*u+1+2*room)*math.Sin(4*math.Pi*v+1.5*room) +
				.04*math.Sin(3*u+2*k) + .06*math.Cos(9*v+3*k)
			paint(dst, x, y, src, .5*w+dx, .5*h+dy, light, noise.NormFloat64()*grain)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 90}); err != nil {
		return nil, fmt.Errorf("encode the photo: %w", err)
	}
	return out.Bytes(), nil
}

// paint gives the pixel what lies at the place of the source, between its pixels, in the light and
// with the noise.
func paint(dst *image.RGBA, x, y int, src *image.RGBA, sx, sy, light, noise float64) {
	sx, sy = min(max(sx, 0), float64(src.Rect.Dx()-2)), min(max(sy, 0), float64(src.Rect.Dy()-2))
	left, top := int(sx), int(sy)
	right, down := sx-float64(left), sy-float64(top)
	at := src.PixOffset(src.Rect.Min.X+left, src.Rect.Min.Y+top)
	to := dst.PixOffset(dst.Rect.Min.X+x, dst.Rect.Min.Y+y)
	for c := range 3 {
		upper := float64(src.Pix[at+c])*(1-right) + float64(src.Pix[at+4+c])*right
		lower := float64(src.Pix[at+src.Stride+c])*(1-right) + float64(src.Pix[at+src.Stride+4+c])*right
		dst.Pix[to+c] = uint8(max(0, min(255, (upper*(1-down)+lower*down)*light+noise)))
	}
	dst.Pix[to+3] = 255
}
