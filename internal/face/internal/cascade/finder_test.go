package cascade

import (
	"testing"

	pigo "github.com/esimov/pigo/core"
	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/google/go-cmp/cmp"
)

// TestFinder_seesWhatPigoSees holds the scan size by size to pigo's own: the same windows with the
// same confidences, to the bit.
func TestFinder_seesWhatPigoSees(t *testing.T) {
	t.Parallel()
	theirs, err := pigo.NewPigo().Unpack(Cascades()["facefinder"])
	if err != nil {
		t.Fatal(err)
	}
	models, err := LoadModels()
	if err != nil {
		t.Fatal(err)
	}
	face := raster.LumaOf(facetest.DecodeSample(t))
	for name, tt := range map[string]struct {
		p *raster.Plane
		grid
	}{
		"a face, coarsely":    {face, grid{48, 320, 0.1, 1.1}},
		"a face, finely":      {face, grid{180, 260, 0.04, 1.05}},
		"small windows":       {face, grid{20, 40, 0.15, 1.1}},
		"noise":               {raster.LumaOf(facetest.Noise(130, 170, 3)), grid{20, 130, 0.1, 1.1}},
		"larger than it is":   {raster.LumaOf(facetest.Noise(30, 25, 3)), grid{40, 60, 0.1, 1.1}},
		"as large as it is":   {raster.LumaOf(facetest.Noise(40, 40, 3)), grid{38, 40, 0.1, 1.1}},
		"nothing but a line":  {raster.NewPlane(100, 1), grid{20, 100, 0.1, 1.1}},
		"largest is smallest": {face, grid{200, 200, 0.1, 1.1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []Window
			for _, d := range theirs.RunCascade(pigo.CascadeParams{
				MinSize: tt.smallest, MaxSize: tt.largest, ShiftFactor: tt.shift, ScaleFactor: tt.growth,
				ImageParams: pigo.ImageParams{Pixels: tt.p.Pix, Rows: tt.p.H, Cols: tt.p.W, Dim: tt.p.W},
			}, 0) {
				want = append(want, Window{X: float64(d.Col), Y: float64(d.Row), Size: float64(d.Scale), Q: float64(d.Q)})
			}
			got := models.finder.scan(tt.p, tt.p.Whole(), tt.grid)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(Window{})); diff != "" {
				t.Errorf("windows (-pigo +scan):\n%s", diff)
			}
		})
	}
}

func TestFinder_scansAnAreaAsIfItWereCutOut(t *testing.T) {
	t.Parallel()
	models, err := LoadModels()
	if err != nil {
		t.Fatal(err)
	}
	face := raster.LumaOf(facetest.DecodeSample(t))
	in := raster.Area{Left: 31, Top: 60, Right: 301, Low: 370}
	cut := raster.NewPlane(in.Right-in.Left, in.Low-in.Top)
	for y := range cut.H {
		copy(cut.Row(y), face.Row(in.Top + y)[in.Left:])
	}
	g := grid{150, 260, 0.05, 1.1}
	want := models.finder.scan(cut, cut.Whole(), g)
	for i := range want {
		want[i].X += float64(in.Left)
		want[i].Y += float64(in.Top)
	}
	if diff := cmp.Diff(
		want, models.finder.scan(face, in, g), cmp.AllowUnexported(Window{}),
	); diff != "" || len(want) == 0 {
		t.Errorf("%d windows (-cut out +area):\n%s", len(want), diff)
	}
}
