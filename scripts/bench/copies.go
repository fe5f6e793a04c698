package main

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"image"
	"image/draw"
	"image/png"
	"math"
	"math/rand/v2"

	"github.com/facescan/facescan/internal/face/fit"
)

// maker makes a copy of a portrait that is altered in one way.
type maker struct {
	name string
	make func(s *subject) (*image.Gray, error)
}

// subject is a portrait with what is known about it. Copies are made of half, the photo at half
// size (in the London set about 100 pixels between the pupils, as a selfie has in a picture of a
// megapixel), except where scale matters.
type subject struct {
	full, half *image.Gray
	at         eyes // in half
	entry      *entry
	seen       *fit.Observation
	found      map[string]place // of a portrait without manual points, those that were found, in half
}

func newSubject(img image.Image, e *entry) *subject {
	full := image.NewGray(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(full, full.Rect, img, img.Bounds().Min, draw.Src)
	s := &subject{full: full, half: resized(full, 0.5), entry: e}
	s.at = eyes{s.point("pupil_left"), s.point("pupil_right")}
	return s
}

// point returns a manual point in half; without manual points, the one that was found.
func (s *subject) point(name string) place {
	if s.found != nil {
		return s.found[name]
	}
	p := s.entry.Points[name]
	return place{(p[0]+0.5)/2 - 0.5, (p[1]+0.5)/2 - 0.5}
}

// chance returns numbers that are always the same for a person and a purpose.
func (s *subject) chance(purpose string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, cmp.Or(s.entry.Person, s.entry.File), purpose)
	return rand.New(rand.NewPCG(h.Sum64(), 1)) //nolint:gosec // repeatable on purpose
}

// oneWay returns 1 for half of the people and -1 for the others.
func (s *subject) oneWay() float64 { return float64(1 - 2*s.chance("way").IntN(2)) }

// recaptures is how many times each person is photographed again in simulation.
const recaptures = 8

// steps of artificial asymmetry, pupil distances.
var steps = [...]float64{0.03, 0.06, 0.10}

// pure returns the function of a maker from one that cannot fail.
func pure(f func(s *subject) *image.Gray) func(*subject) (*image.Gray, error) {
	return func(s *subject) (*image.Gray, error) { return f(s), nil }
}

// makers lists the copies; more of them for the plots.
func makers(more bool) []maker {
	list := []maker{
		{"half", pure(func(s *subject) *image.Gray { return s.half })},
		{"mirror", pure(func(s *subject) *image.Gray { return mirrored(s.half) })},
		{"gamma .6", pure(func(s *subject) *image.Gray { return gamma(s.half, 0.6) })},
		{"gamma 1.6", pure(func(s *subject) *image.Gray { return gamma(s.half, 1.6) })},
		{"painted over", pure(paintedOver)},
	}
	list = append(list, levelled(more)...)
	for _, d := range steps {
		list = append(list,
			maker{fmt.Sprintf("mouth %g", d), pure(func(s *subject) *image.Gray { return s.uneven(true, d) })},
			maker{fmt.Sprintf("eye %g", d), pure(func(s *subject) *image.Gray { return s.uneven(false, d) })})
	}
	for i := range shades {
		name := shadeName(i)
		list = append(list, maker{name, func(s *subject) (*image.Gray, error) { return s.shaded(s.chance(name)) }})
	}
	for _, dark := range []bool{false, true} {
		name := glassesName(dark)
		list = append(list, maker{name, pure(func(s *subject) *image.Gray { return s.glasses(dark, s.chance(name)) })})
	}
	for _, degrees := range turns {
		list = append(list, maker{turnName(degrees), pure(func(s *subject) *image.Gray { return s.headTurned(degrees) })})
	}
	for i := range recaptures {
		name := recaptureName(i)
		list = append(list, maker{name, func(s *subject) (*image.Gray, error) { return s.recaptured(s.chance(name)) }})
	}
	return list
}

func scaleName(factor float64) string { return fmt.Sprintf("scale %g", factor) }

