package rendition

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/kovidgoyal/imaging"
)

// canvas is the picture between two operations. It is opaque, and as long as its pixels stay the
// same it is the caller's own picture or a part of it.
type canvas struct {
	img image.Image // *image.YCbCr, *image.Gray or *image.RGBA
	own bool        // whether img is an *image.RGBA from 0, 0 on that may be changed
}

func canvasOf(picture image.Image) *canvas {
	switch m := picture.(type) {
	case *image.YCbCr, *image.Gray:
		return &canvas{img: picture}
	case *image.RGBA:
		if m.Opaque() {
			return &canvas{img: picture}
		}
	}
	return &canvas{img: drawn(picture), own: true}
}

// drawn copies a picture, on white.
func drawn(picture image.Image) *image.RGBA {
	b := picture.Bounds()
	img := image.NewRGBA(image.Rectangle{Max: b.Size()})
	draw.Draw(img, img.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(img, img.Rect, picture, b.Min, draw.Over)
	return img
}

func (c *canvas) size() (w, h int) {
	size := c.img.Bounds().Size()
	return size.X, size.Y
}

// pixels returns the canvas as pixels to be changed.
func (c *canvas) pixels() *image.RGBA {
	if !c.own {
		c.img, c.own = drawn(c.img), true
	}
	return c.img.(*image.RGBA)
}

// pixelsOrGrey returns the picture for an encoder that takes planes pixel by pixel, at the cost of
// an allocation each.
func (c *canvas) pixelsOrGrey() image.Image {
	if _, ok := c.img.(*image.YCbCr); ok {
		return c.pixels()
	}
	return c.img
}

// crop keeps an area, given from 0, 0 on. It takes no memory.
func (c *canvas) crop(area image.Rectangle) {
	if c.own {
		c.img = moved(c.img.(*image.RGBA), area)
		return
	}
	part := c.img.(interface {
		SubImage(area image.Rectangle) image.Image
	})
	c.img = part.SubImage(area.Add(c.img.Bounds().Min))
}

// moved moves an area of the picture to its start.
func moved(img *image.RGBA, area image.Rectangle) *image.RGBA {
	stride := pixelBytes * area.Dx()
	for y := range area.Dy() {
		copy(img.Pix[y*stride:][:stride], img.Pix[img.PixOffset(area.Min.X, area.Min.Y+y):])
	}
	return &image.RGBA{Pix: img.Pix[:area.Dy()*stride], Stride: stride, Rect: image.Rectangle{Max: area.Size()}}
}

// resize shrinks the canvas, or leaves it.
func (c *canvas) resize(o Operation) {
	w, h := c.size()
	newW, newH := o.resized(w, h)
	if o.Fit == FitCover && o.Width != 0 && o.Height != 0 {
		c.crop(covering(w, h, newW, newH))
	}
	if w, h = c.size(); w != newW || h != newH {
		c.img, c.own = resampled(c.img, newW, newH), true
	}
}

// resized returns the size of w x h pixels after a Resize.
func (o Operation) resized(w, h int) (newW, newH int) {
	if o.Width == 0 || o.Height == 0 || o.Fit == "" || o.Fit == FitInside {
		return inside(w, h, o.Width, o.Height)
	}
	return reduced(w, h, o.Width, o.Height)
}

// covering returns the middle part of w x h pixels that has the proportions of newW x newH.
func covering(w, h, newW, newH int) image.Rectangle {
	partW := min(w, max(1, int(math.Round(float64(h)*float64(newW)/float64(newH)))))
	partH := min(h, max(1, int(math.Round(float64(w)*float64(newH)/float64(newW)))))
	return middle(w, h, partW, partH)
}

func middle(w, h, partW, partH int) image.Rectangle {
	left, top := (w-partW)/2, (h-partH)/2
	return image.Rect(left, top, left+partW, top+partH)
}

// rectangle returns what a crop keeps of w x h pixels.
func (o Operation) rectangle(w, h int) image.Rectangle {
	span := func(from, to float64, side int) (int, int) {
		lo := min(int(math.Round(from*float64(side))), side-1)
		return lo, max(int(math.Round(to*float64(side))), lo+1)
	}
	x0, x1 := span(o.Left, o.Right, w)
	y0, y1 := span(o.Top, o.Bottom, h)
	return image.Rect(x0, y0, x1, y1)
}

// boxesTo returns the side, in pixels, of the boxes of which the means are taken before w x h
// pixels are resampled to newW x newH: with the curve still to shrink twofold or more, the result
// is nearly that of the curve alone, in a part of its time and memory. Rather than having something
// left over the boxes are smaller, by less than a half.
func boxesTo(w, h, newW, newH int) int {
	most := max(1, min(w/newW, h/newH)/2)
	for side := most; 2*side > most; side-- {
		if w%side == 0 && h%side == 0 {
			return side
		}
	}
	return most
}

// resampled shrinks an opaque picture by boxes as far as these go, then by Catmull-Rom's curve.
func resampled(img image.Image, w, h int) *image.RGBA {
	size := img.Bounds().Size()
	if side := boxesTo(size.X, size.Y, w, h); side > 1 {
		// What is left over of the boxes is cut on both sides, a quarter of a new pixel at most.
		c := canvas{img: img}
		c.crop(middle(size.X, size.Y, size.X/side*side, size.Y/side*side))
		img = boxed(c.img, side)
	}
	out := imaging.Resize(img, w, h, imaging.CatmullRom)
	return &image.RGBA{Pix: out.Pix, Stride: out.Stride, Rect: out.Rect} // the same, where opaque
}

// boxed returns the means of boxes of an opaque picture, side x side pixels each; the last ones in
// each direction may be of fewer.
func boxed(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, (b.Dx()+side-1)/side, (b.Dy()+side-1)/side))
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), side))
	sums := make([]uint32, 4*out.Rect.Dx())
	for y := range out.Rect.Dy() {
		rows := min(side, b.Dy()-y*side)
		draw.Draw(strip, image.Rect(0, 0, b.Dx(), rows), img, b.Min.Add(image.Pt(0, y*side)), draw.Src)
		clear(sums)
		for row := range rows {
			addBoxes(sums, strip.Pix[row*strip.Stride:][:strip.Stride], side)
		}
		boxMeans(out.Pix[y*out.Stride:][:out.Stride], sums, side, rows, b.Dx())
	}
	return out
}

// addBoxes adds a row of pixels to the sums of the boxes that they lie in.
//
//go:norace
func addBoxes(sums []uint32, row []uint8, side int) {
	for len(row) > 0 {
		box := row[:min(4*side, len(row))]
		row = row[len(box):]
		var r, g, b uint32
		for ; len(box) >= 4; box = box[4:] {
			r, g, b = r+uint32(box[0]), g+uint32(box[1]), b+uint32(box[2])
		}
		sums[0] += r
		sums[1] += g
		sums[2] += b
		sums = sums[4:]
	}
}

// boxMeans writes the means of boxes of rows rows, in a picture of width pixels.
//
//go:norace
func boxMeans(dst []uint8, sums []uint32, side, rows, width int) {
	for x := 0; x < len(dst); x += 4 {
		n := uint32(min(side, width-x/4*side) * rows)
		for i := x; i < x+3; i++ {
			dst[i] = uint8((sums[i] + n/2) / n)
		}
		dst[x+3] = 255
	}
}
