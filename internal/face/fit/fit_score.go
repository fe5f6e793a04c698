package fit

import (
	"cmp"
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// fitIndex fits the scale of the score to the photos of the samples, to other portraits, and to
// ordinary photos. Each of a sample's two photos has half the weight of a person. Only the
// quantiles of the ordinary photos are used.
func fitIndex(m *measure.Calibration, samples []Sample, o *Others) {
	fitHeld(m, samples)
	var list []weighedValue
	var before []weighedValue
	for i := range samples {
		s := &samples[i]
		both := []*Observation{s.Neutral}
		if s.Smiling != nil {
			both = append(both, s.Smiling)
		}
		for _, p := range both {
			r := p.judged(m)
			list = append(list, weighedValue{r.Index, 1 / float64(len(both))})
			before = append(before, weighedValue{r.Held, 1 / float64(len(both))})
		}
	}
	for _, p := range o.Portraits {
		if r := p.judged(m); rankable(r) {
			list, before = append(list, weighedValue{r.Index, 1}), append(before, weighedValue{r.Held, 1})
		}
	}
	list = append(list, summarised(m, o.Ordinary)...)
	m.Index, m.Before = scaleOf(list), scaleOf(before)
	var spreads []float64
	for i := range samples {
		seen := samples[i].Neutral.m.Seen.Points(&m.Offsets)
		spreads = append(spreads, seen.MeanSpread())
	}
	m.UsualSpread = quantile(spreads, 0.9)
}

// weighedValue is a value and its weight.
type weighedValue struct{ value, weight float64 }

// summarised returns values that represent photos of which only the quantiles of the index may be
// used.
func summarised(m *measure.Calibration, photos []*Observation) []weighedValue {
	var index []float64
	for _, p := range photos {
		if r := p.judged(m); rankable(r) {
			index = append(index, r.Index)
		}
	}
	if len(index) == 0 {
		return nil
	}
	const steps = 20
	list := make([]weighedValue, steps)
	for i := range list {
		list[i] = weighedValue{quantile(index, (float64(i)+0.5)/steps), float64(len(index)) / steps}
	}
	return list
}

// judged applies a calibration.
func (o *Observation) judged(c *measure.Calibration) *measure.Measurement {
	seen := o.m
	seen.Judge(c)
	return &seen
}

// rankable reports whether the photo passes every check but that of the scale.
func rankable(m *measure.Measurement) bool {
	q := m.Quality()
	return q.Refusal == nil && (q.NotRankable == "" || q.NotRankable == measure.DetailBeyond)
}

// scaleOf fits the scale by maximum likelihood. It tries many origins, each of which determines the
// mean and the standard deviation.
func scaleOf(list []weighedValue) measure.Scale {
	least, n := math.Inf(1), 0.0
	for _, v := range list {
		least, n = min(least, v.value), n+v.weight
	}
	best, most := measure.Scale{}, math.Inf(-1)
	const tries = 50
	for i := range tries {
		s := measure.Scale{Origin: float64(least * 0.98 * float64(i) / tries)}
		logs := 0.0
		for _, v := range list {
			l := math.Log(v.value - s.Origin)
			s.Mean += float64(v.weight*l) / n
			logs += float64(v.weight * l)
		}
		for _, v := range list {
			s.Sd += float64(v.weight*raster.Sq(math.Log(v.value-s.Origin)-s.Mean)) / n
		}
		s.Sd = math.Sqrt(s.Sd)
		if likely := -float64(n*math.Log(s.Sd)) - logs; likely > most {
			best, most = s, likely
		}
	}
	return best
}

// fitHeld fits the factor that makes the energy of the pose comparable with the index.
func fitHeld(m *measure.Calibration, samples []Sample) {
	var energy, held []float64
	for i := range samples {
		s := &samples[i]
		e, _ := m.Believed(&s.Neutral.m.Raw, &s.Neutral.m.Local)
		energy = append(energy, mirror.SumOf(e))
		d := denseOf(s.Dense)
		h := mirror.Without(d.asymmetry(), []mirror.Pattern{m.Posed})
		held = append(held, mirror.Dot(&h, &h))
	}
	m.HeldScale = Mean(energy) / Mean(held)
}

// pair are two readings of one person.
type pair struct{ a, b *measure.Measurement }

// fitErrors fits the growth of the difference between photos of one person with the conditions, by
// non-negative least squares. It then scales the result until 95 % of the pairs are covered.
func fitErrors(m *measure.Calibration, samples []Sample, o *Others) {
	var pairs []pair
	var weights []float64
	add := func(a, b *Observation, weight float64) {
		if a == nil || b == nil {
			return
		}
		p := pair{a.judged(m), b.judged(m)}
		if rankable(p.a) && rankable(p.b) {
			pairs, weights = append(pairs, p), append(weights, weight)
		}
	}
	for i := range samples {
		s := &samples[i]
		add(s.Neutral, s.Smiling, 1)
		for _, c := range s.Recaptures {
			add(s.Neutral, c, recaptureErrors)
		}
		for _, c := range s.Shaded {
			add(s.Neutral, c, recaptureErrors)
		}
	}
	for i, p := range o.Portraits {
		for _, c := range o.Shaded[i] {
			add(p, c, recaptureErrors)
		}
	}
	m.Errors = errorsOf(pairs, weights)
}

// recaptureErrors is the weight of a pair of a photo and its simulated recapture, relative to a
// pair of real photos: there are 12 of them per person.
const recaptureErrors = 0.08

func errorsOf(pairs []pair, weights []float64) (e measure.ErrorModel) {
	rows, want := make([][measure.Conditions]float64, len(pairs)), make([]float64, len(pairs))
	for i, p := range pairs {
		a, b := p.a.Conditions(), p.b.Conditions()
		for j := range rows[i] {
			rows[i][j] = a[j] + b[j]
		}
		want[i] = min(raster.Sq(p.a.Deviation-p.b.Deviation), raster.Sq(4))
	}
	e = notNegative(rows, want, weights)
	var far []weighedValue
	for i := range pairs {
		v := 0.0
		for j := range e {
			v += float64(e[j] * rows[i][j])
		}
		far = append(far, weighedValue{math.Sqrt(want[i] / max(v, 1e-9)), weights[i]})
	}
	stretch := raster.Sq(max(1, weightedQuantile(far, 0.95)/1.96))
	for j := range e {
		e[j] *= stretch
	}
	return e
}

// notNegative returns the non-negative weights with which rows are nearest to the values, by
// coordinate descent.
func notNegative(rows [][measure.Conditions]float64, values, weights []float64) (w measure.ErrorModel) {
	var a [measure.Conditions][measure.Conditions]float64
	var b [measure.Conditions]float64
	for i, r := range rows {
		for j := range r {
			b[j] += float64(weights[i] * float64(r[j]*values[i]))
			for k := range r {
				a[j][k] += float64(weights[i] * float64(r[j]*r[k]))
			}
		}
	}
	const rounds = 500
	for range rounds {
		for j := range w {
			if a[j][j] == 0 {
				continue
			}
			g := b[j]
			for k := range w {
				if k != j {
					g -= float64(a[j][k] * w[k])
				}
			}
			w[j] = max(0, g/a[j][j])
		}
	}
	return w
}

// weightedQuantile returns the value below which the share q of the weight lies.
func weightedQuantile(list []weighedValue, q float64) float64 {
	slices.SortFunc(list, func(a, b weighedValue) int { return cmp.Compare(a.value, b.value) })
	total, sum := 0.0, 0.0
	for _, v := range list {
		total += v.weight
	}
	for _, v := range list {
		if sum += v.weight; sum >= q*total {
			return v.value
		}
	}
	return 0
}

// fitMetrics compares every measure with the same measure from manual points.
func fitMetrics(m *measure.Calibration, samples []Sample) {
	for i, r := range measure.MetricRules {
		var got, want, diff, change []float64
		for j := range samples {
			s := &samples[j]
			seen, manual := s.Neutral.m.Seen.Points(&m.Offsets), s.manual()
			g, w := r.Of(&seen), r.Of(&manual)
			got, want, diff = append(got, g), append(want, w), append(diff, g-w)
			var copies []float64
			for _, c := range s.Recaptures {
				if c != nil {
					q := c.m.Seen.Points(&m.Offsets)
					copies = append(copies, float64(r.Of(&q)*c.side(r.Sides)*s.Neutral.side(r.Sides)))
				}
			}
			if len(copies) > 1 {
				change = append(change, Deviation(copies))
			}
		}
		f := measure.MetricFit{Bias: Mean(diff)}
		if r.Sides {
			f.Bias = 0
		}
		for j := range got {
			got[j] -= f.Bias
			diff[j] -= f.Bias
		}
		f.Sem, f.ICC, f.Retest = RootMeanSquare(diff), ICC(got, want), RootMeanSquare(change)
		m.Metrics[i] = f
	}
}

// side returns -1 if the value changes its sign in a mirror and the photo was analysed mirrored, 1
// otherwise.
func (o *Observation) side(changes bool) float64 {
	if changes && o.m.Photo.Mirrored {
		return -1
	}
	return 1
}
