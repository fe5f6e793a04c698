package landmark

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// Asymmetry is how far each mark lies from where a mirror would put its partner, halved, in IOD.
// What a shift sideways and a turn of the whole face explain is taken out: they depend on where the
// middle line is thought to be, not on the face.
type Asymmetry [Marks]raster.Vec

// AsymmetryOf returns the asymmetry of the points.
func AsymmetryOf(q *Points) Asymmetry {
	var h, shift, turn Asymmetry
	for k := range Marks {
		a, b := q.At[k], q.At[k.Partner()]
		h[k] = raster.Vec{X: (a.X + b.X) / 2, Y: (a.Y - b.Y) / 2}
		even := raster.Vec{X: (a.X - b.X) / 2, Y: (a.Y + b.Y) / 2}
		shift[k], turn[k] = raster.Vec{X: 1, Y: 0}, raster.Vec{X: -even.Y, Y: even.X}
	}
	shift = shift.Unit()
	turn = turn.Without(shift).Unit()
	return h.Without(shift).Without(turn)
}

// Dot returns the scalar product.
func (h *Asymmetry) Dot(g *Asymmetry) float64 {
	sum := 0.0
	for k := range h {
		sum += float64(h[k].X*g[k].X) + float64(h[k].Y*g[k].Y)
	}
	return sum
}

// Without removes the part of h along a unit direction.
func (h Asymmetry) Without(u Asymmetry) Asymmetry {
	d := h.Dot(&u)
	for k := range h {
		h[k] = h[k].Minus(u[k].Scaled(d))
	}
	return h
}

// Unit returns h scaled to length 1.
func (h Asymmetry) Unit() Asymmetry {
	n := math.Sqrt(h.Dot(&h))
	for k := range h {
		h[k] = h[k].Scaled(1 / n)
	}
	return h
}
