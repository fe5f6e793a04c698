package sweep_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/sweep"
	"github.com/facescan/facescan/internal/schema"
)

func TestLostNotification_isToldAgain(t *testing.T) {
	t.Parallel()
	first := map[scan.State]time.Duration{
		scan.AwaitingUpload: scan.FirstLook, scan.Queued: scan.NextLook, scan.Processing: time.Minute + scan.NextLook,
	}
	for state, due := range first {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s, generation := e.BegunScan(t, state)
			update := storage.ObjectAttrsToUpdate{
				Metadata: map[string]string{"owner": "anna", "traceparent": scantest.Traceparent},
			}
			photo := e.Uploads.Object(scan.PhotoName(s.UID, s.ID))
			if _, err := photo.Update(t.Context(), update); err != nil {
				t.Fatal(err)
			}
			attrs, err := photo.Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			e.Clock.Advance(due - time.Millisecond)
			e.Sweep(t, 0)
			scantest.WantNoMore(t, e, 0)

			e.Clock.Advance(time.Millisecond)
			e.Sweep(t, 1)
			sent := e.Bus.On("upload-finalized")
			if len(sent) != 1 {
				t.Fatalf("%d notifications, want 1", len(sent))
			}
			m := event.Message{ID: "1", Data: sent[0].Data, Attributes: sent[0].Attributes}
			got, err := m.Finalized()
			if err != nil {
				t.Fatal(err)
			}
			want := event.ObjectFinalized{
				Bucket: scantest.UploadsBucket, Name: scan.PhotoName(s.UID, s.ID), Generation: generation, Size: 5,
				ContentType: "image/jpeg",
				Created:     attrs.Created, Metadata: update.Metadata,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("notification (-want +got):\n%s", diff)
			}
			s.SweepAt = new(e.Clock.Now().Add(scan.NextLook))
			if diff := cmp.Diff(s, e.Load(t, s.ID)); diff != "" {
				t.Errorf("scan (-want +got):\n%s", diff)
			}
			e.Sweep(t, 0)

			e.Clock.Advance(scan.NextLook)
			e.Sweep(t, 1) // it was lost again
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if got := e.Load(t, s.ID); got.State != scan.Completed {
				t.Errorf("scan is %s after the notification", got.State)
			}
			e.Clock.Advance(scan.NextLook)
			e.Sweep(t, 0)
		})
	}
}

func TestPhotoThatNeverComes(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	for _, step := range []time.Duration{scan.FirstLook, schema.TicketLife - scan.FirstLook} {
		e.Clock.Advance(step)
		e.Sweep(t, 1)
		if got := e.Load(t, s.ID); got.State != scan.AwaitingUpload || got.Version != 1 {
			t.Fatalf("after %s: scan is %s, version %d", step, got.State, got.Version)
		}
		e.Sweep(t, 0)
	}
	e.Clock.Advance(scan.ExpireGrace - time.Millisecond)
	e.Sweep(t, 0)
	e.Clock.Advance(time.Millisecond)
	e.Sweep(t, 1)
	want := s
	want.State, want.Version, want.UpdatedAt, want.SweepAt = scan.Expired, 2, e.Clock.Now(), nil
	if diff := cmp.Diff(want, e.Load(t, s.ID)); diff != "" {
		t.Fatalf("scan (-want +got):\n%s", diff)
	}
	scantest.WantNoMore(t, e, 0)

	t.Run("and comes at last", func(t *testing.T) {
		e.Finish(t, s, scantest.Measure)
		if got := e.Load(t, s.ID); got.State != scan.Completed {
			t.Errorf("scan is %s", got.State)
		}
	})
}

