package scan

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

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/schema"
)

func (e *env) sweeper() *Sweeper {
	return &Sweeper{Firestore: e.fs, Outbox: e.box, Uploads: e.uploads, Results: e.results, Publisher: e.bus, Now: e.clock.Now}
}

// sweep sweeps and checks that so many scans were due.
func (e *env) sweep(t *testing.T, due int) {
	t.Helper()
	looked, err := e.sweeper().Sweep(t.Context())
	if err != nil || looked != due {
		t.Fatalf("Sweep = %d, %v, want %d", looked, err, due)
	}
}

// begunScan is a scan of anna's in the state, whose photo has been uploaded.
func (e *env) begunScan(t *testing.T, state State) (Scan, int64) {
	t.Helper()
	s := e.newScan(t)
	generation := e.upload(t, s, []byte("photo"))
	now := e.clock.Now()
	if state != AwaitingUpload {
		if err := s.claim(generation, "token", catalog.Lease, now); err != nil {
			t.Fatal(err)
		}
	}
	switch state {
	case Queued:
		s.requeue(now)
	case Completed:
		s.complete(map[string]any{"score": "high"}, now)
		e.putResults(t, s)
	case Failed:
		s.fail(Failure{Code: "no_face"}, now)
	default:
	}
	e.put(t, s)
	return s, generation
}

func TestLostNotificationIsToldAgain(t *testing.T) {
	t.Parallel()
	first := map[State]time.Duration{AwaitingUpload: firstLook, Queued: nextLook, Processing: time.Minute + nextLook}
	for state, due := range first {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s, generation := e.begunScan(t, state)
			update := storage.ObjectAttrsToUpdate{Metadata: map[string]string{"owner": "anna", "traceparent": traceparent}}
			photo := e.uploads.Object(PhotoName(s.UID, s.ID))
			if _, err := photo.Update(t.Context(), update); err != nil {
				t.Fatal(err)
			}
			attrs, err := photo.Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			e.clock.advance(due - time.Millisecond)
			e.sweep(t, 0)
			wantNoMore(t, e, 0)

			e.clock.advance(time.Millisecond)
			e.sweep(t, 1)
			sent := e.bus.on("upload-finalized")
			if len(sent) != 1 {
				t.Fatalf("%d notifications, want 1", len(sent))
			}
			m := event.Message{ID: "1", Data: sent[0].data, Attributes: sent[0].attributes}
			got, err := m.Finalized()
			if err != nil {
				t.Fatal(err)
			}
			want := event.ObjectFinalized{
				Bucket: uploadsBucket, Name: PhotoName(s.UID, s.ID), Generation: generation, Size: 5, ContentType: "image/jpeg",
				Created: attrs.Created, Metadata: update.Metadata,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("notification (-want +got):\n%s", diff)
			}
			s.SweepAt = new(e.clock.Now().Add(nextLook))
			if diff := cmp.Diff(s, e.load(t, s.ID)); diff != "" {
				t.Errorf("scan (-want +got):\n%s", diff)
			}
			e.sweep(t, 0)

			e.clock.advance(nextLook)
			e.sweep(t, 1) // it was lost again
			if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if got := e.load(t, s.ID); got.State != Completed {
				t.Errorf("scan is %s after the notification", got.State)
			}
			e.clock.advance(nextLook)
			e.sweep(t, 0)
		})
	}
}

func TestPhotoThatNeverComes(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	for _, step := range []time.Duration{firstLook, schema.TicketLife - firstLook} {
		e.clock.advance(step)
		e.sweep(t, 1)
		if got := e.load(t, s.ID); got.State != AwaitingUpload || got.Version != 1 {
			t.Fatalf("after %s: scan is %s, version %d", step, got.State, got.Version)
		}
		e.sweep(t, 0)
	}
	e.clock.advance(expireGrace - time.Millisecond)
	e.sweep(t, 0)
	e.clock.advance(time.Millisecond)
	e.sweep(t, 1)
	want := s
	want.State, want.Version, want.UpdatedAt, want.SweepAt = Expired, 2, e.clock.Now(), nil
	if diff := cmp.Diff(want, e.load(t, s.ID)); diff != "" {
		t.Fatalf("scan (-want +got):\n%s", diff)
	}
	wantNoMore(t, e, 0)

	t.Run("and comes at last", func(t *testing.T) {
		e.finish(t, s, measure)
		if got := e.load(t, s.ID); got.State != Completed {
			t.Errorf("scan is %s", got.State)
		}
	})
}

