package analyze_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/work"
)

func TestStage_isShownWhileTheScanIsUnderWay(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	var measuring, writing scan.View
	gcs := e.Client(t, scantest.First(scantest.Method(http.MethodPost), func() {
		// The first picture waits until the stage has been seen, so that it must be shown by then.
		testkit.Eventually(t, "the scan is writing", func() bool {
			writing = scantest.Decoded[scan.View](t, scantest.ReadScan(t.Context(), api, "anna", string(s.ID)))
			return writing.Stage == scan.Writing
		})
	}))
	generation := e.Upload(t, s, []byte("photo"))
	a := e.Analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		measuring = scantest.Decoded[scan.View](t, scantest.ReadScan(t.Context(), api, "anna", string(s.ID)))
		return scantest.Measure(r, o)
	})
	a.Results = gcs.Bucket(scantest.ResultsBucket)
	if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	done := scantest.Decoded[scan.View](t, scantest.ReadScan(t.Context(), api, "anna", string(s.ID)))
	for i, tt := range []struct {
		got     scan.View
		state   scan.State
		stage   scan.Stage
		version int64
	}{
		{measuring, scan.Processing, scan.Measuring, 2}, {writing, scan.Processing, scan.Writing, 3},
		{done, scan.Completed, "", 4},
	} {
		if tt.got.State != tt.state || tt.got.Stage != tt.stage || tt.got.Version != tt.version {
			t.Errorf("%d: %s %q, version %d; want %s %q, version %d",
				i, tt.got.State, tt.got.Stage, tt.got.Version, tt.state, tt.stage, tt.version)
		}
	}
}

func TestStageOfALostLease_isNotShown(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t, func(s *scan.Scan) {
		if err := s.Claim(1, "other", work.LeaseTime, e.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	})
	mine := s
	mine.Lease.Token = "mine"
	e.Analyzer(scantest.Measure).Enter(t.Context(), mine, scan.Writing)
	e.Analyzer(scantest.Measure).Enter(
		t.Context(), scan.New(scantest.RandomID(), scantest.Anna, 1, "image/jpeg", e.Clock.Now()), scan.Writing,
	)
	if got := e.Load(t, s.ID); got.Stage != scan.Measuring || got.Version != s.Version {
		t.Errorf("stage %q, version %d", got.Stage, got.Version)
	}
}
