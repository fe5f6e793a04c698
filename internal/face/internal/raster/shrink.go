package raster

import "encoding/binary"

// Shrunk returns the plane at 1/scale of its size (1, 2, 4 or 8), upright by an EXIF orientation,
// each pixel the mean of a square. What is left over at the right and below of the upright picture
// is cut. The plane itself is not changed, nor is its memory used.
func (p *Plane) Shrunk(scale, orientation int) *Plane {
	if min(p.W, p.H) < scale {
		scale = 1
	}
	q := NewPlane(p.W/scale, p.H/scale)
	left, top := 0, 0 // of what is kept, as stored
	if ReversesX(orientation) {
		left = p.W % scale
	}
	if ReversesY(orientation) {
		top = p.H % scale
	}
	if scale == 1 {
		copy(q.Pix, p.Pix)
		return q.Upright(orientation)
	}
	// Sums of columns of a square's pixels, four in a word: 8 x 255 x 2 at most, which fits 16
	// bits.
	sums := make([]uint64, (q.W*scale+7)/8*2)
	for y := range q.H {
		clear(sums)
		for i := range scale {
			addColumns(sums, p.Pix[(top+y*scale+i)*p.W+left:], q.W*scale)
		}
		if scale == 2 {
			meansOfTwo(sums, q.Row(y))
			continue
		}
		meansOf(sums, q.Row(y), scale)
	}
	return q.Upright(orientation)
}

// ReversesX reports whether the x axis of a stored picture with the EXIF orientation, 1 to 8, runs
// against the axis of the upright picture that it becomes.
func ReversesX(orientation int) bool {
	return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8
}

// ReversesY is like [ReversesX] for the y axis.
func ReversesY(orientation int) bool {
	return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7
}

// TurnedOver returns the orientation of the same stored picture shown in a mirror.
func TurnedOver(orientation int) int { return (orientation - 1) ^ 1 + 1 }

const evenBytes = 0x00ff00ff00ff00ff

// addColumns adds n pixels of a row to the sums: of each eight, those at even places to one word
// and those at odd places to the next.
func addColumns(sums []uint64, row []uint8, n int) {
	i := 0
	for ; (i+1)*8 <= n; i++ {
		v := binary.LittleEndian.Uint64(row[8*i : 8*i+8])
		sums[2*i] += v & evenBytes
		sums[2*i+1] += v >> 8 & evenBytes
	}
	for x := 8 * i; x < n; x++ {
		sums[2*i+x&1] += uint64(row[x]) << (8 * (x & 6))
	}
}

// meansOfTwo is meansOf for squares of 2 x 2 pixels: two words hold the sums of four of them.
func meansOfTwo(sums []uint64, row []uint8) {
	const half = 0x0002000200020002
	for ; len(row) >= 4; row, sums = row[4:], sums[2:] {
		v := (sums[0] + sums[1] + half) >> 2
		row[0], row[1], row[2], row[3] = uint8(v), uint8(v>>16), uint8(v>>32), uint8(v>>48)
	}
	for x := range row {
		v := (sums[0] + sums[1] + half) >> 2
		row[x] = uint8(v >> (16 * x))
	}
}

// meansOf writes the means of squares from the sums of their columns.
func meansOf(sums []uint64, row []uint8, scale int) {
	shift := map[int]int{4: 4, 8: 6}[scale] // of a division by scale*scale
	half := uint64(scale*scale) / 2
	for x := range row {
		pair := 2 * (x * scale / 8)
		v := (sums[pair] + sums[pair+1]) >> (8 * (x * scale % 8)) // sums of two columns
		switch scale {
		case 4:
			v += v >> 16
		case 8:
			v += v >> 32
			v += v >> 16
		}
		row[x] = uint8((v&0xffff + half) >> shift)
	}
}

// sum adds up pixels.
func sum(row []uint8) int {
	const block = 8 * 128 // pixels after which a word's four sums of 16 bits could overflow
	total := uint64(0)
	for ; len(row) >= 8; row = row[min(block, len(row)&^7):] {
		word := uint64(0)
		for b := row[:min(block, len(row)&^7)]; len(b) >= 8; b = b[8:] {
			v := binary.LittleEndian.Uint64(b)
			word += v&evenBytes + v>>8&evenBytes
		}
		total += word&0xffff + word>>16&0xffff + word>>32&0xffff + word>>48
	}
	for _, v := range row {
		total += uint64(v)
	}
	return int(total)
}

// LeansRight reports true for one of a picture and its mirror image, and never for both. Analyze
// turns each photo so that this is false, which makes the report of the mirrored photo the mirrored
// report, whatever the stages after it do. It compares the light in the two halves of the upright
// picture first, so that two files of nearly the same pixels get the same answer.
func (p *Plane) LeansRight(orientation int) bool {
	if balance := p.balance(orientation); balance != 0 {
		return balance < 0
	}
	upright := p.Shrunk(1, orientation)
	for y := range upright.H {
		row := upright.Row(y)
		for x := range upright.W / 2 {
			if l, r := row[x], row[upright.W-1-x]; l != r {
				return l < r
			}
		}
	}
	return false
}

// balance returns how much more light there is in the left half of the upright picture than in its
// right half, grey levels.
func (p *Plane) balance(orientation int) int {
	if orientation >= 5 {
		half := p.H / 2 * p.W
		return turnedIf(ReversesY(orientation), sum(p.Pix[:half])-sum(p.Pix[len(p.Pix)-half:]))
	}
	balance := 0
	for y := range p.H {
		row := p.Row(y)
		balance += sum(row[:p.W/2]) - sum(row[p.W-p.W/2:])
	}
	return turnedIf(ReversesX(orientation), balance)
}

func turnedIf(turned bool, v int) int {
	if turned {
		return -v
	}
	return v
}
