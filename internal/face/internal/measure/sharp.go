package measure

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// evenness returns how alike fine detail runs in all directions of a crop of the face, 0 to 1: the
// smaller over the larger eigenvalue of the structure tensor of its Laplacian (J. Bigun, G.
// Granlund, "Optimal orientation detection of linear symmetry", ICCV 1987). A hand or a head that
// moved takes the detail along its way and leaves the rest.
func evenness(crop *raster.Plane) float64 {
	w := crop.W
	lap := make([]int64, len(crop.Pix))
	for y := 1; y < crop.H-1; y++ {
		for x := 1; x < w-1; x++ {
			i := y*w + x
			lap[i] = int64(crop.Pix[i-1]) + int64(crop.Pix[i+1]) + int64(crop.Pix[i-w]) + int64(crop.Pix[i+w]) -
				4*int64(crop.Pix[i])
		}
	}
	var xx, yy, xy int64
	for y := 2; y < crop.H-2; y++ {
		for x := 2; x < w-2; x++ {
			if !inEllipse(x, y) {
				continue
			}
			i := y*w + x
			gx, gy := lap[i+1]-lap[i-1], lap[i+w]-lap[i-w]
			xx, yy, xy = xx+gx*gx, yy+gy*gy, xy+gx*gy
		}
	}
	mid, half := float64(xx+yy)/2, float64(xx-yy)/2
	reach := math.Sqrt(raster.Sq(half) + raster.Sq(float64(xy)))
	return (mid - reach) / (mid + reach + 1)
}

// blockSide is the side of the blocks in which JPEG compresses.
const blockSide = 8

// blocksOf returns how much the edges of a JPEG's blocks stand out about the face: the mean step
// between two neighbours at the place in the row of eight at which it is largest, over the mean of
// the other places; along rows or along columns, where it is less. About 1 in a photo, 2 and more
// in one of coarse blocks. Planes at less than half of the photo's size show no blocks, and give 1.
func blocksOf(p *raster.Plane, in cascade.Window, scale int) float64 {
	period := blockSide / scale
	if period < 4 {
		return 1
	}
	left, right := max(1, int(in.X-in.Size/2)), min(p.W, int(in.X+in.Size/2))
	top, low := max(1, int(in.Y-in.Size/2)), min(p.H, int(in.Y+in.Size/2))
	var across, down [blockSide]int64
	for y := top; y < low; y++ {
		row, above := p.Row(y), p.Row(y-1)
		for x := left; x < right; x++ {
			across[x%period] += int64(mirror.Abs(int(row[x]) - int(row[x-1])))
			down[y%period] += int64(mirror.Abs(int(row[x]) - int(above[x])))
		}
	}
	return min(standingOut(across[:period]), standingOut(down[:period]))
}

// standingOut returns the largest value over the mean of the others.
func standingOut(v []int64) float64 {
	most, sum := int64(0), int64(0)
	for _, n := range v {
		most, sum = max(most, n), sum+n
	}
	return float64(most*int64(len(v)-1)+1) / float64(sum-most+1)
}
