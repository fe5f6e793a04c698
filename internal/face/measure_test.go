package face

import (
	"fmt"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

func TestFace_isMeasuredInAsManyPixelsAsItNeeds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ iod, left float64 }{
		{40, 40}, {100, 100}, {199, 199}, {201, 100.5}, {399, 199.5}, {401, 100.25}, {820, 102.5}, {4000, 500},
	} {
		t.Run(fmt.Sprintf("%g pixels between the pupils", tt.iod), func(t *testing.T) {
			t.Parallel()
			m := &measure.Measurement{
				Grey: raster.NewPlane(64, 48),
				Place: cascade.FacePlace{
					Window: cascade.Window{X: 20.5, Y: 11, Size: tt.iod / (2 * landmark.BoxPupilX), Q: 3}, Turn: 30,
				},
			}
			p, place, back := m.Near()
			if got := landmark.BoxIOD(place.Window); math.Abs(got-tt.left) > 1e-9 {
				t.Errorf("%v pixels are left, want %v", got, tt.left)
			}
			if by := back.Scale(); p.W != int(64/by) || p.H != int(48/by) || place.Q != 3 || place.Turn != 30 {
				t.Errorf("%d x %d at 1/%v, %+v", p.W, p.H, by, place)
			}
			if at := back.Outer(raster.Vec{X: place.X, Y: place.Y}); at.Minus(raster.Vec{X: 20.5, Y: 11}).Length() > 1e-9 {
				t.Errorf("the face comes back at %v", at)
			}
			// The middle of the first pixel is that of the square which it is the mean of.
			if mid := (back.Scale() - 1) / 2; back.Outer(raster.Vec{}) != (raster.Vec{X: mid, Y: mid}) {
				t.Errorf("the first pixel lies at %v", back.Outer(raster.Vec{}))
			}
		})
	}
}

func TestLargestOfSeveralFaces_isTheOne(t *testing.T) {
	t.Parallel()
	small, large := cascade.Window{X: 1, Size: 20, Q: 900}, cascade.Window{X: 2, Size: 100, Q: 150}
	mid := cascade.Window{X: 3, Size: 30, Q: 500}
	if got := cascade.Largest(
		[]cascade.Window{small, large, mid}, 60,
	); got.Window != large || got.Second != 0.3 || got.Turn != 60 {
		t.Errorf("%+v", got)
	}
	if got := cascade.Largest([]cascade.Window{mid}, 0); got.Second != 0 {
		t.Errorf("one alone has a second of %v", got.Second)
	}
}
