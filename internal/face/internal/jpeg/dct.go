package jpeg

import "encoding/binary"

// place is where a coefficient in the order of a file lies in its block.
type place struct {
	natural uint8  // row by row
	rows    uint32 // what it adds to the rows of inverseDCT
}

// places are in zigzag order (T.81, figure A.6).
var places = zigzag()

func zigzag() (p [64]place) {
	k := 0
	for diagonal := range 15 {
		for i := max(0, diagonal-7); i <= min(7, diagonal); i++ {
			x, y := i, diagonal-i
			if diagonal%2 == 1 {
				x, y = y, x
			}
			p[k] = place{natural: uint8(8*y + x), rows: 1 << y}
			if x > 0 {
				p[k].rows |= 1 << (8 + y)
			}
			k++
		}
	}
	return p
}

// The cosines of odd and even multiples of pi/16, times the root of 2 and 2048; cos4 is the cosine
// of pi/4 times 256.
const (
	cos1, cos2, cos3, cos4 = 2841, 2676, 2408, 181
	cos5, cos6, cos7       = 1609, 1108, 565
)

// inverseDCT turns the coefficients of a block, row by row, into samples. Bit y of rows is set if
// row y has any coefficients, bit 8+y if it has others than its first; row 0 may lack both. It is
// Wang's algorithm in whole numbers ("Fast algorithms for the discrete W transform", 1984) with the
// roundings of the MPEG-2 reference decoder (ISO/IEC 13818-5), which jpegn has as well: the samples
// are the same. The block is used up.
//
//go:norace
func inverseDCT(b *[64]int32, rows uint32, out []uint8, stride int) {
	if rows&^1 == 0 {
		flat(sample((b[0]<<3+32)>>6), out, stride)
		return
	}
	transformRows(b, rows|1)
	if rows&0xf0 == 0 {
		transformUpperColumns(b, out, stride)
		return
	}
	transformColumns(b, out, stride)
}

// samples has the sample of a value around 0, modulo its length.
var samples = func() (t [1 << 16]uint8) {
	for i := range t {
		v := i
		if v >= len(t)/2 {
			v -= len(t)
		}
		t[i] = uint8(min(max(v+128, 0), 255))
	}
	return t
}()

func sample(v int32) uint8 { return samples[uint16(v)] }

// flat fills a block with one sample.
func flat(v uint8, out []uint8, stride int) {
	eight := uint64(v) * 0x0101010101010101
	for y := range 8 {
		binary.LittleEndian.PutUint64(out[y*stride:], eight)
	}
}

// transformRows does the one-dimensional transform of each row, with 3 more binary places.
//
//go:norace
func transformRows(block *[64]int32, rows uint32) {
	for y := range 8 {
		if rows>>y&0x101 == 0 {
			continue
		}
		b := block[8*y : 8*y+8 : 8*y+8]
		if rows>>y&0x100 == 0 {
			v := b[0] << 3
			b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7] = v, v, v, v, v, v, v, v
			continue
		}
		// The even half.
		first, middle := b[0]<<11+128, b[4]<<11
		s := cos6 * (b[2] + b[6])
		e2, e6 := s+(cos2-cos6)*b[2], s-(cos2+cos6)*b[6]
		p0, p3 := first+middle+e2, first+middle-e2
		p1, p2 := first-middle+e6, first-middle-e6
		// The odd half.
		s = cos7 * (b[1] + b[7])
		o1, o7 := s+(cos1-cos7)*b[1], s-(cos1+cos7)*b[7]
		s = cos3 * (b[5] + b[3])
		o5, o3 := s-(cos3-cos5)*b[5], s-(cos3+cos5)*b[3]
		d, e := o1-o5, o7-o3
		q0, q3 := o1+o5, o7+o3
		q1, q2 := (cos4*(d+e)+128)>>8, (cos4*(d-e)+128)>>8

		b[0], b[7] = (p0+q0)>>8, (p0-q0)>>8
		b[1], b[6] = (p1+q1)>>8, (p1-q1)>>8
		b[2], b[5] = (p2+q2)>>8, (p2-q2)>>8
		b[3], b[4] = (p3+q3)>>8, (p3-q3)>>8
	}
}

// transformColumns does the transform of each column and writes the samples.
//
//go:norace
func transformColumns(b *[64]int32, out []uint8, stride int) {
	r0, r1, r2, r3 := out[:8], out[stride:][:8], out[2*stride:][:8], out[3*stride:][:8]
	r4, r5, r6, r7 := out[4*stride:][:8], out[5*stride:][:8], out[6*stride:][:8], out[7*stride:][:8]
	for x := range 8 {
		first, middle := b[x]<<8+8192, b[32+x]<<8
		b1, b2, b3, b5, b6, b7 := b[8+x], b[16+x], b[24+x], b[40+x], b[48+x], b[56+x]
		s := cos6*(b2+b6) + 4
		e2, e6 := (s+(cos2-cos6)*b2)>>3, (s-(cos2+cos6)*b6)>>3
		p0, p3 := first+middle+e2, first+middle-e2
		p1, p2 := first-middle+e6, first-middle-e6

		s = cos7*(b1+b7) + 4
		o1, o7 := (s+(cos1-cos7)*b1)>>3, (s-(cos1+cos7)*b7)>>3
		s = cos3*(b5+b3) + 4
		o5, o3 := (s-(cos3-cos5)*b5)>>3, (s-(cos3+cos5)*b3)>>3
		d, e := o1-o5, o7-o3
		q0, q3 := o1+o5, o7+o3
		q1, q2 := (cos4*(d+e)+128)>>8, (cos4*(d-e)+128)>>8

		r0[x], r7[x] = sample((p0+q0)>>14), sample((p0-q0)>>14)
		r1[x], r6[x] = sample((p1+q1)>>14), sample((p1-q1)>>14)
		r2[x], r5[x] = sample((p2+q2)>>14), sample((p2-q2)>>14)
		r3[x], r4[x] = sample((p3+q3)>>14), sample((p3-q3)>>14)
	}
}

// transformUpperColumns is transformColumns for a block whose lower half has no coefficients, as in
// most blocks of a photo.
//
//go:norace
func transformUpperColumns(b *[64]int32, out []uint8, stride int) {
	r0, r1, r2, r3 := out[:8], out[stride:][:8], out[2*stride:][:8], out[3*stride:][:8]
	r4, r5, r6, r7 := out[4*stride:][:8], out[5*stride:][:8], out[6*stride:][:8], out[7*stride:][:8]
	for x := range 8 {
		first, b1, b2, b3 := b[x]<<8+8192, b[8+x], b[16+x], b[24+x]
		e2, e6 := (cos2*b2+4)>>3, (cos6*b2+4)>>3
		p0, p3 := first+e2, first-e2
		p1, p2 := first+e6, first-e6

		o1, o7 := (cos1*b1+4)>>3, (cos7*b1+4)>>3
		o5, o3 := (cos3*b3+4)>>3, (4-cos5*b3)>>3
		d, e := o1-o5, o7-o3
		q0, q3 := o1+o5, o7+o3
		q1, q2 := (cos4*(d+e)+128)>>8, (cos4*(d-e)+128)>>8

		r0[x], r7[x] = sample((p0+q0)>>14), sample((p0-q0)>>14)
		r1[x], r6[x] = sample((p1+q1)>>14), sample((p1-q1)>>14)
		r2[x], r5[x] = sample((p2+q2)>>14), sample((p2-q2)>>14)
		r3[x], r4[x] = sample((p3+q3)>>14), sample((p3-q3)>>14)
	}
}
