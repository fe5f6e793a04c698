package fit

import (
	"bytes"
	goformat "go/format"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"pgregory.net/rapid"
)

// drawn makes people out of chance: each has a face that is uneven in one way and a head that is
// turned, and every observation adds noise.
func drawn(n int, seed uint64) []Sample {
	r := rand.New(rand.NewPCG(seed, 0))
	var list []Sample
	for range n {
		own, yaw := 0.01*r.NormFloat64(), 3*r.NormFloat64()
		observed := func(yaw float64) *Observation {
			o := &Observation{
				m: measure.Measurement{
					Photo: &photo.Photo{Header: photo.Header{Width: 400, Height: 400, Orientation: 1}}, Scale: 1,
					Registration: mirror.Registration{Alike: 0.5, Local: equally(0.9)}, Looks: measure.LooksOf(halfOfChance(r)),
				},
			}
			o.m.Seen.Crop = raster.Frame{Origin: raster.Vec{X: 0, Y: 0}, Axis: raster.Vec{X: 1, Y: 0}}
			for k := range landmark.Marks {
				o.m.Seen.Raw[k] = cascade.Found{
					X: 200 + 100*meanMark(k).X + r.NormFloat64(), Y: 150 + 100*meanMark(k).Y + r.NormFloat64(), Spread: 1,
				}
			}
			for k, p := range mirror.FieldPoints {
				o.m.Raw[k] = raster.Vec{
					X: own*math.Sin(p.X/20) + yaw*drumTurn[k].X + 0.002*r.NormFloat64(),
					Y: own*math.Cos(p.Y/20) + 0.002*r.NormFloat64(),
				}
				if p.Middle {
					o.m.Raw[k].Y = 0
				}
			}
			return o
		}
		s := Sample{
			Neutral: observed(yaw), Smiling: observed(yaw + 1), ToRight: observed(yaw + 8), ToLeft: observed(yaw - 8),
			Blurred: observed(yaw),
		}
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
		landmark.MarkPupilL: {X: -0.5, Y: 0}, landmark.MarkEyeOuterL: {X: -0.7, Y: 0.05},
		landmark.MarkEyeInnerL: {X: -0.27, Y: 0.05}, landmark.MarkBrowInnerL: {X: -0.25, Y: -0.2},
		landmark.MarkBrowMiddleL: {X: -0.5, Y: -0.35},
		landmark.MarkBrowOuterL:  {X: -0.9, Y: -0.2}, landmark.MarkMouthL: {X: -0.4, Y: 1.1},
		landmark.MarkLipTop: {X: 0, Y: 1}, landmark.MarkLipBottom: {X: 0, Y: 1.25}, landmark.MarkNoseTip: {X: 0, Y: 0.6},
	}
	to, sign := leftOf(k)
	return raster.Vec{X: sign * at[to].X, Y: at[to].Y}
}

