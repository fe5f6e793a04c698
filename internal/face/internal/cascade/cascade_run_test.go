package cascade

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"pgregory.net/rapid"
)

// TestSpotsThatTakeTurnsEndWhereTheyWouldAlone compares run with one spot after the other, each
// looking at the border as it comes.
func TestSpotsThatTakeTurnsEndWhereTheyWouldAlone(t *testing.T) {
	t.Parallel()
	models, err := LoadModels()
	if err != nil {
		t.Fatal(err)
	}
	face := raster.LumaOf(facetest.DecodeSample(t))
	rapid.Check(t, func(t *rapid.T) {
		r := models.Pupil
		if name := rapid.SampledFrom([]string{"", "lp38", "lp93"}).Draw(t, "cascade"); name != "" {
			r = models.Places[name]
		}
		s := rapid.SampledFrom([]Side{ImageLeft, ImageRight}).Draw(t, "side")
		var spots, want [repeats]Spot
		for i := range spots {
			spots[i] = Spot{
				X: rapid.Float32Range(-50, 400).Draw(t, "x"), Y: rapid.Float32Range(-50, 450).Draw(t, "y"),
				Size: rapid.Float32Range(5, 300).Draw(t, "size"),
			}
			want[i] = r.alone(face, spots[i], s)
		}
		if r.run(face, &spots, s); spots != want {
			t.Fatalf("got %v, want %v", spots, want)
		}
	})
}

// alone runs the cascade for one spot.
func (r *regressor) alone(p *raster.Plane, at Spot, s Side) Spot {
	data := r.data
	for range r.stages {
		var dx, dy float32
		w := walkerOn(p, at, s)
		for range r.trees {
			leaf := w.leaf((*[treeCodes]byte)(data), p, r.depth)
			moves := data[4*(1<<r.depth-1)+8*leaf:]
			dy += math.Float32frombits(binary.LittleEndian.Uint32(moves))
			dx += math.Float32frombits(binary.LittleEndian.Uint32(moves[4:]))
			data = data[r.treeBytes():]
		}
		at.Y += float32(dy * at.Size)
		at.X += float32(dx * at.Size * float32(s))
		at.Size *= r.shrink
	}
	return at
}
