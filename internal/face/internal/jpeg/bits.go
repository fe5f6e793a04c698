package jpeg

import (
	"encoding/binary"
	"errors"
)

var (
	errShort = errors.New("jpeg: scan ends before its last block")
	errCode  = errors.New("jpeg: scan has a code that means nothing there")
)

// bitReader reads the bits between two markers. At a marker and at the end of the data it makes up
// zeros; overdrawn reports whether any of these were taken. So the end is looked for once a block
// instead of once a bit.
type bitReader struct {
	data []byte
	pos  int    // of the next byte to be taken
	acc  uint64 // bits taken and not yet read, the next one highest
	have int    // how many of these count
	made int    // how many were made up
}

// overdrawn reports whether made up bits were read: they are the last ones.
func (r *bitReader) overdrawn() bool { return r.have < r.made }

// fill reads on until at least 56 bits are ready.
func (r *bitReader) fill() {
	if w, ok := eight(r.data, r.pos); ok {
		// Some bits are taken twice and count once: eight bytes may be more than fit.
		r.acc |= w >> (r.have & 63)
		took := (63 - r.have) >> 3
		r.pos += took
		r.have += took << 3
		return
	}
	for r.have <= 56 {
		b, ok := r.next()
		if !ok {
			r.made += 64 - r.have
			r.have = 64
			return
		}
		r.acc |= uint64(b) << (56 - r.have)
		r.have += 8
	}
}

// eight returns the next eight bytes if none of them is 255, which would need a look.
func eight(data []byte, pos int) (uint64, bool) {
	if pos+8 > len(data) {
		return 0, false
	}
	const low, high = 0x0101010101010101, 0x8080808080808080
	w := binary.BigEndian.Uint64(data[pos:])
	return w, (^w-low)&w&high == 0
}

// next takes a byte, and the zero that is stuffed behind 255.
func (r *bitReader) next() (b byte, ok bool) {
	if r.pos >= len(r.data) {
		return 0, false
	}
	b = r.data[r.pos]
	if b != 0xff {
		r.pos++
		return b, true
	}
	if r.pos+1 >= len(r.data) || r.data[r.pos+1] != 0 {
		return 0, false
	}
	r.pos += 2
	return b, true
}

// symbol reads a code. Its errors are errCode.
func (r *bitReader) symbol(t *huffman) (int, error) {
	if r.have < 16 {
		r.fill()
	}
	e := t.look[r.acc>>(64-lookBits)]
	symbol, n := byte(e>>8), int(e&255)
	if n == 0 {
		if symbol, n = t.long(r.acc); n == 0 {
			return 0, errCode
		}
	}
	r.acc <<= n & 63
	r.have -= n
	return int(symbol), nil
}

// bits reads up to 16 bits.
func (r *bitReader) bits(n int) int {
	if n == 0 {
		return 0
	}
	if r.have < n {
		r.fill()
	}
	v := int(r.acc >> ((64 - n) & 63))
	r.acc <<= n & 63
	r.have -= n
	return v
}

// difference reads the difference of a DC coefficient to the one before.
func (r *bitReader) difference(t *huffman) (int, error) {
	const most = 11 // bits, at 8 bits a sample
	if r.have < 32 {
		r.fill()
	}
	size, err := r.symbol(t)
	if err != nil || size > most {
		return 0, errCode
	}
	if size == 0 {
		return 0, nil
	}
	v := int(r.acc >> ((64 - size) & 63))
	r.acc <<= size & 63
	r.have -= size
	return extended(v, size), nil
}

// align passes over the padding of the last byte and puts back the bytes that were taken too
// early. It returns errShort if bits were read that are not there.
func (r *bitReader) align() error {
	if r.overdrawn() {
		return errShort
	}
	for range (r.have - r.made) / 8 {
		r.pos--
		if r.data[r.pos] == 0 && r.data[r.pos-1] == 0xff {
			r.pos--
		}
	}
	r.acc, r.have, r.made = 0, 0, 0
	return nil
}

// ac reads the AC coefficients of a block of a sequential scan, multiplied by q, into block, and
// reports in which rows there are any, see inverseDCT.
//
//go:norace
func (r *bitReader) ac(t *huffman, q *[64]int32, block *[64]int32) (rows uint32, err error) {
	acc, have, values := r.acc, r.have, t.values
	for k := 1; k < 64; {
		if have < 32 {
			r.acc, r.have = acc, have
			r.fill()
			acc, have = r.acc, r.have
		}
		v := values[acc>>(64-lookBits)]
		if v == 0 {
			if v = t.longValue(acc); v == 0 {
				return 0, errCode
			}
		}
		acc <<= v.bits() & 63
		have -= v.bits()
		value := v.seen()
		if size := v.size(); size > 0 {
			value = int32(extended(int(acc>>((64-size)&63)), size))
			acc <<= size & 63
			have -= size
		}
		if k += v.step(); k > 64 {
			if k < endOfBlock {
				return 0, errCode
			}
			break
		}
		at := places[(k-1)&63]
		block[at.natural&63] = value * q[(k-1)&63]
		rows |= at.rows
	}
	r.acc, r.have = acc, have
	return rows, nil
}
