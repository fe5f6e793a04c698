package analyze_test

import (
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
)

// changed is an engine whose report is another.
func changed(io.Reader, report.Options) (report.Report, []report.Picture, error) {
	report := scantest.Measured
	report.Version, report.Score.Value = "test-2.0.0", 80
	return report, scantest.Drawn(), nil
}

func TestVerify(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		engine scantest.Engine
		before func(*testing.T, *scantest.Env, scan.Scan, int64)
		want   string
	}{
		"the same report":     {scantest.Measure, nil, scan.VerifyMatches},
		"another report":      {changed, nil, scan.VerifyDiffers},
		"a photo now refused": {scantest.Failing(scantest.NoFace), nil, scan.VerifyRefused},
		"an engine that falls": {
			func(io.Reader, report.Options) (report.Report, []report.Picture, error) { panic("x") }, nil, scan.VerifyRefused,
		},
		"a photo gone meanwhile": {scantest.Measure, func(t *testing.T, e *scantest.Env, s scan.Scan, generation int64) {
			t.Helper()
			if err := scan.DeletePhoto(t.Context(), e.Uploads, scan.PhotoName(s.UID, s.ID), generation); err != nil {
				t.Fatal(err)
			}
		}, scan.VerifyGone},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Finish(t, s, scantest.Measure)
			done := e.Load(t, s.ID)
			m := e.AskAgain(t, s, "verify")
			if tt.before != nil {
				tt.before(t, e, s, generation)
			}
			for range 2 { // the second is a duplicate
				if err := e.Analyzer(tt.engine).Handle(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			got := e.Load(t, s.ID)
			if got.Verification.Outcome != tt.want || got.Version != done.Version+2 {
				t.Errorf("outcome %+v, version %d after %d", got.Verification, got.Version, done.Version)
			}
			if diff := cmp.Diff(done.Result, got.Result); diff != "" || got.Previous != nil {
				t.Errorf("the result changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestRescore(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	e.Finish(t, s, scantest.Measure)
	done := e.Load(t, s.ID)
	done.UploadedAt = done.FinishedAt.Add(-time.Minute)
	e.Put(t, done)
	m := e.AskAgain(t, s, "rescore")
	e.Clock.Advance(time.Minute)
	for range 2 {
		if err := e.Analyzer(changed).Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := e.Load(t, s.ID)
	r := got.Outcome()
	if got.Verification.Outcome != scan.VerifyRescored || r.Version != "test-2.0.0" || r.Score.Value != 80 ||
		!got.FinishedAt.Equal(done.FinishedAt) {
		t.Errorf("scan = %+v, score %v of %s", got.Verification, r.Score, r.Version)
	}
	if diff := cmp.Diff(&scan.Previous{Engine: "test-1.0.0", Score: 71.5}, got.Previous); diff != "" {
		t.Errorf("previous (-want +got):\n%s", diff)
	}
	want := []event.ScanRescoredV1{{
		UID: "anna", ScanID: string(s.ID), ConsentEpoch: 1, EngineMajor: 2, Score: 80,
		Interval: event.Around(60, 80), Rankable: true, CompletedAt: done.FinishedAt, UploadedAt: done.UploadedAt,
		Revision: got.Version,
	}}
	if diff := cmp.Diff(want, scantest.Published[event.ScanRescoredV1](t, e.Bus)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A scan that goes while it is measured again leaves nothing.
func TestRescoreOfWhatGoesMeanwhile(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *scantest.Env, scan.Scan){
		"the scan is deleted": func(t *testing.T, e *scantest.Env, s scan.Scan) { t.Helper(); e.Remove(t, s) },
		"the consent is withdrawn": func(
			t *testing.T, e *scantest.Env, _ scan.Scan,
		) {
			t.Helper()
			e.SetConsent(t, false, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			e.Finish(t, s, scantest.Measure)
			m := e.AskAgain(t, s, "rescore")
			if err := e.Analyzer(scantest.During(func() { end(t, e, s) })).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if e.PhotoOf(t, s) != 0 || e.ResultsOf(t, s) {
				t.Error("objects are left")
			}
			if n := len(scantest.Published[event.ScanRescoredV1](t, e.Bus)); n != 0 {
				t.Errorf("%d events", n)
			}
		})
	}
}

// A copy, or what the guard kept from the boards, does not get there by way of a later engine.
func TestRescoreRanksNothingThatWasNotRanked(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	e.Finish(t, s, scantest.Measure)
	done := e.Load(t, s.ID)
	done.Result = analyze.NotRanked(done.Result, analyze.WhyDuplicate)
	e.Put(t, done)
	if err := e.Analyzer(changed).Handle(t.Context(), e.AskAgain(t, s, "rescore")); err != nil {
		t.Fatal(err)
	}
	got := e.Load(t, s.ID)
	if r := got.Outcome(); r.Rankable || got.Result["notRankableBecause"] != analyze.WhyDuplicate ||
		r.Version != "test-2.0.0" {
		t.Errorf("rankable %v because %q", r.Rankable, got.Result["notRankableBecause"])
	}
	if told := scantest.Published[event.ScanRescoredV1](t, e.Bus); len(told) != 1 || told[0].Rankable {
		t.Errorf("told %+v", told)
	}
}
