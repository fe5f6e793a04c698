package main

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// place is a point in a picture, pixels.
type place struct{ x, y float64 }

func (a place) to(b place) place { return place{b.x - a.x, b.y - a.y} }

func (a place) length() float64 { return math.Hypot(a.x, a.y) }

func between(a, b place) place { return place{(a.x + b.x) / 2, (a.y + b.y) / 2} }

// warp returns the picture whose pixel at p shows the source at from(p), bilinearly; the border is
// repeated.
func warp(g *image.Gray, w, h int, from func(p place) place) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			out.Pix[y*out.Stride+x] = grey(sample(g, from(place{float64(x), float64(y)})))
		}
	}
	return out
}

func sample(g *image.Gray, p place) float64 {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	x, y := min(max(p.x, 0), float64(w-1)), min(max(p.y, 0), float64(h-1))
	col, row := min(int(x), w-2), min(int(y), h-2)
	fx, fy := x-float64(col), y-float64(row)
	s := g.Pix[row*g.Stride+col:]
	top := float64(s[0])*(1-fx) + float64(s[1])*fx
	low := float64(s[g.Stride])*(1-fx) + float64(s[g.Stride+1])*fx
	return top*(1-fy) + low*fy
}

func grey(v float64) uint8 { return uint8(min(255, max(0, math.Round(v)))) }

func graded(g *image.Gray, f func(x, y int, v float64) float64) *image.Gray {
	out := image.NewGray(g.Rect)
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			i := y*g.Stride + x
			out.Pix[i] = grey(f(x, y, float64(g.Pix[i])))
		}
	}
	return out
}

func mirrored(g *image.Gray) *image.Gray {
	out := image.NewGray(g.Rect)
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			out.Pix[y*out.Stride+x] = g.Pix[y*g.Stride+g.Rect.Dx()-1-x]
		}
	}
	return out
}

// rolled turns a picture clockwise about its middle, degrees.
func rolled(g *image.Gray, degrees float64) *image.Gray {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	mid := place{float64(g.Rect.Dx()-1) / 2, float64(g.Rect.Dy()-1) / 2}
	return warp(g, g.Rect.Dx(), g.Rect.Dy(), func(p place) place {
		d := mid.to(p)
		return place{mid.x + d.x*cos + d.y*sin, mid.y - d.x*sin + d.y*cos}
	})
}

// resized takes the mean of the area under each new pixel (for factors below 1).
func resized(g *image.Gray, factor float64) *image.Gray {
	w, h := int(float64(g.Rect.Dx())*factor), int(float64(g.Rect.Dy())*factor)
	k := max(1, int(math.Ceil(1/factor)))
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sum := 0.0
			for i := range k {
				for j := range k {
					sub := func(c, n int) float64 { return (float64(c)+(float64(n)+0.5)/float64(k))/factor - 0.5 }
					sum += sample(g, place{sub(x, j), sub(y, i)})
				}
			}
			out.Pix[y*out.Stride+x] = grey(sum / float64(k*k))
		}
	}
	return out
}

// blurred applies a box filter of a radius in pixels three times.
func blurred(g *image.Gray, radius int) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	f := make([]float64, w*h)
	for i := range f {
		f[i] = float64(g.Pix[i/w*g.Stride+i%w])
	}
	for range 3 {
		f = box(f, w, h, 1, radius)
		f = box(f, w, h, w, radius)
	}
	return graded(g, func(x, y int, _ float64) float64 { return f[y*w+x] })
}

// box means 2*radius+1 values along rows (stride 1) or columns (stride w), fewer at the border.
func box(f []float64, w, h, stride, radius int) []float64 {
	out := make([]float64, len(f))
	lines, n, next := h, w, w
	if stride != 1 {
		lines, n, next = w, h, 1
	}
	for line := range lines {
		at := line * next
		sum, count := 0.0, 0
		for i := -radius; i < n; i++ {
			if i+radius < n {
				sum, count = sum+f[at+(i+radius)*stride], count+1
			}
			if i-radius-1 >= 0 {
				sum, count = sum-f[at+(i-radius-1)*stride], count-1
			}
			if i >= 0 {
				out[at+i*stride] = sum / float64(count)
			}
		}
	}
	return out
}

func noisy(g *image.Gray, sd float64, r *rand.Rand) *image.Gray {
	return graded(g, func(_, _ int, v float64) float64 { return v + sd*r.NormFloat64() })
}

func gamma(g *image.Gray, exponent float64) *image.Gray {
	return graded(g, func(_, _ int, v float64) float64 { return 255 * math.Pow(v/255, exponent) })
}

// sideLit lights one side of the face more: by a factor exp(strength) one pupil distance to the
// right of the middle.
func sideLit(g *image.Gray, at eyes, strength float64) *image.Gray {
	mid, iod := at.middle().x, at.iod()
	return graded(g, func(x, _ int, v float64) float64 {
		return v * math.Exp(strength*min(1.5, max(-1.5, (float64(x)-mid)/iod)))
	})
}

func resaved(g *image.Gray, quality int) (*image.Gray, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	img, err := jpeg.Decode(&b)
	if err != nil {
		return nil, err
	}
	return img.(*image.Gray), nil
}

// eyes are the pupils in a picture.
type eyes struct{ left, right place }

func (e eyes) iod() float64  { return e.left.to(e.right).length() }
func (e eyes) middle() place { return between(e.left, e.right) }

// inFace returns a place in pupil distances from the middle between the pupils, in the frame in
// which they are level.
func (e eyes) inFace(p place) place {
	ax, d, n := e.left.to(e.right), e.middle().to(p), e.iod()*e.iod()
	return place{(d.x*ax.x + d.y*ax.y) / n, (d.y*ax.x - d.x*ax.y) / n}
}

// inPicture returns the way back.
func (e eyes) inPicture(p place) place {
	ax, m := e.left.to(e.right), e.middle()
	return place{m.x + p.x*ax.x - p.y*ax.y, m.y + p.x*ax.y + p.y*ax.x}
}

// drumRadius is that of the upright cylinder on which heads are turned, in pupil distances: half
// the width of a head.
const drumRadius = 1.2

// onDrum returns where a place of the face goes when the head turns, to the right of the picture
// for positive degrees. Beyond the edge of the cylinder nothing moves.
func onDrum(p place, degrees float64) place {
	s := p.x / drumRadius
	if math.Abs(s) >= 1 {
		return p
	}
	angle := math.Asin(s) + degrees*math.Pi/180
	return place{drumRadius * math.Sin(min(math.Pi/2, max(-math.Pi/2, angle))), p.y}
}

func turned(g *image.Gray, at eyes, degrees float64) *image.Gray {
	return warp(g, g.Rect.Dx(), g.Rect.Dy(), func(p place) place { return at.inPicture(onDrum(at.inFace(p), -degrees)) })
}

// bent lowers a place of the face softly: by so many pupil distances at the place, along the face,
// with a Gaussian bell of the given width.
func bent(g *image.Gray, at eyes, spot place, down, width float64) *image.Gray {
	c := at.inFace(spot)
	return warp(g, g.Rect.Dx(), g.Rect.Dy(), func(p place) place {
		q := at.inFace(p)
		d := c.to(q)
		if r2 := (d.x*d.x + d.y*d.y) / (width * width); r2 < 16 {
			q.y -= down * math.Exp(-r2/2)
			return at.inPicture(q)
		}
		return p
	})
}
