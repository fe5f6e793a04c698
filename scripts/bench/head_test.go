package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// photographed gives the marks of the generic head in a pose, seen by a camera at a distance in
// pupil distances, each off by a standard deviation of pupil distances.
func photographed(h headPose, distance, off float64, r *rand.Rand) map[string][2]float64 {
	points := map[string][2]float64{}
	for i := range headMarks {
		p := headMarks[i].place()
		sin, cos := math.Sincos(h.yaw)
		near := distance / (distance - (p.z*cos - p.x*sin))
		at := h.seen(p)
		points[headMarks[i].name] = [2]float64{
			h.x + (at.x-h.x)*near + h.size*off*r.NormFloat64(), h.y + (at.y-h.y)*near + h.size*off*r.NormFloat64(),
		}
	}
	return points
}

func TestPoseOfAKnownHead(t *testing.T) {
	t.Parallel()
	const degree = math.Pi / 180
	for name, tt := range map[string]struct{ distance, off, most float64 }{
		"from far away":             {1e9, 0, 0.01},
		"at arm's length":           {9, 0, 2.6},
		"points set by a hand":      {30, 0.012, 3},
		"by a hand, at arm's reach": {9, 0.012, 4.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			for yaw := -35.0; yaw <= 35; yaw += 7 {
				for _, tilt := range [...]struct{ pitch, roll float64 }{{0, 0}, {8, -12}, {-8, 15}} {
					h := headPose{yaw * degree, tilt.pitch * degree, tilt.roll * degree, 100, 340, 280}
					got := poseOf(photographed(h, tt.distance, tt.off, r))
					if math.Abs(got.degrees()-yaw) > tt.most {
						t.Errorf("yaw %g, pitch %g, roll %g: estimated %.2f", yaw, tilt.pitch, tilt.roll, got.degrees())
					}
				}
			}
		})
	}
}

func TestTurnMap_leadsBackToThePortrait(t *testing.T) {
	t.Parallel()
	const degree = math.Pi / 180
	same := func(y float64) float64 { return y }
	for _, yaw := range [...]float64{0, -4, 5} {
		for _, to := range [...]float64{-32, -12, 6, 24, 32} {
			before, after := headPose{
				yaw: yaw * degree, size: 1 / math.Cos(yaw*degree),
			}, headPose{yaw: to * degree, size: 1 / math.Cos(yaw*degree)}
			m := newTurnMap(before.yaw, after.yaw, same)
			for i := range headMarks {
				p := headMarks[i].place()
				if p.x*to < 0 && math.Abs(to) > 20 || math.Abs(p.x) > 0.8 {
					continue // may be hidden
				}
				want, got := before.seen(p), m.at(after.seen(p))
				if off := want.to(got).length(); off > 0.03 {
					t.Errorf(
						"from %g to %g degrees, %s: the portrait shows it at %.3f, the map says %.3f", yaw, to, headMarks[i].name, want,
						got,
					)
				}
			}
		}
	}
}

func TestGenericHead_isEvenAndItsNoseStandsOut(t *testing.T) {
	t.Parallel()
	tip := depth(0, 0.48)
	for y := -1.0; y < 2; y += 0.1 {
		for x := 0.0; x < 1.5; x += 0.1 {
			switch l, r := depth(-x, y), depth(x, y); {
			case l != r:
				t.Errorf("%g, %g: %g at the left, %g at the right", x, y, l, r)
			case r > tip:
				t.Errorf("%g, %g stands out by %g, the tip of the nose by %g", x, y, r, tip)
			}
		}
	}
	for _, tt := range [...]struct {
		name string
		want float64
	}{
		{"nose_tip", 0.54}, {"eye_left_outer", -0.1}, {"eye_right_inner", -0.03}, {"lip_upper_top", 0.29},
		{"mouth_left", 0.06}, {"pupil_left", 0},
	} {
		for i := range headMarks {
			if m := &headMarks[i]; m.name == tt.name && math.Abs(m.place().z-tt.want) > 0.05 {
				t.Errorf("%s stands out by %.3f, want about %g", tt.name, m.place().z, tt.want)
			}
		}
	}
}
