package serve

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// The measures of a series are the means of its scans', and change by less than a single scan's to
// be told from noise.
func TestSeriesComparesByMeanMeasures(t *testing.T) {
	t.Parallel()
	scans := []scan.Scan{Shot("a", "v-1.", 50, 10), Shot("b", "v-1.", 58, 10), Shot("c", "v-1.", 90, 10)}
	of := series.New("series", "anna", []scan.ID{"a", "b", "c"}, "image/jpeg", shotAt)
	for i := range scans {
		scans[i].SeriesID = "series"
		of.See(scans[i], shotAt)
	}
	of.Looks[2].LeftOut = "outlier"
	s := sitting{scans: scans, point: pointView{SeriesID: "series"}}
	s.settle(of)
	if m := s.result.Metrics; len(m) != 1 || m[0].Value != 0.54 || m[0].Reliability.SDC < 0.0707 ||
		m[0].Reliability.SDC > 0.0708 {
		t.Fatalf("measures %+v", m)
	}
	for value, want := range map[float64]string{62: withinNoise, 62.7: significant} { // 0.0866 away
		before := single(Shot("d", "v-1.", value, 10))
		if got := compare("d", before.result, s.result).Metrics[0].Verdict; got != want {
			t.Errorf("since %v: %s, want %s", value, got, want)
		}
	}
}

var shotAt = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// Shot is a completed scan of the engine with the score, whose interval is the half width, and the
// checks that warn.
func Shot(id string, engine string, score, half float64, warnings ...any) scan.Scan {
	quality := []any{
		map[string]any{"check": "yaw", "verdict": "ok"}, map[string]any{"check": "occlusion", "verdict": "warn"},
	}
	for _, w := range warnings {
		quality = append(quality, map[string]any{"check": w, "verdict": "warn"})
	}
	s := scan.New(scan.ID(id), "anna", 1, "image/jpeg", shotAt)
	s.Complete(map[string]any{
		"version": engine, "quality": quality, "rankable": true,
		"score": map[string]any{"value": score, "lo": score - half, "hi": score + half},
		"metrics": []any{map[string]any{
			"name": "mouth_tilt", "value": score / 100, "unit": "deg", "reliability": map[string]any{"sdc": 0.1},
		}},
	}, shotAt)
	return s
}

// Singles are the scans as sittings of one photo each.
func Singles(scans []scan.Scan) (all []sitting) {
	for _, s := range scans {
		all = append(all, single(s))
	}
	return all
}

func TestTimelineRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scans []scan.Scan
		want  []string // since, verdicts of score and measure, reasons, series
	}{
		"none": {nil, nil},
		"one":  {[]scan.Scan{Shot("a", "v-1.", 50, 10)}, []string{"- [] false"}},
		"within the noise": {
			[]scan.Scan{Shot("a", "v-1.", 50, 10), Shot("b", "v-1.", 60, 10)},
			[]string{"- [] false", "a within_noise within_noise [] false"},
		},
		"a score that moved": {
			[]scan.Scan{Shot("a", "v-1.", 50, 10), Shot("b", "v-1.", 65, 10)},
			[]string{"- [] false", "a significant significant [] false"},
		},
		"downwards": {
			[]scan.Scan{Shot("a", "v-1.", 65, 10), Shot("b", "v-1.", 50, 10)},
			[]string{"- [] false", "a significant significant [] false"},
		},
		"one between that does not compare": {
			[]scan.Scan{
				Shot("a", "v-1.", 50, 10), Shot("b", "v-1.", 90, 10, "yaw", "roll", "side_light"), Shot("c", "v-1.", 50, 10),
			},
			[]string{"- [] false", "- [pose light] false", "a within_noise within_noise [] false"},
		},
		"a blurred one": {
			[]scan.Scan{Shot("a", "v-1.", 50, 10), Shot("b", "v-1.", 90, 10, "focus")},
			[]string{"- [] false", "- [photo] false"},
		},
		"one with the mouth open and the eyes covered, that moved": {
			[]scan.Scan{Shot("a", "v-2.", 50, 10), Shot("b", "v-2.", 90, 10, "motion", "mouth_opening", "wink", "eyes_look")},
			[]string{"- [] false", "- [photo expression cover] false"},
		},
		"another engine": {
			[]scan.Scan{Shot("a", "v-1.", 50, 10), Shot("b", "v-2.", 90, 10), Shot("c", "v-2.", 90, 10)},
			[]string{"- [] false", "- [engine] true", "b within_noise within_noise [] false"},
		},
		"another engine, and the head turned": {
			[]scan.Scan{Shot("a", "v-1.", 50, 10), Shot("b", "v-2.", 90, 10, "yaw"), Shot("c", "v-2.", 90, 10)},
			[]string{"- [] false", "- [engine pose] true", "- [] false"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range timeline(Singles(tt.scans)) {
				since := "-"
				if p.Change != nil {
					since = fmt.Sprint(p.Change.ComparedWith, " ", p.Change.Score.Verdict, " ", p.Change.Metrics[0].Verdict)
				}
				got = append(got, fmt.Sprint(since, " ", p.NotComparedBecause, " ", p.NewEngine))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("points (-want +got):\n%s", diff)
			}
		})
	}
}