func TestRenewedTicketIsWaitedFor(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "key", jpegRequest), http.StatusCreated)
	e.clock.advance(schema.TicketLife)
	e.sweep(t, 1) // to be looked at again at the end of the first ticket's grace
	e.clock.advance(expireGrace - time.Minute)
	wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "key", jpegRequest), http.StatusOK)
	e.clock.advance(time.Minute)
	e.sweep(t, 1)
	got := e.load(t, opened.Scan.ID)
	if got.State != AwaitingUpload || got.SweepAt == nil || !got.SweepAt.Equal(got.TicketExpiresAt) {
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
			writeObject(t, object, []byte("another"))
		},
	}
	for _, state := range []State{Queued, Processing} {
		for name, lose := range lose {
			t.Run(name+" while "+string(state), func(t *testing.T) {
				t.Parallel()
				e := newEnv(t)
				s, generation := e.begunScan(t, state)
				lose(t, e.uploads.Object(PhotoName(s.UID, s.ID)))
				e.clock.advance(time.Hour)
				e.sweep(t, 1)
				wantFailed(t, e, s, ReasonMissing)
				if got := e.load(t, s.ID); got.Generation != generation {
					t.Errorf("the scan's generation is %d, was %d", got.Generation, generation)
				}
				wantNoMore(t, e, 1)
			})
		}
	}
}

func TestScanThatNeverEnds(t *testing.T) {
	t.Parallel()
	for _, state := range []State{AwaitingUpload, Queued, Processing} {
		t.Run("from "+string(state), func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s, generation := e.begunScan(t, state)
			e.clock.advance(schema.StuckLife)
			e.sweep(t, 1) // told again once more
			if got := e.load(t, s.ID); got.State != state || e.photoOf(t, s) != generation {
				t.Fatalf("after exactly 7 days it is %s, photo %d", got.State, e.photoOf(t, s))
			}
			e.clock.advance(nextLook)
			e.sweep(t, 1)
			wantFailed(t, e, s, ReasonExpired)
			if g := e.photoOf(t, s); g != 0 {
				t.Errorf("the photo is kept, generation %d", g)
			}
			wantNoMore(t, e, 2)

			if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Errorf("its notification, at last: %v", err)
			}
			wantFailed(t, e, s, ReasonExpired)
			e.clock.advance(schema.OriginalLife)
			e.sweep(t, 1)
			e.clock.advance(schema.OriginalLife)
			e.sweep(t, 0)
		})
	}
	t.Run("a photo that could not be deleted then is deleted later", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s, _ := e.begunScan(t, AwaitingUpload)
		e.clock.advance(schema.StuckLife + time.Second)
		w := e.sweeper()
		w.Uploads = e.client(t, refusing(http.StatusForbidden, method(http.MethodDelete))).Bucket(uploadsBucket)
		if _, err := w.Sweep(t.Context()); err == nil {
			t.Fatal("no error")
		}
		wantFailed(t, e, s, ReasonExpired)
		e.clock.advance(schema.OriginalLife)
		e.sweep(t, 1)
		if g := e.photoOf(t, s); g != 0 {
			t.Errorf("the photo is kept, generation %d", g)
		}
	})
}

func TestOriginalOfAFinishedScan(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Completed, Failed} {
		t.Run("of one that "+string(state)+" is deleted after a day", func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s, generation := e.begunScan(t, state)
			e.clock.advance(24*time.Hour - time.Millisecond)
			e.sweep(t, 0)
			if g := e.photoOf(t, s); g != generation {
				t.Fatalf("the photo is gone before its time (%d)", g)
			}
			e.clock.advance(time.Millisecond)
			e.sweep(t, 1)
			if g := e.photoOf(t, s); g != 0 {
				t.Errorf("the photo is kept, generation %d", g)
			}
			s.SweepAt = nil
			if diff := cmp.Diff(s, e.load(t, s.ID)); diff != "" {
				t.Errorf("scan (-want +got):\n%s", diff)
			}
			if e.resultsOf(t, s) != (state == Completed) {
				t.Errorf("report: %v", e.resultsOf(t, s))
			}
			e.clock.advance(schema.StuckLife)
			e.sweep(t, 0)
			wantNoMore(t, e, 0)
		})
	}
	t.Run("that is gone already is no fault", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s, _ := e.begunScan(t, Completed)
		if err := e.uploads.Object(PhotoName(s.UID, s.ID)).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.clock.advance(schema.OriginalLife)
		e.sweep(t, 1)
		e.sweep(t, 0)
	})
	t.Run("that cannot be deleted is tried again", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s, _ := e.begunScan(t, Completed)
		e.clock.advance(schema.OriginalLife)
		w := e.sweeper()
		w.Uploads = e.client(t, refusing(http.StatusForbidden, method(http.MethodDelete))).Bucket(uploadsBucket)
		if _, err := w.Sweep(t.Context()); err == nil {
			t.Error("no error")
		}
		e.sweep(t, 0)
		e.clock.advance(nextLook)
		e.sweep(t, 1)
		if g := e.photoOf(t, s); g != 0 {
			t.Errorf("the photo is kept, generation %d", g)
		}
	})
}

func TestOneScanThatFailsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	// In the order in which they are due: one whose notification cannot be published, one that cannot be read, a good one.
	stuck, _ := e.begunScan(t, AwaitingUpload)
	e.clock.advance(time.Second)
	unreadable := e.newScan(t)
	if _, err := ref(e.fs, unreadable.ID).Update(t.Context(), []firestore.Update{{Path: "version", Value: "two"}}); err != nil {
		t.Fatal(err)
	}
	e.clock.advance(time.Second)
	good, _ := e.begunScan(t, Failed)
	e.clock.advance(schema.OriginalLife)
	e.bus.fail = func(topic string) error {
		if topic == event.TopicUploadFinalized {
			return errors.New("no such topic")
		}
		return nil
	}
	looked, err := e.sweeper().Sweep(t.Context())
	if looked != 3 || err == nil || !fault.Retryable(err) {
		t.Errorf("Sweep = %d, %v, want 3 and a retryable error", looked, err)
	}
	for _, id := range []ID{stuck.ID, unreadable.ID} {
		if err == nil || !strings.Contains(err.Error(), string(id)) {
			t.Errorf("scan %s is not named in %v", id, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), string(good.ID)) {
		t.Errorf("the good one is named in %v", err)
	}
	if got := e.load(t, good.ID); got.SweepAt != nil {
		t.Error("the good one was not looked at")
	}
	stuck.SweepAt, stuck.SweepFaults = new(e.clock.Now().Add(nextLook)), 1
	if diff := cmp.Diff(stuck, e.load(t, stuck.ID)); diff != "" {
		t.Errorf("the failing one is more than put off:\n%s", diff)
	}
}

func TestStorageThatIsAwayEndsNoScan(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var scans []Scan
	for _, state := range []State{AwaitingUpload, Queued, Processing} {
		s, _ := e.begunScan(t, state)
		scans = append(scans, s)
	}
	e.clock.advance(schema.StuckLife + time.Hour)
	w := e.sweeper()
	w.Uploads = e.client(t, refusing(http.StatusForbidden, method(http.MethodGet))).Bucket(uploadsBucket)
	if looked, err := w.Sweep(t.Context()); looked != len(scans) || err == nil {
		t.Errorf("Sweep = %d, %v", looked, err)
	}
	for _, s := range scans {
		s.SweepAt, s.SweepFaults = new(e.clock.Now().Add(nextLook)), 1
		if diff := cmp.Diff(s, e.load(t, s.ID)); diff != "" {
			t.Errorf("the scan changed:\n%s", diff)
		}
	}
	wantNoMore(t, e, 0)
}

func TestSweepTakesAPageOldestFirst(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	writer := e.fs.BulkWriter(t.Context())
	var last ID
	for i := range sweepPage + 1 {
		s := newScan(randomID(), anna, 1, "image/jpeg", e.clock.Now())
		s.State, s.SweepAt = Completed, new(noon.Add(time.Duration(i)*time.Second))
		if _, err := writer.Set(ref(e.fs, s.ID), s); err != nil {
			t.Fatal(err)
		}
		last = s.ID
	}
	writer.End()
	never := e.newScan(t, func(s *Scan) { s.expire(e.clock.Now()) })
	e.sweep(t, sweepPage)
	if e.load(t, last).SweepAt == nil {
		t.Error("the youngest was looked at before its elders")
	}
	e.sweep(t, 1)
	e.sweep(t, 0)
	if diff := cmp.Diff(never, e.load(t, never.ID), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("one that is not to be swept changed:\n%s", diff)
	}
}

// More than a page of scans on which the sweep fails for good do not keep it from the one that comes after them.
func TestSweepIsNotStarvedByFailures(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	snap, err := ref(e.fs, e.newScan(t).ID).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unreadable, writer := snap.Data(), e.fs.BulkWriter(t.Context())
	if _, err := snap.Ref.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	unreadable["version"] = "two"
	for i := range sweepPage + 1 {
		unreadable["sweepAt"] = noon.Add(time.Duration(i) * time.Millisecond)
		if _, err := writer.Set(ref(e.fs, randomID()), unreadable); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
	good, _ := e.begunScan(t, Failed)
	e.clock.advance(schema.OriginalLife)
	for _, want := range []int{sweepPage, 2, 0} {
		if looked, err := e.sweeper().Sweep(t.Context()); looked != want || (err == nil) != (want == 0) {
			t.Errorf("Sweep = %d, %v, want %d", looked, err, want)
		}
	}
	if e.load(t, good.ID).SweepAt != nil {
		t.Error("the good one was not looked at")
	}
	e.clock.advance(nextLook)
	if looked, _ := e.sweeper().Sweep(t.Context()); looked != sweepPage {
		t.Errorf("looked at %d of those put off", looked)
	}
}

// A scan that is being deleted, whose objects will not go.
func TestSweepPutsATombstoneOff(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t, func(s *Scan) { s.State, s.SweepAt = Deleting, new(e.clock.Now()) })
	e.upload(t, s, []byte("photo"))
	w := e.sweeper()
	w.Uploads = e.client(t, refusing(http.StatusForbidden, method(http.MethodDelete))).Bucket(uploadsBucket)
	for _, pause := range []time.Duration{nextLook, 2 * nextLook} {
		if looked, err := w.Sweep(t.Context()); looked != 1 || err == nil {
			t.Errorf("Sweep = %d, %v", looked, err)
		}
		e.clock.advance(pause - time.Millisecond)
		e.sweep(t, 0)
		e.clock.advance(time.Millisecond)
	}
	e.sweep(t, 1)
	if g := e.photoOf(t, s); g != 0 {
		t.Errorf("the photo is kept, generation %d", g)
	}
}
