package scan

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/schema"
)

// looksForPhoto is the sweep's question after the scan's photo: by then it has read the scan.
func looksForPhoto(s Scan) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodGet && strings.Contains(r.URL.Path, string(s.ID))
	}
}

// sweepMeanwhile sweeps and does something between the sweep's look at the scan's photo and what it does about it.
func (e *env) sweepMeanwhile(t *testing.T, s Scan, do func()) {
	t.Helper()
	did := false
	w := e.sweeper()
	w.Uploads = e.client(t, first(looksForPhoto(s), func() { did = true; do() })).Bucket(uploadsBucket)
	if looked, err := w.Sweep(t.Context()); looked != 1 || err != nil {
		t.Fatalf("Sweep = %d, %v", looked, err)
	}
	if !did {
		t.Fatal("the sweep did not look for the photo")
	}
}

func TestScanThatChangesDuringTheSweepIsLetBe(t *testing.T) {
	t.Parallel()
	t.Run("a ticket renewed is not ended", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "key", jpegRequest), http.StatusCreated)
		s := e.load(t, opened.Scan.ID)
		e.clock.advance(schema.TicketLife + expireGrace)
		e.sweepMeanwhile(t, s, func() { wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "key", jpegRequest), http.StatusOK) })
		if got := e.load(t, s.ID); got.State != AwaitingUpload {
			t.Errorf("scan is %s", got.State)
		}
	})
	t.Run("a photo that comes just then is analysed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s := e.newScan(t)
		e.clock.advance(schema.TicketLife + expireGrace)
		var claimed Scan
		e.sweepMeanwhile(t, s, func() {
			claimed = e.load(t, s.ID)
			if err := claimed.claim(7, "token", catalog.Lease, e.clock.Now()); err != nil {
				t.Error(err)
			}
			e.put(t, claimed)
		})
		if diff := cmp.Diff(claimed, e.load(t, s.ID)); diff != "" {
			t.Errorf("the sweep changed it:\n%s", diff)
		}
	})
	t.Run("an analysis that ends just then is not failed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s, generation := e.begunScan(t, Queued)
		e.clock.advance(time.Hour)
		object := e.uploads.Object(PhotoName(s.UID, s.ID))
		e.sweepMeanwhile(t, s, func() {
			if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Error(err)
			}
			if err := object.Delete(t.Context()); err != nil {
				t.Error(err)
			}
		})
		if got := e.load(t, s.ID); got.State != Completed {
			t.Errorf("scan is %s", got.State)
		}
		wantNoMore(t, e, 1)
	})
	t.Run("an analysis that ends after 7 days keeps its photo for its day", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s, generation := e.begunScan(t, Queued)
		e.clock.advance(schema.StuckLife + time.Hour)
		e.sweepMeanwhile(t, s, func() {
			if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Error(err)
			}
		})
		if got := e.load(t, s.ID); got.State != Completed {
			t.Errorf("scan is %s", got.State)
		}
		if g := e.photoOf(t, s); g != generation {
			t.Errorf("the photo is generation %d, want %d", g, generation)
		}
		wantNoMore(t, e, 1)
	})
	t.Run("a scan that is deleted stays so", func(t *testing.T) {
		t.Parallel()
		for name, after := range map[string]time.Duration{
			"awaiting": firstLook, "expired": schema.TicketLife + expireGrace,
		} {
			e := newEnv(t)
			s := e.newScan(t)
			e.clock.advance(after)
			e.sweepMeanwhile(t, s, func() { e.remove(t, s) })
			if _, err := get(t.Context(), e.fs, s.ID); err == nil {
				t.Errorf("%s: it is back", name)
			}
		}
		e := newEnv(t)
		s, _ := e.begunScan(t, Queued)
		e.clock.advance(schema.StuckLife + time.Hour)
		e.sweepMeanwhile(t, s, func() { e.remove(t, s) })
		if _, err := get(t.Context(), e.fs, s.ID); err == nil {
			t.Error("stuck: it is back")
		}
		wantNoMore(t, e, 0)
	})
}

// atOnce handles what it is given before Publish returns.
type atOnce struct {
	t      *testing.T
	handle func(context.Context, event.Message) error
}

func (p atOnce) Publish(ctx context.Context, _ string, data []byte, attributes map[string]string) error {
	if err := p.handle(ctx, event.Message{ID: "1", Data: data, Attributes: attributes}); err != nil {
		p.t.Error(err)
	}
	return nil
}

func TestNotificationHandledBeforeTheSweepWritesOn(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s, _ := e.begunScan(t, AwaitingUpload)
	e.clock.advance(firstLook)
	w := e.sweeper()
	w.Publisher = atOnce{t, e.analyzer(measure).Handle}
	if looked, err := w.Sweep(t.Context()); looked != 1 || err != nil {
		t.Fatalf("Sweep = %d, %v", looked, err)
	}
	got := e.load(t, s.ID)
	if got.State != Completed || got.SweepAt == nil || !got.SweepAt.Equal(e.clock.Now().Add(schema.OriginalLife)) {
		t.Errorf("scan is %s, to be looked at %v", got.State, got.SweepAt)
	}
}
