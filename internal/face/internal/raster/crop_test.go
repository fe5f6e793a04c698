package raster

import (
	"testing"

	"pgregory.net/rapid"
)

func TestFrames_goThereAndBack(t *testing.T) {
	t.Parallel()
	coordinate := rapid.Float64Range(-1000, 1000)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) Vec { return Vec{coordinate.Draw(t, name+" x"), coordinate.Draw(t, name+" y")} }
		a, pa, at := draw("a"), draw("pa"), draw("place")
		f := FrameBetween(a, a.Plus(Vec{3, 4}), pa, pa.Plus(Vec{1, 7}))
		if d := f.Inner(f.Outer(at)).Minus(at).Length(); d > 1e-6 {
			t.Fatalf("off by %v", d)
		}
		if d := f.Outer(a).Minus(pa).Length(); d > 1e-6 {
			t.Fatalf("the first point is off by %v", d)
		}
	})
}
