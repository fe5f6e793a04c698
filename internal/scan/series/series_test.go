package series

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/scan"
)

// ended is the scan of a look that has ended so.
func ended(id scan.ID, state scan.State, engine string, rankable bool, value float64, at time.Time) scan.Scan {
	s := scan.Scan{ID: id, State: state, SeriesID: "series", FinishedAt: at}
	switch state {
	case scan.Completed:
		s.Result = map[string]any{
			"version": engine, "rankable": rankable,
			"score": map[string]any{"value": value, "lo": max(0, value-10), "hi": min(100, value+10)},
		}
	case scan.Failed:
		s.Failure = &scan.Failure{Code: "no_face"}
	case scan.AwaitingUpload, scan.Queued, scan.Processing, scan.Expired, scan.Deleting:
	}
	return s
}

const (
	v1 = "facescan-1.0.0+a"
	v2 = "facescan-2.0.0+a"
)

func TestSeries_isWhatItsScansComeTo(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	done := func(id scan.ID, engine string, value float64) scan.Scan {
		return ended(id, scan.Completed, engine, true, value, start)
	}
	for name, tt := range map[string]struct {
		seen    []scan.Scan
		state   State
		score   float64
		photos  int
		struck  int
		engine  string
		leftOut []string
	}{
		"nothing yet": {nil, Open, 0, 0, 0, "", []string{"", "", ""}},
		"one is missing": {
			[]scan.Scan{done("a", v1, 60), done("b", v1, 50)}, Open, 0, 0, 0, "", []string{"", "", ""},
		},
		"all of them": {
			[]scan.Scan{done("a", v1, 60), done("b", v1, 50), done("c", v1, 55)}, Completed, 55, 3, 0, v1, []string{"", "", ""},
		},
		"one refused": {
			[]scan.Scan{done("a", v1, 60), ended("b", scan.Failed, "", false, 0, start), done("c", v1, 50)},
			Completed, 55, 2, 0, v1, []string{"", "not_measured", ""},
		},
		"one expired": {
			[]scan.Scan{done("a", v1, 60), ended("b", scan.Expired, "", false, 0, start), done("c", v1, 50)},
			Completed, 55, 2, 0, v1, []string{"", "not_measured", ""},
		},
		"one expired that came late": {
			[]scan.Scan{done("a", v1, 60), ended("b", scan.Expired, "", false, 0, start), done("c", v1, 50), done("b", v1, 40)},
			Completed, 50, 3, 0, v1, []string{"", "", ""},
		},
		"one not fit to be compared": {
			[]scan.Scan{done("a", v1, 60), ended("b", scan.Completed, v1, false, 5, start), done("c", v1, 50)},
			Completed, 55, 2, 0, v1, []string{"", "not_rankable", ""},
		},
		"one left": {
			[]scan.Scan{
				ended("a", scan.Failed, "", false, 0, start), ended("b", scan.Completed, v1, false, 5, start), done("c", v1, 50),
			},
			Completed, 50, 1, 0, v1, []string{"not_measured", "not_rankable", ""},
		},
		"none left": {
			[]scan.Scan{
				ended("a", scan.Failed, "", false, 0, start), ended("b", scan.Completed, v1, false, 5, start),
				ended("c", scan.Expired, "", false, 0, start),
			},
			Failed, 0, 0, 0, "", []string{"not_measured", "not_rankable", "not_measured"},
		},
		"an outlier": {
			[]scan.Scan{done("a", v1, 50), done("b", v1, 50), ended("c", scan.Completed, v1, true, 100, start)},
			Completed, 50, 2, 0, v1, []string{"", "", "outlier"},
		},
		"one deleted afterwards": {
			[]scan.Scan{
				done("a", v1, 60), done("b", v1, 50), done("c", v1, 10), ended("c", scan.Deleting, "", false, 0, time.Time{}),
			},
			Completed, 55, 2, 1, v1, []string{"", "", "deleted"},
		},
		"one deleted that was refused": {
			[]scan.Scan{
				done("a", v1, 60), done("b", v1, 50), ended("c", scan.Failed, "", false, 0, start),
				ended("c", scan.Deleting, "", false, 0, time.Time{}),
			},
			Completed, 55, 2, 0, v1, []string{"", "", "deleted"},
		},
		"all deleted": {
			[]scan.Scan{
				done("a", v1, 60), ended("b", scan.Failed, "", false, 0, start),
				ended("c", scan.Deleting, "", false, 0, time.Time{}),
				ended("a", scan.Deleting, "", false, 0, time.Time{}), ended("b", scan.Deleting, "", false, 0, time.Time{}),
			},
			Failed, 0, 0, 1, v1, []string{"deleted", "deleted", "deleted"},
		},
		"two by the engine before": {
			[]scan.Scan{done("a", v1, 60), done("b", v1, 50), done("c", v2, 20)}, Completed, 55, 2, 0, v1,
			[]string{"", "", "other_engine"},
		},
		"one by each engine": {
			[]scan.Scan{
				ended("a", scan.Completed, v1, true, 60, start.Add(time.Hour)), ended("b", scan.Completed, v2, true, 40, start),
				ended("c", scan.Failed, "", false, 0, start),
			},
			Completed, 60, 1, 0, v1, []string{"", "other_engine", "not_measured"},
		},
		"scored anew by the next engine": {
			[]scan.Scan{done("a", v1, 60), done("b", v1, 50), done("c", v1, 70), done("a", v2, 30), done("b", v2, 40)},
			Completed, 35, 2, 0, v2, []string{"", "", "other_engine"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New("series", "anna", []scan.ID{"a", "b", "c"}, "image/jpeg", start)
			for i, one := range tt.seen {
				s.See(one, start.Add(time.Duration(i)*time.Minute))
			}
			var leftOut []string
			for _, l := range s.Looks {
				leftOut = append(leftOut, l.LeftOut)
			}
			if s.State != tt.state || s.Photos() != tt.photos || s.struck() != tt.struck || s.Engine != tt.engine {
				t.Errorf("%s of %d photos, %d struck, engine %q", s.State, s.Photos(), s.struck(), s.Engine)
			}
			if tt.photos > 0 && s.Result.Score.Value != tt.score {
				t.Errorf("score %+v, want %v", s.Result.Score, tt.score)
			}
			if diff := cmp.Diff(tt.leftOut, leftOut); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
			if s.Version != int64(len(tt.seen))+1 {
				t.Errorf("version %d after %d changes", s.Version, len(tt.seen))
			}
		})
	}
}

