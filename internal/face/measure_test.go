package face

import (
	"fmt"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/raster"
)

func TestAFaceIsMeasuredInAsManyPixelsAsItNeeds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ iod, left float64 }{
		{40, 40}, {100, 100}, {199, 199}, {201, 100.5}, {399, 199.5}, {401, 100.25}, {820, 102.5}, {4000, 500},
	} {
		t.Run(fmt.Sprintf("%g pixels between the pupils", tt.iod), func(t *testing.T) {
			t.Parallel()
			m := &measurement{grey: raster.NewPlane(64, 48), place: facePlace{window: window{x: 20.5, y: 11, size: tt.iod / (2 * boxPupilX), q: 3}, turn: 30}}
			p, place, back := m.near()
			if got := place.iod(); math.Abs(got-tt.left) > 1e-9 {
				t.Errorf("%v pixels are left, want %v", got, tt.left)
			}
			if by := back.Scale(); p.W != int(64/by) || p.H != int(48/by) || place.q != 3 || place.turn != 30 {
				t.Errorf("%d x %d at 1/%v, %+v", p.W, p.H, by, place)
			}
			if at := back.Outer(raster.Vec{X: place.x, Y: place.y}); at.Minus(raster.Vec{X: 20.5, Y: 11}).Length() > 1e-9 {
				t.Errorf("the face comes back at %v", at)
			}
			// The middle of the first pixel is that of the square which it is the mean of.
			if mid := (back.Scale() - 1) / 2; back.Outer(raster.Vec{}) != (raster.Vec{X: mid, Y: mid}) {
				t.Errorf("the first pixel lies at %v", back.Outer(raster.Vec{}))
			}
		})
	}
}

func TestTheLargestOfSeveralFacesIsTheOne(t *testing.T) {
	t.Parallel()
	small, large, mid := window{x: 1, size: 20, q: 900}, window{x: 2, size: 100, q: 150}, window{x: 3, size: 30, q: 500}
	if got := largest([]window{small, large, mid}, 60); got.window != large || got.second != 0.3 || got.turn != 60 {
		t.Errorf("%+v", got)
	}
	if got := largest([]window{mid}, 0); got.second != 0 {
		t.Errorf("one alone has a second of %v", got.second)
	}
}
