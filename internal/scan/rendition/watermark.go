package rendition

import (
	"fmt"
	"image"
	"image/color"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// The watermark's measures.
const (
	textShare  = 1.0 / 20 // height of the letters, of the picture's shorter side
	textWidth  = 0.9      // width of the text at most, of the picture's
	textMargin = 0.5      // distance from the edges, of the letters' height
	leastText  = 4.0      // height of the letters, pixels
)

var (
	ink    = color.NRGBA{255, 255, 255, 190}
	shadow = color.NRGBA{0, 0, 0, 130}
)

// goMedium is the Go font (BSD licence), which comes with x/image.
var goMedium = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gomedium.TTF) })

func hasGlyph(r rune) bool {
	f, err := goMedium()
	if err != nil {
		return false
	}
	var buffer sfnt.Buffer
	index, err := f.GlyphIndex(&buffer, r)
	return err == nil && index != 0
}

// watermark writes a line of text on the picture, light with a dark shadow so that it can be read
// on any ground. Where the picture is too small for the line, its end is cut off.
func watermark(img *image.RGBA, text string, at Position) error {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	size := max(leastText, textShare*float64(min(w, h)))
	face, err := faceOf(size)
	if err != nil {
		return err
	}
	if wide := float64(font.MeasureString(face, text)) / 64; wide > textWidth*float64(w) {
		size = max(leastText, size*textWidth*float64(w)/wide)
		if face, err = faceOf(size); err != nil {
			return err
		}
	}
	x, y := place(at, w, h, font.MeasureString(face, text).Ceil(), face.Metrics(), int(textMargin*size))
	offset := max(1, int(size/16))
	for _, layer := range []struct {
		ink   color.Color
		shift int
	}{{shadow, offset}, {ink, 0}} {
		d := font.Drawer{Dst: img, Src: image.NewUniform(layer.ink), Face: face, Dot: fixed.P(x+layer.shift, y+layer.shift)}
		d.DrawString(text)
	}
	return nil
}

func faceOf(size float64) (font.Face, error) {
	f, err := goMedium()
	if err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	// At 72 dots an inch a point is a pixel.
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("scale the font: %w", err)
	}
	return face, nil
}

// place returns where the line begins: left end and baseline.
func place(at Position, w, h, wide int, m font.Metrics, margin int) (x, y int) {
	left, right := margin, w-wide-margin
	top, bottom := margin+m.Ascent.Ceil(), h-margin-m.Descent.Ceil()
	switch at {
	case TopLeft:
		return left, top
	case TopRight:
		return right, top
	case BottomLeft:
		return left, bottom
	case Center:
		return (w - wide) / 2, (h + m.Ascent.Ceil() - m.Descent.Ceil()) / 2
	default: // BottomRight
		return right, bottom
	}
}
