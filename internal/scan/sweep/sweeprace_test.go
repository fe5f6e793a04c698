package sweep_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/work"
)

func TestScanThatChangesDuringTheSweepIsLetBe(t *testing.T) {
	t.Parallel()
	t.Run("a ticket renewed is not ended", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		opened := scantest.WantTicket(
			t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "key", scantest.JPEGRequest), http.StatusCreated,
		)
		s := e.Load(t, opened.Scan.ID)
		e.Clock.Advance(schema.TicketLife + scan.ExpireGrace)
		e.SweepMeanwhile(t, s, func() {
			scantest.WantTicket(
				t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "key", scantest.JPEGRequest), http.StatusOK,
			)
		})
		if got := e.Load(t, s.ID); got.State != scan.AwaitingUpload {
			t.Errorf("scan is %s", got.State)
		}
	})
	t.Run("a photo that comes just then is analysed", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s := e.NewScan(t)
		e.Clock.Advance(schema.TicketLife + scan.ExpireGrace)
		var claimed scan.Scan
		e.SweepMeanwhile(t, s, func() {
			claimed = e.Load(t, s.ID)
			if err := claimed.Claim(7, "token", work.LeaseTime, e.Clock.Now()); err != nil {
				t.Error(err)
			}
			e.Put(t, claimed)
		})
		if diff := cmp.Diff(claimed, e.Load(t, s.ID)); diff != "" {
			t.Errorf("the sweep changed it:\n%s", diff)
		}
	})
	t.Run("an analysis that ends just then is not failed", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s, generation := e.BegunScan(t, scan.Queued)
		e.Clock.Advance(time.Hour)
		object := e.Uploads.Object(scan.PhotoName(s.UID, s.ID))
		e.SweepMeanwhile(t, s, func() {
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Error(err)
			}
			if err := object.Delete(t.Context()); err != nil {
				t.Error(err)
			}
		})
		if got := e.Load(t, s.ID); got.State != scan.Completed {
			t.Errorf("scan is %s", got.State)
		}
		scantest.WantNoMore(t, e, 1)
	})
	t.Run("an analysis that ends after 7 days keeps its photo for its day", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s, generation := e.BegunScan(t, scan.Queued)
		e.Clock.Advance(schema.StuckLife + time.Hour)
		e.SweepMeanwhile(t, s, func() {
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Error(err)
			}
		})
		if got := e.Load(t, s.ID); got.State != scan.Completed {
			t.Errorf("scan is %s", got.State)
		}
		if g := e.PhotoOf(t, s); g != generation {
			t.Errorf("the photo is generation %d, want %d", g, generation)
		}
		scantest.WantNoMore(t, e, 1)
	})
	t.Run("a scan that is deleted stays so", func(t *testing.T) {
		t.Parallel()
		for name, after := range map[string]time.Duration{
			"awaiting": scan.FirstLook, "expired": schema.TicketLife + scan.ExpireGrace,
		} {
			e := scantest.New(t)
			s := e.NewScan(t)
			e.Clock.Advance(after)
			e.SweepMeanwhile(t, s, func() { e.Remove(t, s) })
			if _, err := scan.Get(t.Context(), e.Firestore, s.ID); err == nil {
				t.Errorf("%s: it is back", name)
			}
		}
		e := scantest.New(t)
		s, _ := e.BegunScan(t, scan.Queued)
		e.Clock.Advance(schema.StuckLife + time.Hour)
		e.SweepMeanwhile(t, s, func() { e.Remove(t, s) })
		if _, err := scan.Get(t.Context(), e.Firestore, s.ID); err == nil {
			t.Error("stuck: it is back")
		}
		scantest.WantNoMore(t, e, 0)
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

func TestNotificationHandledBeforeTheSweep_writesOn(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s, _ := e.BegunScan(t, scan.AwaitingUpload)
	e.Clock.Advance(scan.FirstLook)
	w := e.Sweeper()
	w.Publisher = atOnce{t, e.Analyzer(scantest.Measure).Handle}
	if looked, err := w.Sweep(t.Context()); looked != 1 || err != nil {
		t.Fatalf("Sweep = %d, %v", looked, err)
	}
	got := e.Load(t, s.ID)
	if got.State != scan.Completed || got.SweepAt == nil || !got.SweepAt.Equal(e.Clock.Now().Add(schema.OriginalLife)) {
		t.Errorf("scan is %s, to be looked at %v", got.State, got.SweepAt)
	}
}