func TestFit_isDeterministicAndMovesPointsToTheManualOnes(t *testing.T) {
	t.Parallel()
	a, err := Fit(drawn(12, 1), Others{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Fit(drawn(12, 1), Others{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(Source(a), Source(b)) {
		t.Error("the same people gave another calibration")
	}
	c, err := Fit(drawn(12, 2), Others{})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(Source(a), Source(c)) {
		t.Error("other people gave the same calibration")
	}
	for k := range landmark.Marks {
		if landmark.Names[k] == "" {
			continue
		}
		if a.Offsets[k].Length() > 0.02 || a.PointErrors[k] > 0.03 {
			t.Errorf(
				"%s: offset %v, error %v; the points lie where they should", landmark.Names[k], a.Offsets[k], a.PointErrors[k],
			)
		}
		if p := a.Offsets[k.Partner()]; p.X != -a.Offsets[k].X || p.Y != a.Offsets[k].Y {
			t.Errorf("%s: offset %v is not the mirror image of %v", landmark.Names[k], a.Offsets[k], p)
		}
	}
	if a.Index.Sd <= 0 {
		t.Errorf("index %+v: people differ", a.Index)
	}
}

func TestFit_needsPeople(t *testing.T) {
	t.Parallel()
	list := drawn(9, 1)
	list[0].Points = nil
	list[1].ToLeft = nil
	if _, err := Fit(list, Others{}); err == nil {
		t.Error("seven people were enough")
	}
}

func TestYaw_isReadFromTheSigns(t *testing.T) {
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

func TestIndexOfAMirroredObservation_isTheSame(t *testing.T) {
	t.Parallel()
	for _, s := range drawn(5, 4) {
		o := *s.Neutral
		before := o.Read(&measure.Fitted)
		for k := range o.m.Raw {
			o.m.Raw[k] = raster.Vec{X: -o.m.Raw[k].X, Y: -o.m.Raw[k].Y}
		}
		if after := o.Read(&measure.Fitted); after.Index != before.Index {
			t.Errorf("index %v, mirrored %v", before.Index, after.Index)
		}
	}
}

// TestTables_areWrittenByTheFit keeps hands off tables.go.
func TestTables_areWrittenByTheFit(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../internal/measure/tables.go")
	if err != nil {
		t.Fatal(err)
	}
	got, err := goformat.Source(Source(&measure.Fitted))
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

func TestComponents_areDirections(t *testing.T) {
	t.Parallel()
	for _, list := range [][]mirror.Component{measure.Fitted.Shared[:], measure.Fitted.Quiet[:]} {
		for _, q := range list {
			f := q.Along.Free()
			if d := mirror.InnerFree(&f, &f); math.Abs(d-1) > 0.01 || q.Variance < 0 {
				t.Errorf("length %v, variance %v", d, q.Variance)
			}
		}
	}
}

// halfOfChance is a crop at half size of chance.
func halfOfChance(r *rand.Rand) []float64 {
	half := make([]float64, mirror.FieldW*mirror.FieldH)
	for i := range half {
		half[i] = 100 + 40*math.Sin(float64(i%mirror.FieldW)/9+r.Float64()) + 10*r.Float64()
	}
	return half
}

func equally(c float64) (local [len(mirror.FieldPoints)]float64) {
	for k := range local {
		local[k] = c
	}
	return local
}

// fields draws fields of the size that faces have.
func fields() *rapid.Generator[mirror.Pattern] {
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

func TestLearnedLooks(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	rule := measure.RegionRules[measure.RegionMouth]
	var looks [][]float64
	for range 30 {
		looks = append(looks, rule.Look(halfOfChance(r)))
	}
	l := learn(looks, rule)
	t.Run("explain what they were learned from", func(t *testing.T) {
		t.Parallel()
		for _, look := range looks {
			if s := l.Strangeness(look); s > 0.5 {
				t.Errorf("strangeness %v", s)
			}
		}
	})
	t.Run("do not explain what is drawn over it", func(t *testing.T) {
		t.Parallel()
		half := halfOfChance(r)
		for i := range half {
			if x, y := i%mirror.FieldW, i/mirror.FieldW; x > 50 && x < 100 && y > 95 && y < 115 {
				half[i] = 255
			}
		}
		if s := l.Strangeness(rule.Look(half)); s < 0.7 {
			t.Errorf("strangeness %v", s)
		}
	})
	t.Run("are the same from the file", func(t *testing.T) {
		t.Parallel()
		c := &measure.Calibration{Looks: &[measure.Regions]measure.Learned{measure.RegionMouth: l}}
		for _, k := range []measure.Region{measure.RegionEyes, measure.RegionNose, measure.RegionFace} {
			c.Looks[k] = learn(
				[][]float64{measure.RegionRules[k].Look(halfOfChance(rand.New(rand.NewPCG(1, 1))))}, measure.RegionRules[k],
			)
		}
		data := c.LooksBytes()
		again := measure.ParseLooks(data)
		if !bytes.Equal(data, (&measure.Calibration{Looks: &again}).LooksBytes()) {
			t.Error("written again, it differs")
		}
	})
}

func TestEigenvectors_solveTheirEquation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a [mirror.FreeSize]mirror.Free
		for range rapid.IntRange(1, 5).Draw(t, "rank") {
			f := fields().Draw(t, "field")
			mirror.AddOuter(&a, &f, 1)
		}
		values, vectors := eigen(a)
		for i := range values {
			if i > 0 && values[i] > values[i-1] {
				t.Fatalf("values out of order: %v", values[:i+1])
			}
			for j := range a {
				if d := mirror.InnerFree(&a[j], &vectors[i]) - values[i]*vectors[i][j]; math.Abs(d) > 1e-9 {
					t.Fatalf("off by %v", d)
				}
			}
		}
	})
}

func TestScaleOfFindsWhatWasDrawn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var list []weighedValue
		for i := range 200 {
			z := math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/200-1)
			list = append(list, weighedValue{0.05 + math.Exp(-4+0.4*z), rapid.Float64Range(0.9, 1.1).Draw(t, "weight")})
		}
		s := scaleOf(list)
		for _, z := range []float64{-1.5, 0, 1.5} {
			if got := s.Deviation(0.05 + math.Exp(-4+0.4*z)); math.Abs(got-z) > 0.2 {
				t.Fatalf("%v read as %v by %+v", z, got, s)
			}
		}
	})
}
