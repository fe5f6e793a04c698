package sweep_test

import (
	"testing"
	"time"

	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
)

// ended puts a scan that the analysis ended at the time, of a photo of the other time.
func ended(t *testing.T, e *scantest.Env, at, uploaded time.Time, change ...func(*scan.Scan)) {
	t.Helper()
	s := scan.New(scantest.RandomID(), scantest.Anna, 1, "image/jpeg", uploaded)
	s.UploadedAt = uploaded
	s.Complete(map[string]any{"score": "high"}, at)
	for _, change := range change {
		change(&s)
	}
	e.Put(t, s)
}

func TestBacklog_isNotPublishedAgain(t *testing.T) {
	t.Parallel()
	byTheSweep := func(s *scan.Scan) {
		s.Result = nil
		s.Fail(scan.Failure{Code: scan.ReasonExpired}, s.FinishedAt)
	}
	const waited = scan.FirstLook + time.Second // between the photo and the sweep
	for name, tt := range map[string]struct {
		// ends puts the scans that ended, by the times of the sweep and of the waiting photo.
		ends func(t *testing.T, e *scantest.Env, now, photo time.Time)
		want int
	}{
		"nothing has ended": {func(*testing.T, *scantest.Env, time.Time, time.Time) {}, 1},
		"the analysis is at older photos": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now.Add(-2*time.Second), photo.Add(-time.Minute))
		}, 0},
		"the analysis has passed it": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now.Add(-2*time.Second), photo.Add(time.Minute))
		}, 1},
		"the analysis has just passed it": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now.Add(-2*time.Second), photo.Add(10*time.Second))
		}, 0},
		"the last end is old": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now.Add(-61*time.Second), photo.Add(-time.Minute))
		}, 1},
		"the analysis's clock is half a minute fast": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now.Add(30*time.Second), photo.Add(-time.Minute))
		}, 0},
		"the analysis's clock is ten minutes fast": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now.Add(10*time.Minute), photo.Add(-time.Minute))
		}, 1},
		"the last end was the sweep's": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now, photo.Add(-schema.StuckLife), byTheSweep)
		}, 1},
		"one old photo ended among newer ones": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now, photo.Add(-time.Hour))
			for range 2 {
				ended(t, e, now, photo.Add(time.Minute))
			}
		}, 1},
		"one new photo ended among older ones": {func(t *testing.T, e *scantest.Env, now, photo time.Time) {
			t.Helper()
			ended(t, e, now, photo.Add(time.Minute))
			for range 2 {
				ended(t, e, now, photo.Add(-time.Hour))
			}
		}, 0},
	} {
		for _, state := range []scan.State{scan.AwaitingUpload, scan.Queued} {
			t.Run(name+", "+string(state), func(t *testing.T) {
				t.Parallel()
				e := scantest.New(t)
				s, _ := e.BegunScan(t, state)
				attrs, err := e.Uploads.Object(scan.PhotoName(s.UID, s.ID)).Attrs(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				e.Clock.Advance(max(waited, s.SweepAt.Sub(e.Clock.Now())))
				tt.ends(t, e, e.Clock.Now(), attrs.Created)
				e.Sweep(t, 1)
				if got := len(e.Bus.On("upload-finalized")); got != tt.want {
					t.Fatalf("%d notifications, want %d", got, tt.want)
				}
				got := e.Load(t, s.ID)
				if want := e.Clock.Now().Add(scan.NextLook); got.SweepAt == nil || !got.SweepAt.Equal(want) {
					t.Errorf("to be looked at %v, want %s", got.SweepAt, want)
				}
				if got.State != s.State || got.Version != s.Version {
					t.Errorf("the scan is %s, version %d, was %d", got.State, got.Version, s.Version)
				}
				if tt.want > 0 {
					return
				}
				e.Clock.Advance(scan.NextLook) // by now nothing ends any more
				e.Sweep(t, 1)
				if got := len(e.Bus.On("upload-finalized")); got != 1 {
					t.Errorf("%d notifications once the backlog is gone, want 1", got)
				}
			})
		}
	}
}

func TestBacklog_isTrustedForTwoHours(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s, _ := e.BegunScan(t, scan.AwaitingUpload)
	for now, end := e.Clock.Now(), e.Clock.Now().Add(2*time.Hour+2*scan.NextLook); now.Before(end); now = e.Clock.Now() {
		ended(t, e, now, s.CreatedAt.Add(-time.Minute))
		if _, err := e.Sweeper().Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if early := now.Sub(s.CreatedAt) < 2*time.Hour; early && len(e.Bus.On("upload-finalized")) > 0 {
			t.Fatalf("published again after %s", now.Sub(s.CreatedAt))
		}
		e.Clock.Advance(scan.NextLook)
	}
	if len(e.Bus.On("upload-finalized")) == 0 {
		t.Error("never published again")
	}
}
