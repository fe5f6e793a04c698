package face

import (
	"encoding/binary"
	"image"
	"math/bits"
	"slices"
)

// plane is a grey image: one byte a pixel, rows without padding.
type plane struct {
	w, h int
	pix  []uint8
}

func newPlane(w, h int) *plane { return &plane{w: w, h: h, pix: make([]uint8, w*h)} }

func (p *plane) row(y int) []uint8 { return p.pix[y*p.w : (y+1)*p.w] }

// lumaOf gives the brightness of a decoded image. The decoders' own planes are used where there are any, because asking an
// image for one pixel at a time is a hundred times slower; they are packed in place, so that the image keeps its brightness.
func lumaOf(img image.Image) *plane {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.YCbCr:
		m.Y, m.YStride = packed(m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride, b)
		return &plane{w: b.Dx(), h: b.Dy(), pix: m.Y}
	case *image.NYCbCrA:
		m.Y, m.YStride = packed(m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride, b)
		return &plane{w: b.Dx(), h: b.Dy(), pix: m.Y}
	case *image.Gray:
		m.Pix, m.Stride = packed(m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride, b)
		return &plane{w: b.Dx(), h: b.Dy(), pix: m.Pix}
	}
	p := newPlane(b.Dx(), b.Dy())
	switch m := img.(type) {
	case *image.RGBA:
		p.fromRGBA(m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride)
	case *image.NRGBA:
		p.fromNRGBA(m)
	case *image.Paletted:
		p.fromPaletted(m)
	case image.RGBA64Image:
		for y := range p.h {
			p.fromRGBA64(m, y)
		}
	default:
		panic("face: a decoder gave an image of an unknown type")
	}
	return p
}

// packed moves the rows of an image together and gives the new stride.
func packed(pix []uint8, stride int, b image.Rectangle) ([]uint8, int) {
	w, h := b.Dx(), b.Dy()
	if stride != w {
		for y := range h {
			copy(pix[y*w:(y+1)*w], pix[y*stride:])
		}
	}
	return pix[: w*h : w*h], w
}

// Where a picture is transparent it is laid on middle grey, which pulls neither the light checks nor the detector.
const backdrop = 128

func (p *plane) fromRGBA(src []uint8, stride int) {
	for y := range p.h {
		line := src[y*stride:]
		for x := range p.w {
			s := line[4*x : 4*x+4 : 4*x+4]
			luma := (19595*uint32(s[0]) + 38470*uint32(s[1]) + 7471*uint32(s[2]) + 1<<15) >> 16
			p.pix[y*p.w+x] = uint8(min(255, luma+backdrop*(255-uint32(s[3]))/255))
		}
	}
}

