package analyze_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// isPaced reports whether the scan is measured and, for the pace alone, not ranked.
func isPaced(t *testing.T, e *scantest.Env, s scan.Scan) bool {
	t.Helper()
	pace, paced := s.Result["pace"].(map[string]any)
	ranked := s.Result["rankable"] == true
	switch {
	case s.State != scan.Completed || ranked == paced || e.RankableIn(t, s) != ranked:
		t.Errorf("%s %s: rankable %v, pace %v", s.State, s.ID, s.Result["rankable"], pace)
	case paced && (pace["code"] != "daily_limit" || pace["detail"] != cheat.PaceDetail || pace["help"] != cheat.PaceHelp ||
		s.Result["notRankableBecause"] != cheat.PaceDetail || s.Result["score"] == nil):
		t.Errorf("the result is %v", s.Result)
	}
	return paced
}

func TestSixthScanOfADay_isMeasuredAndNotRanked(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	var ranked []scan.Scan
	for i := range cheat.RankedPerDay {
		s := e.Analyzed(t, fmt.Sprint("photo ", i), scantest.Measure)
		if isPaced(t, e, s) {
			t.Fatalf("scan %d is not ranked", i)
		}
		ranked = append(ranked, s)
	}
	sixth := e.Analyzed(t, "one more", scantest.Measure)
	if !isPaced(t, e, sixth) {
		t.Error("one more is ranked")
	}
	newer := func() (report.Report, []report.Picture, error) {
		r := scantest.Measured
		r.Version = "test-2.0.0"
		return r, scantest.Drawn(), nil
	}
	if err := e.Analyzer(scantest.Answering(newer)).Handle(t.Context(), e.AskAgain(t, sixth, "rescore")); err != nil {
		t.Fatal(err)
	}
	if sixth = e.Load(t, sixth.ID); sixth.Previous == nil || !isPaced(t, e, sixth) {
		t.Errorf("measured again by another engine it is %+v", sixth.Result)
	}
	e.Remove(t, ranked[1])
	if !isPaced(t, e, e.Analyzed(t, "another", scantest.Measure)) {
		t.Error("a deletion made room")
	}
	e.PutBob(t)
	if isPaced(t, e, e.Analyzed(t, "bob's", scantest.Measure, func(s *scan.Scan) { s.UID = "bob" })) {
		t.Error("one user's scans count against another's")
	}
	e.Clock.Advance(24 * time.Hour)
	if isPaced(t, e, e.Analyzed(t, "tomorrow's", scantest.Measure)) {
		t.Error("the next day is not ranked")
	}
}

// A photo that is not ranked anyway leaves the places to others.
func TestCopiesAndRefusedPhotos_takeNoPlace(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	e.Analyzed(t, "photo", scantest.Measure)
	for range cheat.RankedPerDay {
		e.Analyzed(t, "photo", scantest.Measure)
		e.Analyzed(t, "refused", scantest.Failing(scantest.NoFace))
	}
	for i := range cheat.RankedPerDay - 1 {
		if isPaced(t, e, e.Analyzed(t, fmt.Sprint("photo ", i), scantest.Measure)) {
			t.Errorf("photo %d is not ranked", i)
		}
	}
}

// Of photos that end at the same time, in two processes and each told of twice, five are ranked.
func TestScansAtOnce_keepThePace(t *testing.T) {
	t.Parallel()
	const photos = 9
	e := scantest.New(t)
	began, measuring := make(chan struct{}, photos), make(chan struct{})
	engine := scantest.During(func() { began <- struct{}{}; <-measuring })
	processes := []*analyze.Consumer{e.Analyzer(engine), e.Analyzer(engine)}
	processes[1].Firestore = e.Database(t)
	processes[1].Outbox = e.OutboxOver(processes[1].Firestore)
	scans, done := make([]scan.Scan, photos), make(chan error, photos)
	for i := range scans {
		scans[i] = e.NewScan(t)
		m := scantest.Finalized(t, scans[i], e.Upload(t, scans[i], fmt.Append(nil, "photo ", i)))
		go func() {
			if err := processes[i%2].Handle(t.Context(), m); err != nil {
				done <- err
				return
			}
			done <- processes[(i+1)%2].Handle(t.Context(), m)
		}()
	}
	for range photos {
		scantest.Receive(t, began, "a measurement's beginning")
	}
	close(measuring)
	for range photos {
		if err := scantest.Receive(t, done, "an analysis"); err != nil {
			t.Fatal(err)
		}
	}
	ranked := 0
	for _, s := range scans {
		if !isPaced(t, e, e.Load(t, s.ID)) {
			ranked++
		}
	}
	if ranked != cheat.RankedPerDay {
		t.Errorf("%d are ranked, want %d", ranked, cheat.RankedPerDay)
	}
}
