package face

import (
	"bytes"
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
		a := looksOf(half)
		level, slope := rapid.Float64Range(-50, 50).Draw(t, "level"), rapid.Float64Range(-1, 1).Draw(t, "slope")
		contrast := rapid.Float64Range(0.5, 2).Draw(t, "contrast")
		for i := range half {
			half[i] = half[i]*contrast + level + slope*float64(i%mirror.FieldW)
		}
		for r, b := range looksOf(half) {
			for i := range b {
				if math.Abs(a[r][i]-b[i]) > 1e-9 {
					t.Fatalf("region %d, value %d: %v, in other light %v", r, i, a[r][i], b[i])
				}
			}
		}
	})
}

func TestAnEmptyRegionHasNoLook(t *testing.T) {
	t.Parallel()
	for r, look := range looksOf(make([]float64, mirror.FieldW*mirror.FieldH)) {
		if n := inner(look, look); n != 0 {
			t.Errorf("region %d: length %v", r, n)
		}
	}
}

func TestLearnedLooks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	rule := regionRules[regionMouth]
	var looks [][]float64
	for range 30 {
		looks = append(looks, rule.look(drawnHalf(r)))
	}
	l := learn(looks, rule)
	t.Run("explain what they were learned from", func(t *testing.T) {
		t.Parallel()
		for _, look := range looks {
			if s := l.strangeness(look); s > 0.5 {
				t.Errorf("strangeness %v", s)
			}
		}
	})
	t.Run("do not explain what is drawn over it", func(t *testing.T) {
		t.Parallel()
		half := drawnHalf(r)
		for i := range half {
			if x, y := i%mirror.FieldW, i/mirror.FieldW; x > 50 && x < 100 && y > 95 && y < 115 {
				half[i] = 255
			}
		}
		if s := l.strangeness(rule.look(half)); s < 0.7 {
			t.Errorf("strangeness %v", s)
		}
	})
	t.Run("are the same from the file", func(t *testing.T) {
		t.Parallel()
		c := &Calibration{looks: &[regions]learned{regionMouth: l}}
		for _, k := range []region{regionEyes, regionNose, regionFace} {
			c.looks[k] = learn([][]float64{regionRules[k].look(drawnHalf(rand.New(rand.NewPCG(1, 1))))}, regionRules[k])
		}
		data := c.Looks()
		again := parseLooks(data)
		if !bytes.Equal(data, (&Calibration{looks: &again}).Looks()) {
			t.Error("written again, it differs")
		}
	})
}

func TestCompiledLooksAreWhole(t *testing.T) {
	t.Parallel()
	for i := range regions {
		if l := fitted.look(i); len(l.mean) == 0 || len(l.components) != regionRules[i].components {
			t.Errorf("region %d: %d values, %d components", i, len(l.mean), len(l.components))
		}
	}
}
