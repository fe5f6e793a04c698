package fit

import (
	"math"
	"slices"

	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/report"
)

// allowed is the share of reference portraits that may lie beyond the limit of a region's look.
const allowed = 0.01

// lookFolds is the number of folds of the cross-validation that finds the limits: the portraits of
// each fold are judged by looks learned from the other folds.
const lookFolds = 4

// portrayed holds the photos of one person from which looks are learned: photos that set the
// limits, and worn, photos with dark glasses, which do not.
type portrayed struct{ photos, worn []*Observation }

func (p *portrayed) all() []*Observation { return slices.Concat(p.photos, p.worn) }

// fitLooks fits the looks of the regions of a face. All photos of a person are in the same fold.
func fitLooks(m *measure.Calibration, people []portrayed) {
	var looks [measure.Regions]measure.Learned
	for i := range looks {
		var strange []float64
		for fold := range lookFolds {
			var train [][]float64
			for j, p := range people {
				if j%lookFolds != fold {
					train = append(train, looksIn(p.all(), measure.Region(i))...)
				}
			}
			l := learn(train, measure.RegionRules[i])
			for j, p := range people {
				if j%lookFolds == fold {
					for _, o := range p.photos {
						strange = append(strange, l.Strangeness(o.m.Looks[i]))
					}
				}
			}
		}
		var all [][]float64
		for _, p := range people {
			all = append(all, looksIn(p.all(), measure.Region(i))...)
		}
		looks[i] = learn(all, measure.RegionRules[i])
		m.LookLimits[i] = report.Round(quantile(strange, 1-allowed), 2)
	}
	m.Looks = &looks
}

// looksIn returns the looks of one region in photos, each also mirrored.
func looksIn(photos []*Observation, r measure.Region) [][]float64 {
	var list [][]float64
	for _, o := range photos {
		look := o.m.Looks[r]
		list = append(list, look, mirror.Mirrored(look, measure.RegionRules[r].W/measure.RegionRules[r].By))
	}
	return list
}

// learn returns the mean and the principal components of looks.
func learn(looks [][]float64, r measure.RegionRule) measure.Learned {
	n := r.Size()
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
	l := measure.Learned{Mean: compact(mean)}
	var found [][]float64
	for range r.Components {
		u := strongestOf(moment, found)
		found = append(found, u)
		l.Components = append(l.Components, compact(u))
	}
	return l
}

// strongestOf returns the eigenvector of the largest eigenvalue orthogonal to those found, by the
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
			next[i] = measure.Inner(row, u)
		}
		for _, f := range found {
			d := measure.Inner(next, f)
			for i := range next {
				next[i] -= float64(d * f[i])
			}
		}
		n := math.Sqrt(measure.Inner(next, next))
		for i := range next {
			next[i] /= max(n, 1e-300)
		}
		u = next
	}
	return u
}

// compact rounds values to those that one byte stores.
func compact(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(measure.FromValue(x)) / measure.LookSteps
	}
	return out
}
