package raster

import (
	"image"
	"math"
)

// Half returns the frame of the same crop for planes of half the size. A pixel of those lies in the
// middle of four of the others, in the crop as on the canvas.
func (f Frame) Half() Frame {
	quarter := Vec{0.5, 0.5}
	return Frame{Origin: f.Outer(quarter).Minus(quarter).Scaled(0.5), Axis: f.Axis}
}

// Bounds returns an area that holds every pixel that w x h samples along the frame look at, with
// even corners and sides that are multiples of unit.
func (f Frame) Bounds(w, h, unit int) image.Rectangle {
	right, low := float64(w-1), float64(h-1)
	var area image.Rectangle
	for _, corner := range [...]Vec{{0, 0}, {right, 0}, {0, low}, {right, low}} {
		at := f.Outer(corner)
		x, y := int(math.Floor(at.X)), int(math.Floor(at.Y))
		area = area.Union(image.Rect(x-2, y-2, x+4, y+4))
	}
	area.Min.X, area.Min.Y = area.Min.X&^1, area.Min.Y&^1
	area.Max.X = area.Min.X + (area.Dx()+unit-1)/unit*unit
	area.Max.Y = area.Min.Y + (area.Dy()+unit-1)/unit*unit
	return area
}

// Part copies an area of the plane. Outside of the plane the border is repeated.
func (p *Plane) Part(area image.Rectangle) *Plane {
	q := NewPlane(area.Dx(), area.Dy())
	inside := area.Min.X >= 0 && area.Max.X <= p.W
	for y := range q.H {
		src, dst := p.Row(min(max(area.Min.Y+y, 0), p.H-1)), q.Row(y)
		if inside {
			copy(dst, src[area.Min.X:])
			continue
		}
		for x := range dst {
			dst[x] = src[min(max(area.Min.X+x, 0), p.W-1)]
		}
	}
	return q
}

// Window takes single samples along a frame, and copies where the pixels of both are the same ones.
func (p *Plane) Window(f Frame, w, h int) *Plane {
	x, y := int(f.Origin.X), int(f.Origin.Y)
	same := f.Axis == Vec{1, 0} && f.Origin == Vec{float64(x), float64(y)}
	if !same || x < 0 || y < 0 || x+w > p.W || y+h > p.H {
		return p.Sampled(f, w, h, 1)
	}
	q := NewPlane(w, h)
	for row := range h {
		copy(q.Row(row), p.Row(y + row)[x:])
	}
	return q
}

// ClearOutside makes grey what a crop of p along f shows of the world outside p.
func (p *Plane) ClearOutside(crop *Plane, f Frame) {
	right, low := float64(crop.W-1), float64(crop.H-1)
	inside := true
	for _, corner := range [...]Vec{{0, 0}, {right, 0}, {0, low}, {right, low}} {
		inside = inside && p.Holds(f.Outer(corner))
	}
	if inside {
		return
	}
	for y := range crop.H {
		row := crop.Row(y)
		for x := range row {
			if !p.Holds(f.Outer(Vec{float64(x), float64(y)})) {
				row[x] = Backdrop
			}
		}
	}
}
