package serve_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
)

func TestRemove(t *testing.T) {
	t.Parallel()
	for _, state := range []scan.State{scan.AwaitingUpload, scan.Queued, scan.Processing, scan.Completed, scan.Failed} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
			s, _ := e.BegunScan(t, state)
			s.UploadedAt = e.Clock.Now().Add(-time.Minute)
			e.Put(t, s)
			scantest.WriteObject(t, e.Results.Object(scan.ResultPrefix(s.UID, s.ID)+"renditions/small.webp"), []byte("x"))
			other, _ := e.BegunScan(t, scan.Completed)
			scantest.WantProblem(
				t, scantest.Ask(t, api, "bob", http.MethodDelete, scantest.PathOf(s)), http.StatusForbidden, "not_registered",
			)
			e.PutUser(t, account.User{UID: "bob", State: account.Active})
			scantest.WantProblem(
				t, scantest.Ask(t, api, "bob", http.MethodDelete, scantest.PathOf(s)), http.StatusNotFound, "not_found",
			)
			if w := scantest.Ask(
				t, api, "anna", http.MethodDelete, scantest.PathOf(s),
			); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			scantest.WantGone(t, e, s)
			scantest.WantProblem(
				t, scantest.Ask(t, api, "anna", http.MethodDelete, scantest.PathOf(s)), http.StatusNotFound, "not_found",
			)
			scantest.WantProblem(
				t, scantest.Ask(t, api, "anna", http.MethodDelete, "/v1/scans/x"), http.StatusNotFound, "not_found",
			)
			if !e.ResultsOf(t, other) || e.PhotoOf(t, other) == 0 {
				t.Error("another scan lost something")
			}
			var want []event.ScanDeletedV1
			if state == scan.Completed || state == scan.Failed {
				want = []event.ScanDeletedV1{{
					UID: "anna", ScanID: string(s.ID), ConsentEpoch: 1, CompletedAt: s.FinishedAt, UploadedAt: s.UploadedAt,
				}}
			}
			if diff := cmp.Diff(want, scantest.Published[event.ScanDeletedV1](t, e.Bus)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("not while the account is being erased", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s, _ := e.BegunScan(t, scan.Completed)
		e.PutUser(t, account.User{UID: scantest.Anna, State: account.Erasing})
		w := scantest.Ask(t, scantest.ScanAPI(e.ScanHandler(e.Firestore)), "anna", http.MethodDelete, scantest.PathOf(s))
		scantest.WantProblem(t, w, http.StatusForbidden, "account_erasing")
	})
}

// A deletion that dies half-way is gone on with, by the client or by the sweep, and shows nothing
// meanwhile.
func TestRemoveBrokenOff(t *testing.T) {
	t.Parallel()
	for name, resume := range map[string]func(*testing.T, *scantest.Env, http.Handler, scan.Scan){
		"and asked for again": func(t *testing.T, _ *scantest.Env, api http.Handler, s scan.Scan) {
			t.Helper()
			if w := scantest.Ask(t, api, "anna", http.MethodDelete, scantest.PathOf(s)); w.Code != http.StatusNoContent {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		},
		"and left to the sweep": func(t *testing.T, e *scantest.Env, _ http.Handler, _ scan.Scan) {
			t.Helper()
			e.Sweep(t, 0)
			e.Clock.Advance(scan.RemoveGrace + time.Millisecond)
			e.Sweep(t, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s, _ := e.BegunScan(t, scan.Completed)
			broken := e.ScanHandler(e.Firestore)
			broken.Results = e.Client(
				t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodDelete)),
			).Bucket(scantest.ResultsBucket)
			scantest.WantProblem(
				t, scantest.Ask(t, scantest.ScanAPI(broken), "anna", http.MethodDelete, scantest.PathOf(s)), 503, "unavailable",
			)

			api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
			scantest.WantProblem(
				t, scantest.Ask(t, api, "anna", http.MethodGet, scantest.PathOf(s)), http.StatusNotFound, "not_found",
			)
			if ids, _ := listed(t, api, ""); len(ids) != 0 {
				t.Errorf("listed: %v", ids)
			}
			if !e.There(t, s.ID) {
				t.Fatal("nothing is left that could be resumed by")
			}
			resume(t, e, api, s)
			scantest.WantGone(t, e, s)
			if n := len(scantest.Published[event.ScanDeletedV1](t, e.Bus)); n != 1 {
				t.Errorf("%d events, want 1", n)
			}
		})
	}
}

func TestRemoveDuringTheAnalysis(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	e.Finish(t, s, scantest.During(func() {
		if w := scantest.Ask(t, api, "anna", http.MethodDelete, scantest.PathOf(s)); w.Code != http.StatusNoContent {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	}))
	scantest.WantGone(t, e, s)
	scantest.WantNoMore(t, e, 0)
}

// The ticket's URL is good for some time after the deletion.
func TestPhotoThatComesAfterTheDeletion(t *testing.T) {
	t.Parallel()
	for _, state := range []scan.State{scan.Deleting, ""} {
		e := scantest.New(t)
		s := e.NewScan(t, func(s *scan.Scan) { s.Tombstone(e.Clock.Now()) })
		if state != scan.Deleting {
			e.Remove(t, s)
		}
		generation := e.Upload(t, s, []byte("photo"))
		unused := func() { t.Error("it was analysed") }
		if err := e.Analyzer(scantest.During(unused)).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
			t.Fatal(err)
		}
		if e.PhotoOf(t, s) != 0 {
			t.Errorf("%q: the photo is kept", state)
		}
	}
}

func TestKeyOfAScanThatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	s := scantest.WantTicket(
		t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), http.StatusCreated,
	).Scan
	gone := e.Load(t, s.ID)
	gone.Tombstone(e.Clock.Now())
	e.Put(t, gone)
	scantest.WantProblem(t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), 503, "unavailable")
	// Once it is gone, the key opens a scan anew.
	e.Remove(t, gone)
	scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), http.StatusCreated)
}

func TestEngineMajor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{
		"facescan-1.0.0+pigo-1.4.6+6d02d553": 1, "facescan-12.3": 12, "": 0, "facescan": 0, "1.0": 0,
	} {
		if got := scan.EngineMajor(version); got != want {
			t.Errorf("engineMajor(%q) = %d, want %d", version, got, want)
		}
	}
}
