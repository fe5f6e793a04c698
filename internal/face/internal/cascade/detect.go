package cascade

import (
	"cmp"
	"slices"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

// The detector's settings. Measured on 61 studio portraits twice and on faces in the wild: more
// pixels find no more faces, a finer grid costs more than it finds, and a threshold holds only for
// its own grid.
const (
	coarseSide   = 400  // longer side of the scanned picture, pixels
	minFace      = 0.15 // smallest face, of the shorter side
	tinyFace     = 0.06 // smallest face that is still recognised as too small
	coarseShift  = 0.1
	coarseGrowth = 1.1
	candidates   = 8
	leastWindow  = 20 // pixels; the faces that the classifier was trained with had about as many

	denseShift  = 0.04
	denseGrowth = 1.05

	minQuality       = 50  // least summed confidence of the dense scan for a face
	ClearQuality     = 100 // least confidence to prefer a box to a larger one with less
	minTinyQuality   = 200 // small boxes are more often wrong
	minBeyondQuality = 150 // for a face that reaches beyond the edge
	beyondFace       = 0.7 // smallest face searched for beyond the edge, of the shorter side
	marginShare      = 3   // the margin is this part of the shorter side

	sureQuality    = 600 // least confidence for which the turned pictures are not searched
	chanceQuality  = 150 // confidence below which a face in the turned picture may be chance
	sameOverlap    = 0.2 // least intersection over union of two windows of one face
	SecondFaceSize = 0.4 // of the main face; smaller ones are people in the background

	blackout = 20 // mean grey level below which a picture without a face is reported as dark

	turnStep        = 30  // degrees between the retries
	quickSide       = 200 // longer side of the picture in which a turn is tried first, pixels
	quickShift      = 0.15
	quickGrowth     = 1.15
	clearlyStronger = 2 // times the upright confidence that a turned face must have
)

// Window is a square in a plane: centre, side and the detector's confidence.
type Window struct{ X, Y, Size, Q float64 }

// FacePlace is the place of the face in the picture, and its rough turn in degrees clockwise from
// upright.
type FacePlace struct {
	Window
	Turn   float64
	Second float64 // size of the next face over that of this one; 0 when it is alone
}

// Detect finds the one face, in pixels of p. The errors are refusals.
func (m *Models) Detect(p *raster.Plane) (FacePlace, error) {
	small, factor := p.Within(coarseSide)
	place, err := m.search(small)
	if err != nil {
		return FacePlace{}, err
	}
	place.Window = place.Times(factor)
	return place, nil
}

// Times returns the window in a plane that is f times as large.
func (w Window) Times(f float64) Window {
	return Window{X: raster.Grown(w.X, f), Y: raster.Grown(w.Y, f), Size: w.Size * f, Q: w.Q}
}

// search looks for an upright face, then, if none is found with confidence, for a turned one. It
// then looks for a face that the edge of the picture cuts, which chance faces in the turned picture
// must not hide, and last for a small face.
func (m *Models) search(small *raster.Plane) (FacePlace, error) {
	short := float64(min(small.W, small.H))
	faces, turn := m.faces(small, minFace*short, minQuality), 0.0
	if strongest(faces) < sureQuality {
		faces, turn = m.searchTurned(small, minFace*short, faces)
	}
	if byChance(faces, turn) {
		if place, ok := m.searchBeyond(small); ok {
			return place, nil
		}
	}
	switch {
	case len(faces) > 0 && turn == 0:
		return Largest(faces, 0), nil
	case len(faces) > 0:
		return turnedBack(small, Largest(faces, turn)), nil
	}
	if len(m.faces(small, tinyFace*short, minTinyQuality)) > 0 {
		return FacePlace{}, report.Refuse(
			report.FaceTooSmall, "The face is too small in the picture. Please hold the phone closer, at arm's length.",
		)
	}
	if small.Mean() < blackout {
		return FacePlace{}, report.Refuse(
			report.TooDark, "The picture is almost black. Please turn on more light or face a window.",
		)
	}
	return FacePlace{}, report.Refuse(report.NoFace, DetailNoFace)
}

// byChance reports whether the picture turned by an angle has no face, or only one as weak as the
// chance faces that turning makes.
func byChance(faces []Window, turn float64) bool {
	return len(faces) == 0 || turn != 0 && strongest(faces) < chanceQuality
}

// searchBeyond looks for a face that is larger than the picture or cut by its edge. It adds a
// margin to the picture, because no window is larger than the shorter side.
func (m *Models) searchBeyond(small *raster.Plane) (FacePlace, bool) {
	margin := min(small.W, small.H) / marginShare
	padded := small.Padded(margin)
	faces := m.faces(padded, beyondFace*float64(min(small.W, small.H)), minBeyondQuality)
	if len(faces) == 0 {
		return FacePlace{}, false
	}
	place := Largest(faces, 0)
	place.X, place.Y = place.X-float64(margin), place.Y-float64(margin)
	return place, true
}

// searchTurned searches the picture turned in steps and returns the turn with the strongest face.
// That face has to be clearly stronger than the upright one, because the upright scan of a turned
// picture finds chance faces, and a slightly turned face is weaker.
func (m *Models) searchTurned(small *raster.Plane, smallest float64, upright []Window) (faces []Window, turn float64) {
	faces = upright
	quick, _ := small.Within(quickSide)
	for t := turnStep; t < 360; t += turnStep {
		if !m.promises(quick.Turned(float64(-t)), smallest*float64(min(quick.W, quick.H))/float64(min(small.W, small.H))) {
			continue
		}
		turned := m.faces(small.Turned(float64(-t)), smallest, minQuality)
		if strongest(turned) > max(clearlyStronger*strongest(upright), strongest(faces)) {
			faces, turn = turned, float64(t)
		}
	}
	return faces, turn
}

// promises reports, at little cost, whether a full search for a face is worthwhile. Of 39 turned
// faces that are then found, all pass, with a confidence of at least 5; of pictures without a face
// turned in all directions, 3 in 100.
func (m *Models) promises(p *raster.Plane, smallest float64) bool {
	return len(m.scan(p, p.Whole(), smallest, float64(min(p.W, p.H)), quickShift, quickGrowth)) > 0
}

// Largest returns the largest face and the size of the next one. The checks decide whether a second
// face is too large, after they have compared the halves of this one: patterns may contain several
// chance faces.
func Largest(faces []Window, turn float64) FacePlace {
	place := FacePlace{Window: slices.MaxFunc(faces, func(a, b Window) int {
		return cmp.Or(cmp.Compare(min(a.Q, ClearQuality), min(b.Q, ClearQuality)), cmp.Compare(a.Size, b.Size))
	}), Turn: turn}
	for _, f := range faces {
		if f != place.Window && f.Q >= ClearQuality {
			place.Second = max(place.Second, f.Size/place.Size)
		}
	}
	return place
}

func strongest(faces []Window) float64 {
	best := 0.0
	for _, f := range faces {
		best = max(best, f.Q)
	}
	return best
}

// faces scans coarsely, then rescans the best candidates with a fine grid, whose summed confidence
// separates faces from chance. It returns each face once. The smallest size is in pixels.
func (m *Models) faces(p *raster.Plane, smallest, minQ float64) []Window {
	found := cluster(m.scan(p, p.Whole(), smallest, float64(min(p.W, p.H)), coarseShift, coarseGrowth))
	found = found[:min(len(found), candidates)]
	var faces []Window
	for _, c := range found {
		f, ok := m.verify(p, c)
		if ok && f.Q >= minQ && !slices.ContainsFunc(faces, f.same) {
			faces = append(faces, f)
		}
	}
	return faces
}

// verify scans the surroundings of a candidate with the dense grid.
func (m *Models) verify(p *raster.Plane, c Window) (Window, bool) {
	reach := float64(c.Size * 0.9)
	in := raster.Area{
		Left: max(0, int(c.X-reach)), Right: min(p.W, int(c.X+reach)+1),
		Top: max(0, int(c.Y-reach)), Low: min(p.H, int(c.Y+reach)+1),
	}
	largest := min(c.Size*1.35, float64(min(in.Right-in.Left, in.Low-in.Top)))
	windows := m.scan(p, in, c.Size*0.75, largest, denseShift, denseGrowth)
	for _, f := range cluster(windows) {
		if f.same(c) {
			return f, true
		}
	}
	return Window{}, false
}

// scan classifies a grid of windows. Sizes are in pixels, and at least those of the classifier's
// training.
func (m *Models) scan(p *raster.Plane, in raster.Area, smallest, largest, shift, growth float64) []Window {
	return m.finder.scan(
		p, in, grid{smallest: max(leastWindow, int(smallest)), largest: int(largest), shift: shift, growth: growth},
	)
}

// cluster merges the windows of each face and returns the best first. Place and size are their
// weighted means, the confidence is their sum.
func cluster(windows []Window) []Window {
	slices.SortFunc(windows, byConfidence)
	taken := make([]bool, len(windows))
	var joined []Window
	for i, seed := range windows {
		if taken[i] {
			continue
		}
		var sum Window
		for j := i; j < len(windows); j++ {
			w := windows[j]
			if taken[j] || seed.overlap(w) <= sameOverlap {
				continue
			}
			taken[j] = true
			sum.X += float64(w.X * w.Q)
			sum.Y += float64(w.Y * w.Q)
			sum.Size += float64(w.Size * w.Q)
			sum.Q += w.Q
		}
		joined = append(joined, Window{X: sum.X / sum.Q, Y: sum.Y / sum.Q, Size: sum.Size / sum.Q, Q: sum.Q})
	}
	slices.SortFunc(joined, byConfidence)
	return joined
}

// byConfidence compares windows by confidence. Different windows never compare equal, so that the
// order is deterministic.
func byConfidence(a, b Window) int {
	return cmp.Or(cmp.Compare(b.Q, a.Q), cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X), cmp.Compare(a.Size, b.Size))
}

