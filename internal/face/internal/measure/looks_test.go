package measure

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/mirror"
	"pgregory.net/rapid"
)

// drawnHalf is a crop at half size of chance.
func drawnHalf(r *rand.Rand) []float64 {
	half := make([]float64, mirror.FieldW*mirror.FieldH)
	for i := range half {
		half[i] = 100 + 40*math.Sin(float64(i%mirror.FieldW)/9+r.Float64()) + 10*r.Float64()
	}
	return half
}

func TestALookDoesNotFollowTheLight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		half := drawnHalf(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		a := LooksOf(half)
		level, slope := rapid.Float64Range(-50, 50).Draw(t, "level"), rapid.Float64Range(-1, 1).Draw(t, "slope")
		contrast := rapid.Float64Range(0.5, 2).Draw(t, "contrast")
		for i := range half {
			half[i] = half[i]*contrast + level + slope*float64(i%mirror.FieldW)
		}
		for r, b := range LooksOf(half) {
			for i := range b {
				if math.Abs(a[r][i]-b[i]) > 1e-9 {
					t.Fatalf("region %d, value %d: %v, in other light %v", r, i, a[r][i], b[i])
				}
			}
		}
	})
}

func TestEmptyRegion_hasNoLook(t *testing.T) {
	t.Parallel()
	for r, look := range LooksOf(make([]float64, mirror.FieldW*mirror.FieldH)) {
		if n := Inner(look, look); n != 0 {
			t.Errorf("region %d: length %v", r, n)
		}
	}
}

func TestCompiledLooks_areWhole(t *testing.T) {
	t.Parallel()
	for i := range Regions {
		if l := Fitted.look(i); len(l.Mean) == 0 || len(l.Components) != RegionRules[i].Components {
			t.Errorf("region %d: %d values, %d components", i, len(l.Mean), len(l.Components))
		}
	}
}
