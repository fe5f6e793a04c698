package photos

import (
	"image"
	"image/color"
	"image/draw"
)

// All effects compute in whole numbers, so that they are the same on every machine.

// graded returns the effect that makes each channel mul/256 of its value and adds to it.
func graded(mul, add int) func(*image.RGBA) {
	return func(img *image.RGBA) {
		for i, v := range img.Pix {
			if i%4 != 3 {
				img.Pix[i] = uint8(min(255, max(0, (int(v)*mul+128)>>8+add)))
			}
		}
	}
}

// blurred returns the effect of a mean over 2*across+1 columns and 2*down+1 rows, several times.
func blurred(across, down, times int) func(*image.RGBA) {
	return func(img *image.RGBA) {
		for range times {
			w, h := img.Rect.Dx(), img.Rect.Dy()
			for y := range h {
				mean(img.Pix[y*img.Stride:], w, 4, across)
			}
			for x := range w {
				mean(img.Pix[4*x:], h, img.Stride, down)
			}
		}
	}
}

// mean replaces each of n pixels, which are stride bytes apart, by the mean of those up to radius
// away. The first and the last are repeated.
func mean(pix []byte, n, stride, radius int) {
	if radius == 0 {
		return
	}
	line := make([]int, n)
	for channel := range 3 {
		for i := range line {
			line[i] = int(pix[i*stride+channel])
		}
		at := func(i int) int { return line[min(n-1, max(0, i))] }
		sum := 0
		for i := -radius; i <= radius; i++ {
			sum += at(i)
		}
		for i := range n {
			pix[i*stride+channel] = uint8((sum + radius) / (2*radius + 1))
			sum += at(i+radius+1) - at(i-radius)
		}
	}
}

// mirrored returns the picture mirrored left to right.
func mirrored(src *image.RGBA) *image.RGBA {
	dst := image.NewRGBA(src.Rect)
	w := src.Rect.Dx()
	for y := range src.Rect.Dy() {
		for x := range w {
			dst.SetRGBA(w-1-x, y, src.RGBAAt(x, y))
		}
	}
	return dst
}

// halved shows the left half of the picture twice, once mirrored.
func halved(img *image.RGBA) {
	w := img.Rect.Dx()
	for y := range img.Rect.Dy() {
		for x := w / 2; x < w; x++ {
			img.SetRGBA(x, y, img.RGBAAt(w-1-x, y))
		}
	}
}

// turned returns the picture as a camera stores it that is held upright and declares the Exif
// orientation 6: by a quarter to the left.
func turned(src *image.RGBA) *image.RGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, h, w))
	for y := range h {
		for x := range w {
			dst.SetRGBA(y, w-1-x, src.RGBAAt(x, y))
		}
	}
	return dst
}

// beside returns the pictures side by side.
func beside(left, right *image.RGBA) *image.RGBA {
	w := left.Rect.Dx()
	dst := image.NewRGBA(image.Rect(0, 0, w+right.Rect.Dx(), left.Rect.Dy()))
	draw.Draw(dst, left.Rect, left, image.Point{}, draw.Src)
	draw.Draw(dst, right.Rect.Add(image.Pt(w, 0)), right, image.Point{}, draw.Src)
	return dst
}

// plain fills a picture with one colour.
func plain(grey uint8) func(*image.RGBA) {
	return func(img *image.RGBA) {
		draw.Draw(img, img.Rect, image.NewUniform(color.Gray{Y: grey}), image.Point{}, draw.Src)
	}
}

// grey returns the picture without its colours.
func grey(src *image.RGBA) *image.Gray {
	dst := image.NewGray(src.Rect)
	draw.Draw(dst, dst.Rect, src, image.Point{}, draw.Src)
	return dst
}
