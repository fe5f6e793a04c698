package face

import "math"

// Calibration is every number that was fitted to annotated photos, as one value, so that it can be fitted again to some people and be judged on
// others (scripts/bench does both). What is not in it is a choice that was made once: places, weights and window sizes.
//
// Directions are unit vectors in the space of the mirror field or of the points' asymmetry; their signs mean nothing by themselves.
type Calibration struct {
	// offsets are what is added to a cascade's answer to get the point that people mark, in raw pupil distances.
	offsets [marks]vec
	// pointErrors are the root mean square errors of each coordinate against manual points, IOD, and spreads the median spread of the
	// cascades' ends.
	pointErrors, spreads [marks]float64
	// headTurn is the asymmetry of the points that turning the head makes.
	headTurn asymmetry
	// posed is the first principal component of the asymmetry of manual points, mostly how people hold their heads; turned is what turning the
	// head adds to the field, square to posed.
	posed, turned pattern
	// yaw and held weigh the three signs of a turned head (see signs): into degrees, and into the part of the manual asymmetry along posed.
	yaw, held [3]float64
	// quiet are directions in which the field changes between photos of one person, strongest first.
	quiet [quietDirections]quietDirection
	// heldScale makes the energy of what posed holds comparable with the index.
	heldScale float64
	// index and before are the mean and the standard deviation of the index between people, without and with what the pose holds.
	index, before spread
	// indexSE is the standard deviation of the index between photos of one person, indexICC the share of the variance that is between people.
	indexSE, indexICC float64
	// usualSpread is the mean spread of the points that nine in ten reference photos stay under, IOD.
	usualSpread float64
	metrics     [len(metricRules)]metricFit
}

// quietDirection is a direction and the share of it that is taken out, 0 to 1.
type quietDirection struct {
	share float64
	along pattern
}

const quietDirections = 32

// spread is a mean and a standard deviation.
type spread struct{ mean, sd float64 }

// metricFit is how well a measure is known: bias is what this method reads too much and sem the standard deviation of the rest, against manual
// points; icc is the agreement with these; retest is the standard deviation of the measure between altered copies of one photo.
type metricFit struct{ bias, sem, icc, retest float64 }

// signs are the three traces of a turned head: the points' asymmetry along headTurn and the field along posed and turned, IOD.
func (m *Calibration) signs(h *asymmetry, raw *pattern) [3]float64 {
	f := without(*raw, rigid[:])
	return [3]float64{h.dot(&m.headTurn), dot(&f, &m.posed), dot(&f, &m.turned)}
}

// still is the field without the pose and with the directions in which one person's photos differ turned down; the jaw counts less.
func (m *Calibration) still(raw *pattern) pattern {
	f := without(*raw, rigid[:])
	f = without(f, []pattern{m.posed, m.turned})
	for k, p := range fieldPoints {
		if p.part == partJaw {
			f[k] = f[k].scaled(jawWeight)
		}
	}
	g := f
	for i := range m.quiet {
		q := &m.quiet[i]
		d := float64(dot(&f, &q.along) * q.share)
		for k := range g {
			g[k] = g[k].minus(q.along[k].scaled(d))
		}
	}
	return g
}

// indexOf gives the symmetry index: the square root of the root mean square displacement in IOD. Its spread between people is nearer to normal than
// that of the displacement itself, and its error depends less on its size.
func indexOf(energy float64) float64 { return math.Sqrt(math.Sqrt(energy)) }

// heldEnergy is the energy of what the pose adds to the asymmetry, comparable with the still field's.
func (m *Calibration) heldEnergy(signs [3]float64) float64 {
	return float64(sq(weighed(signs, m.held)) * m.heldScale)
}

func weighed(v, w [3]float64) float64 {
	return float64(v[0]*w[0]) + float64(v[1]*w[1]) + float64(v[2]*w[2])
}

// percentiles is the share, in per cent, of a normal distribution above a number of standard deviations. The index is near enough to normal;
// two fitted numbers give a smoother score than the ranks of a few dozen people.
var percentiles = [...]struct{ deviations, score float64 }{
	{-4, 100}, {-3.0902, 99.9}, {-2.5758, 99.5}, {-2.3263, 99}, {-2.0537, 98}, {-1.6449, 95}, {-1.2816, 90}, {-1.0364, 85}, {-0.8416, 80},
	{-0.6745, 75}, {-0.5244, 70}, {-0.3853, 65}, {-0.2533, 60}, {-0.1257, 55}, {0, 50}, {0.1257, 45}, {0.2533, 40}, {0.3853, 35},
	{0.5244, 30}, {0.6745, 25}, {0.8416, 20}, {1.0364, 15}, {1.2816, 10}, {1.6449, 5}, {2.0537, 2}, {2.3263, 1}, {2.5758, 0.5},
	{3.0902, 0.1}, {4, 0},
}

// score gives the percentile of an index among the reference people: 100 is the most symmetric.
func (s spread) score(index float64) float64 {
	z := (index - s.mean) / s.sd
	last := percentiles[0]
	if !(z > last.deviations) {
		return last.score
	}
	for _, row := range percentiles[1:] {
		if z <= row.deviations {
			return last.score + float64((row.score-last.score)*(z-last.deviations))/(row.deviations-last.deviations)
		}
		last = row
	}
	return last.score
}