// Whatever the order in which scans end, the series comes to the same, and telling it again of one
// changes no result.
func TestSeriesDependsOnItsScansOnly(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	ids := []scan.ID{"a", "b", "c", "d", "e"}
	rapid.Check(t, func(t *rapid.T) {
		ids := ids[:rapid.IntRange(MinLooks, MaxLooks).Draw(t, "photos")]
		var scans []scan.Scan
		for _, id := range ids {
			scans = append(scans, ended(
				id,
				rapid.SampledFrom(
					[]scan.State{scan.Completed, scan.Completed, scan.Completed, scan.Failed, scan.Expired, scan.Deleting},
				).Draw(t, "state"),
				rapid.SampledFrom([]string{v1, v2}).Draw(t, "engine"), rapid.Bool().Draw(t, "rankable"),
				float64(rapid.IntRange(0, 100).Draw(t, "score")),
				start.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "at"))*time.Second),
			))
		}
		see := func(scans []scan.Scan) Series {
			s := New("series", "anna", ids, "image/jpeg", start)
			for _, one := range scans {
				s.See(one, start)
			}
			return s
		}
		s := see(scans)
		other := see(rapid.Permutation(scans).Draw(t, "order"))
		if diff := cmp.Diff(s, other); diff != "" {
			t.Fatalf("in another order:\n%s", diff)
		}
		again := s
		again.Looks = slices.Clone(s.Looks)
		again.See(rapid.SampledFrom(scans).Draw(t, "again"), start.Add(time.Hour))
		if diff := cmp.Diff(s, again, cmpopts.IgnoreFields(Series{}, "Version", "UpdatedAt")); diff != "" {
			t.Fatalf("told again:\n%s", diff)
		}
		counted := 0
		for _, l := range s.Looks {
			if l.LeftOut == "" {
				counted++
			}
		}
		if counted != s.Photos() || (s.State == Completed) != (counted > 0) || s.Revision != 1 {
			t.Fatalf("%s: %d count, %d photos, revision %d", s.State, counted, s.Photos(), s.Revision)
		}
	})
}

func TestSeriesEvents(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	s := New("series", "anna", []scan.ID{"a", "b"}, "image/jpeg", start)
	s.ConsentEpoch = 3
	s.See(ended("a", scan.Completed, v1, true, 60, start), start)
	if _, ok := s.DeletedEvent(start); !ok {
		t.Error("a photo was measured that could have counted, and its deletion is not told")
	}
	s.See(ended("b", scan.Completed, v1, true, 40, start), start.Add(time.Minute))
	want := event.SeriesSettledV1{
		UID: "anna", SeriesID: "series", ConsentEpoch: 3, Engine: v1, EngineMajor: 1, Score: 50,
		Interval: event.Around(s.Result.Score.Lo, s.Result.Score.Hi), Photos: 2, SettledAt: start.Add(time.Minute),
		Revision: 1,
	}
	if diff := cmp.Diff(want, s.SettledEvent()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.See(ended("b", scan.Deleting, "", false, 0, time.Time{}), start.Add(time.Hour))
	told, ok := s.DeletedEvent(start.Add(2 * time.Hour))
	wantDeleted := event.SeriesDeletedV1{
		UID: "anna", SeriesID: "series", ConsentEpoch: 3, EngineMajor: 1, Photos: 2, SettledAt: start.Add(time.Minute),
	}
	if diff := cmp.Diff(wantDeleted, told); diff != "" || !ok {
		t.Errorf("told: %v (-want +got):\n%s", ok, diff)
	}
}
