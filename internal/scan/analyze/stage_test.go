package analyze_test

import (
	"io"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
)

func TestStage_isShownWhileTheScanIsUnderWay(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	var measuring scan.View
	generation := e.Upload(t, s, []byte("photo"))
	a := e.Analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		measuring = scantest.Decoded[scan.View](t, scantest.ReadScan(t.Context(), api, "anna", string(s.ID)))
		return scantest.Measure(r, o)
	})
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
		{measuring, scan.Processing, scan.Measuring, 2}, {done, scan.Completed, "", 3},
	} {
		if tt.got.State != tt.state || tt.got.Stage != tt.stage || tt.got.Revision != tt.version {
			t.Errorf("%d: %s %q, version %d; want %s %q, version %d",
				i, tt.got.State, tt.got.Stage, tt.got.Revision, tt.state, tt.stage, tt.version)
		}
	}
}
