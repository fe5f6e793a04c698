// Package jpegtest writes JPEG files of every kind that cameras and programs write, and of kinds
// that none should, for tests. Go's own encoders write baseline files alone.
package jpegtest

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
)

// Options are how a photo is stored. The zero value is a grey baseline file of the best quality.
type Options struct {
	// Sampling has the sampling factors of each component: one, or three for Y, Cb and Cr.
	Sampling [][2]int
	// Step is the quantisation of the lowest frequency; that of the highest is 15 more. 0 counts as
	// 1.
	Step int
	// Frame is the marker of the frame, 0xc0 if it is 0. It is 0xc2 for a progressive file.
	Frame byte
	// Scans is the script; nil stands for one scan, or for UsualScans in a progressive file.
	Scans []Scan
	// Restart is the number of MCUs between restart markers.
	Restart int
	// Wide writes quantisation tables of 16 bits.
	Wide bool
	// RGB stores red, green and blue, and says so as Adobe's programs do.
	RGB bool
}

// Scan is a scan: the components it has, the coefficients in zigzag order and the bits.
type Scan struct {
	Components []int
	From, To   int
	High, Low  int
}

// YCbCr420 returns the usual sampling.
func YCbCr420() [][2]int { return [][2]int{{2, 2}, {1, 1}, {1, 1}} }

// UsualScans returns the script that most encoders use for a progressive file of three components.
func UsualScans() []Scan {
	return []Scan{
		{[]int{0, 1, 2}, 0, 0, 0, 1},
		{[]int{0}, 1, 5, 0, 2},
		{[]int{2}, 1, 63, 0, 1},
		{[]int{1}, 1, 63, 0, 1},
		{[]int{0}, 6, 63, 0, 2},
		{[]int{0}, 1, 63, 2, 1},
		{[]int{0, 1, 2}, 0, 0, 1, 0},
		{[]int{2}, 1, 63, 1, 0},
		{[]int{1}, 1, 63, 1, 0},
		{[]int{0}, 1, 63, 1, 0},
	}
}

// usualGreyScans returns UsualScans of one component.
func usualGreyScans() []Scan {
	return []Scan{{[]int{0}, 0, 0, 0, 1}, {[]int{0}, 1, 5, 0, 2}, {[]int{0}, 6, 63, 0, 2}, {[]int{0}, 1, 63, 2, 1},
		{[]int{0}, 0, 0, 1, 0}, {[]int{0}, 1, 63, 1, 0}}
}

// Encode writes the picture.
func Encode(img image.Image, o Options) []byte {
	if o.Sampling == nil {
		o.Sampling = [][2]int{{1, 1}}
	}
	if o.Frame == 0 {
		o.Frame = 0xc0
	}
	e := newEncoder(img, o)
	if o.Scans == nil {
		o.Scans = e.scans()
	}
	e.head()
	for _, s := range o.Scans {
		e.scan(s)
	}
	return append(e.out, 0xff, 0xd9)
}

// encoder writes one file.
type encoder struct {
	Options
	out          []byte
	w, h         int
	across, down int // largest sampling factors
	planes       []plane
	quantity     [64]int // in zigzag order
}

// plane is a component: its blocks, quantised, in zigzag order.
type plane struct {
	h, v             int
	blocksX, blocksY int // that hold pixels
	strideX, strideY int // of whole MCUs
	blocks           [][64]int
}

func (e *encoder) scans() []Scan {
	all := make([]int, len(e.planes))
	for i := range all {
		all[i] = i
	}
	switch {
	case e.Frame != 0xc2:
		return []Scan{{all, 0, 63, 0, 0}}
	case len(all) == 1:
		return usualGreyScans()
	}
	return UsualScans()
}

func newEncoder(img image.Image, o Options) *encoder {
	e := &encoder{Options: o, w: img.Bounds().Dx(), h: img.Bounds().Dy(), across: 1, down: 1}
	for k := range e.quantity {
		e.quantity[k] = max(1, o.Step) + 15*k/63
		if max(1, o.Step) == 1 {
			e.quantity[k] = 1
		}
	}
	for _, s := range o.Sampling {
		e.across, e.down = max(e.across, s[0]), max(e.down, s[1])
	}
	if len(o.Sampling) == 1 {
		e.across, e.down = 1, 1
	}
	for i := range o.Sampling {
		e.planes = append(e.planes, e.plane(img, i))
	}
	return e
}

