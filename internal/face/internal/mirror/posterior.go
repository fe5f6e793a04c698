package mirror

import (
	"math"
	"sync"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// The field that was registered is uncertain, and more so at some places than at others. What is
// scored is what can be believed of it: the mean of the field given what was seen, by what is known
// of faces (the prior) and of the errors of registration (the noise), both normal with mean zero: a
// Wiener filter (N. Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time
// Series", 1949). What remains uncertain counts as much as the prior expects there, so that a photo
// that shows little lands in the middle of the scale and not at its top.

// FreeSize is the number of values of a field that are free: both coordinates of the points beside
// the middle line, x of those on it.
const FreeSize = 2*len(FieldPoints) - middlePoints

const middlePoints = 6

// FreeAt says which point and which coordinate (0 is x, 1 is y) each free value is.
var FreeAt = func() (at [FreeSize]struct{ Point, Axis int }) {
	n := 0
	for k, p := range FieldPoints {
		at[n].Point = k
		if n++; !p.Middle {
			at[n].Point, at[n].Axis = k, 1
			n++
		}
	}
	return at
}()

// Free has the values of a pattern that a mirror image leaves free.
type Free [FreeSize]float64

// Free returns the free values of the pattern.
func (f *Pattern) Free() (v Free) {
	for i, at := range FreeAt {
		v[i] = f[at.Point].Of(at.Axis)
	}
	return v
}

// Component is a direction in which fields vary, of length 1 in free values, and their variance
// along it, IOD^2.
type Component struct {
	Variance float64
	Along    Pattern
}

// The numbers of directions that the prior and the noise hold.
const (
	PriorComponents = 20
	NoiseComponents = 32

	// smoothShare is how much of the prior is smooth variation that no component holds.
	smoothShare = 0.2
	smoothReach = 30.0 // pixels of the face crop over which smooth variation hangs together
	// poseVariance is the variance of shift, turn and pose, IOD^2: so large that nothing of them is
	// believed.
	poseVariance = 0.01
	LeastDoubt   = 0.01 // of 1 - agreement
	// priorCounts widens the prior: of 61 people, the faces that differ most are missing.
	priorCounts = 1.25
	// mouthDoubt is how much of the doubt is kept at the mouth. What makes its halves differ is its
	// shape more often than the light, and a crooked mouth has to be believed.
	mouthDoubt = 0.15
)

// Prior is what is known of faces and of the errors of registration: the part of a calibration that
// says what can be believed of a field. Directions are unit vectors; their signs mean nothing.
type Prior struct {
	// Posed is the first principal component of the asymmetry of manual points, mostly how people hold
	// their heads; turned is what turning the head adds to the field, square to posed.
	Posed, Turned Pattern
	// Shared are the directions in which people's fields differ, and smooth is the variance of each
	// part of the face and coordinate between people, IOD^2.
	Shared [PriorComponents]Component
	Smooth [Parts][2]float64
	// Quiet are the directions in which the field differs between photos of one person, restless is
	// what is spread evenly over the others, and doubt is what the halves' disagreement adds, IOD^2:
	// the noise; see believed.
	Quiet    [NoiseComponents]Component
	Restless float64
	Doubt    [Parts][2]float64

	prepared prepared
}

// estimator is a calibration's prior and noise, ready to use.
type estimator struct {
	prior, noise [FreeSize]Free // noise without what the agreement of the halves adds
}

// prepared is built once.
type prepared struct {
	once sync.Once
	*estimator
}

func (c *Prior) estimator() *estimator {
	c.prepared.once.Do(func() {
		e := &estimator{}
		for i := range c.Shared {
			AddOuter(&e.prior, &c.Shared[i].Along, c.Shared[i].Variance*(1-smoothShare)*priorCounts)
		}
		for i, a := range FreeAt {
			for j, b := range FreeAt {
				if a.Axis == b.Axis {
					p, q := &FieldPoints[a.Point], &FieldPoints[b.Point]
					sd := math.Sqrt(c.Smooth[p.Part][a.Axis] * c.Smooth[q.Part][a.Axis])
					e.prior[i][j] += float64(smoothShare * priorCounts * sd * kernel(p, q))
				}
			}
			e.noise[i][i] += c.Restless
		}
		for i := range c.Quiet {
			AddOuter(&e.noise, &c.Quiet[i].Along, c.Quiet[i].Variance)
		}
		for _, u := range [...]Pattern{Rigid[0], Rigid[1], c.Posed, c.Turned} {
			AddOuter(&e.noise, &u, poseVariance)
		}
		c.prepared.estimator = e
	})
	return c.prepared.estimator
}

// kernel returns how much two places vary together: the rational quadratic one, which needs no
// exponential (C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning", 2006, 4.19).
func kernel(p, q *fieldPoint) float64 {
	d := raster.Sq(p.X-q.X) + raster.Sq(p.Y-q.Y)
	return 1 / raster.Sq(1+float64(d/(4*smoothReach*smoothReach)))
}

// AddOuter adds the outer product of f with itself, times factor, to a.
func AddOuter(a *[FreeSize]Free, f *Pattern, factor float64) {
	v := f.Free()
	for i, x := range v {
		x = float64(x * factor)
		for j, y := range v {
			a[i][j] += float64(x * y)
		}
	}
}

// doubts returns the variance of each free value that the agreement of the halves adds, IOD^2.
func (c *Prior) doubts(local *[len(FieldPoints)]float64) (v Free) {
	for i, at := range FreeAt {
		x := max(LeastDoubt, 1-local[at.Point])
		p := FieldPoints[at.Point].Part
		v[i] = float64(c.Doubt[p][at.Axis] * float64(x*math.Sqrt(x)))
		if p == PartMouth {
			v[i] *= mouthDoubt
		}
	}
	return v
}

// Believed returns the energy of the field that can be believed, mean square IOD, by part of the
// face, and the mean field.
func (c *Prior) Believed(raw *Pattern, local *[len(FieldPoints)]float64) (e [Parts]float64, mean Free) {
	est := c.estimator()
	a, doubts := est.noise, c.doubts(local)
	for i := range a {
		a[i][i] += doubts[i]
		for j := range a[i] {
			a[i][j] += est.prior[i][j]
		}
	}
	cholesky(&a)
	f := raw.Free()
	forward(&a, &f)
	for i, at := range FreeAt {
		s := est.prior[i]
		forward(&a, &s)
		mean[i] = InnerFree(&s, &f)
		p := &FieldPoints[at.Point]
		e[p.Part] += float64(
			c.energyWeight(at.Point, at.Axis) * (raster.Sq(mean[i]) + max(0, est.prior[i][i]-InnerFree(&s, &s))),
		)
	}
	return e, mean
}

// energyWeight returns how much a free value counts in the index: less where people differ more, by
// the square root of the variance of its part of the face, so that brows and jaw do not drown the
// eyes and the mouth. At the bridge of the nose the edge of a shadow moves x more than anything
// else does.
func (c *Prior) energyWeight(point, axis int) float64 {
	const (
		values = 2 * 86 // two coordinates of each of the 86 points of a face
		usual  = 4e-5   // variance, IOD^2, at which a value counts once
	)
	if axis == 0 && point >= bridgeFirst && point <= bridgeLast {
		return 0
	}
	p := &FieldPoints[point]
	weight := float64(p.count() * math.Sqrt(usual/max(1e-6, c.Smooth[p.Part][axis])) / values)
	if p.Part == partJaw {
		weight *= jawWeight * jawWeight
	}
	return weight
}

// The points of FieldPoints at the bridge of the nose.
const bridgeFirst, bridgeLast = 8, 12

// cholesky puts L with L L' = a into the lower half of a, positive definite.
//
//go:norace
func cholesky(a *[FreeSize]Free) {
	for i := range a {
		for j := range i + 1 {
			sum := a[i][j]
			for k := range j {
				sum -= float64(a[i][k] * a[j][k])
			}
			if i == j {
				a[i][i] = math.Sqrt(max(sum, 1e-18))
			} else {
				a[i][j] = sum / a[j][j]
			}
		}
	}
}

// forward solves L x = v in place.
//
//go:norace
func forward(l *[FreeSize]Free, v *Free) {
	for i := range v {
		sum := v[i]
		row := &l[i]
		for k := range i {
			sum -= float64(row[k] * v[k])
		}
		v[i] = sum / row[i]
	}
}

// InnerFree returns the scalar product of a and b.
//
//go:norace
func InnerFree(a, b *Free) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}

// SumOf returns the sum over the parts.
func SumOf(e [Parts]float64) float64 {
	sum := 0.0
	for _, v := range e {
		sum += v
	}
	return sum
}
