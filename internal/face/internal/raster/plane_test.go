package raster

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The fast ways through pictures against the plain ones.

func TestShrinking_isTakingMeans(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := NewPlane(rapid.IntRange(1, 50).Draw(t, "w"), rapid.IntRange(1, 50).Draw(t, "h"))
		copy(p.Pix, rapid.SliceOfN(rapid.Byte(), len(p.Pix), len(p.Pix)).Draw(t, "pixels"))
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		scale := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "scale")
		before := p.copied()
		got, want := p.Shrunk(scale, o), p.copied().Upright(o).means(scale)
		if !got.equal(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if !p.equal(before) {
			t.Fatal("the plane was changed")
		}
	})
}

// means is shrunk without its words of four sums.
func (p *Plane) means(scale int) *Plane {
	if min(p.W, p.H) < scale {
		return p
	}
	q := NewPlane(p.W/scale, p.H/scale)
	for y := range q.H {
		for x := range q.W {
			sum := scale * scale / 2
			for i := range scale {
				for _, v := range p.Row(y*scale + i)[x*scale : (x+1)*scale] {
					sum += int(v)
				}
			}
			q.Pix[y*q.W+x] = uint8(sum / (scale * scale))
		}
	}
	return q
}

func TestLeaningDoesNotDependOnHowAPictureIsStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		if got, want := p.LeansRight(o), p.copied().Upright(o).LeansRight(1); got != want {
			t.Fatalf("leans right as stored %v, upright %v", got, want)
		}
		turned := p.copied().Upright(o)
		turned.Mirror()
		if !turned.equal(p.copied().Upright(TurnedOver(o))) {
			t.Fatalf("%d is not %d in a mirror", TurnedOver(o), o)
		}
	})
}

func TestSum_addsUpEveryPixel(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 7, 8, 9, 1023, 1024, 1025, 5000} {
		row := make([]uint8, n)
		want := 0
		for i := range row {
			row[i] = uint8(255 - i%3)
			want += 255 - i%3
		}
		if got := sum(row); got != want {
			t.Errorf("%d pixels: %d, want %d", n, got, want)
		}
	}
}

func TestResizing_takesTheMeanOfWhatAPixelCovers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		w, h := rapid.IntRange(1, 15).Draw(t, "new width"), rapid.IntRange(1, 15).Draw(t, "new height")
		q := p.Resized(w, h)
		for y := range h {
			for x := range w {
				sum := 0.0
				for v := range p.H {
					for u := range p.W {
						across := min(float64(u+1), float64((x+1)*p.W)/float64(w)) - max(float64(u), float64(x*p.W)/float64(w))
						down := min(float64(v+1), float64((y+1)*p.H)/float64(h)) - max(float64(v), float64(y*p.H)/float64(h))
						sum += max(0, across) * max(0, down) * float64(p.Pix[v*p.W+u])
					}
				}
				want := sum * float64(w) * float64(h) / float64(p.W*p.H)
				if got := float64(q.Pix[y*w+x]); math.Abs(got-want) > 0.51 {
					t.Fatalf("pixel %d, %d is %v, want %v", x, y, got, want)
				}
			}
		}
	})
}

// TestCrops_areMeansOfSamples compares crop with the same sums taken one by one.
func TestCrops_areMeansOfSamples(t *testing.T) {
	t.Parallel()
	const w, h = 7, 6
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		number := func(name string, reach float64) float64 { return rapid.Float64Range(-reach, reach).Draw(t, name) }
		f := Frame{Origin: Vec{number("x", 20), number("y", 20)}, Axis: Vec{number("right", 9), number("down", 9)}}
		got := p.Crop(f, w, h)
		k := min(max(int(math.Ceil(f.Scale()-0.2)), 1), maxSamples)
		g := gridOn(f, k)
		for row := range h {
			for col := range w {
				sum := k * k << 15
				for i := range k {
					for j := range k {
						x, y := g.at(row*k + i)
						sum += int(p.sample((x+(col*k+j)*g.dx)>>12, (y+(col*k+j)*g.dy)>>12))
					}
				}
				if want := uint8(sum / (k * k << 16)); got.Pix[row*w+col] != want {
					t.Fatalf("pixel %d, %d is %d, want %d", col, row, got.Pix[row*w+col], want)
				}
			}
		}
	})
}

// Planes draws small pictures.
func planes() *rapid.Generator[*Plane] {
	return rapid.Custom(func(t *rapid.T) *Plane {
		p := NewPlane(rapid.IntRange(1, 12).Draw(t, "w"), rapid.IntRange(1, 12).Draw(t, "h"))
		copy(p.Pix, rapid.SliceOfN(rapid.Byte(), len(p.Pix), len(p.Pix)).Draw(t, "pixels"))
		return p
	})
}

func TestOfAPictureAndItsMirrorImageOneIsTurnedOver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		m := p.copied()
		m.Mirror()
		if want := !p.equal(m); (p.LeansRight(1) != m.LeansRight(1)) != want {
			t.Fatalf("picture %v, mirrored %v", p.LeansRight(1), m.LeansRight(1))
		}
	})
}

func TestUpright_undoesEveryOrientation(t *testing.T) {
	t.Parallel()
	// What has to be done again to come back: turning left undoes turning right, the others undo
	// themselves.
	inverse := [9]int{0, 1, 2, 3, 4, 5, 8, 7, 6}
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		if back := p.copied().Upright(o).Upright(inverse[o]); !p.equal(back) {
			t.Fatalf("orientation %d is not undone by %d", o, inverse[o])
		}
	})
}

func TestResizing_keepsTheLight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		w, h := rapid.IntRange(1, 12).Draw(t, "new width"), rapid.IntRange(1, 12).Draw(t, "new height")
		q := p.Resized(w, h)
		if mean := func(p *Plane) float64 {
			sum := 0.0
			for _, v := range p.Pix {
				sum += float64(v)
			}
			return sum / float64(len(p.Pix))
		}; math.Abs(mean(p)-mean(q)) > 1 {
			t.Fatalf("mean %v became %v", mean(p), mean(q))
		}
		p.Mirror()
		m := p.Resized(w, h)
		m.Mirror()
		if !q.equal(m) {
			t.Fatal("a mirrored picture is resized in another way")
		}
	})
}

func (p *Plane) copied() *Plane { return &Plane{W: p.W, H: p.H, Pix: slices.Clone(p.Pix)} }

func (p *Plane) equal(q *Plane) bool { return p.W == q.W && p.H == q.H && slices.Equal(p.Pix, q.Pix) }
