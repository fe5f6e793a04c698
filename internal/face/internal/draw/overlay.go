package draw

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// The overlay, in pixels unless a unit is given.
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

// The arrows at the points: the move of each point that would make the face its own mirror image,
// arrowGain times as long, because moves are hundredths of the distance between the pupils. The
// part that a turned head explains is not drawn, because it does not count in the score.
const (
	arrowGain    = 8.0
	arrowMost    = 0.5 // IOD, the longest drawn
	arrowLeast   = 8.0 // pixels, the shortest drawn
	arrowGap     = 4.0 // pixels between ring and arrow
	arrowSure    = 1.96
	arrowWidth   = 2.4
	arrowBold    = 4
	arrowHead    = 8.0
	ringOfErrors = 2.45 // standard errors in the radius of a ring: 95 % of a normal distribution in the plane
)

var (
	inkSeam   = inkOf(0, 0, 0, 150)
	inkMiddle = inkOf(150, 235, 255, 230)
	inkRing   = inkOf(255, 255, 255, 170)
	inkPoint  = inkOf(255, 255, 255, 255)
	inkUnsure = inkOf(255, 236, 170, 220)
	inkSure   = inkOf(255, 150, 40, 255)
)

// overlayOf draws the 15 points with their 95 % rings, the middle line of the face, and the arrows.
// Arrows are thick and orange where the asymmetry exceeds its own error, otherwise thin and pale.
func overlayOf(m *measure.Measurement, c photo.Canvas) raster.Planes {
	p, d := sceneOf(m, c)
	unsure, sure := d.arrows()
	drawOn(p, seamWidth, inkSeam,
		drawing{inkMiddle, d.middle()}, drawing{inkUnsure, unsure}, drawing{inkSure, sure},
		drawing{inkRing, d.rings()}, drawing{inkPoint, d.dots()})
	return p
}

// sceneOf returns the picture below the overlay, and the diagram to draw on it.
func sceneOf(m *measure.Measurement, c photo.Canvas) (raster.Planes, diagram) {
	v := viewOf(m, c.Y)
	d := diagram{
		m: m, toPixel: func(iod raster.Vec) raster.Vec { return v.pixel(m.Pts.Frame.Outer(iod)) },
		unit: m.Pts.IOD() / v.scale(),
	}
	if v.whole() && v.scale() > 1 {
		return reducedTo(c, v.w, v.h), d
	}
	return cut(c, raster.Frame{Origin: v.at, Axis: raster.Vec{X: v.scale(), Y: 0}}, v.w, v.h), d
}

// view is the part of the canvas that the overlay shows, in w x h pixels, both even.
type view struct {
	w, h       int
	at         raster.Vec // of the first pixel's middle, on the canvas
	part, full raster.Vec // how much of the canvas is shown, and all of it, pixels
}

// viewOf returns the view of the whole photo or, if the face is small in it, of a part with the
// same proportions.
func viewOf(m *measure.Measurement, grey *raster.Plane) view {
	full := raster.Vec{X: float64(grey.W), Y: float64(grey.H)}
	long := max(full.X, full.Y)
	shown := long
	if iod := m.Pts.IOD(); iod < overlaySmall*long {
		shown = iod / overlayZoom
	}
	side := float64(overlaySide)
	if shown == long && long >= overlaySide && long <= overlayLargest {
		side = long
	}
	v := view{w: even(int(full.X * side / long)), h: even(int(full.Y * side / long)), full: full, part: full}
	scale := shown / side
	if shown < long || scale <= 1 {
		v.part = raster.Vec{X: scale * float64(v.w), Y: scale * float64(v.h)}
	}
	face := m.Pts.Frame.Outer(raster.Vec{X: 0, Y: 0.4}) // about the middle of the face
	v.at = raster.Vec{X: windowStart(face.X, v.part.X, full.X, v.w), Y: windowStart(face.Y, v.part.Y, full.Y, v.h)}
	if scale == 1 { // whole pixels can be copied, also those of the colours
		v.at = raster.Vec{X: math.Floor(v.at.X/2) * 2, Y: math.Floor(v.at.Y/2) * 2}
	}
	return v
}

// scale returns how many pixels of the canvas make one of the overlay.
func (v view) scale() float64 { return v.part.X / float64(v.w) }

// whole reports whether all of the photo is shown.
func (v view) whole() bool { return v.part == v.full }

// pixel maps a place on the canvas to the overlay. The scales of height and width may differ
// slightly, because both sizes are even.
func (v view) pixel(at raster.Vec) raster.Vec {
	x, y := v.part.X/float64(v.w), v.part.Y/float64(v.h)
	return raster.Vec{X: (at.X - v.at.X) / x, Y: (at.Y - v.at.Y) / y}
}

// windowStart returns the middle of the first of n pixels of a window. The window has the length
// size, is centred on middle and is kept within 0 to whole.
func windowStart(middle, size, whole float64, n int) float64 {
	return max(0, min(whole-size, middle+0.5-size/2)) + size/float64(n)/2 - 0.5
}

