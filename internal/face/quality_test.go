package face

import (
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
)

func TestFixesPointTheRightWay(t *testing.T) {
	t.Parallel()
	posed := func(yaw float64, mirrored bool) *measurement {
		m := &measurement{photo: &photo.Photo{Header: photo.Header{Width: 800, Height: 800}, Mirrored: mirrored}, scale: 1, by: &fitted, yaw: yaw, Registration: mirror.Registration{Alike: 0.8}}
		m.place.Window = cascade.Window{X: 400, Y: 400, Size: 500, Q: 2000}
		m.pts.Frame = raster.Frame{Origin: raster.Vec{X: 400, Y: 350}, Axis: raster.Vec{X: 180, Y: 0}}
		m.light, m.detail[regionMouth] = light{brightness: 130, contrast: 30, focus: 0.2, even: 0.8}, 0.5
		return m
	}
	for _, tt := range []struct {
		name string
		m    *measurement
		want string
	}{
		{"nose to the right", posed(13.4, false), "towards the left edge of the picture by about 13 degrees"},
		{"nose to the left", posed(-13.4, false), "towards the right edge of the picture by about 13 degrees"},
		{"looked at turned over", posed(13.4, true), "towards the right edge of the picture by about 13 degrees"},
	} {
		q := tt.m.quality()
		if len(q.fixes) != 1 || !strings.Contains(q.fixes[0], tt.want) || q.notRankable == "" {
			t.Errorf("%s: fixes %q, not ranked because %q; want %q", tt.name, q.fixes, q.notRankable, tt.want)
		}
	}
	tilted := posed(0, false)
	tilted.pts.Frame.Axis = raster.Vec{X: 170, Y: 60}
	tilted.light.sidedness = 0.5
	want := []string{"side of your face towards the right edge", "towards the left edge of the picture by about 19 degrees"}
	q := tilted.quality()
	if len(q.fixes) != 2 || !strings.Contains(q.fixes[0], want[0]) || !strings.Contains(q.fixes[1], want[1]) {
		t.Errorf("tilted and lit from the left: fixes %q, want %q", q.fixes, want)
	}
}

func TestAtMostThreeFixesTheWorstFirst(t *testing.T) {
	t.Parallel()
	m := &measurement{photo: &photo.Photo{Header: photo.Header{Width: 800, Height: 800}}, scale: 1, by: &fitted, yaw: 25, Registration: mirror.Registration{Alike: 0.3}}
	m.place.Window = cascade.Window{X: 400, Y: 400, Size: 100, Q: 160}
	m.pts.Frame = raster.Frame{Origin: raster.Vec{X: 400, Y: 350}, Axis: raster.Vec{X: 70, Y: 0}}
	m.light = light{brightness: 45, contrast: 14, focus: 0.01, sidedness: 0.5}
	q := m.quality()
	if q.refusal == nil || q.refusal.Code != report.TurnedAway {
		t.Fatalf("refusal %v, want one for the turn of the head", q.refusal)
	}
	if len(q.fixes) != maxFixes || !strings.HasPrefix(q.fixes[0], "Turn your head") {
		t.Errorf("fixes %q: three, and first what the photo is refused for", q.fixes)
	}
	if len(q.checks) != len(checkRules) {
		t.Errorf("%d checks of %d", len(q.checks), len(checkRules))
	}
}

// TestAFaceThatFillsThePictureIsTooNear if the detector is unsure of it, whose words would else be
// to show the whole face with nothing in front of it.
func TestAFaceThatFillsThePictureIsTooNear(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		iod, detection float64
		want           report.Code
	}{
		"eyes to chin, unsure": {iod: 380, detection: 77, want: report.FaceTooNear},
		"eyes to chin, sure":   {iod: 380, detection: 2000},
		"whole face, unsure":   {iod: 180, detection: 160},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &measurement{photo: &photo.Photo{Header: photo.Header{Width: 800, Height: 1000}}, scale: 1, by: &fitted, Registration: mirror.Registration{Alike: 0.8}}
			m.place.Window = cascade.Window{X: 400, Y: 400, Size: 700, Q: tt.detection}
			m.pts.Frame = raster.Frame{Origin: raster.Vec{X: 400, Y: 350}, Axis: raster.Vec{X: tt.iod, Y: 0}}
			m.light, m.detail[regionMouth] = light{brightness: 130, contrast: 30, focus: 0.2, even: 0.8}, 0.5
			var got report.Code
			if q := m.quality(); q.refusal != nil {
				got = q.refusal.Code
			}
			if got != tt.want {
				t.Errorf("refused as %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTheReasonForNoRankIsTheMostPreciseOne(t *testing.T) {
	t.Parallel()
	m := &measurement{photo: &photo.Photo{Header: photo.Header{Width: 800, Height: 1000}}, scale: 1, by: &fitted, Registration: mirror.Registration{Alike: 0.8}}
	m.place.Window = cascade.Window{X: 400, Y: 400, Size: 500, Q: 200}
	m.pts.Frame = raster.Frame{Origin: raster.Vec{X: 400, Y: 350}, Axis: raster.Vec{X: 180, Y: 0}}
	m.light, m.detail[regionMouth] = light{brightness: 130, contrast: 30, focus: 0.2, even: 0.2}, 0.5
	for _, tt := range []struct {
		covered float64
		want    string
	}{{0, "The face is hard to make out."}, {0.9, "Something may cover the eyes."}} {
		m.strange[regionEyes] = tt.covered
		if got := m.quality().notRankable; got != tt.want {
			t.Errorf("eyes' look %v: %q, want %q", tt.covered, got, tt.want)
		}
	}
}
