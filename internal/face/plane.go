package face

import "image"

// plane is a grey image: one byte a pixel, rows without padding.
type plane struct {
	w, h int
	pix  []uint8
}

func newPlane(w, h int) *plane { return &plane{w: w, h: h, pix: make([]uint8, w*h)} }

func (p *plane) row(y int) []uint8 { return p.pix[y*p.w : (y+1)*p.w] }

// lumaOf gives the brightness of a decoded image. The decoders' own planes are used where there are any, because asking an
// image for one pixel at a time is a hundred times slower.
func lumaOf(img image.Image) *plane {
	b := img.Bounds()
	p := newPlane(b.Dx(), b.Dy())
	switch m := img.(type) {
	case *image.YCbCr:
		p.copyRows(m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride)
	case *image.NYCbCrA:
		p.copyRows(m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride)
	case *image.Gray:
		p.copyRows(m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride)
	case *image.RGBA:
		p.fromRGBA(m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride)
	case image.RGBA64Image:
		p.fromRGBA64(m)
	default:
		panic("face: a decoder gave an image of an unknown type")
	}
	return p
}

func (p *plane) copyRows(src []uint8, stride int) {
	for y := range p.h {
		copy(p.row(y), src[y*stride:])
	}
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

func (p *plane) fromRGBA64(m image.RGBA64Image) {
	b := m.Bounds()
	for y := range p.h {
		for x := range p.w {
			c := m.RGBA64At(b.Min.X+x, b.Min.Y+y)
			luma := (19595*uint64(c.R) + 38470*uint64(c.G) + 7471*uint64(c.B) + 1<<15) >> 16
			p.pix[y*p.w+x] = uint8(min(255, (luma+backdrop*(65535-uint64(c.A))/255)/257))
		}
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

func reverse(s []uint8) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}

// leansRight tells a picture from its mirror image: true for one of the two, and never for both. Analyze turns each photo so
// that this is false, which makes the report of the mirrored photo the mirrored report, whatever the stages after it do.
// It compares the light in the two halves first, so that two files of nearly the same pixels get the same answer.
func (p *plane) leansRight() bool {
	var balance int64
	for y := range p.h {
		row := p.row(y)
		for x := range p.w / 2 {
			balance += int64(row[x]) - int64(row[p.w-1-x])
		}
	}
	if balance != 0 {
		return balance < 0
	}
	for y := range p.h {
		row := p.row(y)
		for x := range p.w / 2 {
			if l, r := row[x], row[p.w-1-x]; l != r {
				return l < r
			}
		}
	}
	return false
}

// mean is the mean grey level.
func (p *plane) mean() int {
	sum := 0
	for _, v := range p.pix {
		sum += int(v)
	}
	return sum / len(p.pix)
}

// shrunk gives the plane at 1/scale of its size, each pixel the mean of a square; what is left over at the right and below is cut.
func (p *plane) shrunk(scale int) *plane {
	if scale == 1 || min(p.w, p.h) < scale {
		return p
	}
	q := newPlane(p.w/scale, p.h/scale)
	for y := range q.h {
		for x := range q.w {
			sum := scale * scale / 2
			for i := range scale {
				for _, v := range p.row(y*scale + i)[x*scale : (x+1)*scale] {
					sum += int(v)
				}
			}
			q.pix[y*q.w+x] = uint8(sum / (scale * scale))
		}
	}
	return q
}

// resized gives the plane at another size, each pixel the mean of the area that it covers. All integers: the same on every
// machine, and the same for a mirrored plane.
func (p *plane) resized(w, h int) *plane {
	if w == p.w && h == p.h {
		return p
	}
	// First the rows, kept with 8 binary places, as columns; then the columns in the same way.
	narrow := make([]uint16, w*p.h)
	line := make([]uint16, p.w)
	for y := range p.h {
		for x, v := range p.row(y) {
			line[x] = uint16(v) << 8
		}
		average(line, narrow[y:], w, p.h)
	}
	q := newPlane(w, h)
	column := make([]uint16, h)
	for x := range w {
		average(narrow[x*p.h:(x+1)*p.h], column, h, 1)
		for y, v := range column {
			q.pix[y*w+x] = uint8((uint32(v) + 127) >> 8)
		}
	}
	return q
}

// average writes n means of src to dst[0], dst[stride], ... In units of 1/(len(src)*n) of the whole, a source pixel covers n and
// a mean covers len(src), so every overlap is a whole number.
func average(src, dst []uint16, n, stride int) {
	size := len(src)
	i, left := 0, n
	for j := range n {
		need, sum := size, uint64(size/2)
		for need > 0 {
			take := min(need, left)
			sum += uint64(src[i]) * uint64(take)
			need -= take
			if left -= take; left == 0 {
				i, left = i+1, n
			}
		}
		dst[j*stride] = uint16(sum / uint64(size))
	}
}
