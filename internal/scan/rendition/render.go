package rendition

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"runtime/debug"

	"github.com/HugoSmits86/nativewebp"
)

// defaultQuality is that of a JPEG for which none was asked.
const defaultQuality = 85

// manyPixels is the size of a picture from which on a rendition gives back the memory that is not
// in use any more, before each of its steps that take much. Otherwise the garbage collector lets it
// grow to as much again as is in use.
const manyPixels = 4_000_000

// Render makes the rendition of an upright picture, which is read only; one over MaxSide is shrunk
// first. What is transparent in it becomes white. The rendition has passed Validate. It keeps
// nothing of the picture but its pixels. One that needs more than MaxMemory fails with ErrTooLarge
// before anything is done.
func Render(picture image.Image, r Rendition) ([]byte, error) {
	size := picture.Bounds().Size()
	if size.X < 1 || size.Y < 1 {
		return nil, errors.New("rendition: the picture is empty")
	}
	if memory(size, r) > MaxMemory {
		return nil, fmt.Errorf("%w: a %s of %d x %d pixels", ErrTooLarge, r.Format, size.X, size.Y)
	}
	giveBack := func() {
		if size.X*size.Y >= manyPixels {
			debug.FreeOSMemory()
		}
	}
	giveBack() // what came before, such as the memory of decoding the photo
	c, err := changed(picture, r)
	if err != nil {
		return nil, err
	}
	giveBack() // what resizing took
	file := new(pieces)
	if err := c.encode(r, file); err != nil {
		return nil, fmt.Errorf("rendition: encode %s: %w", r.Format, err)
	}
	giveBack() // the canvas
	return file.joined(), nil
}

// changed applies the operations.
func changed(picture image.Image, r Rendition) (*canvas, error) {
	c := canvasOf(picture)
	for _, o := range r.steps() {
		if err := c.apply(o); err != nil {
			return nil, fmt.Errorf("rendition: %s: %w", o.Op, err)
		}
	}
	return c, nil
}

// steps returns the operations, with those that keep the picture and the file within bounds.
func (r Rendition) steps() []Operation {
	steps := append([]Operation{{Op: Resize, Width: MaxSide, Height: MaxSide}}, r.Operations...)
	if r.Format == WebP {
		steps = append(steps, Operation{Op: Resize, Width: MaxWebPSide, Height: MaxWebPSide})
	}
	return steps
}

func (c *canvas) apply(o Operation) error {
	switch o.Op {
	case Resize:
		c.resize(o)
	case Crop:
		w, h := c.size()
		c.crop(o.rectangle(w, h))
	case Grayscale:
		grey(c.pixels())
	case Blur:
		blur(c.pixels(), o.Sigma)
	case Sharpen:
		sharpen(c.pixels(), o.Sigma)
	case Watermark:
		return watermark(c.pixels(), o.Text, o.Position)
	default:
		return fmt.Errorf("unknown operation %q", o.Op)
	}
	return nil
}

// encode writes the canvas as a file. A JPEG is written from the planes of a photo of which no
// pixel was changed: its colours are not converted twice then.
func (c *canvas) encode(r Rendition, file *pieces) error {
	switch r.Format {
	case JPEG:
		quality := r.Quality
		if quality == 0 {
			quality = defaultQuality
		}
		return jpeg.Encode(file, c.img, &jpeg.Options{Quality: quality})
	case PNG:
		return png.Encode(file, c.pixelsOrGrey())
	case WebP:
		return nativewebp.Encode(file, c.img, nil)
	case TIFF:
		return encodeTIFF(file, c.img)
	}
	return fmt.Errorf("unknown format %q", r.Format)
}
