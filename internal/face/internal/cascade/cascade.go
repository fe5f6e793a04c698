package cascade

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// regressor is a cascade of regression trees that moves a guess step by step to a point of the
// face. The method is by Markus et al., "Eye pupil localization with an ensemble of randomized
// trees", Pattern Recognition 2014, and the cascades were trained by the authors of pico. They are
// pigo's data files.
//
// pigo's own runner is not used. It mixes in the results of other calls when asked for other than
// 63 repeats, draws its repeats from the global random source, rounds to whole pixels, starts each
// landmark to the right of the middle even when it looks for its mirror image, and inverts the
// pixel test for rotated faces.
//
// The file: stages, shrink (float32), trees a stage and depth as little-endian 32-bit words; then
// for each tree 4 signed bytes for each of the 2^depth-1 inner nodes (row and column of one pixel,
// row and column of the other, in 1/256 of the size) and two float32 for each of the 2^depth leaves
// (row and column to move by, in sizes). The data are used in place, without a copy.
type regressor struct {
	stages, trees, depth int
	shrink               float32
	data                 []byte
}

const (
	regressorHeader = 16

	// A tree of depth 9 with its leaves takes more bytes than the inner nodes of one of depth 10 do
	// (see treeCodes).
	minDepth, maxDepth = 9, 10
)

var errCascade = errors.New("the cascade is malformed")

