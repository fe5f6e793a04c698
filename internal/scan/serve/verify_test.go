package serve_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
)

// A verification and a re-score are waited for with one request, like the first analysis.
func TestWaitForTheOutcome(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{"verify": scan.VerifyMatches, "rescore": scan.VerifyRescored} {
		t.Run("of "+action, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			e.Finish(t, s, scantest.Measure)
			m := e.AskAgain(t, s, action)
			pending := e.Load(t, s.ID)
			reader := e.ScanHandler(e.Firestore)
			answer := scantest.Poll(
				t.Context(), scantest.ScanAPI(reader), fmt.Sprintf("%s?wait=25&since=%d", s.ID, pending.Version),
			)
			testkit.Eventually(t, "the listener hears", func() bool { return reader.Watcher.Hears(string(s.ID)) })
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := scantest.Decoded[scan.View](t, scantest.Receive(t, answer, "the answer"))
			if got.Revision != pending.Version+1 || got.Verification.State != want {
				t.Errorf("version %d after %d, verification %+v", got.Revision, pending.Version, got.Verification)
			}
		})
	}
	t.Run("ends when the scan is deleted", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s := e.NewScan(t)
		e.Finish(t, s, scantest.Measure)
		e.AskAgain(t, s, "verify")
		reader := e.ScanHandler(e.Firestore)
		answer := scantest.Poll(t.Context(), scantest.ScanAPI(reader), string(s.ID)+"?wait=25")
		testkit.Eventually(t, "the listener hears", func() bool { return reader.Watcher.Hears(string(s.ID)) })
		if w := scantest.Ask(
			t, scantest.ScanAPI(reader), "anna", http.MethodDelete, scantest.PathOf(s),
		); w.Code != http.StatusNoContent {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		scantest.WantProblem(t, scantest.Receive(t, answer, "the answer"), http.StatusNotFound, "not_found")
	})
	t.Run("is none once it is there, whatever since says", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s := e.NewScan(t)
		e.Finish(t, s, scantest.Measure)
		if err := e.Analyzer(scantest.Measure).Handle(t.Context(), e.AskAgain(t, s, "verify")); err != nil {
			t.Fatal(err)
		}
		answer := scantest.Poll(t.Context(), scantest.ScanAPI(e.ScanHandler(e.Firestore)), string(s.ID)+"?wait=25&since=99")
		if got := scantest.Decoded[scan.View](
			t, scantest.Receive(t, answer, "the answer"),
		); got.Verification.State != scan.VerifyMatches {
			t.Errorf("verification %+v", got.Verification)
		}
	})
}

func TestAskingAgain_isRefused(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	post := func(s scan.Scan, action string) int {
		return scantest.Ask(t, api, "anna", http.MethodPost, scantest.PathOf(s)+"/"+action).Code
	}
	s, generation := e.BegunScan(t, scan.Completed)
	scantest.WantProblem(
		t, scantest.Ask(t, api, "bob", http.MethodPost, scantest.PathOf(s)+"/verify"), http.StatusForbidden, "not_registered",
	)
	e.PutUser(t, account.User{UID: "bob", State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}})
	scantest.WantProblem(
		t, scantest.Ask(t, api, "bob", http.MethodPost, scantest.PathOf(s)+"/verify"), http.StatusNotFound, "not_found",
	)
	failed, _ := e.BegunScan(t, scan.Failed)
	scantest.WantProblem(
		t, scantest.Ask(t, api, "anna", http.MethodPost, scantest.PathOf(failed)+"/verify"), http.StatusConflict,
		"scan_not_completed",
	)
	current := e.NewScan(t, func(s *scan.Scan) { s.Complete(map[string]any{"version": report.Version}, e.Clock.Now()) })
	scantest.WantProblem(
		t, scantest.Ask(t, api, "anna", http.MethodPost, scantest.PathOf(current)+"/rescore"), http.StatusConflict,
		"already_current",
	)

	for range 3 {
		if code := post(s, "verify"); code != http.StatusAccepted {
			t.Errorf("status %d", code)
		}
	}
	if n := len(scantest.Published[event.ScanVerifyRequestedV1](t, e.Bus)); n != 1 {
		t.Errorf("%d events for one request under way", n)
	}
	e.Clock.Advance(scan.PendingLife)
	post(s, "verify")
	if n := len(scantest.Published[event.ScanVerifyRequestedV1](t, e.Bus)); n != 2 {
		t.Errorf("%d events, want another for a request that was lost", n)
	}
	e.SetConsent(t, false, 2)
	scantest.WantProblem(
		t, scantest.Ask(t, api, "anna", http.MethodPost, scantest.PathOf(s)+"/verify"), http.StatusForbidden,
		"consent_required",
	)
	e.SetConsent(t, true, 1)
	if err := scan.DeletePhoto(t.Context(), e.Uploads, scan.PhotoName(s.UID, s.ID), generation); err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"verify", "rescore"} {
		scantest.WantProblem(
			t, scantest.Ask(t, api, "anna", http.MethodPost, scantest.PathOf(s)+"/"+action), http.StatusGone, "original_gone",
		)
	}
}
