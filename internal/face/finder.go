package face

import (
	"encoding/binary"
	"math"
)

// finder is pigo's face classifier: a cascade of decision trees that each compare pairs of pixels in a square window, and add up to a
// confidence. A window is given up as soon as the sum falls below a tree's limit, for most of them after a few trees.
//
// pigo's own runner gives the same confidences, to the bit, and takes about three times as long: it computes the place of every pixel anew
// in each window. Here they are computed once for each size of window, and only for the trees that are reached.
//
// The file: 8 bytes, depth and number of trees as little-endian 32-bit words; then for each tree 4 signed bytes for each of the 2^depth-1
// inner nodes (row and column of one pixel, row and column of the other, in 1/256 of the window), and float32s: the 2^depth
// leaves and the limit.
type finder struct {
	codes  [][finderNodes]finderCode
	leaves [][finderNodes]float32
	limits []float32
}

const (
	finderDepth  = 6
	finderNodes  = 1 << finderDepth // inner nodes count from 1, so that the children of i are 2i and 2i+1
	finderHeader = 16
	finderTree   = 4*(finderNodes-1) + 4*finderNodes + 4 // bytes
)

// finderCode is where the two pixels of a node lie: rows and columns in 1/256 of the window, from its middle.
type finderCode struct{ row, col, row2, col2 int8 }

func parseFinder(data []byte) (*finder, error) {
	if len(data) < finderHeader || binary.LittleEndian.Uint32(data[8:]) != finderDepth {
		return nil, errCascade
	}
	trees := int(binary.LittleEndian.Uint32(data[12:]))
	data = data[finderHeader:]
	if trees < 1 || trees > 1<<16 || len(data) != trees*finderTree {
		return nil, errCascade
	}
	f := &finder{
		codes: make([][finderNodes]finderCode, trees), leaves: make([][finderNodes]float32, trees), limits: make([]float32, trees),
	}
	for t := range trees {
		for i := 1; i < finderNodes; i++ {
			f.codes[t][i] = finderCode{int8(data[0]), int8(data[1]), int8(data[2]), int8(data[3])}
			data = data[4:]
		}
		for i := range finderNodes {
			f.leaves[t][i] = math.Float32frombits(binary.LittleEndian.Uint32(data))
			data = data[4:]
		}
		f.limits[t] = math.Float32frombits(binary.LittleEndian.Uint32(data))
		data = data[4:]
	}
	return f, nil
}

// area is a part of a plane, pixels; right and low lie outside.
type area struct{ left, top, right, low int }

// grid is which windows of an area are looked at: sizes in pixels, growing by a factor from the smallest to at most the largest, in steps of
// a share of their size.
type grid struct {
	smallest, largest int
	shift, growth     float64
}

// next is the size after this one; at least two pixels more.
func (g grid) next(size int) int {
	more := float64(float64(size)*g.growth) - float64(size)
	return int(float64(size) + max(2, more))
}

// scan gives the windows of the grid that show a face, each with a confidence above 0.
func (f *finder) scan(p *plane, in area, g grid) []window {
	var found []window
	l := lens{finder: f, width: p.w}
	for size := g.smallest; size <= g.largest; size = g.next(size) {
		l.size, l.pairs = size, l.pairs[:0]
		step, border := max(1, int(g.shift*float64(size))), size/2+1
		for row := in.top + border; row <= in.low-border; row += step {
			l.at, l.sum = l.at[:0], l.sum[:0]
			for col := in.left + border; col <= in.right-border; col += step {
				l.at, l.sum = append(l.at, int32(row*p.w+col)), append(l.sum, 0)
			}
			l.judge(p.pix)
			for i, at := range l.at {
				if q := l.sum[i] - f.limits[len(f.limits)-1]; q > 0 {
					found = append(found, window{x: float64(int(at) - row*p.w), y: float64(row), size: float64(size), q: float64(q)})
				}
			}
		}
	}
	return found
}

// lens is the finder for one size of window in planes of one width, and the windows under it.
type lens struct {
	*finder
	size, width int
	pairs       [][finderNodes]pixelPair // of the trees that were reached so far
	at          []int32                  // where the windows' middles are in plane.pix
	sum         []float32                // what the trees add up to so far
}

// pixelPair holds the two pixels of a node, as distances in plane.pix from the window's middle.
type pixelPair struct{ a, b int32 }

// judge shows the windows to one tree after the other and drops those that fail. The windows take turns, because the comparisons in one
// window each wait for the one before.
func (l *lens) judge(pix []uint8) {
	for t := range l.limits {
		if len(l.at) == 0 {
			return
		}
		if t == len(l.pairs) {
			l.extend()
		}
		kept := pass(pix, &l.pairs[t], &l.leaves[t], l.limits[t], l.at, l.sum)
		l.at, l.sum = l.at[:kept], l.sum[:kept]
	}
}

// pass adds one tree's leaves, keeps the windows whose sum is above the limit, and gives their number.
//
//go:norace
func pass(pix []uint8, pairs *[finderNodes]pixelPair, leaves *[finderNodes]float32, limit float32, at []int32, sum []float32) int {
	kept := 0
	sum = sum[:len(at)]
	for i, middle := range at {
		leaf := leaves[walk(pix, pairs, middle)]
		at[kept], sum[kept] = middle, sum[i]+leaf
		if sum[kept] > limit {
			kept++
		}
	}
	return kept
}

// walk goes down a tree and gives the leaf.
func walk(pix []uint8, pairs *[finderNodes]pixelPair, middle int32) int {
	node := 1
	for range finderDepth {
		p := pairs[node&(finderNodes-1)]
		bit := 0
		if pix[int(middle+p.a)] <= pix[int(middle+p.b)] {
			bit = 1
		}
		node = 2*node + bit
	}
	return node & (finderNodes - 1)
}

// extend computes the next tree's places. They are never outside the window.
//
//go:norace
func (l *lens) extend() {
	t := len(l.pairs)
	if t == cap(l.pairs) {
		grown := make([][finderNodes]pixelPair, t, min(max(32, 4*t), len(l.codes)))
		copy(grown, l.pairs)
		l.pairs = grown
	}
	l.pairs = l.pairs[:t+1]
	pairs := &l.pairs[t]
	for i, c := range &l.codes[t] {
		pairs[i] = pixelPair{
			a: int32((int(c.row)*l.size>>8)*l.width + int(c.col)*l.size>>8),
			b: int32((int(c.row2)*l.size>>8)*l.width + int(c.col2)*l.size>>8),
		}
	}
}