func TestRenewedTicket_isWaitedFor(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "key", scantest.JPEGRequest), http.StatusCreated,
	)
	e.Clock.Advance(schema.TicketLife)
	e.Sweep(t, 1) // to be looked at again at the end of the first ticket's grace
	e.Clock.Advance(scan.ExpireGrace - time.Minute)
	scantest.WantTicket(t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "key", scantest.JPEGRequest), http.StatusOK)
	e.Clock.Advance(time.Minute)
	e.Sweep(t, 1)
	got := e.Load(t, opened.Scan.ID)
	if got.State != scan.AwaitingUpload || got.SweepAt == nil || !got.SweepAt.Equal(got.TicketExpiresAt) {
		t.Errorf("scan is %s, to be looked at %v, its ticket ends at %s", got.State, got.SweepAt, got.TicketExpiresAt)
	}
}

func TestPhotoThatGotLost(t *testing.T) {
	t.Parallel()
	lose := map[string]func(t *testing.T, object *storage.ObjectHandle){
		"deleted": func(t *testing.T, object *storage.ObjectHandle) {
			t.Helper()
			if err := object.Delete(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"replaced": func(t *testing.T, object *storage.ObjectHandle) {
			t.Helper()
			scantest.WriteObject(t, object, []byte("another"))
		},
	}
	for _, state := range []scan.State{scan.Queued, scan.Processing} {
		for name, lose := range lose {
			t.Run(name+" while "+string(state), func(t *testing.T) {
				t.Parallel()
				e := scantest.New(t)
				s, generation := e.BegunScan(t, state)
				lose(t, e.Uploads.Object(scan.PhotoName(s.UID, s.ID)))
				e.Clock.Advance(time.Hour)
				e.Sweep(t, 1)
				scantest.WantFailed(t, e, s, scan.ReasonMissing)
				if got := e.Load(t, s.ID); got.Generation != generation {
					t.Errorf("the scan's generation is %d, was %d", got.Generation, generation)
				}
				scantest.WantNoMore(t, e, 1)
			})
		}
	}
}

func TestScanThatNeverEnds(t *testing.T) {
	t.Parallel()
	for _, state := range []scan.State{scan.AwaitingUpload, scan.Queued, scan.Processing} {
		t.Run("from "+string(state), func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s, generation := e.BegunScan(t, state)
			e.Clock.Advance(schema.StuckLife)
			e.Sweep(t, 1) // told again once more
			if got := e.Load(t, s.ID); got.State != state || e.PhotoOf(t, s) != generation {
				t.Fatalf("after exactly 7 days it is %s, photo %d", got.State, e.PhotoOf(t, s))
			}
			e.Clock.Advance(scan.NextLook)
			e.Sweep(t, 1)
			scantest.WantFailed(t, e, s, scan.ReasonExpired)
			if g := e.PhotoOf(t, s); g != 0 {
				t.Errorf("the photo is kept, generation %d", g)
			}
			scantest.WantNoMore(t, e, 2)

			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Errorf("its notification, at last: %v", err)
			}
			scantest.WantFailed(t, e, s, scan.ReasonExpired)
			e.Clock.Advance(schema.OriginalLife)
			e.Sweep(t, 1)
			e.Clock.Advance(schema.OriginalLife)
			e.Sweep(t, 0)
		})
	}
	t.Run("a photo that could not be deleted then is deleted later", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s, _ := e.BegunScan(t, scan.AwaitingUpload)
		e.Clock.Advance(schema.StuckLife + time.Second)
		w := e.Sweeper()
		w.Uploads = e.Client(
			t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodDelete)),
		).Bucket(scantest.UploadsBucket)
		if _, err := w.Sweep(t.Context()); err == nil {
			t.Fatal("no error")
		}
		scantest.WantFailed(t, e, s, scan.ReasonExpired)
		e.Clock.Advance(schema.OriginalLife)
		e.Sweep(t, 1)
		if g := e.PhotoOf(t, s); g != 0 {
			t.Errorf("the photo is kept, generation %d", g)
		}
	})
}

