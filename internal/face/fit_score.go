package face

import "math"

// fitIndex fits the scale of the score and its error.
func (m *Calibration) fitIndex(samples []Sample) {
	var energy, held []float64
	for i := range samples {
		s := &samples[i]
		f := s.Neutral.field()
		g := m.still(&f)
		energy = append(energy, sumOf(energies(&g)))
		d := denseOf(s.Dense)
		h := without(d.asymmetry(), []pattern{m.posed})
		held = append(held, dot(&h, &h))
	}
	m.heldScale = mean(energy) / mean(held)
	var index, before, first, second []float64
	var spreads []float64
	for i := range samples {
		s := &samples[i]
		n := s.Neutral.Read(m)
		index, before = append(index, n.Index), append(before, n.IndexBeforeYaw)
		seen := s.Neutral.m.seen.points(&m.offsets)
		spreads = append(spreads, seen.meanSpread())
		if s.Smiling != nil {
			first, second = append(first, n.Index), append(second, s.Smiling.Read(m).Index)
		}
	}
	m.index, m.before = spread{mean(index), deviation(index)}, spread{mean(before), deviation(before)}
	m.usualSpread = quantile(spreads, 0.9)
	m.indexICC = ICC(first, second)
	m.indexSE = withinError(first, second)
}

// withinError is the standard deviation of readings of one person around this person's own mean.
func withinError(a, b []float64) float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return rootMeanSquare(d) / math.Sqrt2
}

// fitMetrics compares every measure with the same from manual points.
func (m *Calibration) fitMetrics(samples []Sample) {
	for i, r := range metricRules {
		var got, want, diff, change []float64
		for j := range samples {
			s := &samples[j]
			seen, manual := s.Neutral.m.seen.points(&m.offsets), s.manual()
			g, w := r.of(&seen), r.of(&manual)
			got, want, diff = append(got, g), append(want, w), append(diff, g-w)
			var copies []float64
			for _, c := range s.Recaptures {
				if c != nil {
					q := c.m.seen.points(&m.offsets)
					copies = append(copies, float64(r.of(&q)*c.side(r.sides)*s.Neutral.side(r.sides)))
				}
			}
			if len(copies) > 1 {
				change = append(change, deviation(copies))
			}
		}
		f := metricFit{bias: mean(diff)}
		if r.sides {
			f.bias = 0
		}
		for j := range got {
			got[j] -= f.bias
			diff[j] -= f.bias
		}
		f.sem, f.icc, f.retest = rootMeanSquare(diff), ICC(got, want), rootMeanSquare(change)
		m.metrics[i] = f
	}
}

// side is -1 for a value that changes its sign in a mirror and a photo that was looked at turned over, 1 otherwise.
func (o *Observation) side(changes bool) float64 {
	if changes && o.m.photo.mirrored {
		return -1
	}
	return 1
}
