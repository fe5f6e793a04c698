package scan

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/quota"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	hourly := quotas[0]
	e.clock.advance(time.Hour - e.clock.Now().Sub(e.clock.Now().Truncate(time.Hour))) // an hour's beginning
	for range hourly.Max - 1 {
		wantTicket(t, ticketFor(t, api, anna, "", jpegRequest), http.StatusCreated)
	}
	wantTicket(t, ticketFor(t, api, anna, "last", jpegRequest), http.StatusCreated)
	e.clock.advance(20 * time.Minute)

	t.Run("used up refuses both routes until its hour is over", func(t *testing.T) {
		for _, w := range []interface {
			Header() http.Header
		}{ticketFor(t, api, anna, "", jpegRequest), direct(t, api, anna, "", photoPart(aJPEG))} {
			if after := w.Header().Get("Retry-After"); after != strconv.Itoa(40*60) {
				t.Errorf("Retry-After is %q", after)
			}
		}
		wantProblem(t, ticketFor(t, api, anna, "", jpegRequest), 429, "rate_limited")
		wantProblem(t, direct(t, api, anna, "", photoPart(aJPEG)), 429, "rate_limited")
		e.wantNoPhotos(t)
	})
	t.Run("used up refuses a form before its photo is read", func(t *testing.T) {
		body, contentType := formOf(t, photoPart(aJPEG+strings.Repeat("x", MaxBytes-len(aJPEG))))
		rest := strings.NewReader(body)
		wantProblem(t, directBody(t.Context(), api, anna, "", contentType, rest), 429, "rate_limited")
		if read := len(body) - rest.Len(); read > 1<<16 {
			t.Errorf("%d bytes were read", read)
		}
	})
	t.Run("is not asked for a scan that is found again", func(t *testing.T) {
		wantTicket(t, ticketFor(t, api, anna, "last", jpegRequest), http.StatusOK)
		e.analyzed(t, "photo", currently)
		wantTicket(t, ticketFor(t, api, anna, "", announcing("photo")), http.StatusOK)
		wantTicket(t, direct(t, api, anna, "last", photoPart(aJPEG)), http.StatusAccepted)
	})
	t.Run("is each user's own", func(t *testing.T) {
		e.putBob(t)
		wantTicket(t, ticketFor(t, api, "bob", "", jpegRequest), http.StatusCreated)
	})
	t.Run("begins anew with the hour", func(t *testing.T) {
		e.clock.advance(40 * time.Minute)
		wantTicket(t, ticketFor(t, api, anna, "", jpegRequest), http.StatusCreated)
	})
}

// Twenty scans of one user opened at once in two processes: all are opened and counted, and none
// beyond the quota.
func TestQuotaIsExactAtOnce(t *testing.T) {
	t.Parallel()
	const requests = 20
	e := newEnv(t)
	e.clock.advance(time.Hour - e.clock.Now().Sub(e.clock.Now().Truncate(time.Hour))) // an hour's beginning
	hourly := quotas[0]
	for range hourly.Max - requests/2 {
		wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", jpegRequest), http.StatusCreated)
	}
	elsewhere := e.database(t)
	apis := []http.Handler{e.uploadsAPI(), e.uploadsAPI(func(u *Uploads) {
		u.Firestore, u.Limits = elsewhere, quota.New(elsewhere, u.Key, u.Now)
	})}
	answers := make(chan *httptest.ResponseRecorder, 2*requests)
	for i := range requests {
		go func() { answers <- ticketFor(t, apis[i%2], anna, "", jpegRequest) }()
		go func() { answers <- direct(t, apis[i%2], anna, "", photoPart(aJPEG)) }()
	}
	statuses := map[int]int{}
	for range 2 * requests {
		w := receive(t, answers, "an answer")
		if w.Code == http.StatusAccepted {
			w.Code = http.StatusCreated // both doors open scans
		}
		statuses[w.Code]++
	}
	want := map[int]int{http.StatusCreated: requests / 2, http.StatusTooManyRequests: 2*requests - requests/2}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	scans, err := e.fs.Collection("scans").Documents(t.Context()).GetAll()
	if err != nil || len(scans) != hourly.Max {
		t.Errorf("%d scans are open (%v)", len(scans), err)
	}
}

// A ticket that is signed anew stands under the consent that is in force then.
func TestTicketAfterTheConsentIsGrantedAnew(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	opened := wantTicket(t, ticketFor(t, api, anna, "key", jpegRequest), http.StatusCreated)
	e.setConsent(t, false, 2)
	wantProblem(t, ticketFor(t, api, anna, "key", jpegRequest), 403, "consent_required")
	e.setConsent(t, true, 3)
	again := wantTicket(t, ticketFor(t, api, anna, "key", jpegRequest), http.StatusOK)
	if got := e.load(t, opened.Scan.ID); again.Scan.ID != got.ID || got.ConsentEpoch != 3 {
		t.Fatalf("scan %s is of epoch %d", got.ID, got.ConsentEpoch)
	}
	e.finish(t, e.load(t, opened.Scan.ID), measure)
	if got := e.load(t, opened.Scan.ID); got.State != Completed {
		t.Errorf("scan is %s with %+v", got.State, got.Failure)
	}
	e.setConsent(t, true, 5) // withdrawn and granted: what was completed before is about to go
	wantProblem(t, ticketFor(t, api, anna, "key", jpegRequest), 503, "unavailable")
	if got := e.load(t, opened.Scan.ID); got.ConsentEpoch != 3 {
		t.Errorf("the completed scan is of epoch %d now", got.ConsentEpoch)
	}
}