func parseRegressor(data []byte) (*regressor, error) {
	if len(data) < regressorHeader {
		return nil, errCascade
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(data[4*i:]) }
	if word(0) > 64 || word(2) > 1024 || word(3) < minDepth || word(3) > maxDepth {
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

// Spot is a place in a plane and the size of its neighbourhood, in pixels.
type Spot struct{ X, Y, Size float32 }

// Side is the half of a face that a cascade is run for. The cascades were trained for one half and
// find the other if they are run mirrored.
type Side int

const (
	// ImageLeft is the half on the left of the picture.
	ImageLeft Side = 1
	// ImageRight is the other half, for which the cascade is mirrored.
	ImageRight Side = -1
)

// walker is the state of a spot in one stage: place and size in 1/256 pixel, and the sum of the
// moves of the stage's trees so far. Half a pixel is added to the place so that truncation rounds.
type walker struct {
	x, y, across, down int32 // across is negative for the mirrored cascade
	dx, dy             float32
	inside             bool // no tree can look beyond the border
}

// run moves spots through the whole cascade. All spots visit a tree before the next tree, so that
// the tree stays in the processor's cache and the loads of different spots overlap.
func (r *regressor) run(p *raster.Plane, spots *[repeats]Spot, s Side) {
	var walkers [repeats]walker
	rest := r.data
	for range r.stages {
		for i := range spots {
			walkers[i] = walkerOn(p, spots[i], s)
		}
		for range r.trees {
			r.visitAll(p, rest, walkers[:])
			rest = rest[r.treeBytes():]
		}
		for i := range spots {
			at, w := &spots[i], &walkers[i]
			// The conversions keep compilers from fusing multiply and add, which would give other results on
			// other machines.
			at.Y += float32(w.dy * at.Size)
			at.X += float32(w.dx * at.Size * float32(s))
			at.Size *= r.shrink
		}
	}
}

func walkerOn(p *raster.Plane, at Spot, s Side) walker {
	size := int32(math.Round(float64(at.Size)))
	w := walker{x: fixed(at.X) + 128, y: fixed(at.Y) + 128, across: size * int32(s), down: size}
	reach := 128 * size
	w.inside = w.x >= reach && w.y >= reach && int(w.x+reach)>>8 < p.W && int(w.y+reach)>>8 < p.H
	return w
}

// visitAll adds the moves of one tree to all walkers. It processes two walkers at a time, because
// one has to wait at each node for its pixels.
func (r *regressor) visitAll(p *raster.Plane, tree []byte, walkers []walker) {
	codes, moves := (*[treeCodes]byte)(tree), tree[4*(1<<r.depth-1):]
	for i := 0; i < len(walkers); i += 2 {
		v := &walkers[i]
		w := &walkers[min(i+1, len(walkers)-1)] // an odd last one is paired with itself
		var ofV, ofW int
		if v.inside && w.inside {
			ofV, ofW = leavesInside(v, w, codes, p.Pix, int32(p.W), r.depth)
		} else {
			ofV, ofW = v.leaf(codes, p, r.depth), w.leaf(codes, p, r.depth)
		}
		v.move(moves, ofV)
		if w != v {
			w.move(moves, ofW)
		}
	}
}

// move adds the move of a leaf.
//
//go:norace
func (w *walker) move(moves []byte, leaf int) {
	m := moves[8*leaf:][:8]
	w.dy += math.Float32frombits(binary.LittleEndian.Uint32(m))
	w.dx += math.Float32frombits(binary.LittleEndian.Uint32(m[4:]))
}

// treeCodes is the size of the inner nodes of the deepest tree in bytes, rounded up. Every tree
// with its leaves is longer.
const treeCodes = 4 << maxDepth

// leaf walks down one tree: from the inner node n to 2n+1 or 2n+2.
//
//go:norace
func (w *walker) leaf(codes *[treeCodes]byte, p *raster.Plane, depth int) int {
	node := 0
	for range depth {
		i := 4 * (node & (1<<maxDepth - 1))
		a := p.At(w.x+int32(int8(codes[i+1]))*w.across, w.y+int32(int8(codes[i]))*w.down)
		b := p.At(w.x+int32(int8(codes[i+3]))*w.across, w.y+int32(int8(codes[i+2]))*w.down)
		node = 2*node + 1
		if a > b {
			node++
		}
	}
	return node - (1<<depth - 1)
}

// leavesInside is leaf for two walkers that cannot look beyond the border.
//
//go:norace
func leavesInside(v, w *walker, codes *[treeCodes]byte, pix []uint8, width int32, depth int) (int, int) {
	i, j := 0, 0
	vx, vy, vAcross, vDown := v.x, v.y, v.across, v.down
	wx, wy, wAcross, wDown := w.x, w.y, w.across, w.down
	for range depth {
		c := (*[4]byte)(codes[4*(i&(1<<maxDepth-1)):])
		d := (*[4]byte)(codes[4*(j&(1<<maxDepth-1)):])
		va := pix[(vy+int32(int8(c[0]))*vDown)>>8*width+(vx+int32(int8(c[1]))*vAcross)>>8]
		wa := pix[(wy+int32(int8(d[0]))*wDown)>>8*width+(wx+int32(int8(d[1]))*wAcross)>>8]
		vb := pix[(vy+int32(int8(c[2]))*vDown)>>8*width+(vx+int32(int8(c[3]))*vAcross)>>8]
		wb := pix[(wy+int32(int8(d[2]))*wDown)>>8*width+(wx+int32(int8(d[3]))*wAcross)>>8]
		vRight, wRight := 0, 0
		if va > vb {
			vRight = 1
		}
		if wa > wb {
			wRight = 1
		}
		i, j = 2*i+1+vRight, 2*j+1+wRight
	}
	first := 1<<depth - 1
	return i - first, j - first
}

// fixed returns a coordinate in 1/256 pixel. In a picture without a face a cascade may diverge, so
// the value is clamped to keep the arithmetic within 32 bits.
func fixed(v float32) int32 {
	return int32(math.Round(float64(min(max(v, -1<<14), 1<<14)) * 256))
}

// repeats is the number of starting points of each cascade.
const repeats = 31

// starts holds the starting points, each around zero in [-0.5, 0.5), horizontal, vertical and in
// size: the R3 sequence (M. Roberts, "The unreasonable effectiveness of quasirandom sequences"), in
// integers. It fills the cube more evenly than random numbers, and is the same for every call.
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

// Found is the result of a cascade: the interquartile mean over its starts, and their spread.
type Found struct{ X, Y, Spread float64 }

// Find runs the cascade from all starts around a guess. The starts for the right half mirror those
// for the left, so that both halves of a face are treated alike.
func (r *regressor) Find(p *raster.Plane, guess Spot, s Side) Found {
	var spots [repeats]Spot
	for i, o := range starts {
		spots[i] = Spot{
			X:    guess.X + float32(o[0]*0.15*guess.Size)*float32(s),
			Y:    guess.Y + float32(o[1]*0.15*guess.Size),
			Size: guess.Size * (1 + float32(0.15*o[2])),
		}
	}
	r.run(p, &spots, s)
	var xs, ys [repeats]float32
	for i, end := range spots {
		xs[i], ys[i] = end.X, end.Y
	}
	x, dx := middle(xs[:])
	y, dy := middle(ys[:])
	return Found{X: x, Y: y, Spread: math.Sqrt((raster.Sq(dx) + raster.Sq(dy)) / 2)}
}

// middle returns the mean of the inner half of the values and their spread: the distance between
// the quartiles as a standard deviation of a normal distribution.
func middle(v []float32) (mean, spread float64) {
	slices.Sort(v)
	lo, hi := len(v)/4, len(v)-len(v)/4
	for _, x := range v[lo:hi] {
		mean += float64(x)
	}
	return mean / float64(hi-lo), float64(v[hi-1]-v[lo]) / 1.349
}
