package scan_test

import (
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
)

func TestLatestAndBest(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	start := e.Clock.Now()
	show := func(s *scan.Summary, err error) scan.ID {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if s == nil {
			return ""
		}
		return s.ID
	}
	check := func(name string, latest, best scan.ID) {
		t.Helper()
		if got := show(scan.Latest(t.Context(), e.Firestore, scantest.Anna)); got != latest {
			t.Errorf("%s: latest = %q, want %q", name, got, latest)
		}
		if got := show(scan.Best(t.Context(), e.Firestore, scantest.Anna)); got != best {
			t.Errorf("%s: best = %q, want %q", name, got, best)
		}
	}
	// measured is a scan that was opened n seconds after the start.
	measured := func(n int, owner account.UID, version string, score float64, rankable bool) scan.ID {
		t.Helper()
		return e.NewScan(t, func(s *scan.Scan) {
			s.UID, s.CreatedAt = owner, start.Add(time.Duration(n)*time.Second)
			s.Complete(map[string]any{
				"version": version, "score": map[string]any{"value": score, "lo": 0.0, "hi": 100.0}, "rankable": rankable,
			}, start)
		}).ID
	}
	check("no scan", "", "")
	waiting := e.NewScan(t, func(s *scan.Scan) { s.CreatedAt = start }).ID
	check("a scan that waits", waiting, "")
	first := measured(1, scantest.Anna, report.Version, 60, true)
	check("a scan that counts", first, first)
	second := measured(2, scantest.Anna, report.Version, 70, true)
	check("a better one", second, second)
	worse := measured(3, scantest.Anna, report.Version, 50, true)
	check("a worse one", worse, second)
	measured(4, scantest.Anna, report.Version, 99, false)
	measured(5, scantest.Anna, "facescan-0.0.1", 99, true)
	last := e.NewScan(t, func(s *scan.Scan) {
		s.CreatedAt = start.Add(6 * time.Second)
		s.Fail(scan.Failure{Code: "no_face"}, start)
	}).ID
	measured(7, "bob", report.Version, 99, true)
	e.NewScan(t, func(s *scan.Scan) { s.CreatedAt, s.State = start.Add(8*time.Second), scan.Deleting })
	check("one that does not count, one of another engine, a failed, another user's and a deleted one", last, second)
}
