package measure

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// Calibration is every number that was fitted to annotated photos, as one value, so that it can be
// fitted again to some people and be judged on others (scripts/bench does both). What is not in it
// is a choice that was made once: places, weights and window sizes.
//
// Directions are unit vectors in the space of the mirror field or of the points' asymmetry; their
// signs mean nothing by themselves.
type Calibration struct {
	// Offsets are what is added to a cascade's answer to get the point that people mark, in raw pupil
	// distances.
	Offsets [landmark.Marks]raster.Vec
	// PointErrors are the root mean square errors of each coordinate against manual points, IOD, and
	// spreads the median spread of the cascades' ends.
	PointErrors, Spreads [landmark.Marks]float64
	// HeadTurn is the asymmetry of the points that turning the head makes.
	HeadTurn landmark.Asymmetry
	// Yaw and held weigh the three signs of a turned head (see signs): into degrees, and into the part
	// of the manual asymmetry along posed.
	Yaw, Held [3]float64
	mirror.Prior
	// HeldScale makes the energy of what posed holds comparable with the index.
	HeldScale float64
	// Index and before are the scales of the index between people, without and with what the pose
	// holds.
	Index, Before Scale
	// Errors says how far the score of one photo lies from that of its person.
	Errors ErrorModel
	// LookLimits is the strangeness of each region that 99 in 100 reference portraits stay below.
	LookLimits [Regions]float64
	// Looks are the learned looks of the regions of the face; nil for those that are compiled in, see
	// look.
	Looks *[Regions]Learned
	// UsualSpread is the mean spread of the points that nine in ten reference photos stay under, IOD.
	UsualSpread float64
	Metrics     [len(MetricRules)]MetricFit
}

// MetricFit is how well a measure is known: bias is what this method reads too much and sem the
// standard deviation of the rest, against manual points; icc is the agreement with these; retest is
// the standard deviation of the measure between altered copies of one photo.
type MetricFit struct{ Bias, Sem, ICC, Retest float64 }

// Signs returns the three traces of a turned head: the points' asymmetry along HeadTurn and the
// field along posed and turned, IOD.
func (m *Calibration) Signs(h *landmark.Asymmetry, raw *mirror.Pattern) [3]float64 {
	f := mirror.Without(*raw, mirror.Rigid[:])
	return [3]float64{h.Dot(&m.HeadTurn), mirror.Dot(&f, &m.Posed), mirror.Dot(&f, &m.Turned)}
}

// indexOf returns the symmetry index: the square root of the root mean square displacement in IOD.
// Its spread between people is nearer to normal than that of the displacement itself, and its error
// depends less on its size.
func indexOf(energy float64) float64 { return math.Sqrt(math.Sqrt(energy)) }

// heldEnergy returns the energy of what the pose adds to the asymmetry, comparable with that of the
// field that is believed.
func (m *Calibration) heldEnergy(signs [3]float64) float64 {
	return float64(raster.Sq(weighed(signs, m.Held)) * m.HeldScale)
}

func weighed(v, w [3]float64) float64 {
	return float64(v[0]*w[0]) + float64(v[1]*w[1]) + float64(v[2]*w[2])
}

// YawDirection is the asymmetry of the points that turning the head makes, for the pictures.
var YawDirection = Fitted.HeadTurn