func TestOriginalOfAFinishedScan(t *testing.T) {
	t.Parallel()
	for _, state := range []scan.State{scan.Completed, scan.Failed} {
		t.Run("of one that "+string(state)+" is deleted after a day", func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s, generation := e.BegunScan(t, state)
			e.Clock.Advance(24*time.Hour - time.Millisecond)
			e.Sweep(t, 0)
			if g := e.PhotoOf(t, s); g != generation {
				t.Fatalf("the photo is gone before its time (%d)", g)
			}
			e.Clock.Advance(time.Millisecond)
			e.Sweep(t, 1)
			if g := e.PhotoOf(t, s); g != 0 {
				t.Errorf("the photo is kept, generation %d", g)
			}
			s.SweepAt = nil
			if diff := cmp.Diff(s, e.Load(t, s.ID)); diff != "" {
				t.Errorf("scan (-want +got):\n%s", diff)
			}
			if e.ResultsOf(t, s) != (state == scan.Completed) {
				t.Errorf("report: %v", e.ResultsOf(t, s))
			}
			e.Clock.Advance(schema.StuckLife)
			e.Sweep(t, 0)
			scantest.WantNoMore(t, e, 0)
		})
	}
	t.Run("that is gone already is no fault", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s, _ := e.BegunScan(t, scan.Completed)
		if err := e.Uploads.Object(scan.PhotoName(s.UID, s.ID)).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.Clock.Advance(schema.OriginalLife)
		e.Sweep(t, 1)
		e.Sweep(t, 0)
	})
	t.Run("that cannot be deleted is tried again", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s, _ := e.BegunScan(t, scan.Completed)
		e.Clock.Advance(schema.OriginalLife)
		w := e.Sweeper()
		w.Uploads = e.Client(
			t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodDelete)),
		).Bucket(scantest.UploadsBucket)
		if _, err := w.Sweep(t.Context()); err == nil {
			t.Error("no error")
		}
		e.Sweep(t, 0)
		e.Clock.Advance(scan.NextLook)
		e.Sweep(t, 1)
		if g := e.PhotoOf(t, s); g != 0 {
			t.Errorf("the photo is kept, generation %d", g)
		}
	})
}

func TestOneScanThatFailsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	// In the order in which they are due: one whose notification cannot be published, one that
	// cannot be read, a good one.
	stuck, _ := e.BegunScan(t, scan.AwaitingUpload)
	e.Clock.Advance(time.Second)
	unreadable := e.NewScan(t)
	if _, err := scan.Ref(e.Firestore, unreadable.ID).Update(
		t.Context(), []firestore.Update{{Path: "version", Value: "two"}},
	); err != nil {
		t.Fatal(err)
	}
	e.Clock.Advance(time.Second)
	good, _ := e.BegunScan(t, scan.Failed)
	e.Clock.Advance(schema.OriginalLife)
	e.Bus.Fail = func(topic string) error {
		if topic == event.TopicUploadFinalized {
			return errors.New("no such topic")
		}
		return nil
	}
	handled, err := e.Sweeper().Sweep(t.Context())
	if handled != 1 || err == nil || !fault.Retryable(err) {
		t.Errorf("Sweep = %d, %v, want 1 and a retryable error", handled, err)
	}
	for _, id := range []scan.ID{stuck.ID, unreadable.ID} {
		if err == nil || !strings.Contains(err.Error(), string(id)) {
			t.Errorf("scan %s is not named in %v", id, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), string(good.ID)) {
		t.Errorf("the good one is named in %v", err)
	}
	if got := e.Load(t, good.ID); got.SweepAt != nil {
		t.Error("the good one was not looked at")
	}
	stuck.SweepAt, stuck.SweepFaults = new(e.Clock.Now().Add(scan.NextLook)), 1
	if diff := cmp.Diff(stuck, e.Load(t, stuck.ID)); diff != "" {
		t.Errorf("the failing one is more than put off:\n%s", diff)
	}
}

