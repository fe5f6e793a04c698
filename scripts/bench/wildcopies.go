package main

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"github.com/facescan/facescan/internal/face/fit"
)

// shades is how many times a portrait is lit anew from a side.
const shades = 4

func shadeName(i int) string { return "shaded " + string(rune('0'+i)) }

// shaded returns another photo of the same person that is lit from a side.
func (s *subject) shaded(r *rand.Rand) (*image.Gray, error) {
	t := *s
	t.half = s.relit(r)
	return t.recaptured(r)
}

// relit lights the face from a side as a lamp or a window does: more on one side than on the other,
// the shadow of the nose and of the brows on the cheek away from the light, and an edge where the
// face turns out of the light.
func (s *subject) relit(r *rand.Rand) *image.Gray {
	side := float64(1 - 2*r.IntN(2))
	strength := 0.15 + 0.6*r.Float64() // natural logarithm per pupil distance
	edge := 0.1 + 0.9*r.Float64()      // where the face turns out of the light, pupil distances from the middle
	soft := 0.06 + 0.3*r.Float64()
	turnedOut := 0.6 * r.Float64() // of the light, beyond the edge
	nose := 0.5 * r.Float64()      // of the light, in the shadow of the nose
	reach := 0.15 + 0.25*r.Float64()
	down := 0.1 + 0.2*r.Float64()
	return graded(s.half, func(x, y int, v float64) float64 {
		q := s.at.inFace(place{float64(x), float64(y)})
		q.x *= side
		light := math.Exp(-strength * min(1.5, max(-1.5, q.x)))
		bow := edge - 0.25*(q.y-0.5)*(q.y-0.5)
		light *= 1 - turnedOut/(1+math.Exp(-(q.x-bow)/soft*4))
		// The nose: a ridge from between the eyes to its tip, whose shadow falls to the side and down.
		if along := q.y - down*q.x/reach; along > 0.05 && along < 0.75 {
			width := reach * (0.3 + along)
			light *= 1 - nose*smoothstep(0.02, 0.06, q.x)*(1-smoothstep(width*0.8, width, q.x))
		}
		return v * light
	})
}

// smoothstep rises from 0 at a to 1 at b.
func smoothstep(a, b, x float64) float64 {
	t := min(1, max(0, (x-a)/(b-a)))
	return t * t * (3 - 2*t)
}

// Things that are drawn over a face.
const (
	thinGlasses = "thin glasses"
	darkGlasses = "dark glasses"
	eyeBar      = "bar over the eyes"
	sunglasses  = "sunglasses"
	card        = "card over the mouth"
)

// glasses draws a frame of glasses: rings about the eyes, a bridge, temples, and a shine now and
// then.
func (s *subject) glasses(dark bool, r *rand.Rand) *image.Gray {
	line := 0.025 + 0.02*r.Float64()
	shade := 0.75
	if dark {
		line, shade = 0.05+0.03*r.Float64(), 0.25
	}
	w, h, round := 0.36+0.08*r.Float64(), 0.24+0.1*r.Float64(), 2+3*r.Float64()
	drop := 0.02 + 0.08*r.Float64()
	shine := 0.25 * r.Float64()
	shineAt := 0.2 * r.NormFloat64()
	return graded(s.half, func(x, y int, v float64) float64 {
		q := s.at.inFace(place{float64(x), float64(y)})
		side := math.Abs(q.x) - 0.5
		d := math.Pow(math.Pow(math.Abs(side)/w, round)+math.Pow(math.Abs(q.y-drop)/h, round), 1/round)
		inRing := math.Abs(d-1)*h < line/2
		bridge := math.Abs(q.x) < 0.5-w && math.Abs(q.y-drop+0.06) < line/2
		temple := math.Abs(q.x) > 0.5+w && math.Abs(q.x) < 1.05 && math.Abs(q.y-drop+0.08) < line/2
		if inRing || bridge || temple {
			return v * shade * 0.6
		}
		if d < 1 && math.Abs(side+0.6*q.y-shineAt) < 0.05 {
			return v + shine*(255-v)
		}
		return v
	})
}

// over draws what covers a part of the face.
func (s *subject) over(what string, r *rand.Rand) *image.Gray {
	tone := 20 + 60*r.Float64()
	if r.IntN(3) == 0 && what != sunglasses {
		tone = 180 + 60*r.Float64()
	}
	return graded(s.half, func(x, y int, v float64) float64 {
		q := s.at.inFace(place{float64(x), float64(y)})
		in := false
		switch what {
		case eyeBar:
			in = math.Abs(q.y) < 0.22 && math.Abs(q.x) < 1
		case sunglasses:
			side := math.Abs(q.x) - 0.5
			in = math.Pow(math.Abs(side)/0.42, 3)+math.Pow(math.Abs(q.y-0.05)/0.3, 3) < 1 ||
				math.Abs(q.x) < 0.2 && math.Abs(q.y+0.04) < 0.04
		case card:
			in = q.y > 0.8 && q.y < 1.5 && math.Abs(q.x) < 0.8
		}
		if in {
			return tone
		}
		return v
	})
}

