package upload_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/upload"
	"github.com/facescan/facescan/internal/testkit"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	hourly := upload.Quotas[0]
	e.Clock.Advance(time.Hour - e.Clock.Now().Sub(e.Clock.Now().Truncate(time.Hour))) // an hour's beginning
	for range hourly.Max - 1 {
		scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated)
	}
	scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "last", scantest.JPEGRequest), http.StatusCreated)
	e.Clock.Advance(20 * time.Minute)

	t.Run("used up refuses both routes until its hour is over", func(t *testing.T) {
		for _, w := range []interface {
			Header() http.Header
		}{
			scantest.TicketFor(t, api, scantest.Anna, "", scantest.JPEGRequest),
			scantest.Direct(t, api, scantest.Anna, "", scantest.PhotoPart(scantest.JPEG)),
		} {
			if after := w.Header().Get("Retry-After"); after != strconv.Itoa(40*60) {
				t.Errorf("Retry-After is %q", after)
			}
		}
		scantest.WantProblem(t, scantest.TicketFor(t, api, scantest.Anna, "", scantest.JPEGRequest), 429, "rate_limited")
		scantest.WantProblem(
			t, scantest.Direct(t, api, scantest.Anna, "", scantest.PhotoPart(scantest.JPEG)), 429, "rate_limited",
		)
		e.WantNoPhotos(t)
	})
	t.Run("used up refuses a form before its photo is read", func(t *testing.T) {
		body, contentType := scantest.FormOf(
			t, scantest.PhotoPart(scantest.JPEG+strings.Repeat("x", scan.MaxBytes-len(scantest.JPEG))),
		)
		rest := strings.NewReader(body)
		scantest.WantProblem(
			t, scantest.DirectBody(t.Context(), api, scantest.Anna, "", contentType, rest), 429, "rate_limited",
		)
		if read := len(body) - rest.Len(); read > 1<<16 {
			t.Errorf("%d bytes were read", read)
		}
	})
	t.Run("is not asked for a scan that is found again", func(t *testing.T) {
		scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "last", scantest.JPEGRequest), http.StatusOK)
		e.Analyzed(t, "photo", scantest.Currently)
		scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "", scantest.Announcing("photo")), http.StatusOK)
		scantest.WantTicket(
			t, scantest.Direct(t, api, scantest.Anna, "last", scantest.PhotoPart(scantest.JPEG)), http.StatusAccepted,
		)
	})
	t.Run("is each user's own", func(t *testing.T) {
		e.PutBob(t)
		scantest.WantTicket(t, scantest.TicketFor(t, api, "bob", "", scantest.JPEGRequest), http.StatusCreated)
	})
	t.Run("begins anew with the hour", func(t *testing.T) {
		e.Clock.Advance(40 * time.Minute)
		scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated)
	})
}

// Twenty scans of one user opened at once in two processes: all are opened and counted, and none
// beyond the quota.
func TestQuota_isExactAtOnce(t *testing.T) {
	t.Parallel()
	const requests = 20
	e := scantest.New(t)
	e.Clock.Advance(time.Hour - e.Clock.Now().Sub(e.Clock.Now().Truncate(time.Hour))) // an hour's beginning
	hourly := upload.Quotas[0]
	for range hourly.Max - requests/2 {
		scantest.WantTicket(
			t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", scantest.JPEGRequest), http.StatusCreated,
		)
	}
	elsewhere := e.Database(t)
	apis := []http.Handler{e.UploadAPI(), e.UploadAPI(func(u *upload.Handler) {
		u.Firestore, u.Limits = elsewhere, quota.New(elsewhere, testkit.Ring(keys.ForLimits), u.Now)
	})}
	answers := make(chan *httptest.ResponseRecorder, 2*requests)
	for i := range requests {
		go func() { answers <- scantest.TicketFor(t, apis[i%2], scantest.Anna, "", scantest.JPEGRequest) }()
		go func() { answers <- scantest.Direct(t, apis[i%2], scantest.Anna, "", scantest.PhotoPart(scantest.JPEG)) }()
	}
	statuses := map[int]int{}
	for range 2 * requests {
		w := scantest.Receive(t, answers, "an answer")
		if w.Code == http.StatusAccepted {
			w.Code = http.StatusCreated // both doors open scans
		}
		statuses[w.Code]++
	}
	want := map[int]int{http.StatusCreated: requests / 2, http.StatusTooManyRequests: 2*requests - requests/2}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	scans, err := e.Firestore.Collection("scans").Documents(t.Context()).GetAll()
	if err != nil || len(scans) != hourly.Max {
		t.Errorf("%d scans are open (%v)", len(scans), err)
	}
}

// A ticket that is signed anew stands under the consent that is in force then.
func TestTicketAfterTheConsent_isGrantedAnew(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	opened := scantest.WantTicket(
		t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), http.StatusCreated,
	)
	e.SetConsent(t, false, 2)
	scantest.WantProblem(
		t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), 403, "consent_required",
	)
	e.SetConsent(t, true, 3)
	again := scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), http.StatusOK)
	if got := e.Load(t, opened.Scan.ID); again.Scan.ID != got.ID || got.ConsentEpoch != 3 {
		t.Fatalf("scan %s is of epoch %d", got.ID, got.ConsentEpoch)
	}
	e.Finish(t, e.Load(t, opened.Scan.ID), scantest.Measure)
	if got := e.Load(t, opened.Scan.ID); got.State != scan.Completed {
		t.Errorf("scan is %s with %+v", got.State, got.Failure)
	}
	e.SetConsent(t, true, 5) // withdrawn and granted: what was completed before is about to go
	scantest.WantProblem(t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), 503, "unavailable")
	if got := e.Load(t, opened.Scan.ID); got.ConsentEpoch != 3 {
		t.Errorf("the completed scan is of epoch %d now", got.ConsentEpoch)
	}
}
