package fit

import (
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
)

// fitPose fits the effect of a turned head on the points and the field, and the weights that
// estimate the turn from it.
func fitPose(m *measure.Calibration, samples []Sample) {
	var manual []weighedPattern
	var points landmark.Asymmetry
	var field mirror.Pattern
	for i := range samples {
		s := &samples[i]
		d := denseOf(s.Dense)
		manual = append(manual, weighedPattern{d.asymmetry(), 1})
		l, r := s.ToLeft.field(), s.ToRight.field()
		hl, hr := s.ToLeft.asymmetry(&m.Offsets), s.ToRight.asymmetry(&m.Offsets)
		for k := range field {
			field[k] = field[k].Plus(r[k].Minus(l[k]))
		}
		for k := range points {
			points[k] = points[k].Plus(hr[k].Minus(hl[k]))
		}
	}
	m.HeadTurn = points.Unit()
	posed := principal(manual, nil)
	pair := mirror.RightAngled(posed, mirror.Without(field, mirror.Rigid[:]))
	m.Posed, m.Turned = pair[0], pair[1]
	fitYaw(m, samples)
}

// fitYaw fits the weights of the three signs. The weights for the degrees are fitted against the
// turn of the manual points, in the photos as they are and turned further. The others are fitted
// against the part of the manual asymmetry along posed.
func fitYaw(m *measure.Calibration, samples []Sample) {
	var signs, still [][3]float64
	var degrees, held []float64
	for i := range samples {
		s := &samples[i]
		d := denseOf(s.Dense)
		yaw, h := d.yaw(), d.asymmetry()
		signs = append(signs, s.Neutral.signs(m), s.ToRight.signs(m), s.ToLeft.signs(m))
		degrees = append(degrees, yaw, yaw+TurnDegrees, yaw-TurnDegrees)
		still = append(still, s.Neutral.signs(m))
		held = append(held, mirror.Dot(&h, &m.Posed))
	}
	m.Yaw = leastSquares(signs, degrees)
	m.Held = leastSquares(still, held)
}

// leastSquares returns the weights w for which rows * w is nearest to the values. A small ridge
// term keeps the weights small for collinear rows.
func leastSquares(rows [][3]float64, values []float64) (w [3]float64) {
	const ridge = 0.01
	var a [3][4]float64
	for i, r := range rows {
		for j := range 3 {
			for k := range 3 {
				a[j][k] += float64(r[j] * r[k])
			}
			a[j][3] += float64(r[j] * values[i])
		}
	}
	for j := range 3 {
		a[j][j] = float64(a[j][j]*(1+ridge)) + 1e-12
	}
	for j := range 3 {
		for i := range 3 {
			if i == j {
				continue
			}
			f := a[i][j] / a[j][j]
			for k := j; k < 4; k++ {
				a[i][k] -= float64(f * a[j][k])
			}
		}
	}
	for j := range 3 {
		w[j] = a[j][3] / a[j][j]
	}
	return w
}

// principal returns the unit direction with most of the weighted energy of the patterns, orthogonal
// to those found, by the power method.
//
//go:norace
func principal(list []weighedPattern, found []mirror.Pattern) mirror.Pattern {
	const rounds = 60
	var u mirror.Pattern
	for i := range list {
		f := mirror.Without(list[i].Pattern, found)
		if mirror.Dot(&f, &f) > mirror.Dot(&u, &u) {
			u = f
		}
	}
	u = mirror.UnitOf(u)
	for range rounds {
		var next mirror.Pattern
		for i := range list {
			d := float64(list[i].weight * mirror.Dot(&list[i].Pattern, &u))
			for k := range next {
				next[k] = next[k].Plus(list[i].Pattern[k].Scaled(d))
			}
		}
		u = mirror.UnitOf(mirror.Without(next, found))
	}
	return u
}