// moved blurs by a movement of some pixels in a direction.
func moved(g *image.Gray, pixels int, degrees float64) *image.Gray {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return graded(g, func(x, y int, _ float64) float64 {
		sum := 0.0
		for i := range pixels {
			d := float64(i) - float64(pixels-1)/2
			sum += sample(g, place{float64(x) + d*cos, float64(y) + d*sin})
		}
		return sum / float64(pixels)
	})
}

// stretched returns the picture twice as wide.
func stretched(g *image.Gray) *image.Gray {
	return warp(g, 2*g.Rect.Dx(), g.Rect.Dy(), func(p place) place { return place{(p.x+0.5)/2 - 0.5, p.y} })
}

// shifted cuts a share of the picture off at the left and the top.
func shifted(g *image.Gray, part float64) *image.Gray {
	x, y := int(part*float64(g.Rect.Dx())), int(part*float64(g.Rect.Dy()))
	return warp(g, g.Rect.Dx()-x, g.Rect.Dy()-y, func(p place) place { return place{p.x + float64(x), p.y + float64(y)} })
}

// darkened lowers the exposure by some stops: linear light, by the gamma of 2.2.
func darkened(g *image.Gray, stops float64) *image.Gray {
	factor := math.Pow(2, -stops/2.2)
	return graded(g, func(_, _ int, v float64) float64 { return v * factor })
}

// wildMaker makes the file of a copy of a portrait without points.
type wildMaker struct {
	name string
	make func(s *subject) ([]byte, error)
}

// The copies of portraits without points that are the same photo, and those that show too little of
// one.
var (
	sameWild  = []string{"JPEG 80", "size .7", "shifted 5 %", "gamma .8"}
	coverWild = []string{eyeBar, sunglasses, card}
	spoiled   = []string{"moved 15 px", "JPEG 3", "stretched 2:1"}
	darkWild  = []string{"1 EV darker", "1.5 EV darker"}
)

func glassesName(dark bool) string {
	if dark {
		return darkGlasses
	}
	return thinGlasses
}

// newWildSubject returns a portrait whose points are those that were found.
func newWildSubject(img image.Image, e *entry, seen *fit.Observation) *subject {
	g := image.NewGray(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(g, g.Rect, img, img.Bounds().Min, draw.Src)
	s := &subject{full: g, half: g, entry: e, seen: seen, found: map[string]place{}}
	for name, p := range seen.Read(fit.Fitted()).Report.Landmarks {
		s.found[name] = place{p.X, p.Y}
	}
	s.at = eyes{s.found["pupil_left"], s.found["pupil_right"]}
	return s
}

// unevenWild lowers a corner of the mouth, or an eye, on the side that lies lower by what the
// engine believes of the face.
func (s *subject) unevenWild(mouth bool, down float64) *image.Gray {
	name := map[bool]string{true: "mouth", false: "pupil"}[mouth]
	name += map[bool]string{true: "_left", false: "_right"}[s.seen.LowerSide(fit.Fitted(), mouth) < 0]
	const width = 0.2 // pupil distances
	return bent(s.half, s.at, s.found[name], down, width)
}

func unevenName(part string, down float64) string { return fmt.Sprintf("%s %g", part, down) }

func wildMakers(e *entry) []wildMaker {
	drawn := func(name string, f func(s *subject) *image.Gray) wildMaker {
		return wildMaker{name, func(s *subject) ([]byte, error) { return encoded(f(s)) }}
	}
	list := []wildMaker{
		{sameWild[0], func(s *subject) ([]byte, error) { return asJPEG(s.half, 80) }},
		drawn(sameWild[1], func(s *subject) *image.Gray { return resized(s.half, 0.7) }),
		drawn(sameWild[2], func(s *subject) *image.Gray { return shifted(s.half, 0.05) }),
		drawn(sameWild[3], func(s *subject) *image.Gray { return gamma(s.half, 0.8) }),
		drawn(
			spoiled[0], func(s *subject) *image.Gray { return moved(s.half, 15, 180*s.chance("way of movement").Float64()) },
		),
		{spoiled[1], func(s *subject) ([]byte, error) { return asJPEG(s.half, 3) }},
		drawn(spoiled[2], func(s *subject) *image.Gray { return stretched(s.half) }),
	}
	for _, what := range coverWild {
		list = append(list, drawn(what, func(s *subject) *image.Gray { return s.over(what, s.chance(what)) }))
	}
	for _, d := range steps {
		list = append(list,
			drawn(unevenName("mouth", d), func(s *subject) *image.Gray { return s.unevenWild(true, d) }),
			drawn(unevenName("eye", d), func(s *subject) *image.Gray { return s.unevenWild(false, d) }))
	}
	for _, dark := range []bool{false, true} {
		name := glassesName(dark)
		list = append(list, drawn(name, func(s *subject) *image.Gray { return s.glasses(dark, s.chance(name)) }))
	}
	if e.Set == setOrdinary {
		return list
	}
	list = append(list,
		drawn(darkWild[0], func(s *subject) *image.Gray { return darkened(s.half, 1) }),
		drawn(darkWild[1], func(s *subject) *image.Gray { return darkened(s.half, 1.5) }))
	for i := range shades {
		name := shadeName(i)
		list = append(list, wildMaker{name, func(s *subject) ([]byte, error) {
			g, err := s.shaded(s.chance(name))
			if err != nil {
				return nil, err
			}
			return encoded(g)
		}})
	}
	return list
}

func asJPEG(g *image.Gray, quality int) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, g, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}
