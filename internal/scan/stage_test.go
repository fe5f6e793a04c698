package scan

import (
	"io"
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/face/report"
)

func TestStageIsShownWhileTheScanIsUnderWay(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	api := scansAPI(e.service(e.fs))
	var measuring, writing view
	gcs := e.client(t, first(method(http.MethodPost), func() {
		// The first picture waits until the stage has been seen, so that it must be shown by then.
		eventually(t, "the scan is writing", func() bool {
			writing = decoded[view](t, readScan(t.Context(), api, "anna", string(s.ID)))
			return writing.Stage == Writing
		})
	}))
	generation := e.upload(t, s, []byte("photo"))
	a := e.analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		measuring = decoded[view](t, readScan(t.Context(), api, "anna", string(s.ID)))
		return measure(r, o)
	})
	a.Results = gcs.Bucket(resultsBucket)
	if err := a.Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	done := decoded[view](t, readScan(t.Context(), api, "anna", string(s.ID)))
	for i, tt := range []struct {
		got     view
		state   State
		stage   Stage
		version int64
	}{{measuring, Processing, Measuring, 2}, {writing, Processing, Writing, 3}, {done, Completed, "", 4}} {
		if tt.got.State != tt.state || tt.got.Stage != tt.stage || tt.got.Version != tt.version {
			t.Errorf("%d: %s %q, version %d; want %s %q, version %d",
				i, tt.got.State, tt.got.Stage, tt.got.Version, tt.state, tt.stage, tt.version)
		}
	}
}

func TestStageOfALostLeaseIsNotShown(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t, func(s *Scan) {
		if err := s.claim(1, "other", catalog.Lease, e.clock.Now()); err != nil {
			t.Fatal(err)
		}
	})
	mine := s
	mine.Lease.Token = "mine"
	e.analyzer(measure).Enter(t.Context(), mine, Writing)
	e.analyzer(measure).Enter(t.Context(), newScan(randomID(), anna, 1, "image/jpeg", e.clock.Now()), Writing)
	if got := e.load(t, s.ID); got.Stage != Measuring || got.Version != s.Version {
		t.Errorf("stage %q, version %d", got.Stage, got.Version)
	}
}
