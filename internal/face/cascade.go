package face

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// regressor is a cascade of regression trees that moves a guess step by step to a point of the face. It was described by Markus et
// al., "Eye pupil localization with an ensemble of randomized trees", Pattern Recognition 2014, and trained by the authors of
// pico; pigo's data files hold it.
//
// pigo's own runner is not used. It mixes answers of other calls in when asked for other than 63 repeats, draws its repeats
// from the global random source, rounds to whole pixels, starts each landmark to the right of the middle even when it looks for its
// mirror image, and inverts the pixel test for rotated faces.
//
// The file: stages, shrink (float32), trees a stage and depth as little-endian 32-bit words; then for each tree 4 signed bytes for
// each of the 2^depth-1 inner nodes (row and column of one pixel, row and column of the other, in 1/256 of the size) and two float32
// for each of the 2^depth leaves (row and column to move by, in sizes). It is used as it lies there, without a copy.
type regressor struct {
	stages, trees, depth int
	shrink               float32
	data                 []byte
}

const regressorHeader = 16

var errCascade = errors.New("the cascade is malformed")

func parseRegressor(data []byte) (*regressor, error) {
	if len(data) < regressorHeader {
		return nil, errCascade
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(data[4*i:]) }
	if word(0) > 64 || word(2) > 1024 || word(3) > 16 {
		return nil, errCascade
	}
	r := &regressor{
		stages: int(word(0)), shrink: math.Float32frombits(word(1)), trees: int(word(2)), depth: int(word(3)),
		data: data[regressorHeader:],
	}
	if len(r.data) != r.stages*r.trees*r.treeBytes() {
		return nil, errCascade
	}
	return r, nil
}

func (r *regressor) treeBytes() int { return 4*(1<<r.depth-1) + 8*(1<<r.depth) }

// spot is a place in a plane and the size of the neighbourhood looked at, in pixels.
type spot struct{ x, y, size float32 }

// side says which half of a face a cascade is run for. The cascades were trained for one; run in a mirror they find the other.
type side int

const (
	imageLeft  side = 1
	imageRight side = -1 // the cascade mirrored
)

// step runs the whole cascade once from a start.
func (r *regressor) step(p *plane, at spot, s side) spot {
	inner := 4 * (1<<r.depth - 1)
	pos := 0
	for range r.stages {
		var dx, dy float32
		x, y, size := fixed(at.x), fixed(at.y), int32(math.Round(float64(at.size)))
		for range r.trees {
			leaf := r.leaf(p, r.data[pos:pos+inner], x, y, size, int32(s))
			moves := r.data[pos+inner+8*leaf:]
			dy += math.Float32frombits(binary.LittleEndian.Uint32(moves))
			dx += math.Float32frombits(binary.LittleEndian.Uint32(moves[4:]))
			pos += r.treeBytes()
		}
		// The conversions keep compilers from fusing multiply and add, which would give other results on other machines.
		at.y += float32(dy * at.size)
		at.x += float32(dx * at.size * float32(s))
		at.size *= r.shrink
	}
	return at
}

// leaf walks down one tree. Coordinates are in 1/256 pixel.
func (r *regressor) leaf(p *plane, codes []byte, x, y, size, flip int32) int {
	node := 0
	for range r.depth {
		c := codes[4*node : 4*node+4 : 4*node+4]
		a := p.at(x+int32(int8(c[1]))*size*flip, y+int32(int8(c[0]))*size)
		b := p.at(x+int32(int8(c[3]))*size*flip, y+int32(int8(c[2]))*size)
		node = 2*node + 1
		if a > b {
			node++
		}
	}
	return node - (1<<r.depth - 1)
}

// at gives the pixel nearest to a place in 1/256 pixel; outside it repeats the border.
func (p *plane) at(x, y int32) uint8 {
	col := min(max((int(x)+128)>>8, 0), p.w-1)
	row := min(max((int(y)+128)>>8, 0), p.h-1)
	return p.pix[row*p.w+col]
}

// fixed gives a coordinate in 1/256 pixel. A cascade led astray by a picture without a face may run far off: it is held where
// the arithmetic stays inside 32 bits.
func fixed(v float32) int32 {
	return int32(math.Round(float64(min(max(v, -1<<14), 1<<14)) * 256))
}

// repeats is the number of starts from which each cascade is run.
const repeats = 31

// starts are the starts, each around zero in [-0.5, 0.5), the first dimension sideways, the second up and down, the third the
// size: the R3 sequence (M. Roberts, "The unreasonable effectiveness of quasirandom sequences"), in whole numbers.
// It fills the cube more evenly than random numbers, and is the same for every call.
var starts = func() (t [repeats][3]float32) {
	// 2^32 divided by the powers of the root of x^4 = x + 1.
	steps := [3]uint32{3518319155, 2882110345, 2360945575}
	for i := range t {
		for d, s := range steps {
			t[i][d] = float32(uint32(i+1)*s)/(1<<32) - 0.5
		}
	}
	return t
}()

// found is where a cascade ended: the interquartile mean over its starts, and how far they are spread.
type found struct{ x, y, spread float64 }

// find runs the cascade from all starts around a guess. The starts for the right half are those for the left in a mirror, so that
// both halves of a face are treated alike.
func (r *regressor) find(p *plane, guess spot, s side) found {
	var xs, ys [repeats]float32
	for i, o := range starts {
		end := r.step(p, spot{
			x:    guess.x + float32(o[0]*0.15*guess.size)*float32(s),
			y:    guess.y + float32(o[1]*0.15*guess.size),
			size: guess.size * (1 + float32(0.15*o[2])),
		}, s)
		xs[i], ys[i] = end.x, end.y
	}
	x, dx := middle(xs[:])
	y, dy := middle(ys[:])
	return found{x: x, y: y, spread: math.Sqrt((sq(dx) + sq(dy)) / 2)}
}

// middle gives the mean of the inner half of the values and their spread: the distance between the quartiles as a standard
// deviation of a normal distribution.
func middle(v []float32) (mean, spread float64) {
	slices.Sort(v)
	lo, hi := len(v)/4, len(v)-len(v)/4
	for _, x := range v[lo:hi] {
		mean += float64(x)
	}
	return mean / float64(hi-lo), float64(v[hi-1]-v[lo]) / 1.349
}

func sq(v float64) float64 { return float64(v * v) }
