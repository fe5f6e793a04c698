package face

import (
	"bytes"
	goformat "go/format"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"pgregory.net/rapid"
)

// drawn makes people out of chance: each has a face that is uneven in one way and a head that is turned, and every observation adds noise.
func drawn(n int, seed uint64) []Sample {
	r := rand.New(rand.NewPCG(seed, 0))
	var list []Sample
	for range n {
		own, yaw := 0.01*r.NormFloat64(), 3*r.NormFloat64()
		observed := func(yaw float64) *Observation {
			o := &Observation{m: measurement{photo: &photo.Photo{Header: photo.Header{Width: 400, Height: 400, Orientation: 1}}, scale: 1, Registration: mirror.Registration{Alike: 0.5, Local: agreeing(0.9)}, looks: looksOf(drawnHalf(r))}}
			o.m.seen.Crop = raster.Frame{Origin: raster.Vec{X: 0, Y: 0}, Axis: raster.Vec{X: 1, Y: 0}}
			for k := range landmark.Marks {
				o.m.seen.Raw[k] = cascade.Found{X: 200 + 100*meanMark(k).X + r.NormFloat64(), Y: 150 + 100*meanMark(k).Y + r.NormFloat64(), Spread: 1}
			}
			for k, p := range mirror.FieldPoints {
				o.m.Raw[k] = raster.Vec{X: own*math.Sin(p.X/20) + yaw*drumTurn[k].X + 0.002*r.NormFloat64(), Y: own*math.Cos(p.Y/20) + 0.002*r.NormFloat64()}
				if p.Middle {
					o.m.Raw[k].Y = 0
				}
			}
			return o
		}
		s := Sample{Neutral: observed(yaw), Smiling: observed(yaw + 1), ToRight: observed(yaw + 8), ToLeft: observed(yaw - 8), Blurred: observed(yaw)}
		s.Recaptures = []*Observation{observed(yaw), observed(yaw)}
		s.Shaded = []*Observation{observed(yaw)}
		s.Points = map[string][2]float64{}
		for k, name := range landmark.Names {
			if name != "" {
				s.Points[name] = [2]float64{200 + 100*meanMark(landmark.Mark(k)).X, 150 + 100*meanMark(landmark.Mark(k)).Y}
			}
		}
		s.Dense = make([][2]float64, denseSize)
		for k, d := range denseMarks {
			p := mirror.FieldPoints[k]
			s.Dense[d.at] = [2]float64{p.X + r.NormFloat64(), p.Y + r.NormFloat64()}
			s.Dense[d.partner] = [2]float64{mirror.FaceW - 1 - p.X + r.NormFloat64(), p.Y + r.NormFloat64()}
		}
		list = append(list, s)
	}
	return list
}

// meanMark is about where a mark lies.
func meanMark(k landmark.Mark) raster.Vec {
	at := map[landmark.Mark]raster.Vec{
		landmark.MarkPupilL: {X: -0.5, Y: 0}, landmark.MarkEyeOuterL: {X: -0.7, Y: 0.05}, landmark.MarkEyeInnerL: {X: -0.27, Y: 0.05}, landmark.MarkBrowInnerL: {X: -0.25, Y: -0.2}, landmark.MarkBrowMiddleL: {X: -0.5, Y: -0.35},
		landmark.MarkBrowOuterL: {X: -0.9, Y: -0.2}, landmark.MarkMouthL: {X: -0.4, Y: 1.1}, landmark.MarkLipTop: {X: 0, Y: 1}, landmark.MarkLipBottom: {X: 0, Y: 1.25}, landmark.MarkNoseTip: {X: 0, Y: 0.6},
	}
	to, sign := leftOf(k)
	return raster.Vec{X: sign * at[to].X, Y: at[to].Y}
}