// fromNRGBA is fromRGBA64, faster for rows that are opaque.
func (p *plane) fromNRGBA(m *image.NRGBA) {
	for y := range p.h {
		line, row := m.Pix[y*m.Stride:][:4*p.w], p.row(y)
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
func (p *plane) fromPaletted(m *image.Paletted) {
	var luma [256]uint8
	one := image.NewPaletted(image.Rect(0, 0, 1, 1), m.Palette)
	for i := range m.Palette[:min(256, len(m.Palette))] {
		one.Pix[0] = uint8(i)
		q := newPlane(1, 1)
		q.fromRGBA64(one, 0)
		luma[i] = q.pix[0]
	}
	for y := range p.h {
		row := p.row(y)
		for x, v := range m.Pix[y*m.Stride:][:p.w] {
			row[x] = luma[v]
		}
	}
}

// fromRGBA64 fills a row from any kind of image. The same colours give the same brightness as by fromRGBA, with 257 times the values.
func (p *plane) fromRGBA64(m image.RGBA64Image, y int) {
	b := m.Bounds()
	for x := range p.w {
		c := m.RGBA64At(b.Min.X+x, b.Min.Y+y)
		luma := 19595*uint64(c.R) + 38470*uint64(c.G) + 7471*uint64(c.B)
		luma += 257 * backdrop * (65535 - uint64(c.A)) / 65535 << 16
		p.pix[y*p.w+x] = uint8(min(255, (luma+257<<15)/(257<<16)))
	}
}

// stretchVideoLevels maps 16 to 235, the levels of WebP's lossy frames, to 0 to 255.
func (p *plane) stretchVideoLevels() {
	for i, v := range p.pix {
		p.pix[i] = uint8(max(0, min(255, ((int(v)-16)*255+109)/219)))
	}
}

// upright undoes an EXIF orientation (1 to 8; anything else counts as 1).
func (p *plane) upright(orientation int) *plane {
	if orientation >= 5 && orientation <= 8 {
		p = p.transposed()
	}
	switch orientation {
	case 2, 6:
		p.mirror()
	case 3:
		p.turnAround()
	case 4, 8:
		p.turnAround()
		p.mirror()
	case 7:
		p.turnAround()
	}
	return p
}

// transposed swaps rows and columns, block by block: column by column it would take several times as long.
func (p *plane) transposed() *plane {
	const block = 32
	q := newPlane(p.h, p.w)
	for y0 := 0; y0 < p.h; y0 += block {
		for x0 := 0; x0 < p.w; x0 += block {
			for y := y0; y < min(y0+block, p.h); y++ {
				for x := x0; x < min(x0+block, p.w); x++ {
					q.pix[x*q.w+y] = p.pix[y*p.w+x]
				}
			}
		}
	}
	return q
}

// mirror swaps left and right in place.
func (p *plane) mirror() {
	for y := range p.h {
		reverse(p.row(y))
	}
}

// turnAround turns the plane by 180 degrees in place.
func (p *plane) turnAround() { reverse(p.pix) }

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

// mean is the mean grey level.
func (p *plane) mean() int {
	sum := 0
	for _, v := range p.pix {
		sum += int(v)
	}
	return sum / len(p.pix)
}

// resized gives the plane at another size, each pixel the mean of the area that it covers. All integers: the same on every
// machine, and the same for a mirrored plane.
func (p *plane) resized(w, h int) *plane {
	if w == p.w && h == p.h {
		return p
	}
	q := newPlane(w, h)
	r := newResizer(p.h, w, h)
	y := 0
	for row := range p.h {
		r.add(p.row(row), func() []uint8 {
			y++
			return q.row(y - 1)
		})
	}
	return q
}

// resizer resizes a plane of which it gets one row after the other.
//
// In units of 1/(h*newH) of the height, a row covers newH and a row of the result covers h, so that
// every overlap is a whole number.
type resizer struct {
	h, newH      int
	need         int      // of the row of the result that is being made, what has not come yet
	narrow, sums []uint32 // the last row at its new width, and what has come of the result's
	whole        divisor  // h
}

func newResizer(h, newW, newH int) *resizer {
	return &resizer{
		h: h, newH: newH, need: h, narrow: make([]uint32, newW), sums: make([]uint32, newW), whole: divisorOf(h),
	}
}

// add takes the next row, and writes every row of the result that it completes to what next gives.
//
//go:norace
func (r *resizer) add(row []uint8, next func() []uint8) {
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

// divisor divides numbers of 32 bits by one of at most 15 bits, exactly, without the processor's division, which takes several times as long.
type divisor uint64

// divisorOf gives 2^62 over n, rounded up, so that a multiple of n is not taken for less.
func divisorOf(n int) divisor { return divisor(1<<62/uint64(n) + 1) }

func (d divisor) divide(v uint32) uint32 {
	quotient, _ := bits.Mul64(uint64(v)<<2, uint64(d))
	return uint32(quotient)
}

// reduced is resized in a third of the time for a picture of many pixels, and an odd row or column short at each halving.
func (p *plane) reduced(w, h int) *plane {
	for p.w >= 2*w && p.h >= 2*h {
		p = p.shrunk(2, 1)
	}
	return p.resized(w, h)
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
