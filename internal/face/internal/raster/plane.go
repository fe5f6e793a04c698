package raster

import (
	"encoding/binary"
	"image"
	"math/bits"
	"slices"
)

// Plane is a grey image: one byte a pixel, rows without padding.
type Plane struct {
	W, H int
	Pix  []uint8
}

// NewPlane returns a black plane.
func NewPlane(w, h int) *Plane { return &Plane{W: w, H: h, Pix: make([]uint8, w*h)} }

// Row returns the pixels of a row, which may be written to.
func (p *Plane) Row(y int) []uint8 { return p.Pix[y*p.W : (y+1)*p.W] }

// LumaOf returns the brightness of a decoded image. The decoders' own planes are used where there
// are any, because asking an image for one pixel at a time is a hundred times slower; they are
// packed in place, so that the image keeps its brightness.
func LumaOf(img image.Image) *Plane {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.YCbCr:
		m.Y, m.YStride = Packed(m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride, b)
		return &Plane{W: b.Dx(), H: b.Dy(), Pix: m.Y}
	case *image.NYCbCrA:
		m.Y, m.YStride = Packed(m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride, b)
		return &Plane{W: b.Dx(), H: b.Dy(), Pix: m.Y}
	case *image.Gray:
		m.Pix, m.Stride = Packed(m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride, b)
		return &Plane{W: b.Dx(), H: b.Dy(), Pix: m.Pix}
	}
	p := NewPlane(b.Dx(), b.Dy())
	switch m := img.(type) {
	case *image.RGBA:
		p.fromRGBA(m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride)
	case *image.NRGBA:
		p.fromNRGBA(m)
	case *image.Paletted:
		p.fromPaletted(m)
	case image.RGBA64Image:
		for y := range p.H {
			p.fromRGBA64(m, y)
		}
	default:
		panic("face: a decoder gave an image of an unknown type")
	}
	return p
}

// Packed moves the rows of an image together and returns the new stride.
func Packed(pix []uint8, stride int, b image.Rectangle) ([]uint8, int) {
	w, h := b.Dx(), b.Dy()
	if stride != w {
		for y := range h {
			copy(pix[y*w:(y+1)*w], pix[y*stride:])
		}
	}
	return pix[: w*h : w*h], w
}

// Backdrop is what a transparent picture is laid on: middle grey, which pulls neither the light
// checks nor the detector.
const Backdrop = 128

func (p *Plane) fromRGBA(src []uint8, stride int) {
	for y := range p.H {
		line := src[y*stride:]
		for x := range p.W {
			s := line[4*x : 4*x+4 : 4*x+4]
			luma := (19595*uint32(s[0]) + 38470*uint32(s[1]) + 7471*uint32(s[2]) + 1<<15) >> 16
			p.Pix[y*p.W+x] = uint8(min(255, luma+Backdrop*(255-uint32(s[3]))/255))
		}
	}
}

// fromNRGBA is fromRGBA64, faster for rows that are opaque.
func (p *Plane) fromNRGBA(m *image.NRGBA) {
	for y := range p.H {
		line, row := m.Pix[y*m.Stride:][:4*p.W], p.Row(y)
		opaque := true
		for x := range row {
			s := line[4*x : 4*x+4 : 4*x+4]
			opaque = opaque && s[3] == 255
			row[x] = uint8((19595*uint32(s[0]) + 38470*uint32(s[1]) + 7471*uint32(s[2]) + 1<<15) >> 16)
		}
		if !opaque {
			p.fromRGBA64(m, y)
		}
	}
}

// fromPaletted looks each colour up once.
func (p *Plane) fromPaletted(m *image.Paletted) {
	var luma [256]uint8
	one := image.NewPaletted(image.Rect(0, 0, 1, 1), m.Palette)
	for i := range m.Palette[:min(256, len(m.Palette))] {
		one.Pix[0] = uint8(i)
		q := NewPlane(1, 1)
		q.fromRGBA64(one, 0)
		luma[i] = q.Pix[0]
	}
	for y := range p.H {
		row := p.Row(y)
		for x, v := range m.Pix[y*m.Stride:][:p.W] {
			row[x] = luma[v]
		}
	}
}

