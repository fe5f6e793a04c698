package measure

import (
	_ "embed"
	"math"
	"sync"

	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// Region is a part of the face crop whose look is compared with those that were learned. What
// covers both halves alike, as a mask or sunglasses do, shows here and not in the likeness of the
// halves.
type Region int

// The regions.
const (
	RegionEyes Region = iota
	RegionNose
	RegionMouth
	RegionFace
	Regions // their number
)

// RegionRule says where a region lies in the crop at half size (50 pixels between the pupils), in
// half-size pixels, how many of these make one of the look's, and how many components its look is
// explained by.
type RegionRule struct {
	left, top, W, h, By, Components int
	middle                          []raster.Area // of the look, where its detail is; see detail
}

// RegionRules are the rules by region.
var RegionRules = [Regions]RegionRule{
	RegionEyes: {
		left: 15, top: 24, W: 120, h: 39, By: 3, Components: 12,
		middle: []raster.Area{{Left: 7, Right: 16, Top: 5, Low: 9}, {Left: 24, Right: 33, Top: 5, Low: 9}},
	},
	RegionNose: {left: 48, top: 50, W: 54, h: 42, By: 3, Components: 12},
	RegionMouth: {
		left: 33, top: 84, W: 84, h: 42, By: 3, Components: 20, middle: []raster.Area{{Left: 7, Right: 21, Top: 2, Low: 9}},
	},
	RegionFace: {left: 12, top: 20, W: 126, h: 126, By: 6, Components: 20},
}

// Size returns the number of values of the region's look.
func (r *RegionRule) Size() int { return r.W / r.By * (r.h / r.By) }

// LooksOf returns the look of each region of a crop at half size: its grey levels at a coarser
// scale, without their mean and their slopes, which the light makes, and of length 1. A region
// without anything in it is all zero.
func LooksOf(half []float64) (list [Regions][]float64) {
	for i := range list {
		list[i] = RegionRules[i].Look(half)
	}
	return list
}

// Look returns the region's look; see [LooksOf].
func (r *RegionRule) Look(half []float64) []float64 {
	w, h := r.W/r.By, r.h/r.By
	look := make([]float64, w*h)
	for y := range h * r.By {
		row := half[(r.top+y)*mirror.FieldW+r.left:]
		for x := range w * r.By {
			look[y/r.By*w+x/r.By] += row[x]
		}
	}
	withoutSlope(look, w, h)
	n := math.Sqrt(Inner(look, look))
	for i := range look {
		look[i] /= max(n, float64(r.By*r.By))
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

// Inner returns the scalar product of a and b.
//
//go:norace
func Inner(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// detail returns the share, 0 to 1, of the detail of a region's look that lies in the middle of it,
// where the eyes or the mouth are: the squared steps between neighbours. What is drawn or worn over
// them is smooth there and has its edges beside them.
func (r *RegionRule) detail(look []float64) float64 {
	w, h := r.W/r.By, r.h/r.By
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

// Learned is what a region looks like: the mean of the looks of reference portraits, and the
// directions in which they differ most, of length 1 and at right angles.
type Learned struct {
	Mean       []float64
	Components [][]float64
}

// LooksFile holds what was learned of each region in turn: the mean, then the components, each
// value a signed byte in steps of 1/LookSteps. "go run ./scripts/bench fit" writes it.
//
//go:embed looks.bin
var LooksFile []byte

var compiledLooks struct {
	once sync.Once
	list [Regions]Learned
}

// look returns what was learned of a region.
func (c *Calibration) look(r Region) *Learned {
	if c.Looks != nil {
		return &c.Looks[r]
	}
	compiledLooks.once.Do(func() { compiledLooks.list = ParseLooks(LooksFile) })
	return &compiledLooks.list[r]
}

// ParseLooks reads the content of LooksFile. What is missing stays empty.
func ParseLooks(data []byte) (list [Regions]Learned) {
	for i := range list {
		n := RegionRules[i].Size()
		for k := 0; k <= RegionRules[i].Components && len(data) >= n; k++ {
			v := make([]float64, n)
			for j := range v {
				v[j] = float64(int8(data[j])) / LookSteps
			}
			if data = data[n:]; k == 0 {
				list[i].Mean = v
			} else {
				list[i].Components = append(list[i].Components, v)
			}
		}
	}
	return list
}

// LooksBytes returns the contents of a LooksFile.
func (c *Calibration) LooksBytes() []byte {
	var data []byte
	for i := range Regions {
		l := c.look(i)
		for _, v := range append([][]float64{l.Mean}, l.Components...) {
			for _, x := range v {
				data = append(data, byte(FromValue(x)))
			}
		}
	}
	return data
}

// Strangeness returns the share, 0 to 1, of a look's length that is left when the mean and the
// components have explained what they can (M. Turk, A. Pentland, "Eigenfaces for Recognition",
// 1991: distance from face space).
func (l *Learned) Strangeness(look []float64) float64 {
	if len(l.Mean) == 0 {
		return 0
	}
	rest := make([]float64, len(look))
	for i, v := range look {
		rest[i] = v - l.Mean[i]
	}
	for _, u := range l.Components {
		d := Inner(rest, u)
		for i, v := range u {
			rest[i] -= float64(d * v)
		}
	}
	return math.Sqrt(Inner(rest, rest))
}
