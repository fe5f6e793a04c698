package vp8l

import "math/bits"

// The codes of a group.
const (
	green = iota // with lengths and places in the colour cache
	red
	blue
	alpha
	distance
	codesPerGroup
)

// Symbols of the first code: values of green, then lengths, then places in the colour cache.
const (
	literals = 256
	lengths  = 24
)

// alphabet returns how many symbols a code may have.
func alphabet(code, cache int) int {
	switch code {
	case green:
		return literals + lengths + cache
	case distance:
		return 40
	}
	return literals
}

// group reads the codes of a group.
func (r *reader) group(cache int) (codes [codesPerGroup]code, err error) {
	for i := range codes {
		lengths, err := r.codeLengths(alphabet(i, cache))
		if err != nil {
			return codes, err
		}
		codes[i] = codeOf(lengths)
	}
	return codes, nil
}

// pixels is a picture that is being read.
type pixels struct {
	w, h, n int // n pixels were read
	// Of a picture that is kept: its pixels, the colour cache, and how many pixels are in there.
	kept   bool
	argb   []uint32
	cache  []uint32
	cached int
}

// pixel reads one pixel, or several that are copied.
func (r *reader) pixel(p *pixels, codes *[codesPerGroup]code) error {
	g, err := r.symbol(&codes[green])
	if err != nil {
		return err
	}
	switch {
	case g >= literals+lengths:
		p.add(p.lookUp(g - literals - lengths))
		return nil
	case g >= literals:
		return r.copied(p, codes, g-literals)
	}
	var of [codesPerGroup]int
	for i := red; i <= alpha; i++ {
		if of[i], err = r.symbol(&codes[i]); err != nil {
			return err
		}
	}
	p.add(uint32(of[alpha]<<24 | of[red]<<16 | g<<8 | of[blue]))
	return nil
}

func (p *pixels) add(argb uint32) {
	if p.n++; p.kept {
		p.argb = append(p.argb, argb)
	}
}

// lookUp returns a colour of the cache, into which those of all pixels go.
func (p *pixels) lookUp(place int) uint32 {
	if !p.kept {
		return 0
	}
	for ; p.cached < p.n; p.cached++ {
		argb := p.argb[p.cached]
		p.cache[argb*0x1e35a7bd>>(33-bits.Len(uint(len(p.cache))))] = argb
	}
	return p.cache[place]
}

// copied copies pixels read before.
func (r *reader) copied(p *pixels, codes *[codesPerGroup]code, symbol int) error {
	n := r.number(symbol)
	far, err := r.symbol(&codes[distance])
	if err != nil {
		return err
	}
	back := offset(p.w, r.number(far))
	if back > p.n || n > p.w*p.h-p.n {
		return errSource
	}
	if !p.kept {
		p.n += n
		return nil
	}
	for range n {
		p.add(p.argb[p.n-back])
	}
	return nil
}

// number reads a length or a distance whose prefix is known.
func (r *reader) number(prefix int) int {
	if prefix < 4 {
		return prefix + 1
	}
	extra := (prefix - 2) >> 1
	return (2+prefix&1)<<extra + int(r.bits(extra)) + 1
}

// near are the 120 distances with a short code, as places in the rows above: the offset to the
// right is the low half of a byte taken from 8.
const near = "\x18\x07\x17\x19\x28\x06\x27\x29\x16\x1a\x26\x2a\x38\x05\x37\x39\x15\x1b\x36\x3a" +
	"\x25\x2b\x48\x04\x47\x49\x14\x1c\x35\x3b\x46\x4a\x24\x2c\x58\x45\x4b\x34\x3c\x03" +
	"\x57\x59\x13\x1d\x56\x5a\x23\x2d\x44\x4c\x55\x5b\x33\x3d\x68\x02\x67\x69\x12\x1e" +
	"\x66\x6a\x22\x2e\x54\x5c\x43\x4d\x65\x6b\x32\x3e\x78\x01\x77\x79\x53\x5d\x11\x1f" +
	"\x64\x6c\x42\x4e\x76\x7a\x21\x2f\x75\x7b\x31\x3f\x63\x6d\x52\x5e\x00\x74\x7c\x41" +
	"\x4f\x10\x20\x62\x6e\x30\x73\x7d\x51\x5f\x40\x72\x7e\x61\x6f\x50\x71\x7f\x60\x70"

// offset returns how many pixels back a distance leads.
func offset(w, far int) int {
	if far > len(near) {
		return far - len(near)
	}
	place := int(near[far-1])
	return max(1, place>>4*w+8-place&15)
}
