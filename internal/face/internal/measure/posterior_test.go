package measure

import (
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"pgregory.net/rapid"
)

// patterns draws fields of the size that faces have.
func patterns() *rapid.Generator[mirror.Pattern] {
	return rapid.Custom(func(t *rapid.T) (f mirror.Pattern) {
		for k, p := range mirror.FieldPoints {
			f[k].X = rapid.Float64Range(-0.03, 0.03).Draw(t, "x")
			if !p.Middle {
				f[k].Y = rapid.Float64Range(-0.03, 0.03).Draw(t, "y")
			}
		}
		return f
	})
}

func agreeing(c float64) (local [len(mirror.FieldPoints)]float64) {
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
			a, _ := Fitted.Believed(&f, &local)
			g := f.Times(-1)
			if b, _ := Fitted.Believed(&g, &local); a != b {
				t.Fatalf("%v, mirrored %v", a, b)
			}
		})
	})
	t.Run("does not depend on shift, turn and pose", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			f := patterns().Draw(t, "field")
			local, before := agreeing(0.9), 0.0
			for _, u := range []mirror.Pattern{
				{}, mirror.Rigid[0].Times(0.02), mirror.Rigid[1].Times(0.02), Fitted.Posed.Times(0.02), Fitted.Turned.Times(0.02),
			} {
				g := f
				for k := range g {
					g[k] = g[k].Plus(u[k])
				}
				e, _ := Fitted.Believed(&g, &local)
				if now := indexOf(mirror.SumOf(e)); before == 0 {
					before = now
				} else if math.Abs(now-before) > 0.005*before {
					t.Fatalf("index %v, moved %v", before, now)
				}
			}
		})
	})
	t.Run("is that of the reference where nothing can be seen", func(t *testing.T) {
		t.Parallel()
		var none, some mirror.Pattern
		for k := range some {
			some[k] = raster.Vec{X: 0.02, Y: 0.02}
		}
		blind := agreeing(-1)
		a, _ := Fitted.Believed(&none, &blind)
		b, _ := Fitted.Believed(&some, &blind)
		for _, e := range [][mirror.Parts]float64{a, b} {
			if z := Fitted.Index.Deviation(indexOf(mirror.SumOf(e))); math.Abs(z) > 1.5 {
				t.Errorf("deviation %v of a face of which nothing is seen", z)
			}
		}
	})
}
