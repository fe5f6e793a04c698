package face

import (
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"pgregory.net/rapid"
)

// patterns draws fields of the size that faces have.
func patterns() *rapid.Generator[pattern] {
	return rapid.Custom(func(t *rapid.T) (f pattern) {
		for k, p := range fieldPoints {
			f[k].X = rapid.Float64Range(-0.03, 0.03).Draw(t, "x")
			if !p.middle {
				f[k].Y = rapid.Float64Range(-0.03, 0.03).Draw(t, "y")
			}
		}
		return f
	})
}

func agreeing(c float64) (local [len(fieldPoints)]float64) {
	for k := range local {
		local[k] = c
	}
	return local
}

func TestTheEnergyThatIsBelieved(t *testing.T) {
	t.Parallel()
	t.Run("is the same for the mirrored field", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			f := patterns().Draw(t, "field")
			local := agreeing(rapid.Float64Range(-1, 1).Draw(t, "agreement"))
			a, _ := fitted.believed(&f, &local)
			g := f.times(-1)
			if b, _ := fitted.believed(&g, &local); a != b {
				t.Fatalf("%v, mirrored %v", a, b)
			}
		})
	})
	t.Run("does not depend on shift, turn and pose", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			f := patterns().Draw(t, "field")
			local, before := agreeing(0.9), 0.0
			for _, u := range []pattern{{}, rigid[0].times(0.02), rigid[1].times(0.02), fitted.posed.times(0.02), fitted.turned.times(0.02)} {
				g := f
				for k := range g {
					g[k] = g[k].Plus(u[k])
				}
				e, _ := fitted.believed(&g, &local)
				if now := indexOf(sumOf(e)); before == 0 {
					before = now
				} else if math.Abs(now-before) > 0.005*before {
					t.Fatalf("index %v, moved %v", before, now)
				}
			}
		})
	})
	t.Run("is that of the reference where nothing can be seen", func(t *testing.T) {
		t.Parallel()
		var none, some pattern
		for k := range some {
			some[k] = raster.Vec{X: 0.02, Y: 0.02}
		}
		blind := agreeing(-1)
		a, _ := fitted.believed(&none, &blind)
		b, _ := fitted.believed(&some, &blind)
		for _, e := range [][parts]float64{a, b} {
			if z := fitted.index.deviation(indexOf(sumOf(e))); math.Abs(z) > 1.5 {
				t.Errorf("deviation %v of a face of which nothing is seen", z)
			}
		}
	})
}

func TestEigenvectorsSolveTheirEquation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a [freeSize]free
		for range rapid.IntRange(1, 5).Draw(t, "rank") {
			f := patterns().Draw(t, "field")
			addOuter(&a, &f, 1)
		}
		values, vectors := eigen(a)
		for i := range values {
			if i > 0 && values[i] > values[i-1] {
				t.Fatalf("values out of order: %v", values[:i+1])
			}
			for j := range a {
				if d := innerFree(&a[j], &vectors[i]) - values[i]*vectors[i][j]; math.Abs(d) > 1e-9 {
					t.Fatalf("off by %v", d)
				}
			}
		}
	})
}
