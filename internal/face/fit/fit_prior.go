package fit

import (
	"cmp"
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// The weights of the differences between photos of one person in the part of the noise that the
// agreement of the halves does not show. They are of different kinds, and of few people.
const smileCounts, turnCounts, blurCounts, recaptureCounts = 1, 1, 1, 0.05

type weighedPattern struct {
	mirror.Pattern
	weight float64
}

// fitPrior fits the variation between people and the variation between photos of one person.
func fitPrior(m *measure.Calibration, samples []Sample) {
	fitShared(m, samples)
	fitQuiet(m, samples)
	fitDoubt(m, samples)
}

// settledField returns the field as seen without shift, turn and pose.
func settledField(m *measure.Calibration, o *Observation) mirror.Pattern {
	f := o.field()
	f = mirror.Without(f, mirror.Rigid[:])
	return mirror.Without(f, []mirror.Pattern{m.Posed, m.Turned})
}

// fitShared computes the cross moments of neutral and smiling photos. The errors of two photos are
// uncorrelated, so that only the variation of the face remains. Mirrored faces are equally likely,
// so the mean is zero.
func fitShared(m *measure.Calibration, samples []Sample) {
	var cross [mirror.FreeSize]mirror.Free
	var part [mirror.Parts][2]float64
	var count [mirror.Parts][2]float64
	n := 0.0
	for i := range samples {
		s := &samples[i]
		if s.Smiling == nil {
			continue
		}
		n++
		f, g := settledField(m, s.Neutral), settledField(m, s.Smiling)
		a, b := f.Free(), g.Free()
		for i := range a {
			for j := range b {
				cross[i][j] += (float64(a[i]*b[j]) + float64(a[j]*b[i])) / 2
			}
			at := mirror.FreeAt[i]
			p := mirror.FieldPoints[at.Point].Part
			part[p][at.Axis] += float64(a[i] * b[i])
			count[p][at.Axis]++
		}
	}
	for i := range cross {
		for j := range cross[i] {
			cross[i][j] /= max(1, n)
		}
	}
	for p := range part {
		for axis := range part[p] {
			m.Smooth[p][axis] = max(0, part[p][axis]) / max(1, count[p][axis])
		}
	}
	values, vectors := eigen(cross)
	for i := range m.Shared {
		m.Shared[i] = mirror.Component{Variance: max(0, values[i]), Along: patternFrom(&vectors[i])}
	}
}

// fitQuiet computes half the second moment of the differences between photos of one person.
func fitQuiet(m *measure.Calibration, samples []Sample) {
	var moment [mirror.FreeSize]mirror.Free
	total := 0.0
	add := func(a, b *Observation, weight float64) {
		if a == nil || b == nil {
			return
		}
		f, g := settledField(m, a), settledField(m, b)
		for k := range f {
			f[k] = f[k].Minus(g[k])
		}
		mirror.AddOuter(&moment, &f, weight/2)
		total += weight
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
	for i := range moment {
		for j := range moment[i] {
			moment[i][j] *= noiseCounts / max(1, total)
		}
	}
	values, vectors := eigen(moment)
	rest := 0.0
	for _, v := range values[mirror.NoiseComponents:] {
		rest += max(0, v) / float64(mirror.FreeSize-mirror.NoiseComponents)
	}
	m.Restless = rest
	for i := range m.Quiet {
		m.Quiet[i] = mirror.Component{Variance: max(0, values[i]-rest), Along: patternFrom(&vectors[i])}
	}
}

// noiseCounts multiplies the observed noise. Few people and few kinds of change show less noise
// than there is.
const noiseCounts = 2

// fitDoubt fits the growth of a displacement's error as the halves agree less. It compares a photo
// with copies of it that are lit from the side, with shadows cast.
func fitDoubt(m *measure.Calibration, samples []Sample) {
	var fits [mirror.Parts][2]lineFit
	for i := range samples {
		s := &samples[i]
		f := settledField(m, s.Neutral)
		for _, o := range s.Shaded {
			if o == nil {
				continue
			}
			g := settledField(m, o)
			for _, at := range mirror.FreeAt {
				p := mirror.FieldPoints[at.Point].Part
				x := max(mirror.LeastDoubt, 1-o.m.Local[at.Point])
				fits[p][at.Axis].add(float64(x*math.Sqrt(x)), raster.Sq(f[at.Point].Of(at.Axis)-g[at.Point].Of(at.Axis)))
			}
		}
	}
	for p := range fits {
		for axis := range fits[p] {
			m.Doubt[p][axis] = max(0, fits[p][axis].slope())
		}
	}
}

// lineFit fits a straight line.
type lineFit struct{ n, x, y, xx, xy float64 }

func (l *lineFit) add(x, y float64) {
	l.n, l.x, l.y, l.xx, l.xy = l.n+1, l.x+x, l.y+y, l.xx+float64(x*x), l.xy+float64(x*y)
}

func (l *lineFit) slope() float64 {
	d := float64(l.n*l.xx) - float64(l.x*l.x)
	if d <= 0 {
		return 0
	}
	return (float64(l.n*l.xy) - float64(l.x*l.y)) / d
}

func patternFrom(v *mirror.Free) (f mirror.Pattern) {
	for i, at := range mirror.FreeAt {
		if at.Axis == 0 {
			f[at.Point].X = v[i]
		} else {
			f[at.Point].Y = v[i]
		}
	}
	return f
}

// eigen returns the eigenvalues, largest first, and the eigenvectors of a symmetric matrix, by
// Jacobi's rotations (G. Golub, C. Van Loan, "Matrix Computations", 8.5). The largest value of each
// vector is positive.
func eigen(a [mirror.FreeSize]mirror.Free) (values mirror.Free, vectors [mirror.FreeSize]mirror.Free) {
	for i := range vectors {
		vectors[i][i] = 1
	}
	const sweeps = 12
	for range sweeps {
		for p := range mirror.FreeSize - 1 {
			for q := p + 1; q < mirror.FreeSize; q++ {
				rotate(&a, &vectors, p, q)
			}
		}
	}
	order := orderOf(&a)
	var sorted [mirror.FreeSize]mirror.Free
	for i, at := range order {
		values[i], sorted[i] = a[at][at], vectors[at]
		pointUp(&sorted[i])
	}
	return values, sorted
}

// rotate makes a[p][q] zero.
//
//go:norace
func rotate(a, vectors *[mirror.FreeSize]mirror.Free, p, q int) {
	if a[p][q] == 0 {
		return
	}
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := 1 / (math.Abs(theta) + math.Sqrt(raster.Sq(theta)+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(raster.Sq(t)+1)
	s := float64(t * c)
	for k := range mirror.FreeSize {
		x, y := a[k][p], a[k][q]
		a[k][p], a[k][q] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
	}
	for k := range mirror.FreeSize {
		x, y := a[p][k], a[q][k]
		a[p][k], a[q][k] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
		x, y = vectors[p][k], vectors[q][k]
		vectors[p][k], vectors[q][k] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
	}
}

// pointUp flips the sign of a vector if its largest value is negative.
func pointUp(v *mirror.Free) {
	most := 0.0
	for _, x := range v {
		if math.Abs(x) > math.Abs(most) {
			most = x
		}
	}
	if most < 0 {
		for i := range v {
			v[i] = -v[i]
		}
	}
}

// orderOf returns the indexes of the diagonal's values, largest first.
func orderOf(a *[mirror.FreeSize]mirror.Free) []int {
	order := make([]int, mirror.FreeSize)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(a[j][j], a[i][i]) })
	return order
}