// diagram converts the measurement to strokes.
type diagram struct {
	m       *measure.Measurement
	toPixel func(iod raster.Vec) raster.Vec
	unit    float64 // pixels in one IOD
}

// at returns where a mark is drawn, IOD. The cascades were trained to find the points of a brow at
// its lower edge, where they seem to miss it, so they are drawn in its middle.
func (d diagram) at(k landmark.Mark) raster.Vec { return d.m.Pts.At[k].Plus(onBrow[k]) }

// onBrow holds the offsets from the points of the brows to the middle of the brow near them, IOD.
// On the manual brows of the 61 reference people, and of ten average faces of others, 98 in 100 of
// the points lie inside the brow's outline with it, and 23 without it.
var onBrow = [landmark.Marks]raster.Vec{
	landmark.MarkBrowInnerL: {X: -0.11, Y: -0.07}, landmark.MarkBrowInnerR: {X: 0.11, Y: -0.07},
	landmark.MarkBrowOuterL: {X: 0.12, Y: -0.115}, landmark.MarkBrowOuterR: {X: -0.12, Y: -0.115},
}

func (d diagram) dots() []stroke {
	var list []stroke
	d.eachPoint(func(k landmark.Mark) { list = append(list, disc(d.toPixel(d.at(k)), dotRadius)) })
	return list
}

func (d diagram) rings() []stroke {
	var list []stroke
	d.eachPoint(func(k landmark.Mark) { list = append(list, ring(d.toPixel(d.at(k)), d.ringRadius(k), ringWidth)) })
	return list
}

func (d diagram) ringRadius(k landmark.Mark) float64 {
	return max(float64(ringOfErrors*measure.MarkError(&d.m.Pts, k)*d.unit), dotRadius+2)
}

// eachPoint calls do for each published point.
func (d diagram) eachPoint(do func(landmark.Mark)) {
	for k, name := range landmark.Names {
		if name != "" {
			do(landmark.Mark(k))
		}
	}
}

// middle returns the dashed middle line.
func (d diagram) middle() []stroke {
	axis := middleLine(&d.m.Asym)
	from, to := d.toPixel(axis.Outer(raster.Vec{X: 0, Y: middleTop})), d.toPixel(
		axis.Outer(raster.Vec{X: 0, Y: middleBottom}),
	)
	length := to.Minus(from).Length()
	along := to.Minus(from).Scaled(1 / length)
	var list []stroke
	for at := 0.0; at+dashLength <= length; at += dashLength + dashGap {
		list = append(list, line(from.Plus(along.Scaled(at)), from.Plus(along.Scaled(at+dashLength)), middleWidth))
	}
	return list
}

// middleLine returns the best mirror line of the face, as a frame in IOD: the line runs through its
// origin, along its y axis. landmark.AsymmetryOf removes the shift s and the turn t of the whole.
// The pupils are level and equally far from the origin, so that their asymmetry is zero before and
// s and t afterwards.
func middleLine(h *landmark.Asymmetry) raster.Frame {
	left := h[landmark.MarkPupilL]
	axis := raster.Vec{X: 1, Y: 2 * left.Y}
	return raster.Frame{Origin: raster.Vec{X: -left.X, Y: 0}, Axis: axis.Scaled(1 / axis.Length())}
}

// arrows returns the arrows: unsure where the asymmetry is within its error, sure where it exceeds
// it.
func (d diagram) arrows() (unsure, sure []stroke) {
	still := d.m.Asym.Without(measure.YawDirection)
	d.eachPoint(func(k landmark.Mark) {
		move := still[k].Scaled(-1)
		if move.Length() > arrowSure*d.moveError(k) {
			sure = append(sure, d.arrow(k, move, arrowBold)...)
		} else {
			unsure = append(unsure, d.arrow(k, move, arrowWidth)...)
		}
	})
	return unsure, sure
}

// moveError returns the standard error of a point's move, IOD: half the difference of two points,
// or the distance of one from the middle line.
func (d diagram) moveError(k landmark.Mark) float64 {
	if k.Partner() == k {
		return measure.MarkError(&d.m.Pts, k)
	}
	return math.Sqrt(raster.Sq(measure.MarkError(&d.m.Pts, k))+raster.Sq(measure.MarkError(&d.m.Pts, k.Partner()))) / 2
}

// arrow returns an arrow from a mark in the direction of a move, in IOD, or nil for a move too
// small to see.
func (d diagram) arrow(k landmark.Mark, move raster.Vec, width float64) []stroke {
	size := move.Length()
	length := min(arrowGain*size, arrowMost)
	if length*d.unit < arrowLeast {
		return nil
	}
	at, direction := d.at(k), move.Scaled(1/size)
	gap := (d.ringRadius(k) + arrowGap) / d.unit
	from, to := at.Plus(direction.Scaled(gap)), at.Plus(direction.Scaled(gap+length))
	return arrow(d.toPixel(from), d.toPixel(to), width, arrowHead)
}
