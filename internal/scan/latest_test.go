package scan

import (
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
)

func TestLatestAndBest(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	start := e.clock.Now()
	show := func(s *Summary, err error) ID {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if s == nil {
			return ""
		}
		return s.ID
	}
	check := func(name string, latest, best ID) {
		t.Helper()
		if got := show(Latest(t.Context(), e.fs, anna)); got != latest {
			t.Errorf("%s: latest = %q, want %q", name, got, latest)
		}
		if got := show(Best(t.Context(), e.fs, anna)); got != best {
			t.Errorf("%s: best = %q, want %q", name, got, best)
		}
	}
	// measured is a scan that was opened n seconds after the start.
	measured := func(n int, owner account.UID, version string, score float64, rankable bool) ID {
		t.Helper()
		return e.newScan(t, func(s *Scan) {
			s.UID, s.CreatedAt = owner, start.Add(time.Duration(n)*time.Second)
			s.complete(map[string]any{
				"version": version, "score": map[string]any{"value": score, "lo": 0.0, "hi": 100.0}, "rankable": rankable,
			}, start)
		}).ID
	}
	check("no scan", "", "")
	waiting := e.newScan(t, func(s *Scan) { s.CreatedAt = start }).ID
	check("a scan that waits", waiting, "")
	first := measured(1, anna, report.Version, 60, true)
	check("a scan that counts", first, first)
	second := measured(2, anna, report.Version, 70, true)
	check("a better one", second, second)
	worse := measured(3, anna, report.Version, 50, true)
	check("a worse one", worse, second)
	measured(4, anna, report.Version, 99, false)
	measured(5, anna, "facescan-0.0.1", 99, true)
	last := e.newScan(t, func(s *Scan) {
		s.CreatedAt = start.Add(6 * time.Second)
		s.fail(Failure{Code: "no_face"}, start)
	}).ID
	measured(7, "bob", report.Version, 99, true)
	e.newScan(t, func(s *Scan) { s.CreatedAt, s.State = start.Add(8*time.Second), Deleting })
	check("one that does not count, one of another engine, a failed, another user's and a deleted one", last, second)
}
