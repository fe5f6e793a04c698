// Package portrait draws faces that belong to no person, by code, like photos of a camera. The face
// engine measures them as it measures photos.
//
// A face is a height over the plane of the picture, lit by one lamp, with the colours of skin,
// eyes, brows, lips and hair on it. Lengths are in distances between the pupils; the origin is in
// the middle between them, x to the right and y down. The same Face gives the same pixels on every
// machine: products are rounded before they are added, so that no compiler fuses them, and of
// package math only the square root and floors are used.
package portrait

import (
	"image"
	"math"
)

// Face is how a face looks and how its photo is taken. The zero value is an even face in soft light
// from the front, with closed lips and open eyes.
type Face struct {
	// Seed chooses the texture of skin, brows and hair.
	Seed uint32
	// Wide, Long and Nose stretch the head, the lower face and the nose, in shares of their size.
	Wide, Long, Nose float64
	// Brows is how far the brows are moved up and apart.
	Brows float64
	// Uneven is how far the corner of the mouth, the eye and the brow of one half are moved down.
	Uneven float64
	// Yaw and Roll turn and tilt the head, in degrees; positive yaw moves the nose to the right of the
	// picture, positive roll lowers the eye at its right.
	Yaw, Roll float64
	// Side moves the lamp to one side, -1 to 1; Dim takes away its light, 0 to 1.
	Side, Dim float64
	// Open is how far the lips are apart.
	Open float64
	// Wink is how far the eye at the right of the picture is closed, 0 to 1.
	Wink float64
	// Skin is how dark the skin is, 0 to 1.
	Skin float64
	// Cover is what lies over the face.
	Cover Cover
}

// Cover is what lies over a face.
type Cover int

// The covers.
const (
	Bare       Cover = iota // nothing
	Sunglasses              // over the eyes
	Mask                    // over nose and mouth
	Patch                   // over one cheek
	Tape                    // over the mouth
	Scarf                   // over mouth and chin
	Paint                   // along the jaw
	Hand                    // over one half
)

// Frame is where a face is in its picture.
type Frame struct {
	Width, Height int     // of the picture, pixels
	X, Y          float64 // of the middle between the pupils, pixels
	IOD           float64 // between the pupils, pixels
}

// Selfie returns the frame of a small selfie: a face at arm's length in 480 by 600 pixels.
func Selfie() Frame { return Frame{Width: 480, Height: 600, X: 240, Y: 265, IOD: 100} }

// rgb is a colour, 0 to 255 a channel, linear in what the file stores.
type rgb [3]float64

// mix returns the colour between c and d: c at 0, d at 1.
func (c rgb) mix(d rgb, part float64) rgb {
	for i := range c {
		c[i] += float64((d[i] - c[i]) * part)
	}
	return c
}

// times returns the colour in the light.
func (c rgb) times(light float64) rgb {
	return rgb{float64(c[0] * light), float64(c[1] * light), float64(c[2] * light)}
}

// Draw returns a picture of the face.
func (f Face) Draw(at Frame) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, at.Width, at.Height))
	p := newPainter(f, at)
	for y := range at.Height {
		for x := range at.Width {
			o := img.PixOffset(x, y)
			for i, v := range p.colour(float64(x), float64(y)) {
				img.Pix[o+i] = uint8(min(255, max(0, v+.5)))
			}
			img.Pix[o+3] = 255
		}
	}
	return img
}

// turn is a rotation.
type turn struct{ sin, cos float64 }

// degrees returns the rotation by an angle of -60 to 60 degrees, by its series.
func degrees(angle float64) turn {
	const radian = math.Pi / 180
	t := float64(angle * radian)
	sin, term := t, t
	for n := 3.0; n < 16; n += 2 {
		term = -float64(term*float64(t*t)) / float64(n*(n-1))
		sin += term
	}
	return turn{sin: sin, cos: math.Sqrt(1 - float64(sin*sin))}
}
