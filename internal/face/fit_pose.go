package face

import "math"

// fitPose fits what a turned head does to the points and the field, and how to read the turn from it.
func (m *Calibration) fitPose(samples []Sample) {
	var manual []weighedPattern
	var points asymmetry
	var field pattern
	for i := range samples {
		s := &samples[i]
		d := denseOf(s.Dense)
		manual = append(manual, weighedPattern{d.asymmetry(), 1})
		l, r := s.ToLeft.field(), s.ToRight.field()
		hl, hr := s.ToLeft.asymmetry(&m.offsets), s.ToRight.asymmetry(&m.offsets)
		for k := range field {
			field[k] = field[k].plus(r[k].minus(l[k]))
		}
		for k := range points {
			points[k] = points[k].plus(hr[k].minus(hl[k]))
		}
	}
	m.headTurn = points.unit()
	posed := principal(manual, nil)
	pair := rightAngled(posed, without(field, rigid[:]))
	m.posed, m.turned = pair[0], pair[1]
	m.fitYaw(samples)
}

// fitYaw fits the weights of the three signs: for the degrees against the turn of the manual points, in the photos as they are and turned
// further, and for the part of the manual asymmetry along posed.
func (m *Calibration) fitYaw(samples []Sample) {
	var signs, still [][3]float64
	var degrees, held []float64
	for i := range samples {
		s := &samples[i]
		d := denseOf(s.Dense)
		yaw, h := d.yaw(), d.asymmetry()
		signs = append(signs, s.Neutral.signs(m), s.ToRight.signs(m), s.ToLeft.signs(m))
		degrees = append(degrees, yaw, yaw+TurnDegrees, yaw-TurnDegrees)
		still = append(still, s.Neutral.signs(m))
		held = append(held, dot(&h, &m.posed))
	}
	m.yaw = leastSquares(signs, degrees)
	m.held = leastSquares(still, held)
}

// leastSquares gives the weights w for which rows * w comes nearest to the values, held back a little (ridge) for rows that say the same.
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

// How much the differences between photos of one person count in the search for quiet directions, and how strongly these are turned down: a
// direction that holds the share v of the variance of these differences is turned down to 1/(1+quietness*v) of its energy.
const (
	smileCounts, turnCounts, blurCounts, recaptureCounts = 1, 2, 5, 0.03

	quietness = 150
	// freeValues is the number of values of a field that are left when shift, turn and pose are taken out; the points on the middle line
	// have one, the others two.
	freeValues = 2*46 - 7 - 4
)

type weighedPattern struct {
	pattern
	weight float64
}

// fitQuiet finds the directions in which the field changes from photo to photo of one person.
func (m *Calibration) fitQuiet(samples []Sample) {
	var list []weighedPattern
	add := func(a, b *Observation, weight float64) {
		if a == nil || b == nil {
			return
		}
		f, g := a.field(), b.field()
		f, g = m.still(&f), m.still(&g)
		for k := range f {
			f[k] = f[k].minus(g[k])
		}
		list = append(list, weighedPattern{f, weight})
	}
	for i := range samples {
		s := &samples[i]
		add(s.Neutral, s.Smiling, smileCounts)
		add(s.Neutral, s.ToRight, turnCounts)
		add(s.Neutral, s.ToLeft, turnCounts)
		add(s.Neutral, s.Blurred, blurCounts)
		for _, r := range s.Recaptures {
			add(s.Neutral, r, recaptureCounts)
		}
	}
	total := 0.0
	for i := range list {
		total += float64(list[i].weight * dot(&list[i].pattern, &list[i].pattern))
	}
	m.setQuiet(list, total)
}

func (m *Calibration) setQuiet(list []weighedPattern, total float64) {
	var found []pattern
	var shares [quietDirections]float64
	rest := 1.0
	for i := range shares {
		u := principal(list, found)
		found = append(found, u)
		for j := range list {
			shares[i] += float64(list[j].weight*sq(dot(&list[j].pattern, &u))) / total
		}
		rest -= shares[i]
	}
	// What the other directions hold is taken to be spread evenly; the score does not feel a factor that is common to all.
	common := 1 / (1 + float64(quietness*max(0, rest)/(freeValues-quietDirections)))
	for i, v := range shares {
		kept := 1 / (1 + float64(quietness*v))
		m.quiet[i] = quietDirection{share: max(0, 1-math.Sqrt(kept/common)), along: found[i]}
	}
}

// principal gives the unit direction that holds most of the weighted energy of patterns, square to those already found: the power method.
//
//go:norace
func principal(list []weighedPattern, found []pattern) pattern {
	const rounds = 60
	var u pattern
	for i := range list {
		f := without(list[i].pattern, found)
		if dot(&f, &f) > dot(&u, &u) {
			u = f
		}
	}
	u = unitOf(u)
	for range rounds {
		var next pattern
		for i := range list {
			d := float64(list[i].weight * dot(&list[i].pattern, &u))
			for k := range next {
				next[k] = next[k].plus(list[i].pattern[k].scaled(d))
			}
		}
		u = unitOf(without(next, found))
	}
	return u
}
