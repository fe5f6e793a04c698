package face

import (
	_ "embed"
	"math"
	"sync"

	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// region is a part of the face crop whose look is compared with those that were learned. What covers
// both halves alike, as a mask or sunglasses do, shows here and not in the likeness of the halves.
type region int

const (
	regionEyes region = iota
	regionNose
	regionMouth
	regionFace
	regions // their number
)

// regionRule says where a region lies in the crop at half size (50 pixels between the pupils), in
// half-size pixels, how many of these make one of the look's, and how many components its look is
// explained by.
type regionRule struct {
	left, top, w, h, by, components int
	middle                          []raster.Area // of the look, where its detail is; see detail
}

var regionRules = [regions]regionRule{
	regionEyes:  {left: 15, top: 24, w: 120, h: 39, by: 3, components: 12, middle: []raster.Area{{Left: 7, Right: 16, Top: 5, Low: 9}, {Left: 24, Right: 33, Top: 5, Low: 9}}},
	regionNose:  {left: 48, top: 50, w: 54, h: 42, by: 3, components: 12},
	regionMouth: {left: 33, top: 84, w: 84, h: 42, by: 3, components: 20, middle: []raster.Area{{Left: 7, Right: 21, Top: 2, Low: 9}}},
	regionFace:  {left: 12, top: 20, w: 126, h: 126, by: 6, components: 20},
}

func (r *regionRule) size() int { return r.w / r.by * (r.h / r.by) }

// looksOf gives the look of each region of a crop at half size: its grey levels at a coarser scale,
// without their mean and their slopes, which the light makes, and of length 1. A region without
// anything in it is all zero.
func looksOf(half []float64) (list [regions][]float64) {
	for i := range list {
		list[i] = regionRules[i].look(half)
	}
	return list
}

func (r *regionRule) look(half []float64) []float64 {
	w, h := r.w/r.by, r.h/r.by
	look := make([]float64, w*h)
	for y := range h * r.by {
		row := half[(r.top+y)*mirror.FieldW+r.left:]
		for x := range w * r.by {
			look[y/r.by*w+x/r.by] += row[x]
		}
	}
	withoutSlope(look, w, h)
	n := math.Sqrt(inner(look, look))
	for i := range look {
		look[i] /= max(n, float64(r.by*r.by))
	}
	return look
}

// withoutSlope takes the mean and the plane that fits best out of grey levels.
func withoutSlope(v []float64, w, h int) {
	midX, midY := float64(w-1)/2, float64(h-1)/2
	var sum, sx, sy, xx, yy float64
	for i := range v {
		x, y := float64(i%w)-midX, float64(i/w)-midY
		sum += v[i]
		sx += float64(x * v[i])
		sy += float64(y * v[i])
		xx += raster.Sq(x)
		yy += raster.Sq(y)
	}
	sum, sx, sy = sum/float64(len(v)), sx/xx, sy/yy
	for i := range v {
		x, y := float64(i%w)-midX, float64(i/w)-midY
		v[i] -= sum + float64(sx*x) + float64(sy*y)
	}
}

//go:norace
func inner(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// detail is the share, 0 to 1, of the detail of a region's look that lies in the middle of it, where
// the eyes or the mouth are: the squared steps between neighbours. What is drawn or worn over them is
// smooth there and has its edges beside them.
func (r *regionRule) detail(look []float64) float64 {
	w, h := r.w/r.by, r.h/r.by
	inside, all := 0.0, 0.02
	for y := 1; y < h; y++ {
		for x := 1; x < w; x++ {
			i := y*w + x
			e := raster.Sq(look[i]-look[i-1]) + raster.Sq(look[i]-look[i-w])
			all += e
			for _, c := range r.middle {
				if x >= c.Left && x < c.Right && y >= c.Top && y < c.Low {
					inside += e
				}
			}
		}
	}
	return inside / all
}

// learned is what a region looks like: the mean of the looks of reference portraits, and the
// directions in which they differ most, of length 1 and at right angles.
type learned struct {
	mean       []float64
	components [][]float64
}

// looksFile holds what was learned of each region in turn: the mean, then the components, each value
// a signed byte in steps of 1/lookSteps. "go run ./scripts/bench fit" writes it.
//
//go:embed looks.bin
var looksFile []byte

var compiledLooks struct {
	once sync.Once
	list [regions]learned
}

// look gives what was learned of a region.
func (c *Calibration) look(r region) *learned {
	if c.looks != nil {
		return &c.looks[r]
	}
	compiledLooks.once.Do(func() { compiledLooks.list = parseLooks(looksFile) })
	return &compiledLooks.list[r]
}

// parseLooks reads a looksFile. What is missing stays empty.
func parseLooks(data []byte) (list [regions]learned) {
	for i := range list {
		n := regionRules[i].size()
		for k := 0; k <= regionRules[i].components && len(data) >= n; k++ {
			v := make([]float64, n)
			for j := range v {
				v[j] = float64(int8(data[j])) / lookSteps
			}
			if data = data[n:]; k == 0 {
				list[i].mean = v
			} else {
				list[i].components = append(list[i].components, v)
			}
		}
	}
	return list
}

// Looks writes a looksFile.
func (c *Calibration) Looks() []byte {
	var data []byte
	for i := range regions {
		l := c.look(i)
		for _, v := range append([][]float64{l.mean}, l.components...) {
			for _, x := range v {
				data = append(data, byte(fromValue(x)))
			}
		}
	}
	return data
}

// strangeness is the share, 0 to 1, of a look's length that is left when the mean and the components
// have explained what they can (M. Turk, A. Pentland, "Eigenfaces for Recognition", 1991: distance
// from face space).
func (l *learned) strangeness(look []float64) float64 {
	if len(l.mean) == 0 {
		return 0
	}
	rest := make([]float64, len(look))
	for i, v := range look {
		rest[i] = v - l.mean[i]
	}
	for _, u := range l.components {
		d := inner(rest, u)
		for i, v := range u {
			rest[i] -= float64(d * v)
		}
	}
	return math.Sqrt(inner(rest, rest))
}
