package jpeg

import (
	"errors"
	"math/bits"
)

var errRange = errors.New("jpeg: coefficient out of range")

// The ways to read a block of a scan, by the kind of the scan. They leave it to decoder.mcus to
// look whether the bits were there.

// sequential reads a block of a sequential scan and turns it into samples.
//
//go:norace
func (d *decoder) sequential(b *mcuBlock, x, y int) error {
	diff, err := d.r.difference(b.dc)
	if err != nil {
		return err
	}
	b.plane.dc += diff
	d.block = [64]int32{}
	d.block[0] = int32(b.plane.dc) * b.quantity[0]
	if !inRange(d.block[0], b.quantity[0]) {
		return errRange
	}
	rows, err := d.r.ac(b.ac, b.quantity, &d.block)
	if err != nil {
		return err
	}
	b.put(&d.block, rows, x, y)
	return nil
}

// inRange reports whether a DC coefficient could be one of a photo: twice what black or white
// gives, which leaves room for sharpening and rounding.
func inRange(dc, quantity int32) bool {
	const most = 2 * 128 * 8
	return dc <= most+quantity && dc >= -most-quantity
}

// put turns the coefficients of a block into samples, if these are asked for. Blocks beyond the
// edge are not seen.
func (p *plane) put(block *[64]int32, rows uint32, x, y int) {
	if p.pix != nil && x < p.blocksX && y < p.blocksY {
		inverseDCT(block, rows, p.pix[64*y*p.strideX+8*x:], 8*p.strideX)
	}
}

// firstDC reads the high bits of a DC coefficient of a progressive scan.
func (d *decoder) firstDC(b *mcuBlock, x, y int) error {
	s := b.scan
	diff, err := d.r.difference(b.dc)
	if err != nil {
		return err
	}
	b.plane.dc += diff
	v := b.plane.dc << s.low
	if v != int(int16(v)) || !inRange(int32(v)*b.quantity[0], b.quantity[0]<<s.low) {
		return errRange
	}
	b.coefficients[64*(y*b.strideX+x)] = int16(v)
	return nil
}

// nextDC reads a further bit of a DC coefficient.
func (d *decoder) nextDC(b *mcuBlock, x, y int) error {
	b.coefficients[64*(y*b.strideX+x)] |= int16(d.r.bits(1) << b.scan.low)
	return nil
}

// firstAC reads the high bits of the AC coefficients of a block (T.81, G.1.2.2).
//
//go:norace
func (d *decoder) firstAC(b *mcuBlock, x, y int) error {
	s := b.scan
	if d.run > 0 {
		d.run--
		return nil
	}
	at := y*b.strideX + x
	c := b.coefficients[64*at:][:64:64]
	for k := s.from; k <= s.to; k++ {
		symbol, err := d.r.symbol(b.ac)
		if err != nil {
			return err
		}
		skipped, size := symbol>>4, symbol&15
		if size == 0 && skipped < 15 {
			d.run = 1<<skipped + d.r.bits(skipped) - 1
			return nil
		}
		if k += skipped; k > s.to {
			return errCode
		}
		if size == 0 {
			continue
		}
		v := extended(d.r.bits(size), size) << s.low
		if v != int(int16(v)) {
			return errRange
		}
		c[k] = int16(v)
		b.known[at] |= 1 << k
	}
	return nil
}

// nextAC reads a further bit of the AC coefficients of a block: of those known not to be zero, and
// of those that become so (T.81, G.1.2.3).
//
//go:norace
func (d *decoder) nextAC(b *mcuBlock, x, y int) error {
	s, at := b.scan, y*b.strideX+x
	c := b.coefficients[64*at:][:64:64]
	for k := s.from; k <= s.to && d.run == 0; k++ {
		symbol, err := d.r.symbol(b.ac)
		if err != nil {
			return err
		}
		skipped, size, v := symbol>>4, symbol&15, int16(0)
		switch {
		case size > 1:
			return errCode
		case size == 1:
			v = int16(d.r.bits(1)<<1-1) << s.low
		case skipped < 15:
			d.run = 1<<skipped + d.r.bits(skipped)
			d.refine(c, b.known[at]&between(k, s.to), s.low)
			d.run--
			return nil
		}
		to := k + zerosBefore(^b.known[at]>>k, skipped)
		if to > s.to {
			return errCode
		}
		d.refine(c, b.known[at]&between(k, to), s.low)
		if k = to; v != 0 {
			c[k] = v
			b.known[at] |= 1 << k
		}
	}
	if d.run > 0 {
		d.refine(c, b.known[at]&between(s.from, s.to), s.low)
		d.run--
	}
	return nil
}

// between returns a mask of the bits from one to another.
func between(from, to int) uint64 { return ^uint64(0) << from & (^uint64(0) >> (63 - to)) }

// zerosBefore returns the place of the bit that is set behind n others, 64 if there is none.
func zerosBefore(set uint64, n int) int {
	for range n {
		set &= set - 1
	}
	return bits.TrailingZeros64(set)
}

// refine reads a bit for each coefficient of a mask.
//
//go:norace
func (d *decoder) refine(c []int16, mask uint64, low int) {
	for ; mask != 0; mask &= mask - 1 {
		if d.r.bits(1) == 0 {
			continue
		}
		if k := bits.TrailingZeros64(mask); c[k&63] > 0 {
			c[k&63] += 1 << low
		} else {
			c[k&63] -= 1 << low
		}
	}
}

// finish turns the coefficients of a progressive JPEG into samples.
func (d *decoder) finish() {
	if !d.progressive {
		return
	}
	for i := range d.planes {
		p := &d.planes[i]
		if p.pix == nil {
			continue
		}
		for y := range p.blocksY {
			for x := range p.blocksX {
				p.put(&d.block, p.gather(y*p.strideX+x, &d.block), x, y)
			}
		}
	}
}

// gather multiplies the coefficients of a block with the quantisation table and writes them row by
// row.
//
//go:norace
func (p *plane) gather(at int, block *[64]int32) (rows uint32) {
	c := p.coefficients[64*at:][:64:64]
	*block = [64]int32{}
	block[0] = int32(c[0]) * p.quantity[0]
	for mask := p.known[at]; mask != 0; mask &= mask - 1 {
		k := bits.TrailingZeros64(mask) & 63
		block[places[k].natural&63] = int32(c[k]) * p.quantity[k]
		rows |= places[k].rows
	}
	return rows
}
