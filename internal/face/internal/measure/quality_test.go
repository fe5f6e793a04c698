package measure

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
	posed := func(yaw float64, mirrored bool) *Measurement {
		m := &Measurement{
			Photo: &photo.Photo{Header: photo.Header{Width: 800, Height: 800}, Mirrored: mirrored}, Scale: 1, by: &Fitted,
			Yaw: yaw, Registration: mirror.Registration{Alike: 0.8},
		}
		m.Place.Window = cascade.Window{X: 400, Y: 400, Size: 500, Q: 2000}
		m.Pts.Frame = raster.Frame{Origin: raster.Vec{X: 400, Y: 350}, Axis: raster.Vec{X: 180, Y: 0}}
		m.light, m.detail[RegionMouth] = light{brightness: 130, contrast: 30, focus: 0.2, even: 0.8}, 0.5
		return m
	}
	for _, tt := range []struct {
		name string
		m    *Measurement
		want string
	}{
		{"nose to the right", posed(13.4, false), "towards the left edge of the picture by about 13 degrees"},
		{"nose to the left", posed(-13.4, false), "towards the right edge of the picture by about 13 degrees"},
		{"looked at turned over", posed(13.4, true), "towards the right edge of the picture by about 13 degrees"},
	} {
		q := tt.m.Quality()
		if len(q.fixes) != 1 || !strings.Contains(q.fixes[0], tt.want) || q.NotRankable == "" {
			t.Errorf("%s: fixes %q, not ranked because %q; want %q", tt.name, q.fixes, q.NotRankable, tt.want)
		}
	}
	tilted := posed(0, false)
	tilted.Pts.Frame.Axis = raster.Vec{X: 170, Y: 60}
	tilted.light.sidedness = 0.5
	want := []string{
		"side of your face towards the right edge", "towards the left edge of the picture by about 19 degrees",
	}
	q := tilted.Quality()
	if len(q.fixes) != 2 || !strings.Contains(q.fixes[0], want[0]) || !strings.Contains(q.fixes[1], want[1]) {
		t.Errorf("tilted and lit from the left: fixes %q, want %q", q.fixes, want)
	}
}

func TestAtMostThreeFixesTheWorstFirst(t *testing.T) {
	t.Parallel()
	m := &Measurement{
		Photo: &photo.Photo{Header: photo.Header{Width: 800, Height: 800}}, Scale: 1, by: &Fitted, Yaw: 25,
		Registration: mirror.Registration{Alike: 0.3},
	}
	m.Place.Window = cascade.Window{X: 400, Y: 400, Size: 100, Q: 160}
	m.Pts.Frame = raster.Frame{Origin: raster.Vec{X: 400, Y: 350}, Axis: raster.Vec{X: 70, Y: 0}}
	m.light = light{brightness: 45, contrast: 14, focus: 0.01, sidedness: 0.5}
	q := m.Quality()
	if q.Refusal == nil || q.Refusal.Code != report.TurnedAway {
		t.Fatalf("refusal %v, want one for the turn of the head", q.Refusal)
	}
	if len(q.fixes) != MaxFixes || !strings.HasPrefix(q.fixes[0], "Turn your head") {
		t.Errorf("fixes %q: three, and first what the photo is refused for", q.fixes)
	}
	if len(q.checks) != len(CheckRules) {
		t.Errorf("%d checks of %d", len(q.checks), len(CheckRules))
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
			m := &Measurement{
				Photo: &photo.Photo{Header: photo.Header{Width: 800, Height: 1000}}, Scale: 1, by: &Fitted,
				Registration: mirror.Registration{Alike: 0.8},
			}
			m.Place.Window = cascade.Window{X: 400, Y: 400, Size: 700, Q: tt.detection}
			m.Pts.Frame = raster.Frame{Origin: raster.Vec{X: 400, Y: 350}, Axis: raster.Vec{X: tt.iod, Y: 0}}
			m.light, m.detail[RegionMouth] = light{brightness: 130, contrast: 30, focus: 0.2, even: 0.8}, 0.5
			var got report.Code
			if q := m.Quality(); q.Refusal != nil {
				got = q.Refusal.Code
			}
			if got != tt.want {
				t.Errorf("refused as %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReasonForNoRank_isTheMostPreciseOne(t *testing.T) {
	t.Parallel()
	m := &Measurement{
		Photo: &photo.Photo{Header: photo.Header{Width: 800, Height: 1000}}, Scale: 1, by: &Fitted,
		Registration: mirror.Registration{Alike: 0.8},
	}
	m.Place.Window = cascade.Window{X: 400, Y: 400, Size: 500, Q: 200}
	m.Pts.Frame = raster.Frame{Origin: raster.Vec{X: 400, Y: 350}, Axis: raster.Vec{X: 180, Y: 0}}
	m.light, m.detail[RegionMouth] = light{brightness: 130, contrast: 30, focus: 0.2, even: 0.2}, 0.5
	for _, tt := range []struct {
		covered float64
		want    string
	}{{0, "The face is hard to make out."}, {0.9, "Something may cover the eyes."}} {
		m.strange[RegionEyes] = tt.covered
		if got := m.Quality().NotRankable; got != tt.want {
			t.Errorf("eyes' look %v: %q, want %q", tt.covered, got, tt.want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	more := checkRule{warn: 10, reject: 5, code: report.TooDark, decimals: 1}
	less := checkRule{warn: 10, reject: 15, code: report.TurnedAway, less: true, decimals: 1}
	never := checkRule{warn: 10, less: true}
	for _, tt := range []struct {
		name  string
		rule  checkRule
		value float64
		want  report.Verdict
	}{
		{"more is better, enough", more, 10, report.VerdictOK},
		{"more is better, little", more, 9.9, report.VerdictWarn},
		{"more is better, on the limit", more, 5, report.VerdictWarn},
		{"more is better, too little", more, 4.9, report.VerdictReject},
		{"more is better, too little before rounding only", more, 4.96, report.VerdictWarn},
		{"less is better, on the limit", less, 10, report.VerdictOK},
		{"less is better, much", less, 15, report.VerdictWarn},
		{"less is better, too much", less, 15.1, report.VerdictReject},
		{"a check that never rejects", never, 1000, report.VerdictWarn},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.rule.judge(tt.value).Verdict; got != tt.want {
				t.Errorf("verdict %s, want %s", got, tt.want)
			}
		})
	}
}

// What readers of reports are told of a check is what its rule says.
func TestRanks(t *testing.T) {
	t.Parallel()
	for _, r := range CheckRules {
		if report.Ranks(r.name) != r.ranks {
			t.Errorf("%s ranks %v by its rule", r.name, r.ranks)
		}
	}
}
