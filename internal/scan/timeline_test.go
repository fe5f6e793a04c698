package scan

import (
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
)

var shotAt = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// shot is a completed scan of the engine with the score, whose interval is the half width, and the checks that warn.
func shot(id string, engine string, score, half float64, warnings ...any) Scan {
	quality := []any{map[string]any{"check": "yaw", "verdict": "ok"}, map[string]any{"check": "occlusion", "verdict": "warn"}}
	for _, w := range warnings {
		quality = append(quality, map[string]any{"check": w, "verdict": "warn"})
	}
	s := newScan(ID(id), "anna", 1, "image/jpeg", shotAt)
	s.complete(map[string]any{
		"version": engine, "quality": quality, "rankable": true,
		"score": map[string]any{"value": score, "lo": score - half, "hi": score + half},
		"metrics": []any{map[string]any{
			"name": "mouth_tilt", "value": score / 100, "unit": "deg", "reliability": map[string]any{"sdc": 0.1},
		}},
	}, shotAt)
	return s
}

// singles are the scans as sittings of one photo each.
func singles(scans []Scan) (all []sitting) {
	for _, s := range scans {
		all = append(all, single(s))
	}
	return all
}

func TestTimelineRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scans []Scan
		want  []string // since, verdicts of score and measure, reasons, series
	}{
		"none":               {nil, nil},
		"one":                {[]Scan{shot("a", "v-1.", 50, 10)}, []string{"- [] false"}},
		"within the noise":   {[]Scan{shot("a", "v-1.", 50, 10), shot("b", "v-1.", 60, 10)}, []string{"- [] false", "a within_noise within_noise [] false"}},
		"a score that moved": {[]Scan{shot("a", "v-1.", 50, 10), shot("b", "v-1.", 65, 10)}, []string{"- [] false", "a significant significant [] false"}},
		"downwards":          {[]Scan{shot("a", "v-1.", 65, 10), shot("b", "v-1.", 50, 10)}, []string{"- [] false", "a significant significant [] false"}},
		"one between that does not compare": {
			[]Scan{shot("a", "v-1.", 50, 10), shot("b", "v-1.", 90, 10, "yaw", "roll", "side_light"), shot("c", "v-1.", 50, 10)},
			[]string{"- [] false", "- [pose light] false", "a within_noise within_noise [] false"},
		},
		"a blurred one": {
			[]Scan{shot("a", "v-1.", 50, 10), shot("b", "v-1.", 90, 10, "focus")}, []string{"- [] false", "- [photo] false"},
		},
		"one with the mouth open and the eyes covered, that moved": {
			[]Scan{shot("a", "v-2.", 50, 10), shot("b", "v-2.", 90, 10, "motion", "mouth_opening", "wink", "eyes_look")},
			[]string{"- [] false", "- [photo expression cover] false"},
		},
		"another engine": {
			[]Scan{shot("a", "v-1.", 50, 10), shot("b", "v-2.", 90, 10), shot("c", "v-2.", 90, 10)},
			[]string{"- [] false", "- [version] true", "b within_noise within_noise [] false"},
		},
		"another engine, and the head turned": {
			[]Scan{shot("a", "v-1.", 50, 10), shot("b", "v-2.", 90, 10, "yaw"), shot("c", "v-2.", 90, 10)},
			[]string{"- [] false", "- [version pose] true", "- [] false"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range timeline(singles(tt.scans)) {
				since := "-"
				if p.Change != nil {
					since = fmt.Sprint(p.Change.Since, " ", p.Change.Score.Verdict, " ", p.Change.Metrics[0].Verdict)
				}
				got = append(got, fmt.Sprint(since, " ", p.NotComparedBecause, " ", p.NewSeries))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("points (-want +got):\n%s", diff)
			}
		})
	}
}

func rangeGen(t *rapid.T, label string) scoreRange {
	value := rapid.Float64Range(0, 100).Draw(t, label)
	return scoreRange{
		Value: value, Lo: rapid.Float64Range(0, value).Draw(t, label+" lo"), Hi: rapid.Float64Range(value, 100).Draw(t, label+" hi"),
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
		scans := make([]Scan, n)
		for i := range scans {
			var warnings []any
			if rapid.Bool().Draw(t, "turned") {
				warnings = []any{"yaw"}
			}
			engine := fmt.Sprintf("v-%d.", i/rapid.IntRange(3, 6).Draw(t, "length"))
			scans[i] = shot(fmt.Sprintf("s%02d", i), engine, rapid.Float64Range(0, 100).Draw(t, "score"), 10, warnings...)
		}
		points := timeline(singles(scans))
		last := -1
		for i, p := range points {
			if i > 0 && points[i-1].Engine != p.Engine {
				if !p.NewSeries {
					t.Fatalf("%d: the engine changed without a word", i)
				}
				last = -1
			}
			if (p.Change != nil) != (last >= 0 && len(outside(scans[i].result())) == 0) {
				t.Fatalf("%d: change %v after %d", i, p.Change, last)
			}
			if p.Change != nil && p.Change.Since != string(scans[last].ID) {
				t.Fatalf("%d: compared with %s, not %s", i, p.Change.Since, scans[last].ID)
			}
			if len(outside(scans[i].result())) == 0 {
				last = i
			}
		}
	})
}

func TestTimelinePages(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := scansAPI(e.service(e.fs))
	for i := range 5 {
		s := shot(string(randomID()), "v-1.", float64(50+i), 10)
		s.CreatedAt = noon.Add(time.Duration(i) * time.Hour)
		e.put(t, s)
	}
	e.newScan(t)
	e.newScan(t, func(s *Scan) { *s = shot(string(s.ID), "v-1.", 1, 1); s.UID = "bob" })
	var scores []float64
	cursor := ""
	for page := range 3 {
		w := ask(t, api, "anna", http.MethodGet, "/v1/timeline?limit=2"+cursor)
		if w.Code != http.StatusOK {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		view := decoded[timelineView](t, w)
		for _, p := range view.Points {
			scores = append(scores, p.Score.Value)
			if first := p.Score.Value == 50; (p.Change == nil) != first {
				t.Errorf("%v has the change %v: that is to be since the scan before, on whatever page", p.Score.Value, p.Change)
			}
		}
		if (view.NextCursor == "") != (page == 2) {
			t.Errorf("page %d: next is %q", page, view.NextCursor)
		}
		cursor = "&cursor=" + view.NextCursor
	}
	if diff := cmp.Diff([]float64{53, 54, 51, 52, 50}, scores); diff != "" {
		t.Errorf("scores (-want +got):\n%s", diff)
	}
	e.putUser(t, account.User{UID: "carl", State: account.Active})
	if w := ask(t, api, "carl", http.MethodGet, "/v1/timeline"); w.Body.String() != "{\"points\":[]}\n" {
		t.Errorf("of none: %s", w.Body)
	}
	wantProblem(t, ask(t, api, "anna", http.MethodGet, "/v1/timeline?cursor=x"), 400, "invalid_parameter")
	_, next := listed(t, api, "limit=1")
	wantProblem(t, ask(t, api, "anna", http.MethodGet, "/v1/timeline?cursor="+next), 400, "invalid_parameter")
}
