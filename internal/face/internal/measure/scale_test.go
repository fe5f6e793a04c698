package measure

import (
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"pgregory.net/rapid"
)

func TestPercentile_isNormal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.Float64Range(-3.9, 3.9).Draw(t, "deviate")
		if p := percentile(z); math.Abs(p-100*math.Erfc(z/math.Sqrt2)/2) > 0.6 {
			t.Fatalf("percentile(%v) = %v", z, p)
		}
	})
}

func TestInterval_isNeverACertainty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := Measurement{by: &Fitted, Photo: &photo.Photo{}, Scale: 1}
		m.Deviation = rapid.Float64Range(-9, 9).Draw(t, "deviation")
		m.before = rapid.Float64Range(-9, 9).Draw(t, "before")
		m.Pts.Frame.Axis = raster.Vec{X: rapid.Float64Range(60, 400).Draw(t, "pixels"), Y: 0}
		m.Local = agreeing(rapid.Float64Range(-1, 1).Draw(t, "agreement"))
		m.light.focus = rapid.Float64Range(0, 1).Draw(t, "focus")
		m.Yaw = rapid.Float64Range(-24, 24).Draw(t, "yaw")
		s := m.score()
		if s.Hi-s.Lo < 5 || s.Lo > s.Value || s.Value > s.Hi || s.Lo < 0 || s.Hi > 100 {
			t.Fatalf("%+v", s)
		}
	})
}
