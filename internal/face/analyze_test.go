package face

import (
	"bytes"
	"errors"
	"image"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAnalyze_measuresAPortrait(t *testing.T) {
	t.Parallel()
	r := analyze(t, facetest.SampleJPEG(t))

	t.Run("nothing is amiss, but an average face is more even than any", func(t *testing.T) {
		t.Parallel()
		if r.Rankable || r.NotRankableBecause != measure.DetailBeyond || len(r.Fixes) != 0 {
			t.Errorf("rankable %v because %q, fixes %q", r.Rankable, r.NotRankableBecause, r.Fixes)
		}
		for _, c := range r.Quality {
			if c.Verdict != report.VerdictOK {
				t.Errorf("check %s: %s at %v", c.Check, c.Verdict, c.Value)
			}
		}
	})
	t.Run("the points are those of the picture", func(t *testing.T) {
		t.Parallel()
		// Read off the enlarged picture by eye.
		want := map[string]report.Point{
			"pupil_left": {X: 116, Y: 183}, "pupil_right": {X: 204, Y: 183}, "nose_tip": {X: 160, Y: 233},
			"mouth_left": {X: 122, Y: 281}, "mouth_right": {X: 198, Y: 280}, "lip_lower_bottom": {X: 160, Y: 297},
		}
		for name, w := range want {
			g := r.Landmarks[name]
			if math.Hypot(g.X-w.X, g.Y-w.Y) > 5 {
				t.Errorf("%s at %v, %v; want about %v, %v", name, g.X, g.Y, w.X, w.Y)
			}
			if g.SE <= 0 || g.SE > 5 {
				t.Errorf("%s has standard error %v", name, g.SE)
			}
		}
	})
	t.Run("all 15 names are there", func(t *testing.T) {
		t.Parallel()
		want := []string{
			"brow_left_inner", "brow_left_outer", "brow_right_inner", "brow_right_outer", "eye_left_inner", "eye_left_outer",
			"eye_right_inner", "eye_right_outer", "lip_lower_bottom", "lip_upper_top", "mouth_left", "mouth_right", "nose_tip",
			"pupil_left", "pupil_right",
		}
		var got []string
		for name := range r.Landmarks {
			got = append(got, name)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		list := landmark.PublishedNames()
		slices.Sort(list)
		if diff := cmp.Diff(want, list); diff != "" {
			t.Errorf("LandmarkNames (-want +got):\n%s", diff)
		}
	})
	t.Run("the score agrees with its parts", func(t *testing.T) {
		t.Parallel()
		s := r.Score
		if s.Lo > s.Value || s.Value > s.Hi || s.Lo < 0 || s.Hi > 100 {
			t.Errorf("score %v is not inside its interval %v to %v", s.Value, s.Lo, s.Hi)
		}
		sum := 0.0
		for _, c := range s.Contributions {
			if c.Points > 0 {
				t.Errorf("%s adds %v points", c.Metric, c.Points)
			}
			sum += c.Points
		}
		if math.Abs(sum-(s.Value-100)) > 1e-9 {
			t.Errorf("contributions add up to %v, not %v", sum, s.Value-100)
		}
	})
	t.Run("every metric lies in its interval", func(t *testing.T) {
		t.Parallel()
		if len(r.Metrics) != len(measure.MetricRules) {
			t.Errorf("%d metrics", len(r.Metrics))
		}
		for _, m := range r.Metrics {
			if m.Lo >= m.Value || m.Value >= m.Hi || m.Reliability.ICC < 0.6 || m.Reliability.ICC > 1 ||
				m.Reliability.SEM <= 0 || m.Reliability.SDC <= 0 {
				t.Errorf("%+v", m)
			}
		}
	})
}

func TestReports_areTheSameToTheByte(t *testing.T) {
	t.Parallel()
	data := facetest.SampleJPEG(t)
	want := facetest.AsJSON(t, analyze(t, data))

	t.Run("from eight goroutines at once, among other photos", func(t *testing.T) {
		t.Parallel()
		other := facetest.EncodePNG(t, facetest.Softened(facetest.MirrorOf(facetest.DecodeSample(t)), 2))
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				_, _ = Analyze(bytes.NewReader(other), report.Options{})
				r, err := Analyze(bytes.NewReader(data), report.Options{})
				if err != nil {
					t.Errorf("goroutine %d: %v", i, err)
				} else if got := facetest.AsJSON(t, r); got != want {
					t.Errorf("goroutine %d got another report", i)
				}
			})
		}
		group.Wait()
	})
	t.Run("from a reader that gives one byte at a time", func(t *testing.T) {
		t.Parallel()
		r, err := Analyze(iotest.OneByteReader(bytes.NewReader(data)), report.Options{})
		if err != nil || facetest.AsJSON(t, r) != want {
			t.Errorf("another report, or %v", err)
		}
	})
}

func TestMirroredPhoto_givesTheMirroredReport(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	tilted := facetest.Graded(
		facetest.OnCanvas(420, 500, image.Pt(40, 30), src), func(v float64) float64 { return v * 0.9 },
	)
	for name, img := range map[string]image.Image{
		"as it is": src, "off the middle": tilted,
		"on a long canvas, so that it is shrunk": facetest.OnCanvas(
			701, 2001, image.Pt(31, 400), facetest.Enlarged(src, 640, 800),
		),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := analyze(t, facetest.EncodePNG(t, img))
			m := analyze(t, facetest.EncodePNG(t, facetest.MirrorOf(img)))
			if diff := cmp.Diff(r.Score, m.Score); diff != "" {
				t.Errorf("score (-photo +mirrored):\n%s", diff)
			}
			measure.TurnOver(&m)
			if diff := cmp.Diff(r, m, cmpopts.EquateApprox(0, 0.011)); diff != "" {
				t.Errorf("report (-photo +mirrored and turned back):\n%s", diff)
			}
		})
	}
}

