package photo

import (
	"image"
	"image/color"
	"math"
	"sync"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// toSRGB converts the colours of a profile to sRGB (IEC 61966-2-1), relative to white, by tables:
// whole numbers from there on.
type toSRGB struct {
	// grey is the value in sRGB of each grey level, for a profile of grey.
	grey *[256]uint8
	// lights is what each value of red, green and blue adds to the linear channels of sRGB.
	lights *[3][256]lights
}

// lights are linear red, green and blue, 21 bits each, so that a colour takes two additions. Each
// is in 1/fullLight of all the light, with noLight added, since what sRGB does not have is negative
// or too much.
type lights uint64

const (
	fullLight = 1 << 16
	noLight   = 5 * fullLight // and no more than that less or more: real profiles stay within 2
	lightBits = 21
	lightMask = 1<<lightBits - 1

	// LightSteps is the length of the table from linear light to sRGB: 0.2 levels where it is
	// steepest.
	LightSteps = 1 << 14
)

// fromD50 takes XYZ adapted to D50 to the linear channels of sRGB (B. Lindbloom, Bradford
// adaptation).
var fromD50 = [3]xyz{
	{3.1338561, -1.6168667, -0.4906146}, {-0.9787684, 1.9161415, 0.0334540}, {0.0719453, -0.2289914, 1.4052427},
}

// sameColours is by how many levels a profile may differ from sRGB and still be taken for it: the
// approximations of sRGB by 20 to 42 points, that are made to be small, differ by up to 2.
const sameColours = 2

// converter returns the conversion from a profile to sRGB, nil for sRGB itself.
func (p *profile) converter() *toSRGB {
	c := &toSRGB{}
	if p.Grey {
		c.grey = new([256]uint8)
		for v := range c.grey {
			c.grey[v] = encoded(p.Tones[0](float64(v) / 255))
		}
	} else {
		c.lights = new([3][256]lights)
		for channel, column := range p.Columns {
			for v := range 256 {
				c.lights[channel][v] = lightsOf(column, p.Tones[channel](float64(v)/255))
			}
		}
	}
	if c.nothing() {
		return nil
	}
	return c
}

// lightsOf returns the lights of a share of a column. Powers, of which the last bits differ between
// machines, are rounded to 1/fullLight here.
func lightsOf(column xyz, share float64) (packed lights) {
	for i, row := range fromD50 {
		sum := float64(row.X*column.X) + float64(row.Y*column.Y) + float64(row.Z*column.Z)
		light := math.Round(float64(sum*share) * fullLight)
		packed |= lights(noLight+max(-noLight, min(noLight, light))) << (i * lightBits)
	}
	return packed
}

// encoded returns the level in sRGB of linear light of 0 to 1.
func encoded(light float64) uint8 {
	v := 12.92 * light
	if light > 0.0031308 {
		v = float64(1.055*math.Pow(light, 1/2.4)) - 0.055
	}
	return uint8(math.Round(255 * Within01(v)))
}

// encodings holds encoded for every step of linear light.
var encodings = sync.OnceValue(func() *[LightSteps + 1]uint8 {
	const middle = 1.5 // of the four values that share a step
	var table [LightSteps + 1]uint8
	for i := range table {
		table[i] = encoded((float64(i)*fullLight/LightSteps + middle) / fullLight)
	}
	return &table
})

// nothing reports whether the conversion is one to nearly the same colours.
func (c *toSRGB) nothing() bool {
	const step = 17
	differs := func(a, b uint8) bool { return max(a, b)-min(a, b) > sameColours }
	if c.grey != nil {
		for v, level := range c.grey {
			if differs(uint8(v), level) {
				return false
			}
		}
		return true
	}
	table := encodings()
	for r := 0; r < 256; r += step {
		for g := 0; g < 256; g += step {
			for b := 0; b < 256; b += step {
				x, y, z := c.colour(table, uint8(r), uint8(g), uint8(b))
				if differs(x, uint8(r)) || differs(y, uint8(g)) || differs(z, uint8(b)) {
					return false
				}
			}
		}
	}
	return true
}

// colour converts one colour by a matrix profile. What sRGB does not have is cut off, channel by
// channel.
func (c *toSRGB) colour(table *[LightSteps + 1]uint8, r, g, b uint8) (red, green, blue uint8) {
	sum := c.lights[0][r] + c.lights[1][g] + c.lights[2][b]
	return table[stepOf(sum)], table[stepOf(sum>>lightBits)], table[stepOf(sum>>(2*lightBits))]
}

// stepOf returns the place in the table of encodings of the lowest of the sums of three lights.
func stepOf(sum lights) int {
	return min(max(int(sum&lightMask)-3*noLight, 0), fullLight) / (fullLight / LightSteps)
}

// image converts a decoded image in place. Those whose colours are stored beside their brightness
// are left: see planes.
func (c *toSRGB) image(img image.Image) {
	switch m := img.(type) {
	case *image.Gray:
		c.greys(m.Pix, 1)
	case *image.Gray16:
		c.greys(m.Pix, 2)
	case *image.RGBA:
		c.pixels(m.Pix, 1)
	case *image.NRGBA:
		c.pixels(m.Pix, 1)
	case *image.RGBA64:
		c.pixels(m.Pix, 2)
	case *image.NRGBA64:
		c.pixels(m.Pix, 2)
	case *image.Paletted:
		for i, entry := range m.Palette {
			v := color.NRGBAModel.Convert(entry).(color.NRGBA)
			pix := [...]uint8{v.R, v.G, v.B, v.A}
			c.pixels(pix[:], 1)
			m.Palette[i] = color.NRGBA{R: pix[0], G: pix[1], B: pix[2], A: pix[3]}
		}
	}
}

// greys converts samples of a number of bytes, of which the first counts most and decides.
func (c *toSRGB) greys(samples []uint8, bytes int) {
	for i := 0; i+bytes <= len(samples); i += bytes {
		fill(samples[i:i+bytes], c.grey[samples[i]])
	}
}

// pixels converts pixels of four samples of a number of bytes each. They are opaque, or not
// multiplied by what they hide.
func (c *toSRGB) pixels(pix []uint8, bytes int) {
	table := encodings()
	for ; len(pix) >= 4*bytes; pix = pix[4*bytes:] {
		r, g, b := pix[:bytes], pix[bytes:2*bytes], pix[2*bytes:3*bytes]
		if c.grey != nil {
			c.greys(pix[:3*bytes], bytes)
			continue
		}
		red, green, blue := c.colour(table, r[0], g[0], b[0])
		fill(r, red)
		fill(g, green)
		fill(b, blue)
	}
}

func fill(sample []uint8, v uint8) {
	for i := range sample {
		sample[i] = v
	}
}

// planes converts a picture: its brightness and its colours, which are at half the size.
//
//go:norace
func (c *toSRGB) planes(p raster.Planes) {
	shades := shades{c: c}
	table := encodings()
	for y := range p.Cb.H {
		upper := p.Y.Row(2 * y)
		lower := upper // of an odd number of rows the last one is alone
		if 2*y+1 < p.Y.H {
			lower = p.Y.Row(2*y + 1)
		}
		cb, cr := p.Cb.Row(y), p.Cr.Row(y)
		for x := range cb {
			left, right := 2*x, min(2*x+1, p.Y.W-1)
			shade := shades.of(cb[x], cr[x])
			mean := (int32(upper[left]) + int32(upper[right]) + int32(lower[left]) + int32(lower[right]) + 2) / 4
			a, b, d, e := shade[upper[left]], shade[upper[right]], shade[lower[left]], shade[lower[right]]
			upper[left], upper[right], lower[left], lower[right] = a, b, d, e
			r8, g8, b8 := c.mixed(table, mean, int32(cb[x])-128, int32(cr[x])-128)
			cb[x], cr[x] = coloursOf(257*int64(r8), 257*int64(g8), 257*int64(b8))
		}
	}
}

// shades are the brightness in sRGB of all levels of brightness, by their colours, in steps of
// shadeStep: that is exact to a level but for colours that sRGB hardly has. They are made as they
// are needed: a photo has some hundreds, and converting each pixel by itself takes three times as
// long.
type shades struct {
	c  *toSRGB
	by [shadeSteps * shadeSteps]*[256]uint8
}

const (
	shadeStep  = 2
	shadeSteps = 256/shadeStep + 1 // no colour at all, 128, is in the middle of its step
)

//go:norace
func (s *shades) of(cb, cr uint8) *[256]uint8 {
	i, j := (int32(cb)+shadeStep/2)/shadeStep, (int32(cr)+shadeStep/2)/shadeStep
	shade := &s.by[i*shadeSteps+j]
	if *shade != nil {
		return *shade
	}
	*shade = new([256]uint8)
	for y := range *shade {
		r, g, b := s.c.mixed(encodings(), int32(y), i*shadeStep-128, j*shadeStep-128)
		(*shade)[y] = uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
	}
	return *shade
}

// mixed converts a colour of a brightness and two colour differences around 0, by JFIF's formulas.
func (c *toSRGB) mixed(table *[LightSteps + 1]uint8, y, cb, cr int32) (r, g, b uint8) {
	v := y<<16 + 1<<15
	level := func(v int32) uint8 { return uint8(min(max(v>>16, 0), 255)) }
	return c.colour(table, level(v+91881*cr), level(v-22554*cb-46802*cr), level(v+116130*cb))
}