func TestStorageThatIsAwayEndsNoScan(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	var scans []scan.Scan
	for _, state := range []scan.State{scan.AwaitingUpload, scan.Queued, scan.Processing} {
		s, _ := e.BegunScan(t, state)
		scans = append(scans, s)
	}
	e.Clock.Advance(schema.StuckLife + time.Hour)
	w := e.Sweeper()
	w.Uploads = e.Client(
		t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodGet)),
	).Bucket(scantest.UploadsBucket)
	if handled, err := w.Sweep(t.Context()); handled != 0 || err == nil {
		t.Errorf("Sweep = %d, %v, want none and an error", handled, err)
	}
	for _, s := range scans {
		s.SweepAt, s.SweepFaults = new(e.Clock.Now().Add(scan.NextLook)), 1
		if diff := cmp.Diff(s, e.Load(t, s.ID)); diff != "" {
			t.Errorf("the scan changed:\n%s", diff)
		}
	}
	scantest.WantNoMore(t, e, 0)
}

func TestSweep_takesAPageOldestFirst(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	writer := e.Firestore.BulkWriter(t.Context())
	var last scan.ID
	for i := range sweep.SweepPage + 1 {
		s := scan.New(scantest.RandomID(), scantest.Anna, 1, "image/jpeg", e.Clock.Now())
		s.State, s.SweepAt = scan.Completed, new(scantest.Noon.Add(time.Duration(i)*time.Second))
		if _, err := writer.Set(scan.Ref(e.Firestore, s.ID), s); err != nil {
			t.Fatal(err)
		}
		last = s.ID
	}
	writer.End()
	never := e.NewScan(t, func(s *scan.Scan) { s.Expire(e.Clock.Now()) })
	e.Sweep(t, sweep.SweepPage)
	if e.Load(t, last).SweepAt == nil {
		t.Error("the youngest was looked at before its elders")
	}
	e.Sweep(t, 1)
	e.Sweep(t, 0)
	if diff := cmp.Diff(never, e.Load(t, never.ID), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("one that is not to be swept changed:\n%s", diff)
	}
}

// More than a page of scans on which the sweep always fails do not keep it from the one that comes
// after them.
func TestSweep_isNotStarvedByFailures(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	snap, err := scan.Ref(e.Firestore, e.NewScan(t).ID).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unreadable, writer := snap.Data(), e.Firestore.BulkWriter(t.Context())
	if _, err := snap.Ref.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	unreadable["version"] = "two"
	for i := range sweep.SweepPage + 1 {
		unreadable["sweepAt"] = scantest.Noon.Add(time.Duration(i) * time.Millisecond)
		if _, err := writer.Set(scan.Ref(e.Firestore, scantest.RandomID()), unreadable); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
	good, _ := e.BegunScan(t, scan.Failed)
	e.Clock.Advance(schema.OriginalLife)
	for i, want := range []struct {
		handled int
		fails   bool
	}{{0, true}, {1, true}, {0, false}} {
		handled, err := e.Sweeper().Sweep(t.Context())
		if handled != want.handled || (err != nil) != want.fails {
			t.Errorf("sweep %d handled %d, %v, want %+v", i+1, handled, err, want)
		}
	}
	if e.Load(t, good.ID).SweepAt != nil {
		t.Error("the good one was not looked at")
	}
	e.Clock.Advance(scan.NextLook)
	if _, err := e.Sweeper().Sweep(t.Context()); err == nil {
		t.Error("those put off are never looked at again")
	}
}

// A scan that is being deleted, whose objects will not go.
func TestSweepPutsATombstoneOff(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t, func(s *scan.Scan) { s.State, s.SweepAt = scan.Deleting, new(e.Clock.Now()) })
	e.Upload(t, s, []byte("photo"))
	w := e.Sweeper()
	w.Uploads = e.Client(
		t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodDelete)),
	).Bucket(scantest.UploadsBucket)
	for _, pause := range []time.Duration{scan.NextLook, 2 * scan.NextLook} {
		if handled, err := w.Sweep(t.Context()); handled != 0 || err == nil {
			t.Errorf("Sweep = %d, %v, want none and an error", handled, err)
		}
		e.Clock.Advance(pause - time.Millisecond)
		e.Sweep(t, 0)
		e.Clock.Advance(time.Millisecond)
	}
	e.Sweep(t, 1)
	if g := e.PhotoOf(t, s); g != 0 {
		t.Errorf("the photo is kept, generation %d", g)
	}
}
