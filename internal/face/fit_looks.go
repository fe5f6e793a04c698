package face

import (
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/report"
)

// allowed is the share of reference portraits that may lie beyond the limit of a region's look.
const allowed = 0.01

// lookFolds is the number of parts in which portraits are judged by looks that were learned from the
// others, to find the limits.
const lookFolds = 4

// portrayed are the photos of one person from which looks are learned: those that the limits are made
// for, and others that only show what may be worn.
type portrayed struct{ photos, worn []*Observation }

func (p *portrayed) all() []*Observation { return slices.Concat(p.photos, p.worn) }

// fitLooks learns what the regions of a face look like. A person's photos stay together.
func (m *Calibration) fitLooks(people []portrayed) {
	var looks [regions]learned
	for i := range looks {
		var strange []float64
		for fold := range lookFolds {
			var train [][]float64
			for j, p := range people {
				if j%lookFolds != fold {
					train = append(train, looksIn(p.all(), region(i))...)
				}
			}
			l := learn(train, regionRules[i])
			for j, p := range people {
				if j%lookFolds == fold {
					for _, o := range p.photos {
						strange = append(strange, l.strangeness(o.m.looks[i]))
					}
				}
			}
		}
		var all [][]float64
		for _, p := range people {
			all = append(all, looksIn(p.all(), region(i))...)
		}
		looks[i] = learn(all, regionRules[i])
		m.lookLimits[i] = report.Round(quantile(strange, 1-allowed), 2)
	}
	m.looks = &looks
}

// looksIn gives the looks of one region in photos, each also as a mirror shows it.
func looksIn(photos []*Observation, r region) [][]float64 {
	var list [][]float64
	for _, o := range photos {
		look := o.m.looks[r]
		list = append(list, look, mirror.Mirrored(look, regionRules[r].w/regionRules[r].by))
	}
	return list
}

// learn gives the mean and the principal components of looks.
func learn(looks [][]float64, r regionRule) learned {
	n := r.size()
	mean := make([]float64, n)
	for _, v := range looks {
		for i, x := range v {
			mean[i] += x / float64(len(looks))
		}
	}
	moment := make([][]float64, n)
	for i := range moment {
		moment[i] = make([]float64, n)
	}
	for _, v := range looks {
		for i := range v {
			x := v[i] - mean[i]
			for j, y := range v {
				moment[i][j] += float64(x * (y - mean[j]))
			}
		}
	}
	l := learned{mean: compact(mean)}
	var found [][]float64
	for range r.components {
		u := strongestOf(moment, found)
		found = append(found, u)
		l.components = append(l.components, compact(u))
	}
	return l
}

// strongestOf gives the eigenvector of the largest eigenvalue at right angles to those found: the
// power method.
//
//go:norace
func strongestOf(moment, found [][]float64) []float64 {
	const rounds = 40
	u := make([]float64, len(moment))
	for i := range u {
		u[i] = 1 / float64(1+i%7+i/11)
	}
	for range rounds {
		next := make([]float64, len(u))
		for i, row := range moment {
			next[i] = inner(row, u)
		}
		for _, f := range found {
			d := inner(next, f)
			for i := range next {
				next[i] -= float64(d * f[i])
			}
		}
		n := math.Sqrt(inner(next, next))
		for i := range next {
			next[i] /= max(n, 1e-300)
		}
		u = next
	}
	return u
}

// lookSteps is the number of steps in which a value of a look, -1 to 1, is written down on each side
// of zero. Most values are small.
const lookSteps = 400

// compact cuts values to what one byte holds.
func compact(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(fromValue(x)) / lookSteps
	}
	return out
}

func fromValue(x float64) int8 { return int8(min(127, max(-127, math.Round(x*lookSteps)))) }
