package upload_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
)

func TestAnnouncedPhotoThatWasMeasured(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	original := e.Analyzed(t, "photo", scantest.Currently)
	e.Analyzed(t, "photo", scantest.Currently)

	t.Run("needs no upload", func(t *testing.T) {
		for _, key := range []string{"", "key"} {
			w := scantest.TicketFor(t, api, scantest.Anna, key, scantest.Announcing("photo"))
			got := scantest.WantTicket(t, w, http.StatusOK)
			if got.Scan.ID != original.ID || !got.SamePhoto || got.Upload != nil || got.Scan.State != scan.Completed {
				t.Errorf("got %+v, want the first scan, without a ticket", got)
			}
			if want := "/v1/scans/" + string(original.ID); w.Header().Get("Location") != want {
				t.Errorf("Location is %q, want %s", w.Header().Get("Location"), want)
			}
		}
	})
	t.Run("by another version of the engine is to be uploaded", func(t *testing.T) {
		e.Analyzed(t, "old", scantest.Measure)
		got := scantest.WantTicket(
			t, scantest.TicketFor(t, api, scantest.Anna, "", scantest.Announcing("old")), http.StatusCreated,
		)
		if got.Upload == nil || got.SamePhoto {
			t.Errorf("got %+v, want a ticket", got)
		}
	})
	t.Run("by another user is to be uploaded", func(t *testing.T) {
		e.PutBob(t)
		scantest.WantTicket(t, scantest.TicketFor(t, api, "bob", "", scantest.Announcing("photo")), http.StatusCreated)
	})
	t.Run("is the same for the key that opened a scan of it before", func(t *testing.T) {
		opened := scantest.WantTicket(
			t, scantest.TicketFor(t, api, scantest.Anna, "mine", scantest.Announcing("mine")), http.StatusCreated,
		)
		e.Analyzed(t, "mine", scantest.Currently)
		got := scantest.WantTicket(
			t, scantest.TicketFor(t, api, scantest.Anna, "mine", scantest.Announcing("mine")), http.StatusOK,
		)
		if got.Scan.ID != opened.Scan.ID || got.Upload == nil || got.SamePhoto {
			t.Errorf("got %+v, want the scan that awaits its photo", got)
		}
	})
	t.Run("is not told after the consent is withdrawn", func(t *testing.T) {
		e.SetConsent(t, false, 2)
		scantest.WantProblem(
			t, scantest.TicketFor(t, api, scantest.Anna, "", scantest.Announcing("photo")), 403, "consent_required",
		)
	})
}

func TestMalformedChecksum(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	for _, sum := range []string{
		"x", strings.Repeat("a", 63), strings.Repeat("a", 65), strings.Repeat("A", 64), strings.Repeat("g", 64),
		strings.Repeat("a", 63) + `\n`,
	} {
		p := scantest.WantProblem(
			t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", `{"contentType":"image/jpeg","sha256":"`+sum+`"}`), 422,
			"invalid_field",
		)
		if len(p.Fields) != 1 || p.Fields[0].String() != "/sha256" {
			t.Errorf("%q: fields %v", sum, p.Fields)
		}
	}
}

// What was measured under a consent that was withdrawn is about to go: it makes nothing a
// duplicate, answers no upload, and hides no scan of the consent given since.
func TestDuplicate_isNoneOfAWithdrawnConsent(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	announced := fmt.Sprintf(`{"contentType":"image/jpeg","sha256":"%x"}`, sha256.Sum256([]byte("photo")))
	measured := func(key string) scan.Scan {
		t.Helper()
		opened := scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, key, announced), http.StatusCreated)
		e.Finish(t, e.Load(t, opened.Scan.ID), scantest.Answering(func() (report.Report, []report.Picture, error) {
			r := scantest.Measured
			r.Version = report.Version
			return r, scantest.Drawn(), nil
		}))
		return e.Load(t, opened.Scan.ID)
	}
	measured("first")
	if w := scantest.TicketFor(t, api, scantest.Anna, "again", announced); w.Code != http.StatusOK {
		t.Fatalf("under the same consent: %d %s", w.Code, w.Body)
	}
	e.SetConsent(t, false, 2)
	e.SetConsent(t, true, 3)
	second := measured("second")
	if second.DuplicateOf != "" || !second.Outcome().Rankable {
		t.Errorf("after a new consent: %+v", second)
	}
	w := scantest.TicketFor(t, api, scantest.Anna, "third", announced)
	if got := scantest.Decoded[scantest.TicketAnswer](t, w); w.Code != http.StatusOK || !got.SamePhoto ||
		got.Scan.ID != second.ID {
		t.Errorf("%d %s, want the scan %s", w.Code, w.Body, second.ID)
	}
}