func TestOrientation_isApplied(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	want := analyze(t, facetest.EncodePNG(t, src))
	wantJPEG := analyze(t, facetest.EncodeJPEG(t, src, 95))
	for o := 1; o <= 8; o++ {
		t.Run("PNG stored as orientation "+string(rune('0'+o)), func(t *testing.T) {
			t.Parallel()
			got := analyze(t, facetest.WithPNGOrientation(facetest.EncodePNG(t, facetest.Stored(src, o)), o))
			w := want
			w.Image.Orientation = o
			if diff := cmp.Diff(w, got); diff != "" {
				t.Errorf("report (-upright +stored):\n%s", diff)
			}
		})
		t.Run("JPEG stored as orientation "+string(rune('0'+o)), func(t *testing.T) {
			t.Parallel()
			got := analyze(t, facetest.WithJPEGOrientation(facetest.EncodeJPEG(t, facetest.Stored(src, o), 95), o))
			if got.Image != (report.Image{Width: 320, Height: 400, Orientation: o}) {
				t.Errorf("image %+v", got.Image)
			}
			if diff := cmp.Diff(wantJPEG.Landmarks, got.Landmarks, cmpopts.EquateApprox(0, 1)); diff != "" {
				t.Errorf("landmarks (-upright +stored):\n%s", diff)
			}
		})
	}
}

func TestSmallChangesOfThePhoto_changeLittle(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	want := analyze(t, facetest.EncodePNG(t, src))
	same := func(f float64) func(report.Point) report.Point {
		return func(p report.Point) report.Point { return report.Point{X: (p.X+0.5)*f - 0.5, Y: (p.Y+0.5)*f - 0.5} }
	}
	tests := []struct {
		name string
		data []byte
		move func(report.Point) report.Point
		near float64 // pixels
	}{
		{"saved as a JPEG of quality 50", facetest.EncodeJPEG(t, src, 50), same(1), 1.5},
		{"with noise", facetest.EncodePNG(t, facetest.Noisy(src, 6, 1)), same(1), 2},
		{
			"a little darker", facetest.EncodePNG(t, facetest.Graded(src, func(v float64) float64 { return v * 0.8 })), same(1),
			1.5,
		},
		{"twice as large", facetest.EncodePNG(t, facetest.Enlarged(src, 640, 800)), same(2), 3},
		{
			"five times as large, looked at in half size", facetest.EncodeJPEG(t, facetest.Enlarged(src, 1600, 2000), 90),
			same(5), 8,
		},
		{"moved on a larger canvas", facetest.EncodePNG(t, facetest.OnCanvas(500, 600, image.Pt(90, 110), src)),
			func(p report.Point) report.Point { return report.Point{X: p.X + 90, Y: p.Y + 110} }, 1.5},
		{"lying on its side without a word in the EXIF", facetest.EncodePNG(t, facetest.Stored(src, 6)),
			func(p report.Point) report.Point { return report.Point{X: p.Y, Y: 319 - p.X} }, 2},
		{
			"upside down", facetest.EncodePNG(t, facetest.Stored(src, 3)),
			func(p report.Point) report.Point { return report.Point{X: 319 - p.X, Y: 399 - p.Y} }, 2,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := analyze(t, tt.data)
			for name, p := range want.Landmarks {
				w, g := tt.move(p), got.Landmarks[name]
				if math.Hypot(g.X-w.X, g.Y-w.Y) > tt.near {
					t.Errorf("%s at %.1f, %.1f; want %.1f, %.1f", name, g.X, g.Y, w.X, w.Y)
				}
			}
			if got.Score.Value < want.Score.Lo {
				t.Errorf("score %v lies below the interval of %+v", got.Score.Value, want.Score)
			}
		})
	}
}

func TestAnUnevenFaceScoresLower(t *testing.T) {
	t.Parallel()
	src := facetest.DecodeSample(t)
	last := analyze(t, facetest.EncodePNG(t, src)).Score.Value
	for _, shift := range []float64{3, 6} {
		// Lower the right corner of the mouth softly.
		bent := facetest.Remapped(src, 320, 400, func(x, y int) (int, int) {
			dx, dy := float64(x-198)/24, float64(y-281)/24
			return x, y - int(math.Round(shift*math.Exp(-dx*dx-dy*dy)))
		})
		r := analyze(t, facetest.EncodePNG(t, bent))
		if r.Score.Value >= last {
			t.Errorf("the mouth lowered by %v pixels: score %v, not below %v", shift, r.Score.Value, last)
		}
		if worst := slices.MinFunc(r.Score.Contributions, func(a, b report.Contribution) int {
			return int(math.Copysign(1, a.Points-b.Points))
		}); worst.Metric != "mouth" {
			t.Errorf("the mouth lowered by %v pixels: most points are lost at the %s", shift, worst.Metric)
		}
		last = r.Score.Value
	}
}

func TestReaderErrors_areNotRefusals(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	_, err := Analyze(iotest.ErrReader(broken), report.Options{})
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want one that wraps the reader's", err)
	}
	var refusal *report.Refusal
	if errors.As(err, &refusal) {
		t.Errorf("a broken connection was blamed on the photo: %v", refusal)
	}
}