// overlap returns the intersection over union of two windows.
func (w Window) overlap(v Window) float64 {
	shared := w.shared(v)
	return shared / (raster.Sq(w.Size) + raster.Sq(v.Size) - shared)
}

func (w Window) shared(v Window) float64 {
	dx := min(w.X+w.Size/2, v.X+v.Size/2) - max(w.X-w.Size/2, v.X-v.Size/2)
	dy := min(w.Y+w.Size/2, v.Y+v.Size/2) - max(w.Y-w.Size/2, v.Y-v.Size/2)
	return float64(max(0, dx) * max(0, dy))
}

// same reports whether two boxes belong to one face: they overlap, or half of the smaller lies in
// the larger (an eye or a mouth detected as a face).
func (w Window) same(v Window) bool {
	return w.overlap(v) > sameOverlap || w.shared(v) > 0.5*raster.Sq(min(w.Size, v.Size))
}

// turnedBack returns the place in p of a face found in p.turned(-place.turn).
func turnedBack(p *raster.Plane, place FacePlace) FacePlace {
	at := p.TurnFrame(p.Diagonal(), -place.Turn).Outer(raster.Vec{X: place.X, Y: place.Y})
	place.X, place.Y = at.X, at.Y
	return place
}

// DetailNoFace is the message for a photo that shows no face.
const DetailNoFace = "No face was found. Please take the photo from the front, with the whole face in the picture " +
	"and light on it."
