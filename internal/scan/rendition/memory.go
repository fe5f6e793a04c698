package rendition

import (
	"errors"
	"image"
	"math"
)

// MaxMemory is how much memory a rendition may take, in bytes, as estimated from the size of the
// picture and what is asked for. The picture itself counts. Whatever can be asked for stays below
// with a picture that is not larger than MaxSide in both directions, as face.Upright gives it.
const MaxMemory = 320 << 20

// ErrTooLarge is the error of a rendition that would take more than MaxMemory.
var ErrTooLarge = errors.New("rendition: it takes too much memory")

// pixelBytes is what a pixel of an *image.RGBA takes.
const pixelBytes = 4

// encoderBytes is what encoders take for a pixel, of a picture full of noise. The file is there
// twice at last, in pieces and joined. That of WebP takes most, for tables of its own.
var encoderBytes = map[Format]int64{JPEG: 2 * 1, PNG: 2 * 3, TIFF: 2 * 3, WebP: 50}

// memory estimates what the rendition of a picture takes at its most, in bytes.
func memory(size image.Point, r Rendition) int64 {
	if int64(size.X) > MaxMemory/int64(size.Y) {
		return math.MaxInt64 // before it overflows
	}
	picture := bytesOf(size)
	most, own := picture, int64(0) // own is that of the canvas, once it is not the picture's
	for _, o := range r.steps() {
		switch o.Op {
		case Resize:
			newW, newH := o.resized(size.X, size.Y)
			next := image.Pt(newW, newH)
			if next == size {
				continue
			}
			most = max(most, picture+own+resizing(size, next))
			size, own = next, bytesOf(next)
		case Crop:
			size = o.rectangle(size.X, size.Y).Size()
		case Grayscale, Blur, Sharpen, Watermark:
			own = max(own, bytesOf(size))
			most = max(most, picture+own+own/4) // of a blur that is computed in boxes of 2 x 2
		}
	}
	own = max(own, bytesOf(size))
	return max(most, picture+own+encoderBytes[r.Format]*bytesOf(size)/pixelBytes)
}

func bytesOf(size image.Point) int64 { return pixelBytes * int64(size.X) * int64(size.Y) }

// resizing estimates what resampled takes: the means of boxes, the picture at its new width and its
// old height, and the result.
func resizing(size, next image.Point) int64 {
	boxes := int64(0)
	if side := boxesTo(size.X, size.Y, next.X, next.Y); side > 1 {
		size = size.Div(side)
		boxes = bytesOf(size)
	}
	return boxes + bytesOf(image.Pt(next.X, size.Y)) + bytesOf(next)
}