// fromRGBA64 fills a row from any kind of image. The same colours give the same brightness as by
// fromRGBA, with 257 times the values.
func (p *Plane) fromRGBA64(m image.RGBA64Image, y int) {
	b := m.Bounds()
	for x := range p.W {
		c := m.RGBA64At(b.Min.X+x, b.Min.Y+y)
		luma := 19595*uint64(c.R) + 38470*uint64(c.G) + 7471*uint64(c.B)
		luma += 257 * Backdrop * (65535 - uint64(c.A)) / 65535 << 16
		p.Pix[y*p.W+x] = uint8(min(255, (luma+257<<15)/(257<<16)))
	}
}

// StretchVideoLevels maps 16 to 235, the levels of WebP's lossy frames, to 0 to 255.
func (p *Plane) StretchVideoLevels() {
	for i, v := range p.Pix {
		p.Pix[i] = uint8(max(0, min(255, ((int(v)-16)*255+109)/219)))
	}
}

// Upright undoes an EXIF orientation (1 to 8; anything else counts as 1).
func (p *Plane) Upright(orientation int) *Plane {
	if orientation >= 5 && orientation <= 8 {
		p = p.Transposed()
	}
	switch orientation {
	case 2, 6:
		p.Mirror()
	case 3:
		p.turnAround()
	case 4, 8:
		p.turnAround()
		p.Mirror()
	case 7:
		p.turnAround()
	}
	return p
}

// Transposed swaps rows and columns, block by block: column by column it would take several times
// as long.
func (p *Plane) Transposed() *Plane {
	const block = 32
	q := NewPlane(p.H, p.W)
	for y0 := 0; y0 < p.H; y0 += block {
		for x0 := 0; x0 < p.W; x0 += block {
			for y := y0; y < min(y0+block, p.H); y++ {
				for x := x0; x < min(x0+block, p.W); x++ {
					q.Pix[x*q.W+y] = p.Pix[y*p.W+x]
				}
			}
		}
	}
	return q
}

// Mirror swaps left and right in place.
func (p *Plane) Mirror() {
	for y := range p.H {
		reverse(p.Row(y))
	}
}

// turnAround turns the plane by 180 degrees in place.
func (p *Plane) turnAround() { reverse(p.Pix) }

// reverse swaps eight pixels at a time as long as there are so many on both sides.
func reverse(s []uint8) {
	for ; len(s) >= 16; s = s[8 : len(s)-8] {
		first, last := s[:8], s[len(s)-8:]
		a, b := binary.BigEndian.Uint64(first), binary.BigEndian.Uint64(last)
		binary.LittleEndian.PutUint64(first, b)
		binary.LittleEndian.PutUint64(last, a)
	}
	slices.Reverse(s)
}

// Mean returns the mean grey level.
func (p *Plane) Mean() int {
	sum := 0
	for _, v := range p.Pix {
		sum += int(v)
	}
	return sum / len(p.Pix)
}

// Resized returns the plane at another size, each pixel the mean of the area that it covers. All
// integers: the same on every machine, and the same for a mirrored plane.
func (p *Plane) Resized(w, h int) *Plane {
	if w == p.W && h == p.H {
		return p
	}
	q := NewPlane(w, h)
	r := NewResizer(p.H, w, h)
	y := 0
	for row := range p.H {
		r.Add(p.Row(row), func() []uint8 {
			y++
			return q.Row(y - 1)
		})
	}
	return q
}

// Resizer resizes a plane of which it gets one row after the other.
//
// In units of 1/(h*newH) of the height, a row covers newH and a row of the result covers h, so that
// every overlap is a whole number.
type Resizer struct {
	h, newH      int
	need         int      // of the row of the result that is being made, what has not come yet
	narrow, sums []uint32 // the last row at its new width, and what has come of the result's
	whole        divisor  // h
}