func rangeGen(t *rapid.T, label string) scan.Score {
	value := rapid.Float64Range(0, 100).Draw(t, label)
	return scan.Score{
		Value: value, Lo: rapid.Float64Range(0, value).Draw(t, label+" lo"),
		Hi: rapid.Float64Range(value, 100).Draw(t, label+" hi"),
	}
}

func TestScoreMoved_rules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rangeGen(t, "a"), rangeGen(t, "b")
		if scoreMoved(a, b) != scoreMoved(b, a) {
			t.Fatal("it depends on the order")
		}
		if scoreMoved(a, a) {
			t.Fatal("a score moved against itself")
		}
		if a.Value <= b.Value && a.Hi < b.Lo && !scoreMoved(a, b) && b.Value-a.Value > a.Hi-a.Value+b.Value-b.Lo {
			t.Fatal("intervals that do not touch are within noise")
		}
		if a.Value <= b.Hi && a.Value >= b.Lo && b.Value <= a.Hi && b.Value >= a.Lo && scoreMoved(a, b) {
			t.Fatal("each lies in the other's interval, and it moved")
		}
		se1, se2 := rapid.Float64Range(0, 10).Draw(t, "se1"), rapid.Float64Range(0, 10).Draw(t, "se2")
		a.Lo, a.Hi, b.Lo, b.Hi = a.Value-1.96*se1, a.Value+1.96*se1, b.Value-1.96*se2, b.Value+1.96*se2
		difference, noise := math.Abs(a.Value-b.Value), 1.96*math.Hypot(se1, se2)
		if math.Abs(difference-noise) > 1e-9 && scoreMoved(a, b) != (difference > noise) {
			t.Fatalf("symmetric intervals: %v against %v", difference, noise)
		}
	})
}

// Every change is between two comparable scans of one engine with none such between them.
func TestTimeline_comparesNeighboursOfASeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "n")
		scans := make([]scan.Scan, n)
		for i := range scans {
			var warnings []any
			if rapid.Bool().Draw(t, "turned") {
				warnings = []any{"yaw"}
			}
			engine := fmt.Sprintf("v-%d.", i/rapid.IntRange(3, 6).Draw(t, "length"))
			scans[i] = Shot(fmt.Sprintf("s%02d", i), engine, rapid.Float64Range(0, 100).Draw(t, "score"), 10, warnings...)
		}
		points := timeline(Singles(scans))
		last := -1
		for i, p := range points {
			if i > 0 && points[i-1].Engine != p.Engine {
				if !p.NewEngine {
					t.Fatalf("%d: the engine changed without a word", i)
				}
				last = -1
			}
			if (p.Change != nil) != (last >= 0 && len(outside(scans[i].Outcome())) == 0) {
				t.Fatalf("%d: change %v after %d", i, p.Change, last)
			}
			if p.Change != nil && p.Change.ComparedWith != string(scans[last].ID) {
				t.Fatalf("%d: compared with %s, not %s", i, p.Change.ComparedWith, scans[last].ID)
			}
			if len(outside(scans[i].Outcome())) == 0 {
				last = i
			}
		}
	})
}