// parts returns how many parts of a size a whole takes.
func parts(whole, size int) int { return (whole + size - 1) / size }

// plane samples and transforms a component.
func (e *encoder) plane(img image.Image, i int) plane {
	p := plane{h: e.Sampling[i][0], v: e.Sampling[i][1]}
	if len(e.Sampling) == 1 {
		p.h, p.v = 1, 1
	}
	p.blocksX, p.blocksY = parts(e.w*p.h, 8*e.across), parts(e.h*p.v, 8*e.down)
	p.strideX, p.strideY = parts(e.w, 8*e.across)*p.h, parts(e.h, 8*e.down)*p.v
	for y := range p.strideY {
		for x := range p.strideX {
			var samples [64]float64
			for k := range samples {
				samples[k] = e.sample(img, i, 8*x+k%8, 8*y+k/8)
			}
			p.blocks = append(p.blocks, e.transformed(samples))
		}
	}
	return p
}

// sample returns the mean of the pixels that a sample stands for, the last ones beyond the edge.
func (e *encoder) sample(img image.Image, i, x, y int) float64 {
	h, v := e.Sampling[i][0], e.Sampling[i][1]
	if len(e.Sampling) == 1 {
		h, v = 1, 1
	}
	sum, n := 0.0, 0
	for py := y * e.down / v; py < max(y*e.down/v+1, (y+1)*e.down/v); py++ {
		for px := x * e.across / h; px < max(x*e.across/h+1, (x+1)*e.across/h); px++ {
			at := img.Bounds().Min.Add(image.Pt(min(px, e.w-1), min(py, e.h-1)))
			r, g, b, _ := img.At(at.X, at.Y).RGBA()
			of := [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
			if !e.RGB {
				of[0], of[1], of[2] = color.RGBToYCbCr(of[0], of[1], of[2])
			}
			sum += float64(of[i])
			n++
		}
	}
	return sum/float64(n) - 128
}

var cosines = func() (c [8][8]float64) {
	for u := range c {
		scale := 0.5
		if u == 0 {
			scale = math.Sqrt(0.125)
		}
		for x := range c[u] {
			c[u][x] = scale * math.Cos(float64((2*x+1)*u)*math.Pi/16)
		}
	}
	return c
}()

// transformed returns the quantised coefficients of a block in zigzag order.
func (e *encoder) transformed(samples [64]float64) (block [64]int) {
	var rows [64]float64
	for y := range 8 {
		for u := range 8 {
			for x := range 8 {
				rows[8*y+u] += cosines[u][x] * samples[8*y+x]
			}
		}
	}
	for k, at := range Zigzag() {
		sum := 0.0
		for y := range 8 {
			sum += cosines[at/8][y] * rows[8*y+at%8]
		}
		block[k] = int(math.Round(sum / float64(e.quantity[k])))
	}
	return block
}

// Zigzag returns the place of each coefficient in its block, row by row, in the order of a file.
func Zigzag() (places [64]int) {
	k := 0
	for diagonal := range 15 {
		for i := max(0, diagonal-7); i <= min(7, diagonal); i++ {
			x, y := i, diagonal-i
			if diagonal%2 == 1 {
				x, y = y, x
			}
			places[k] = 8*y + x
			k++
		}
	}
	return places
}

// Segment returns a marker segment.
func Segment(marker byte, body ...byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(body))), body...)
}

func (e *encoder) segment(marker byte, body ...byte) {
	e.out = append(e.out, Segment(marker, body...)...)
}

// head writes what stands before the scans.
func (e *encoder) head() {
	e.out = append(e.out, 0xff, 0xd8)
	if e.RGB {
		e.segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")...)
	}
	table := []byte{0}
	if e.Wide {
		table[0] = 0x10
	}
	for _, q := range e.quantity {
		if e.Wide {
			table = append(table, byte(q>>8))
		}
		table = append(table, byte(q))
	}
	e.segment(0xdb, table...)
	frame := []byte{8, byte(e.h >> 8), byte(e.h), byte(e.w >> 8), byte(e.w), byte(len(e.planes))}
	for i, s := range e.Sampling {
		frame = append(frame, byte(i+1), byte(s[0]<<4|s[1]), 0)
	}
	e.segment(e.Frame, frame...)
	if e.Restart > 0 {
		e.segment(0xdd, byte(e.Restart>>8), byte(e.Restart))
	}
}