func TestFitIsDeterministicAndMovesPointsToTheManualOnes(t *testing.T) {
	t.Parallel()
	a, err := Fit(drawn(12, 1), Others{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Fit(drawn(12, 1), Others{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Source(), b.Source()) {
		t.Error("the same people gave another calibration")
	}
	c, err := Fit(drawn(12, 2), Others{})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a.Source(), c.Source()) {
		t.Error("other people gave the same calibration")
	}
	for k := range landmark.Marks {
		if landmark.Names[k] == "" {
			continue
		}
		if a.offsets[k].Length() > 0.02 || a.pointErrors[k] > 0.03 {
			t.Errorf("%s: offset %v, error %v; the points lie where they should", landmark.Names[k], a.offsets[k], a.pointErrors[k])
		}
		if p := a.offsets[k.Partner()]; p.X != -a.offsets[k].X || p.Y != a.offsets[k].Y {
			t.Errorf("%s: offset %v is not the mirror image of %v", landmark.Names[k], a.offsets[k], p)
		}
	}
	if a.index.sd <= 0 {
		t.Errorf("index %+v: people differ", a.index)
	}
}

func TestFitNeedsPeople(t *testing.T) {
	t.Parallel()
	list := drawn(9, 1)
	list[0].Points = nil
	list[1].ToLeft = nil
	if _, err := Fit(list, Others{}); err == nil {
		t.Error("seven people were enough")
	}
}

func TestYawIsReadFromTheSigns(t *testing.T) {
	t.Parallel()
	people := drawn(30, 3)
	c, err := Fit(people, Others{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range people {
		p := &people[i]
		if turned := p.ToRight.Read(c).Yaw - p.ToLeft.Read(c).Yaw; math.Abs(turned-2*TurnDegrees) > 6 {
			t.Errorf("turned by %v degrees, read as %.1f", 2*TurnDegrees, turned)
		}
	}
}

func TestTheIndexOfAMirroredObservationIsTheSame(t *testing.T) {
	t.Parallel()
	for _, s := range drawn(5, 4) {
		o := *s.Neutral
		before := o.Read(&fitted)
		for k := range o.m.Raw {
			o.m.Raw[k] = raster.Vec{X: -o.m.Raw[k].X, Y: -o.m.Raw[k].Y}
		}
		if after := o.Read(&fitted); after.Index != before.Index {
			t.Errorf("index %v, mirrored %v", before.Index, after.Index)
		}
	}
}

// TestTablesAreWrittenByTheFit keeps hands off tables.go.
func TestTablesAreWrittenByTheFit(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("tables.go")
	if err != nil {
		t.Fatal(err)
	}
	got, err := goformat.Source(fitted.Source())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Error("tables.go is not what the fit writes")
	}
}

func TestICC(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		a, b []float64
		want float64
	}{
		{"equal readings", []float64{1, 2, 4}, []float64{1, 2, 4}, 1},
		{"a constant difference counts", []float64{1, 2, 3}, []float64{2, 3, 4}, 2.0 / 3},
		{"all alike", []float64{5, 5, 5}, []float64{5, 5, 5}, 0},
		{"two people", []float64{1, 2}, []float64{1, 2}, 0},
	} {
		if got := ICC(tt.a, tt.b); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-9, 9), 6, 20).Draw(t, "readings")
		a, b := v[:len(v)/2], v[len(v)/2:len(v)/2*2]
		if x, y := ICC(a, b), ICC(b, a); math.Abs(x-y) > 1e-9 || x > 1+1e-9 {
			t.Fatalf("%v one way, %v the other", x, y)
		}
	})
}

func TestComponentsAreDirections(t *testing.T) {
	t.Parallel()
	for _, list := range [][]mirror.Component{fitted.Shared[:], fitted.Quiet[:]} {
		for _, q := range list {
			f := q.Along.Free()
			if d := mirror.InnerFree(&f, &f); math.Abs(d-1) > 0.01 || q.Variance < 0 {
				t.Errorf("length %v, variance %v", d, q.Variance)
			}
		}
	}
}
