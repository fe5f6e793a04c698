package draw

import (
	"image"
	"sync"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"golang.org/x/image/font"
	"golang.org/x/image/font/inconsolata"
	fixedpoint "golang.org/x/image/math/fixed"
)

// The legend is below the overlay and has its width. It is laid out for a phone that shows the
// overlay legendWidth pixels wide, where a letter has the 8 x 16 pixels of the font.
const (
	legendWidth  = 390
	legendLine   = 21
	legendMargin = 8  // above the first line and below the last one
	legendText   = 42 // column of the text, right of the samples
	legendSample = 20 // column of the middle of a sample
)

// The lines of the legend.
const (
	legendCircle = iota
	legendMiddle
	legendArrow
	legendSure
	legendLines
)

// legendWords explains the marks on the overlay, each beside a sample. The radius of a circle is
// ringOfErrors, an arrow is arrowGain times as long as the move, and orange beyond arrowSure
// standard errors.
var legendWords = [legendLines]string{
	legendCircle: "Circle: holds the point 95 times in 100",
	legendMiddle: "Dashed line: the middle of the face",
	legendArrow:  "Arrow: 8 times its way to equal halves",
	legendSure:   "Orange: surely uneven. Pale: perhaps not",
}

var (
	inkGround = inkOf(28, 30, 34, 255)
	inkWords  = inkOf(240, 240, 240, 255)
)

const legendHeight = legendLines*legendLine + 2*legendMargin

// legendMask returns the text as a mask. The letters are the bitmaps of the font's package, so that
// they are the same on every machine.
var legendMask = sync.OnceValue(func() *raster.Plane {
	mask := image.NewAlpha(image.Rect(0, 0, legendWidth, legendHeight))
	face := inconsolata.Bold8x16
	for i, words := range legendWords {
		baseline := legendMargin + i*legendLine + (legendLine-face.Height)/2 + face.Ascent
		d := font.Drawer{Dst: mask, Src: image.Opaque, Face: face, Dot: fixedpoint.P(legendText, baseline)}
		d.DrawString(words)
	}
	return &raster.Plane{W: legendWidth, H: legendHeight, Pix: mask.Pix}
})

// withLegend returns the overlay with the legend below it.
func withLegend(p raster.Planes) raster.Planes {
	w := p.Y.W
	h := even(legendHeight * w / legendWidth)
	below := raster.Planes{
		Y: raster.Filled(w, h, inkGround.y), Cb: raster.Filled(w/2, h/2, inkGround.cb),
		Cr: raster.Filled(w/2, h/2, inkGround.cr),
	}
	shrink := float64(legendWidth) / float64(w)
	start := shrink/2 - 0.5
	text := legendMask().Crop(
		raster.Frame{Origin: raster.Vec{X: start, Y: start}, Axis: raster.Vec{X: shrink, Y: 0}}, w, h,
	)
	lay(below, text, inkWords, image.Rect(0, 0, w, h))
	drawSamples(below, 1/shrink)
	return raster.Planes{Y: p.Y.Above(below.Y), Cb: p.Cb.Above(below.Cb), Cr: p.Cr.Above(below.Cr)}
}

// drawSamples draws a sample of each mark beside its line, as large as on the photo.
func drawSamples(p raster.Planes, scale float64) {
	at := func(line int, dx, dy float64) raster.Vec {
		return raster.Vec{X: legendSample + dx, Y: legendMargin + (float64(line)+0.5)*legendLine + dy}.Scaled(scale)
	}
	circle, reach := at(legendCircle, 0, 0), float64(legendText-legendSample)/2
	arrowAt := func(line int, width float64) []stroke {
		return arrow(at(line, -reach, 0), at(line, reach, 0), width, arrowHead)
	}
	var middle []stroke
	for _, dx := range [...]float64{-0.8, 0.2} {
		from := at(legendMiddle, dx*reach, 0)
		middle = append(middle, line(from, from.Plus(raster.Vec{X: dashLength, Y: 0}), middleWidth))
	}
	drawOn(p, seamWidth, inkSeam,
		drawing{inkMiddle, middle}, drawing{inkUnsure, arrowAt(legendArrow, arrowWidth)},
		drawing{inkSure, arrowAt(legendSure, arrowBold)},
		drawing{inkRing, []stroke{ring(circle, 3*dotRadius, ringWidth)}},
		drawing{inkPoint, []stroke{disc(circle, dotRadius)}})
}