// NewResizer returns a resizer of planes of height h to the new width and height.
func NewResizer(h, newW, newH int) *Resizer {
	return &Resizer{
		h: h, newH: newH, need: h, narrow: make([]uint32, newW), sums: make([]uint32, newW), whole: divisorOf(h),
	}
}

// Add takes the next row, and writes every row of the result that it completes to what next gives.
//
//go:norace
func (r *Resizer) Add(row []uint8, next func() []uint8) {
	narrowed(row, r.narrow)
	half := uint32(r.h / 2)
	for left := r.newH; left > 0; {
		take := min(r.need, left)
		for x, v := range r.narrow {
			r.sums[x] += v * uint32(take)
		}
		left -= take
		if r.need -= take; r.need > 0 {
			continue
		}
		done := next()
		for x, v := range r.sums {
			done[x] = uint8((r.whole.divide(v+half) + 127) >> 8)
		}
		clear(r.sums)
		r.need = r.h
	}
}

// divisor divides numbers of 32 bits by one of at most 15 bits, exactly, without the processor's
// division, which takes several times as long.
type divisor uint64

// divisorOf returns 2^62 over n, rounded up, so that a multiple of n is not taken for less.
func divisorOf(n int) divisor { return divisor(1<<62/uint64(n) + 1) }

func (d divisor) divide(v uint32) uint32 {
	quotient, _ := bits.Mul64(uint64(v)<<2, uint64(d))
	return uint32(quotient)
}

// Reduced is resized in a third of the time for a picture of many pixels, and an odd row or column
// short at each halving.
func (p *Plane) Reduced(w, h int) *Plane {
	for p.W >= 2*w && p.H >= 2*h {
		p = p.Shrunk(2, 1)
	}
	return p.Resized(w, h)
}

// narrowed writes the means of len(dst) equal parts of a row, with 8 binary places.
//
//go:norace
func narrowed(src []uint8, dst []uint32) {
	size, n := len(src), len(dst)
	half, whole := uint32(size/2), divisorOf(size)
	i, left := 0, n
	for x := range dst {
		need, sum := size, uint32(0)
		for need > left {
			sum += uint32(src[i]) * uint32(left)
			need -= left
			i, left = i+1, n
		}
		if need > 0 {
			sum += uint32(src[i]) * uint32(need)
			left -= need
		}
		dst[x] = whole.divide(sum<<8 + half)
	}
}

// At returns the pixel that holds a place in 1/256 pixel; outside it repeats the border.
//
//go:norace
func (p *Plane) At(x, y int32) uint8 {
	col := min(max(int(x)>>8, 0), p.W-1)
	row := min(max(int(y)>>8, 0), p.H-1)
	return p.Pix[row*p.W+col]
}

// StretchVideoColours maps 16 to 240, the colour differences of WebP's lossy frames, to 0 to 255.
func (p *Plane) StretchVideoColours() {
	for i, v := range p.Pix {
		p.Pix[i] = uint8(max(0, min(255, (int(v)*255-128*31+112)/224)))
	}
}

// Clear makes the area black.
func (p *Plane) Clear(area image.Rectangle) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		clear(p.Row(y)[area.Min.X:area.Max.X])
	}
}

// Blend moves a pixel towards a value by a share of 4*255*255.
func (p *Plane) Blend(x, y int, to uint8, share int) {
	const whole = 4 * 255 * 255
	v := &p.Pix[y*p.W+x]
	*v = uint8((int(*v)*(whole-share) + int(to)*share + whole/2) / whole)
}

// Above joins two planes of one width.
func (p *Plane) Above(q *Plane) *Plane {
	return &Plane{W: p.W, H: p.H + q.H, Pix: slices.Concat(p.Pix, q.Pix)}
}

// Image returns the plane's own memory as an image.
func (p *Plane) Image() *image.Gray {
	return &image.Gray{Pix: p.Pix, Stride: p.W, Rect: image.Rect(0, 0, p.W, p.H)}
}
