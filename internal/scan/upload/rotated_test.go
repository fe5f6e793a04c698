package upload_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/upload"
)

// Secrets of the phases of a rotation: at first the new one is only known.
var (
	before = []byte("the secret before")
	after  = []byte("the secret after")
)

// phase has the handler use the secrets for everything, the present one first.
func phase(e *scantest.Env, secrets ...[]byte) func(*upload.Handler) {
	return func(h *upload.Handler) {
		h.Key, h.PhotoKey = keys.NewRing(keys.ForScans, secrets...), keys.NewRing(keys.ForPhotos, secrets...)
		h.Limits = quota.New(e.Firestore, keys.NewRing(keys.ForLimits, secrets...), e.Clock.Now)
	}
}

// A rotation in the middle of an upload: what was asked for before it is found, measured and known
// again after it, and counted once.
func TestRotation(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	photo := "42"
	announced := scantest.Announcing(photo)
	old, rotated := e.UploadAPI(phase(e, before)), e.UploadAPI(phase(e, after, before))
	opened := scantest.WantTicket(t, scantest.TicketFor(t, old, scantest.Anna, "key", announced), http.StatusCreated)

	again := scantest.WantTicket(t, scantest.TicketFor(t, rotated, scantest.Anna, "key", announced), http.StatusOK)
	if again.Scan.ID != opened.Scan.ID {
		t.Fatalf("the request is repeated after the rotation and opens %s beside %s", again.Scan.ID, opened.Scan.ID)
	}
	other := scantest.TicketFor(t, rotated, scantest.Anna, "key", scantest.JPEGRequest)
	if other.Code != http.StatusUnprocessableEntity {
		t.Errorf("another body under the key: %d %s", other.Code, other.Body)
	}
	s := e.Load(t, opened.Scan.ID)
	if got := scantest.PutPhoto(t, again.Upload, photo, nil); got.Status != http.StatusOK {
		t.Fatalf("PUT: %v", got)
	}
	analyzer := e.Analyzer(scantest.Currently)
	analyzer.Key = keys.NewRing(keys.ForPhotos, after, before)
	if err := analyzer.Handle(t.Context(), scantest.Finalized(t, s, e.PhotoOf(t, s))); err != nil {
		t.Fatal(err)
	}
	if s = e.Load(t, s.ID); s.State != scan.Completed {
		t.Fatalf("the scan is %s, %v", s.State, s.Failure)
	}
	for name, api := range map[string]http.Handler{
		"by the new secret": rotated, "while the new one is only known": e.UploadAPI(phase(e, before, after)),
	} {
		known := scantest.TicketFor(t, api, scantest.Anna, "", announced)
		if got := scantest.Decoded[scantest.TicketAnswer](t, known); known.Code != http.StatusOK || got.Scan.ID != s.ID {
			t.Errorf("the photo %s: %d %s", name, known.Code, known.Body)
		}
	}
}

func TestRotation_ofSeries(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	old, rotated := e.UploadAPI(phase(e, before)), e.UploadAPI(phase(e, after, before))
	opened := scantest.OpenSeriesOf(t, old, "key", scantest.ThreePhotos)
	w := scantest.PostSeries(t, rotated, "key", scantest.ThreePhotos)
	again := scantest.Decoded[scantest.SeriesAnswer](t, w)
	if w.Code != http.StatusOK || again.Series.ID != opened.Series.ID || len(again.Uploads) != len(opened.Uploads) {
		t.Fatalf("repeated after the rotation: %d %s", w.Code, w.Body)
	}
	for i, look := range again.Uploads {
		if look.ScanID != opened.Uploads[i].ScanID {
			t.Errorf("photo %d is %s, was %s", i, look.ScanID, opened.Uploads[i].ScanID)
		}
	}
	if all, err := e.Firestore.Collection("scans").Documents(t.Context()).GetAll(); err != nil || len(all) != 3 {
		t.Errorf("%d scans, %v", len(all), err)
	}
}

// In a rotation some instances make ids by one secret and some by the other. However their requests
// under one key meet, one scan is opened.
func TestRotation_atOnce(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	apis := []http.Handler{e.UploadAPI(phase(e, before, after)), e.UploadAPI(phase(e, after, before))}
	for _, series := range []bool{false, true} {
		ask := func(api http.Handler) *httptest.ResponseRecorder {
			if series {
				return scantest.PostSeries(t, api, "key", scantest.ThreePhotos)
			}
			return scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest)
		}
		var all sync.WaitGroup
		answers := make([]*httptest.ResponseRecorder, 6)
		for i := range answers {
			all.Go(func() { answers[i] = ask(apis[i%2]) })
		}
		all.Wait()
		created := 0
		for _, w := range answers {
			switch w.Code {
			case http.StatusCreated:
				created++
			case http.StatusOK, http.StatusServiceUnavailable:
			default:
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		if created != 1 {
			t.Errorf("opened %d times", created)
		}
		for _, api := range apis {
			if w := ask(api); w.Code != http.StatusOK {
				t.Errorf("asked once more: %d %s", w.Code, w.Body)
			}
		}
	}
	if all, err := e.Firestore.Collection("scans").Documents(t.Context()).GetAll(); err != nil || len(all) != 1+3 {
		t.Errorf("%d scans, %v", len(all), err)
	}
}

// What was counted before a rotation counts after it.
func TestRotation_ofQuotas(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	limit := upload.Quotas[0].Max
	for _, phase := range []struct {
		secrets [][]byte
		n       int
	}{{[][]byte{before}, limit / 2}, {[][]byte{before, after}, 1}, {[][]byte{after, before}, limit - limit/2 - 1}} {
		limits := quota.New(e.Firestore, keys.NewRing(keys.ForLimits, phase.secrets...), e.Clock.Now)
		for i := range phase.n {
			if err := limits.Take(t.Context(), upload.Quotas[0], quota.User("anna")); err != nil {
				t.Fatalf("%d of %d: %v", i, phase.n, err)
			}
		}
	}
	limits := quota.New(e.Firestore, keys.NewRing(keys.ForLimits, after, before), e.Clock.Now)
	if err := limits.Check(t.Context(), quota.User("anna"), upload.Quotas[0]); err == nil {
		t.Errorf("more than %d an hour", limit)
	}
	e.Clock.Advance(time.Hour)
	if err := limits.Check(t.Context(), quota.User("anna"), upload.Quotas[0]); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}
