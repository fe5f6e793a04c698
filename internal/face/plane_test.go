package face

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The fast ways through pictures against the plain ones.

func TestShrinkingIsTakingMeans(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := newPlane(rapid.IntRange(1, 50).Draw(t, "w"), rapid.IntRange(1, 50).Draw(t, "h"))
		copy(p.pix, rapid.SliceOfN(rapid.Byte(), len(p.pix), len(p.pix)).Draw(t, "pixels"))
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		scale := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "scale")
		before := p.copied()
		got, want := p.shrunk(scale, o), p.copied().upright(o).means(scale)
		if !got.equal(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if !p.equal(before) {
			t.Fatal("the plane was changed")
		}
	})
}

// means is shrunk without its words of four sums.
func (p *plane) means(scale int) *plane {
	if min(p.w, p.h) < scale {
		return p
	}
	q := newPlane(p.w/scale, p.h/scale)
	for y := range q.h {
		for x := range q.w {
			sum := scale * scale / 2
			for i := range scale {
				for _, v := range p.row(y*scale + i)[x*scale : (x+1)*scale] {
					sum += int(v)
				}
			}
			q.pix[y*q.w+x] = uint8(sum / (scale * scale))
		}
	}
	return q
}

func TestLeaningDoesNotDependOnHowAPictureIsStored(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		if got, want := p.leansRight(o), p.copied().upright(o).leansRight(1); got != want {
			t.Fatalf("leans right as stored %v, upright %v", got, want)
		}
		turned := p.copied().upright(o)
		turned.mirror()
		if !turned.equal(p.copied().upright(turnedOver(o))) {
			t.Fatalf("%d is not %d in a mirror", turnedOver(o), o)
		}
	})
}

func TestSumAddsUpEveryPixel(t *testing.T) {
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

func TestResizingTakesTheMeanOfWhatAPixelCovers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		w, h := rapid.IntRange(1, 15).Draw(t, "new width"), rapid.IntRange(1, 15).Draw(t, "new height")
		q := p.resized(w, h)
		for y := range h {
			for x := range w {
				sum := 0.0
				for v := range p.h {
					for u := range p.w {
						across := min(float64(u+1), float64((x+1)*p.w)/float64(w)) - max(float64(u), float64(x*p.w)/float64(w))
						down := min(float64(v+1), float64((y+1)*p.h)/float64(h)) - max(float64(v), float64(y*p.h)/float64(h))
						sum += max(0, across) * max(0, down) * float64(p.pix[v*p.w+u])
					}
				}
				want := sum * float64(w) * float64(h) / float64(p.w*p.h)
				if got := float64(q.pix[y*w+x]); math.Abs(got-want) > 0.51 {
					t.Fatalf("pixel %d, %d is %v, want %v", x, y, got, want)
				}
			}
		}
	})
}

// TestCropsAreMeansOfSamples compares crop with the same sums taken one by one.
func TestCropsAreMeansOfSamples(t *testing.T) {
	t.Parallel()
	const w, h = 7, 6
	rapid.Check(t, func(t *rapid.T) {
		p := planes().Draw(t, "picture")
		number := func(name string, reach float64) float64 { return rapid.Float64Range(-reach, reach).Draw(t, name) }
		f := frame{origin: vec{number("x", 20), number("y", 20)}, axis: vec{number("right", 9), number("down", 9)}}
		got := p.crop(f, w, h)
		k := min(max(int(math.Ceil(f.scale()-0.2)), 1), maxSamples)
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
				if want := uint8(sum / (k * k << 16)); got.pix[row*w+col] != want {
					t.Fatalf("pixel %d, %d is %d, want %d", col, row, got.pix[row*w+col], want)
				}
			}
		}
	})
}
