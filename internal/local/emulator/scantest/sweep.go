package scantest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/sweep"
	"github.com/facescan/facescan/internal/work"
)

// Sweeper returns a sweeper.
func (e *Env) Sweeper() *sweep.Sweeper {
	return &sweep.Sweeper{
		Firestore: e.Firestore, Outbox: e.Outbox, Uploads: e.Uploads, Results: e.Results, Publisher: e.Bus,
		Now: e.Clock.Now,
	}
}

// Sweep sweeps and checks that so many scans were due.
func (e *Env) Sweep(t *testing.T, due int) {
	t.Helper()
	looked, err := e.Sweeper().Sweep(t.Context())
	if err != nil || looked != due {
		t.Fatalf("Sweep = %d, %v, want %d", looked, err, due)
	}
}

// BegunScan returns a scan of anna's in the state, whose photo has been uploaded.
func (e *Env) BegunScan(t *testing.T, state scan.State) (scan.Scan, int64) {
	t.Helper()
	s := e.NewScan(t)
	generation := e.Upload(t, s, []byte("photo"))
	now := e.Clock.Now()
	if state != scan.AwaitingUpload {
		if err := s.Claim(generation, "token", work.LeaseTime, now); err != nil {
			t.Fatal(err)
		}
	}
	switch state {
	case scan.Queued:
		s.Requeue(now)
	case scan.Completed:
		s.Complete(map[string]any{"score": "high"}, now)
		e.PutResults(t, s)
	case scan.Failed:
		s.Fail(scan.Failure{Code: "no_face"}, now)
	default:
	}
	e.Put(t, s)
	return s, generation
}

// looksForPhoto returns the sweep's question after the scan's photo: by then it has read the scan.
func looksForPhoto(s scan.Scan) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.Contains(r.URL.Path, string(s.ID))
	}
}

// SweepMeanwhile sweeps and does something between the sweep's look at the scan's photo and what it
// does about it.
func (e *Env) SweepMeanwhile(t *testing.T, s scan.Scan, do func()) {
	t.Helper()
	did := false
	w := e.Sweeper()
	w.Uploads = e.Client(t, First(looksForPhoto(s), func() { did = true; do() })).Bucket(UploadsBucket)
	if looked, err := w.Sweep(t.Context()); looked != 1 || err != nil {
		t.Fatalf("Sweep = %d, %v", looked, err)
	}
	if !did {
		t.Fatal("the sweep did not look for the photo")
	}
}