// levelled lists the copies that are altered by a level.
func levelled(more bool) []maker {
	var list []maker
	add := func(
		always, also []float64, name func(float64) string, make func(s *subject, level float64) (*image.Gray, error),
	) {
		if more {
			always = append(always, also...)
		}
		for _, v := range always {
			list = append(list, maker{name(v), func(s *subject) (*image.Gray, error) { return make(s, v) }})
		}
	}
	named := func(format string) func(float64) string {
		return func(v float64) string { return fmt.Sprintf(format, v) }
	}
	add(
		[]float64{0.4}, []float64{0.25, 0.7}, scaleName,
		func(s *subject, v float64) (*image.Gray, error) { return resized(s.full, v), nil },
	)
	add(
		[]float64{2}, []float64{1, 3}, named("blur %g"),
		func(s *subject, v float64) (*image.Gray, error) { return blurred(s.half, int(v)), nil },
	)
	add([]float64{8}, []float64{4, 16}, named("noise %g"), func(s *subject, v float64) (*image.Gray, error) {
		return noisy(s.half, v, s.chance("noise")), nil
	})
	add(
		[]float64{50}, []float64{25, 80}, named("JPEG %g"),
		func(s *subject, v float64) (*image.Gray, error) { return resaved(s.half, int(v)) },
	)
	add([]float64{5, 10, 20}, []float64{30}, named("roll %g"), func(s *subject, v float64) (*image.Gray, error) {
		return rolled(s.half, s.oneWay()*v), nil
	})
	add([]float64{-fit.TurnDegrees, fit.TurnDegrees}, []float64{-12, -4, 4, 12}, named("yaw %+g"),
		func(s *subject, v float64) (*image.Gray, error) {
			return turned(s.half, s.at, v), nil
		})
	return list
}

func recaptureName(i int) string { return fmt.Sprintf("recapture %d", i) }

// uneven lowers a corner of the mouth, or an eye, on the side that by manual points is the lower
// one already: so that each step surely takes the face further from symmetry.
func (s *subject) uneven(mouth bool, down float64) *image.Gray {
	name := "pupil"
	if mouth {
		name = "mouth"
	}
	name += map[bool]string{true: "_left", false: "_right"}[fit.LowerSide(s.entry.All, mouth) < 0]
	const width = 0.2 // pupil distances
	return bent(s.half, s.at, s.point(name), down, width)
}

// paintedOver fills the face with the mean grey of the picture, from the chin to the hair.
func paintedOver(s *subject) *image.Gray {
	sum := 0.0
	for _, v := range s.half.Pix {
		sum += float64(v)
	}
	mean := sum / float64(len(s.half.Pix))
	return graded(s.half, func(x, y int, v float64) float64 {
		p := s.at.inFace(place{float64(x), float64(y)})
		if q := (place{p.x / 1.4, (p.y - 0.5) / 2}); q.length() < 1 {
			return mean
		}
		return v
	})
}

// recaptured returns another photo of the same person, as a phone held in a hand takes it: head
// turned and tilted, light from a side, another exposure, size, focus, noise and compression, and a
// face that never rests the same way twice.
func (s *subject) recaptured(r *rand.Rand) (*image.Gray, error) {
	const (
		yawSD, pitchSD, rollSD = 4, 4, 6 // degrees
		restSD                 = 0.012   // pupil distances, of each of six places
		lightSD                = 0.12    // natural logarithm per pupil distance
	)
	yaw, pitch, roll := yawSD*r.NormFloat64(), pitchSD*r.NormFloat64(), rollSD*r.NormFloat64()
	type move struct {
		at place
		by float64
	}
	var moves []move
	for _, n := range [...]string{
		"mouth_left", "mouth_right", "pupil_left", "pupil_right", "brow_left_outer", "brow_right_outer",
	} {
		moves = append(moves, move{s.at.inFace(s.point(n)), restSD * r.NormFloat64()})
	}
	sin, cos := math.Sincos(roll * math.Pi / 180)
	g := warp(s.half, s.half.Rect.Dx(), s.half.Rect.Dy(), func(p place) place {
		q := s.at.inFace(p)
		q = place{q.x*cos + q.y*sin, q.y*cos - q.x*sin}
		down := 0.0
		for _, m := range moves {
			d := m.at.to(q)
			down += m.by * math.Exp(-(d.x*d.x+d.y*d.y)/(2*0.2*0.2))
		}
		q.y -= down
		q = onDrum(nodded(q, -pitch), -yaw)
		return s.at.inPicture(q)
	})
	g = sideLit(g, s.at, lightSD*r.NormFloat64())
	g = gamma(g, 0.7+0.7*r.Float64())
	g = resized(g, 0.6+0.4*r.Float64())
	if r.Float64() < 0.5 {
		g = blurred(g, 1)
	}
	g = noisy(g, 6*r.Float64(), r)
	return resaved(g, 50+r.IntN(46))
}

// nodded returns where a place of the face goes when the head nods, on a lying cylinder about a
// line below the eyes.
func nodded(p place, degrees float64) place {
	const middle, radius = 0.5, 1.8 // pupil distances
	s := (p.y - middle) / radius
	if math.Abs(s) >= 1 {
		return p
	}
	angle := math.Asin(s) + degrees*math.Pi/180
	return place{p.x, middle + radius*math.Sin(min(math.Pi/2, max(-math.Pi/2, angle)))}
}

func encoded(g *image.Gray) ([]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.NoCompression}
	err := e.Encode(&b, g)
	return b.Bytes(), err
}
