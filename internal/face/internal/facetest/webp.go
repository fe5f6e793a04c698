package facetest

import (
	"slices"
	"testing"
)

// LossyWebP returns a lossy WebP file of x/image's tests.
func LossyWebP(tb testing.TB) []byte {
	tb.Helper()
	return ModuleFiles(tb, "golang.org/x/image", "yellow_rose.lossy.webp")["yellow_rose.lossy.webp"]
}

// ManyGroups returns a lossless WebP that changes between groups of Huffman codes with each square
// of 4 x 4 pixels. The codes have all symbols of their alphabets, with one length, and all pixels
// are the same.
func ManyGroups(w, h, groups int) []byte {
	b := &bitsOf{data: []byte{0x2f}, n: 8}
	b.add(uint32(w-1), 14)
	b.add(uint32(h-1), 14)
	b.add(0, 1+3+1) // no alpha, version 0, no transform
	b.add(1, 1)
	b.add(11, 4) // a cache of 2048 colours
	b.add(1, 1)  // several groups,
	b.add(0, 3)  // by squares of 4 x 4 pixels
	b.add(0, 1)  // whose picture has no cache
	b.flat(8)    // the low half of a group's number: 256 symbols of 8 bits
	b.flat(8)    // the high half
	b.single()
	b.single()
	b.single()
	n := 0
	for range (w + 3) / 4 * ((h + 3) / 4) {
		b.code(n%groups&255, 8)
		b.code(n%groups>>8, 8)
		n++
	}
	for range groups {
		b.flat(11)
		b.flat(8)
		b.flat(8)
		b.flat(8)
		b.single()
	}
	for range w * h {
		b.code(7, 11)
		b.code(7, 8)
		b.code(7, 8)
		b.code(7, 8)
	}
	return RIFFOf("VP8L", b.data)
}

// flat writes a code in which the first 1<<n symbols of an alphabet have n bits.
func (b *bitsOf) flat(n uint32) {
	lengths := []uint32{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11}
	at := uint32(slices.Index(lengths, n))
	b.add(0, 1)
	b.add(at+1-4, 4) // only this length occurs, so it takes no bits
	b.add(0, uint(3*at))
	b.add(1, 3)
	b.add(1, 1) // for so many symbols:
	b.add(5, 3)
	b.add(1<<n-2, 2+2*5)
}

// single writes a code of one symbol, 0.
func (b *bitsOf) single() {
	b.add(1, 1)
	b.add(0, 1)
	b.add(1, 1)
	b.add(0, 8)
}

// code writes a code of n bits, the highest first.
func (b *bitsOf) code(value, n int) {
	for n--; n >= 0; n-- {
		b.add(uint32(value>>n&1), 1)
	}
}
