package scan

import (
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
)

// there reports whether scans/{id} exists, be it as a tombstone.
func (e *env) there(t *testing.T, id ID) bool {
	t.Helper()
	docs, err := e.fs.GetAll(t.Context(), []*firestore.DocumentRef{ref(e.fs, id)})
	if err != nil {
		t.Fatal(err)
	}
	return docs[0].Exists()
}

// wantGone checks that nothing is left of the scan.
func wantGone(t *testing.T, e *env, s Scan) {
	t.Helper()
	if e.there(t, s.ID) || e.photoOf(t, s) != 0 {
		t.Errorf("left are the document: %v, the photo: generation %d", e.there(t, s.ID), e.photoOf(t, s))
	}
	for o, err := range bucket.List(t.Context(), e.results, ResultPrefix(s.UID, s.ID)) {
		t.Errorf("left is a result: %v (%v)", o, err)
	}
}

func pathOf(s Scan) string { return "/v1/scans/" + string(s.ID) }

func TestRemove(t *testing.T) {
	t.Parallel()
	for _, state := range []State{AwaitingUpload, Queued, Processing, Completed, Failed} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			api := scansAPI(e.service(e.fs))
			s, _ := e.begunScan(t, state)
			writeObject(t, e.results.Object(ResultPrefix(s.UID, s.ID)+"renditions/small.webp"), []byte("x"))
			other, _ := e.begunScan(t, Completed)
			wantProblem(t, ask(t, api, "bob", http.MethodDelete, pathOf(s)), http.StatusForbidden, "not_registered")
			e.putUser(t, account.User{UID: "bob", State: account.Active})
			wantProblem(t, ask(t, api, "bob", http.MethodDelete, pathOf(s)), http.StatusNotFound, "not_found")
			if w := ask(t, api, "anna", http.MethodDelete, pathOf(s)); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			wantGone(t, e, s)
			wantProblem(t, ask(t, api, "anna", http.MethodDelete, pathOf(s)), http.StatusNotFound, "not_found")
			wantProblem(t, ask(t, api, "anna", http.MethodDelete, "/v1/scans/x"), http.StatusNotFound, "not_found")
			if !e.resultsOf(t, other) || e.photoOf(t, other) == 0 {
				t.Error("another scan lost something")
			}
			var want []event.ScanDeletedV1
			if state == Completed || state == Failed {
				want = []event.ScanDeletedV1{{UID: "anna", ScanID: string(s.ID), ConsentEpoch: 1, CompletedAt: s.FinishedAt}}
			}
			if diff := cmp.Diff(want, published[event.ScanDeletedV1](t, e.bus)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("not while the account is being erased", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s, _ := e.begunScan(t, Completed)
		e.putUser(t, account.User{UID: anna, State: account.Erasing})
		w := ask(t, scansAPI(e.service(e.fs)), "anna", http.MethodDelete, pathOf(s))
		wantProblem(t, w, http.StatusForbidden, "account_erasing")
	})
}

// A deletion that dies half-way is gone on with, by the client or by the sweep, and shows nothing meanwhile.
func TestRemoveBrokenOff(t *testing.T) {
	t.Parallel()
	for name, resume := range map[string]func(*testing.T, *env, http.Handler, Scan){
		"and asked for again": func(t *testing.T, _ *env, api http.Handler, s Scan) {
			t.Helper()
			if w := ask(t, api, "anna", http.MethodDelete, pathOf(s)); w.Code != http.StatusNoContent {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		},
		"and left to the sweep": func(t *testing.T, e *env, _ http.Handler, _ Scan) {
			t.Helper()
			e.sweep(t, 0)
			e.clock.advance(removeGrace + time.Millisecond)
			e.sweep(t, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s, _ := e.begunScan(t, Completed)
			broken := e.service(e.fs)
			broken.Results = e.client(t, refusing(http.StatusForbidden, method(http.MethodDelete))).Bucket(resultsBucket)
			wantProblem(t, ask(t, scansAPI(broken), "anna", http.MethodDelete, pathOf(s)), 503, "unavailable")

			api := scansAPI(e.service(e.fs))
			wantProblem(t, ask(t, api, "anna", http.MethodGet, pathOf(s)), http.StatusNotFound, "not_found")
			if ids, _ := listed(t, api, ""); len(ids) != 0 {
				t.Errorf("listed: %v", ids)
			}
			if !e.there(t, s.ID) {
				t.Fatal("nothing is left that could be resumed by")
			}
			resume(t, e, api, s)
			wantGone(t, e, s)
			if n := len(published[event.ScanDeletedV1](t, e.bus)); n != 1 {
				t.Errorf("%d events, want 1", n)
			}
		})
	}
}

func TestRemoveDuringTheAnalysis(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	api := scansAPI(e.service(e.fs))
	e.finish(t, s, during(func() {
		if w := ask(t, api, "anna", http.MethodDelete, pathOf(s)); w.Code != http.StatusNoContent {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	}))
	wantGone(t, e, s)
	wantNoMore(t, e, 0)
}

// The ticket's URL is good for some time after the deletion.
func TestPhotoThatComesAfterTheDeletion(t *testing.T) {
	t.Parallel()
	for _, state := range []State{Deleting, ""} {
		e := newEnv(t)
		s := e.newScan(t, func(s *Scan) { s.tombstone(e.clock.Now()) })
		if state != Deleting {
			e.remove(t, s)
		}
		generation := e.upload(t, s, []byte("photo"))
		unused := func() { t.Error("it was analysed") }
		if err := e.analyzer(during(unused)).Handle(t.Context(), finalized(t, s, generation)); err != nil {
			t.Fatal(err)
		}
		if e.photoOf(t, s) != 0 {
			t.Errorf("%q: the photo is kept", state)
		}
	}
}

func TestKeyOfAScanThatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	s := wantTicket(t, ticketFor(t, api, anna, "key", jpegRequest), http.StatusCreated).Scan
	gone := e.load(t, s.ID)
	gone.tombstone(e.clock.Now())
	e.put(t, gone)
	wantProblem(t, ticketFor(t, api, anna, "key", jpegRequest), 503, "unavailable")
	// Once it is gone, the key opens a scan anew.
	e.remove(t, gone)
	wantTicket(t, ticketFor(t, api, anna, "key", jpegRequest), http.StatusCreated)
}

func TestEngineMajor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"facescan-1.0.0+pigo-1.4.6+6d02d553": 1, "facescan-12.3": 12, "": 0, "facescan": 0, "1.0": 0} {
		if got := engineMajor(version); got != want {
			t.Errorf("engineMajor(%q) = %d, want %d", version, got, want)
		}
	}
}
