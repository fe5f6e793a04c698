package face

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// asymmetry is how far each mark lies from where a mirror would put its partner, halved, in IOD. What a shift sideways and a turn of
// the whole face explain is taken out: they depend on where the middle line is thought to be, not on the face.
type asymmetry [marks]raster.Vec

func asymmetryOf(q *points) asymmetry {
	var h, shift, turn asymmetry
	for k := range marks {
		a, b := q.at[k], q.at[k.partner()]
		h[k] = raster.Vec{X: (a.X + b.X) / 2, Y: (a.Y - b.Y) / 2}
		even := raster.Vec{X: (a.X - b.X) / 2, Y: (a.Y + b.Y) / 2}
		shift[k], turn[k] = raster.Vec{X: 1, Y: 0}, raster.Vec{X: -even.Y, Y: even.X}
	}
	shift = shift.unit()
	turn = turn.without(shift).unit()
	return h.without(shift).without(turn)
}

func (h *asymmetry) dot(g *asymmetry) float64 {
	sum := 0.0
	for k := range h {
		sum += float64(h[k].X*g[k].X) + float64(h[k].Y*g[k].Y)
	}
	return sum
}

// without removes the part of h along a unit direction.
func (h asymmetry) without(u asymmetry) asymmetry {
	d := h.dot(&u)
	for k := range h {
		h[k] = h[k].Minus(u[k].Scaled(d))
	}
	return h
}

func (h asymmetry) unit() asymmetry {
	n := math.Sqrt(h.dot(&h))
	for k := range h {
		h[k] = h[k].Scaled(1 / n)
	}
	return h
}

// yawDirection is the asymmetry of the points that turning the head makes, for the pictures.
var yawDirection = fitted.headTurn
