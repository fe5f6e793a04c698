package face

import (
	"math"
	"sync"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

// The field that was registered is uncertain, and more so at some places than at others. What is
// scored is what can be believed of it: the mean of the field given what was seen, by what is known
// of faces (the prior) and of the errors of registration (the noise), both normal with mean zero: a
// Wiener filter (N. Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series",
// 1949). What remains uncertain counts as much as the prior expects there, so that a photo that
// shows little lands in the middle of the scale and not at its top.

// freeSize is the number of values of a field that are free: both coordinates of the points beside
// the middle line, x of those on it.
const freeSize = 2*len(fieldPoints) - middlePoints

const middlePoints = 6

// freeAt says which point and which coordinate (0 is x, 1 is y) each free value is.
var freeAt = func() (at [freeSize]struct{ point, axis int }) {
	n := 0
	for k, p := range fieldPoints {
		at[n].point = k
		if n++; !p.middle {
			at[n].point, at[n].axis = k, 1
			n++
		}
	}
	return at
}()

type free [freeSize]float64

func (f *pattern) free() (v free) {
	for i, at := range freeAt {
		v[i] = f[at.point].Of(at.axis)
	}
	return v
}

// component is a direction in which fields vary, of length 1 in free values, and their variance along
// it, IOD^2.
type component struct {
	variance float64
	along    pattern
}

const (
	priorComponents = 20
	noiseComponents = 32

	// smoothShare is how much of the prior is smooth variation that no component holds.
	smoothShare = 0.2
	smoothReach = 30.0 // pixels of the face crop over which smooth variation hangs together
	// poseVariance is the variance of shift, turn and pose, IOD^2: so large that nothing of them is
	// believed.
	poseVariance = 0.01
	leastDoubt   = 0.01 // of 1 - agreement
	// priorCounts widens the prior: of 61 people, the faces that differ most are missing.
	priorCounts = 1.25
	// mouthDoubt is how much of the doubt is kept at the mouth. What makes its halves differ is its
	// shape more often than the light, and a crooked mouth has to be believed.
	mouthDoubt = 0.15
)

// prior is what is known of faces and of the errors of registration: the part of a calibration that
// says what can be believed of a field. Directions are unit vectors; their signs mean nothing.
type prior struct {
	// posed is the first principal component of the asymmetry of manual points, mostly how people hold
	// their heads; turned is what turning the head adds to the field, square to posed.
	posed, turned pattern
	// shared are the directions in which people's fields differ, and smooth is the variance of each
	// part of the face and coordinate between people, IOD^2.
	shared [priorComponents]component
	smooth [parts][2]float64
	// quiet are the directions in which the field differs between photos of one person, restless is
	// what is spread evenly over the others, and doubt is what the halves' disagreement adds, IOD^2:
	// the noise; see believed.
	quiet    [noiseComponents]component
	restless float64
	doubt    [parts][2]float64

	prepared prepared
}

// estimator is a calibration's prior and noise, ready to use.
type estimator struct {
	prior, noise [freeSize]free // noise without what the agreement of the halves adds
}

// prepared is built once.
type prepared struct {
	once sync.Once
	*estimator
}

func (c *prior) estimator() *estimator {
	c.prepared.once.Do(func() {
		e := &estimator{}
		for i := range c.shared {
			addOuter(&e.prior, &c.shared[i].along, c.shared[i].variance*(1-smoothShare)*priorCounts)
		}
		for i, a := range freeAt {
			for j, b := range freeAt {
				if a.axis == b.axis {
					p, q := &fieldPoints[a.point], &fieldPoints[b.point]
					sd := math.Sqrt(c.smooth[p.part][a.axis] * c.smooth[q.part][a.axis])
					e.prior[i][j] += float64(smoothShare * priorCounts * sd * kernel(p, q))
				}
			}
			e.noise[i][i] += c.restless
		}
		for i := range c.quiet {
			addOuter(&e.noise, &c.quiet[i].along, c.quiet[i].variance)
		}
		for _, u := range [...]pattern{rigid[0], rigid[1], c.posed, c.turned} {
			addOuter(&e.noise, &u, poseVariance)
		}
		c.prepared.estimator = e
	})
	return c.prepared.estimator
}

// kernel is how much two places vary together: the rational quadratic one, which needs no
// exponential (C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning", 2006, 4.19).
func kernel(p, q *fieldPoint) float64 {
	d := raster.Sq(p.x-q.x) + raster.Sq(p.y-q.y)
	return 1 / raster.Sq(1+float64(d/(4*smoothReach*smoothReach)))
}

func addOuter(a *[freeSize]free, f *pattern, factor float64) {
	v := f.free()
	for i, x := range v {
		x = float64(x * factor)
		for j, y := range v {
			a[i][j] += float64(x * y)
		}
	}
}

// doubts is the variance of each free value that the agreement of the halves adds, IOD^2.
func (c *prior) doubts(local *[len(fieldPoints)]float64) (v free) {
	for i, at := range freeAt {
		x := max(leastDoubt, 1-local[at.point])
		p := fieldPoints[at.point].part
		v[i] = float64(c.doubt[p][at.axis] * float64(x*math.Sqrt(x)))
		if p == partMouth {
			v[i] *= mouthDoubt
		}
	}
	return v
}

// believed gives the energy of the field that can be believed, mean square IOD, by part of the face,
// and the mean field.
func (c *prior) believed(raw *pattern, local *[len(fieldPoints)]float64) (e [parts]float64, mean free) {
	est := c.estimator()
	a, doubts := est.noise, c.doubts(local)
	for i := range a {
		a[i][i] += doubts[i]
		for j := range a[i] {
			a[i][j] += est.prior[i][j]
		}
	}
	cholesky(&a)
	f := raw.free()
	forward(&a, &f)
	for i, at := range freeAt {
		s := est.prior[i]
		forward(&a, &s)
		mean[i] = innerFree(&s, &f)
		p := &fieldPoints[at.point]
		e[p.part] += float64(c.energyWeight(at.point, at.axis) * (raster.Sq(mean[i]) + max(0, est.prior[i][i]-innerFree(&s, &s))))
	}
	return e, mean
}

// energyWeight is how much a free value counts in the index: less where people differ more, by the
// square root of the variance of its part of the face, so that brows and jaw do not drown the eyes and
// the mouth. At the bridge of the nose the edge of a shadow moves x more than anything else does.
func (c *prior) energyWeight(point, axis int) float64 {
	const (
		values = 2 * 86 // two coordinates of each of the 86 points of a face
		usual  = 4e-5   // variance, IOD^2, at which a value counts once
	)
	if axis == 0 && point >= bridgeFirst && point <= bridgeLast {
		return 0
	}
	p := &fieldPoints[point]
	weight := float64(p.count() * math.Sqrt(usual/max(1e-6, c.smooth[p.part][axis])) / values)
	if p.part == partJaw {
		weight *= jawWeight * jawWeight
	}
	return weight
}

// The points of fieldPoints at the bridge of the nose.
const bridgeFirst, bridgeLast = 8, 12

// cholesky puts L with L L' = a into the lower half of a, positive definite.
//
//go:norace
func cholesky(a *[freeSize]free) {
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
func forward(l *[freeSize]free, v *free) {
	for i := range v {
		sum := v[i]
		row := &l[i]
		for k := range i {
			sum -= float64(row[k] * v[k])
		}
		v[i] = sum / row[i]
	}
}

//go:norace
func innerFree(a, b *free) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}
