package face

import "math"

// The overlay, in pixels where nothing else is said.
const (
	overlaySide    = 1000 // the longer side
	overlayLargest = 1280 // a picture of up to this is not shrunk
	overlaySmall   = 0.14 // distance between the pupils, of the longer side, below which the overlay is cut to the face
	overlayZoom    = 0.17 // the same in the overlay that is cut

	seamWidth    = 2.0
	dotRadius    = 3.0
	ringWidth    = 1.6
	middleWidth  = 2.0
	dashLength   = 16.0
	dashGap      = 12.0
	middleTop    = -1.1 // where the middle line begins, IOD below the pupils
	middleBottom = 1.9  // and ends
)

// The arrows at the points: where they would have to move for the face to be its own mirror image, arrowGain times as far, because what is
// measured is hundredths of the distance between the pupils. What a turned head explains is not drawn, as it does not
// count in the score.
const (
	arrowGain    = 8.0
	arrowMost    = 0.5 // IOD, the longest drawn
	arrowLeast   = 8.0 // pixels, the shortest drawn
	arrowGap     = 4.0 // pixels between ring and arrow
	arrowSure    = 1.96
	arrowWidth   = 2.4
	arrowBold    = 4
	arrowHead    = 8.0
	ringOfErrors = 2.45 // standard errors in the radius of a ring: 95 % of what is scattered so in two directions
)

var (
	inkSeam   = inkOf(0, 0, 0, 150)
	inkMiddle = inkOf(150, 235, 255, 230)
	inkRing   = inkOf(255, 255, 255, 170)
	inkPoint  = inkOf(255, 255, 255, 255)
	inkUnsure = inkOf(255, 236, 170, 220)
	inkSure   = inkOf(255, 150, 40, 255)
)

// overlay draws the 15 points with rings that hold them in 95 of 100 cases, the middle line of the face, and the arrows: thick and orange
// where the asymmetry is beyond its own error, else thin and pale.
func (m *measurement) overlay(c canvas) picture {
	f, w, h := m.overlayFrame(c.y)
	p := c.cut(f, w, h)
	d := diagram{m: m, toPixel: func(iod vec) vec { return f.inner(m.pts.frame.outer(iod)) }, unit: m.pts.iod() / f.scale()}
	unsure, sure := d.arrows()
	p.draw(seamWidth, inkSeam,
		drawing{inkMiddle, d.middle()}, drawing{inkUnsure, unsure}, drawing{inkSure, sure},
		drawing{inkRing, d.rings()}, drawing{inkPoint, d.dots()})
	return p
}

// overlayFrame chooses what the overlay shows, the whole photo or, where the face is small in it, a part of the same shape.
func (m *measurement) overlayFrame(grey *plane) (f frame, w, h int) {
	w, h = grey.w, grey.h
	long := float64(max(w, h))
	shown := long
	if iod := m.pts.iod(); iod < overlaySmall*long {
		shown = iod / overlayZoom
	}
	side := float64(overlaySide)
	if shown == long && long >= overlaySide && long <= overlayLargest {
		side = long
	}
	scale := shown / side
	w, h = even(int(float64(w)*side/long)), even(int(float64(h)*side/long))
	face := m.pts.frame.outer(vec{0, 0.4}) // about the middle of the face
	f = frame{axis: vec{scale, 0}, origin: vec{
		x: windowStart(face.x, scale*float64(w), float64(grey.w), scale),
		y: windowStart(face.y, scale*float64(h), float64(grey.h), scale),
	}}
	if scale == 1 { // whole pixels can be copied
		f.origin = vec{math.Floor(f.origin.x), math.Floor(f.origin.y)}
	}
	return f, w, h
}

// windowStart gives the middle of the first pixel, scale long, of a window about a place that stays within 0 to whole.
func windowStart(middle, size, whole, scale float64) float64 {
	return max(0, min(whole-size, middle+0.5-size/2)) + scale/2 - 0.5
}

// diagram makes strokes from the measurement.
type diagram struct {
	m       *measurement
	toPixel func(iod vec) vec
	unit    float64 // pixels in one IOD
}

func (d diagram) dots() []stroke {
	var list []stroke
	d.eachPoint(func(k mark) { list = append(list, disc(d.toPixel(d.m.pts.at[k]), dotRadius)) })
	return list
}

func (d diagram) rings() []stroke {
	var list []stroke
	d.eachPoint(func(k mark) { list = append(list, ring(d.toPixel(d.m.pts.at[k]), d.ringRadius(k), ringWidth)) })
	return list
}

func (d diagram) ringRadius(k mark) float64 {
	return max(float64(ringOfErrors*d.m.pts.standardError(k)*d.unit), dotRadius+2)
}

// eachPoint visits the published points.
func (d diagram) eachPoint(do func(mark)) {
	for k, name := range names {
		if name != "" {
			do(mark(k))
		}
	}
}

// middle is the dashed middle line.
func (d diagram) middle() []stroke {
	axis := d.m.asym.middleLine()
	from, to := d.toPixel(axis.outer(vec{0, middleTop})), d.toPixel(axis.outer(vec{0, middleBottom}))
	length := to.minus(from).length()
	along := to.minus(from).scaled(1 / length)
	var list []stroke
	for at := 0.0; at+dashLength <= length; at += dashLength + dashGap {
		list = append(list, line(from.plus(along.scaled(at)), from.plus(along.scaled(at+dashLength)), middleWidth))
	}
	return list
}

// middleLine is the line that the face is most nearly mirrored at, as a frame in IOD: through its origin, along its y axis. asymmetryOf takes
// the shift s and the turn t of the whole out; the pupils, being level and equally far off, have no asymmetry before, so that what
// they have after it is s and t themselves.
func (h *asymmetry) middleLine() frame {
	left := h[markPupilL]
	axis := vec{1, 2 * left.y}
	return frame{origin: vec{-left.x, 0}, axis: axis.scaled(1 / axis.length())}
}

// arrows are sorted by whether the asymmetry is beyond its error.
func (d diagram) arrows() (unsure, sure []stroke) {
	still := d.m.asym.without(yawDirection)
	d.eachPoint(func(k mark) {
		move := still[k].scaled(-1)
		if move.length() > arrowSure*d.moveError(k) {
			sure = append(sure, d.arrow(k, move, arrowBold)...)
		} else {
			unsure = append(unsure, d.arrow(k, move, arrowWidth)...)
		}
	})
	return unsure, sure
}

// moveError is the standard error of a point's move, IOD: half the difference of two points, or the distance of one from the middle line.
func (d diagram) moveError(k mark) float64 {
	if k.partner() == k {
		return d.m.pts.standardError(k)
	}
	return math.Sqrt(sq(d.m.pts.standardError(k))+sq(d.m.pts.standardError(k.partner()))) / 2
}

// arrow points from a mark in the direction of a move, in IOD; none for a move too small to see.
func (d diagram) arrow(k mark, move vec, width float64) []stroke {
	size := move.length()
	length := min(arrowGain*size, arrowMost)
	if length*d.unit < arrowLeast {
		return nil
	}
	at, direction := d.m.pts.at[k], move.scaled(1/size)
	gap := (d.ringRadius(k) + arrowGap) / d.unit
	from, to := at.plus(direction.scaled(gap)), at.plus(direction.scaled(gap+length))
	return arrow(d.toPixel(from), d.toPixel(to), width, arrowHead)
}
