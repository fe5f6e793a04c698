package cascade

import (
	"encoding/binary"

	pigo "github.com/esimov/pigo/core"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// finder is pigo's face classifier: a cascade of decision trees that compare pairs of pixels in a
// square window. The sum of the trees is the confidence.
type finder struct{ classifier *pigo.Pigo }

// The layout of the classifier's file: 8 bytes, depth and number of trees as little-endian 32-bit
// words, then the trees. A tree has 4 bytes for each inner node, and a float32 for each leaf and
// for its limit.
const (
	finderDepth  = 6
	finderNodes  = 1 << finderDepth
	finderHeader = 16
	finderTree   = 4*(finderNodes-1) + 4*finderNodes + 4 // bytes
)

// parseFinder reads the classifier's file. It returns errCascade for a malformed file, on which
// pigo would panic.
func parseFinder(data []byte) (*finder, error) {
	if len(data) < finderHeader || binary.LittleEndian.Uint32(data[8:]) != finderDepth {
		return nil, errCascade
	}
	trees := int(binary.LittleEndian.Uint32(data[12:]))
	if trees < 1 || trees > 1<<16 || len(data)-finderHeader != trees*finderTree {
		return nil, errCascade
	}
	classifier, err := pigo.NewPigo().Unpack(data)
	if err != nil {
		return nil, err
	}
	return &finder{classifier: classifier}, nil
}

// grid determines the windows of an area that are scanned. Sizes are in pixels and grow by a factor
// from the smallest to at most the largest. Steps are a share of the size.
type grid struct {
	smallest, largest int
	shift, growth     float64
}

// next returns the size after this one, which is at least two pixels larger. It is pigo's rule,
// with the product rounded before the difference is taken, so that no machine fuses the two and
// scans other sizes.
func (g grid) next(size int) int {
	more := float64(float64(size)*g.growth) - float64(size)
	return int(float64(size) + max(2, more))
}

// scan returns the windows of the grid that show a face, each with a confidence above 0. It runs
// pigo once for each size, since pigo's own sizes depend on how a machine rounds; see next.
func (f *finder) scan(p *raster.Plane, in raster.Area, g grid) []Window {
	rows, cols := in.Low-in.Top, in.Right-in.Left
	if rows <= 0 || cols <= 0 {
		return nil
	}
	var found []Window
	part := pigo.ImageParams{Pixels: p.Pix[in.Top*p.W+in.Left:], Rows: rows, Cols: cols, Dim: p.W}
	for size := g.smallest; size <= g.largest; size = g.next(size) {
		for _, d := range f.classifier.RunCascade(pigo.CascadeParams{
			MinSize: size, MaxSize: size, ShiftFactor: g.shift, ScaleFactor: g.growth, ImageParams: part,
		}, 0) {
			found = append(found, Window{
				X: float64(in.Left + d.Col), Y: float64(in.Top + d.Row), Size: float64(d.Scale), Q: float64(d.Q),
			})
		}
	}
	return found
}
