package mirror

import "github.com/facescan/facescan/internal/face/internal/raster"

// agreementSigma is the size of the windows in which the halves are compared place by place, in
// half-size pixels: large enough for texture to be in each, small enough for a shadow's edge or a
// lock of hair to lower the places beside it and no others.
const agreementSigma = 12

// agreements gives, for each field point, the correlation, -1 to 1, of the picture about it and its
// mirror image, laid over each other by the field. Where light, hair or a cover makes the halves
// differ it is low, and so is the worth of the displacement that was found there.
func (im *fieldImage) agreements(f *Pattern) (list [len(FieldPoints)]float64) {
	w := newWeights(level{sigma: agreementSigma, base: 0.9965337989703691, every: 2})
	for k := range FieldPoints {
		p := raster.Vec{X: FieldPoints[k].X / 2, Y: FieldPoints[k].Y / 2}
		list[k] = im.agreement(p, f[k].Scaled(fieldIOD), &w)
	}
	return list
}

// agreement returns the weighted correlation of the picture about p+v and its mirror image about
// p-v.
//
//go:norace
func (im *fieldImage) agreement(p, v raster.Vec, w *weights) float64 {
	a, b := between(p.Plus(v)), between(p.Minus(v))
	left, right := w.within(min(a.col, b.col), max(a.col, b.col), FieldW)
	top, low := w.within(min(a.row, b.row), max(a.row, b.row), FieldH)
	var c correlation
	for dy := top; dy <= low; dy += w.every {
		i, j := im.i[(a.row+dy)*FieldW+a.col+left:], im.j[(b.row+dy)*FieldW+b.col+left:]
		beside := w.g[Abs(dy)]
		for dx := left; dx <= right; dx += w.every {
			x, y := a.value((*patch)(i[dx-left:])), b.value((*patch)(j[dx-left:]))
			c.addWeighted(x, y, float64(w.g[Abs(dx)]*beside))
		}
	}
	return c.value()
}
