package face

import "math"

// asymmetry is how far each mark lies from where a mirror would put its partner, halved, in IOD. What a shift sideways and a turn of
// the whole face explain is taken out: they depend on where the middle line is thought to be, not on the face.
type asymmetry [marks]vec

func asymmetryOf(q *points) asymmetry {
	var h, shift, turn asymmetry
	for k := range marks {
		a, b := q.at[k], q.at[k.partner()]
		h[k] = vec{(a.x + b.x) / 2, (a.y - b.y) / 2}
		even := vec{(a.x - b.x) / 2, (a.y + b.y) / 2}
		shift[k], turn[k] = vec{1, 0}, vec{-even.y, even.x}
	}
	shift = shift.unit()
	turn = turn.without(shift).unit()
	return h.without(shift).without(turn)
}

func (h *asymmetry) dot(g *asymmetry) float64 {
	sum := 0.0
	for k := range h {
		sum += float64(h[k].x*g[k].x) + float64(h[k].y*g[k].y)
	}
	return sum
}

// without removes the part of h along a unit direction.
func (h asymmetry) without(u asymmetry) asymmetry {
	d := h.dot(&u)
	for k := range h {
		h[k] = h[k].minus(u[k].scaled(d))
	}
	return h
}

func (h asymmetry) unit() asymmetry {
	n := math.Sqrt(h.dot(&h))
	for k := range h {
		h[k] = h[k].scaled(1 / n)
	}
	return h
}

// yawDirection is the asymmetry of the points that turning the head makes, for the pictures.
var yawDirection = fitted.headTurn
