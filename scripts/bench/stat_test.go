package main

import (
	"image"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/face/fit"
)

func TestSpearman(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		a, b []float64
		want float64
	}{
		{"the same order", []float64{1, 5, 9}, []float64{2, 3, 100}, 1},
		{"the opposite order", []float64{1, 5, 9}, []float64{3, 2, 1}, -1},
		{"ties share their rank", []float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, 0.9486832980505138},
		{"all alike", []float64{1, 1, 1}, []float64{1, 2, 3}, 0},
	} {
		if got := spearman(tt.a, tt.b); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestRanksAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOf(rapid.Float64Range(-3, 3)).Draw(t, "values")
		sum := 0.0
		for _, r := range ranks(v) {
			sum += r
		}
		if want := float64(len(v)*(len(v)-1)) / 2; math.Abs(sum-want) > 1e-9 {
			t.Fatalf("ranks add up to %v, not %v", sum, want)
		}
	})
}

func TestBootstrap_isAlwaysTheSameAndHoldsTheValue(t *testing.T) {
	t.Parallel()
	v := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	statistic := func(c []int) float64 { return fit.Mean(picked(v, c)) }
	lo, hi := bootstrap(len(v), statistic)
	if lo2, hi2 := bootstrap(len(v), statistic); lo != lo2 || hi != hi2 {
		t.Errorf("%v to %v, then %v to %v", lo, hi, lo2, hi2)
	}
	if lo < 3 || lo > 4.5 || hi < 6.5 || hi > 8 {
		t.Errorf("interval %v to %v; the standard error is .9", lo, hi)
	}
}

func TestBars(t *testing.T) {
	t.Parallel()
	value := func(v float64) func([]int) float64 { return func([]int) float64 { return v } }
	for _, tt := range []struct {
		value         float64
		need, stretch *bar
		want          string
	}{
		{0.71, atLeast(0.72), atLeast(0.8), "no"}, {0.72, atLeast(0.72), atLeast(0.8), "bar"},
		{0.9, atLeast(0.72), atLeast(0.8), "stretch"},
		{0.95, within(0.93, 0.97), nil, "bar"}, {0.98, within(0.93, 0.97), nil, "no"}, {0, atMost(0), atMost(0), "stretch"},
		{1, nil, nil, ""},
	} {
		if got := judged("", 3, tt.need, tt.stretch, value(tt.value)).Reached; got != tt.want {
			t.Errorf("%v against %v and %v: %q, want %q", tt.value, tt.need, tt.stretch, got, tt.want)
		}
	}
}

func TestEyes_goThereAndBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.Float64Range(-200, 200)
		at := eyes{place{c.Draw(t, "x"), c.Draw(t, "y")}, place{300, 310}}
		p := place{c.Draw(t, "px"), c.Draw(t, "py")}
		if d := at.inPicture(at.inFace(p)).to(p).length(); d > 1e-6 {
			t.Fatalf("off by %v", d)
		}
	})
}

func TestTurningThereAndBackOnTheDrum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := place{rapid.Float64Range(-0.9, 0.9).Draw(t, "x"), rapid.Float64Range(-1, 1).Draw(t, "y")}
		by := rapid.Float64Range(-10, 10).Draw(t, "degrees")
		if d := onDrum(onDrum(p, by), -by).to(p).length(); d > 1e-9 {
			t.Fatalf("off by %v", d)
		}
		if d := nodded(nodded(p, by), -by).to(p).length(); d > 1e-9 {
			t.Fatalf("nodded, off by %v", d)
		}
	})
}

// chequered is a picture with an edge everywhere.
func chequered() *image.Gray {
	g := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range g.Pix {
		g.Pix[i] = uint8(40 + 170*((i%40/5+i/40/5)%2))
	}
	return g
}

func TestAlterations(t *testing.T) {
	t.Parallel()
	g := chequered()
	level := func(g *image.Gray) float64 {
		sum := 0.0
		for _, v := range g.Pix {
			sum += float64(v)
		}
		return sum / float64(len(g.Pix))
	}
	if m := mirrored(mirrored(g)); !slices.Equal(m.Pix, g.Pix) {
		t.Error("mirrored twice is another picture")
	}
	if b := blurred(g, 2); math.Abs(level(b)-level(g)) > 3 || slices.Equal(b.Pix, g.Pix) {
		t.Errorf("blurred: mean %v, was %v", level(b), level(g))
	}
	if r := resized(g, 0.5); r.Rect.Dx() != 20 || r.Rect.Dy() != 15 || math.Abs(level(r)-level(g)) > 3 {
		t.Errorf("resized: %v, mean %v, was %v", r.Rect, level(r), level(g))
	}
	if r := rolled(g, 0); !slices.Equal(r.Pix, g.Pix) {
		t.Error("rolled by nothing is another picture")
	}
	if l := gamma(g, 0.6); level(l) <= level(g) {
		t.Error("gamma .6 did not lighten")
	}
	if j, err := resaved(g, 90); err != nil || math.Abs(level(j)-level(g)) > 3 {
		t.Errorf("resaved: %v", err)
	}
}
