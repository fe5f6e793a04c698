package analyze_test

import (
	"io"
	"net/http"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
)

// closings are the ways in which a user ceases to admit a scan that was opened under epoch 1.
var closings = map[string]func(*testing.T, *scantest.Env){
	"the consent is withdrawn": func(t *testing.T, e *scantest.Env) { t.Helper(); e.SetConsent(t, false, 2) },
	"the consent is withdrawn and granted again": func(t *testing.T, e *scantest.Env) {
		t.Helper()
		e.SetConsent(t, false, 2)
		e.SetConsent(t, true, 3)
	},
	"the account is being erased": func(t *testing.T, e *scantest.Env) {
		t.Helper()
		e.PutUser(t, account.User{
			UID: scantest.Anna, State: account.Erasing, ConsentEpoch: 1, Consent: account.Consent{Granted: true},
		})
	},
	"the user is gone": func(t *testing.T, e *scantest.Env) {
		t.Helper()
		if _, err := account.Ref(e.Firestore, scantest.Anna).Delete(t.Context()); err != nil {
			t.Error(err)
		}
	},
}

// wantRefused checks that nothing is left of the scan but the word that it was stopped.
func wantRefused(t *testing.T, e *scantest.Env, s scan.Scan) {
	t.Helper()
	want := &scan.Failure{Code: "consent_withdrawn", Detail: analyze.Refused.Detail}
	if got := e.Load(t, s.ID); got.State != scan.Failed || got.Result != nil || !cmp.Equal(want, got.Failure) {
		t.Errorf("scan is %s with %+v and result %v, want it refused", got.State, got.Failure, got.Result)
	}
	wantNothingKept(t, e, s)
}

func wantNothingKept(t *testing.T, e *scantest.Env, s scan.Scan) {
	t.Helper()
	if g := e.PhotoOf(t, s); g != 0 {
		t.Errorf("the photo is kept, generation %d", g)
	}
	if e.ResultsOf(t, s) {
		t.Error("the results are kept")
	}
	scantest.WantNoMore(t, e, 0)
}

func TestFence_closesBeforeTheClaim(t *testing.T) {
	t.Parallel()
	for name, closeFence := range closings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Upload(t, s, []byte("photo"))
			closeFence(t, e)
			unused := func() { t.Error("it was analysed") }
			for range 2 {
				if err := e.Analyzer(scantest.During(unused)).Handle(
					t.Context(), scantest.Finalized(t, s, generation),
				); err != nil {
					t.Fatal(err)
				}
				wantRefused(t, e, s)
			}
		})
	}
}

func TestFence_closesDuringTheAnalysis(t *testing.T) {
	t.Parallel()
	for name, closeFence := range closings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			e.Finish(t, s, scantest.During(func() { closeFence(t, e) }))
			wantRefused(t, e, s)
		})
	}
	t.Run("and the photo is refused by the engine", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s := e.NewScan(t)
		e.Finish(t, s, func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
			e.SetConsent(t, false, 2)
			return scantest.Failing(scantest.NoFace)(r, o)
		})
		wantRefused(t, e, s)
	})
	t.Run("the consent of another process else does not matter", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s := e.NewScan(t)
		e.Finish(
			t, s, scantest.During(func() { e.PutUser(t, account.User{UID: "bob", State: account.Erasing, ConsentEpoch: 9}) }),
		)
		if got := e.Load(t, s.ID); got.State != scan.Completed {
			t.Errorf("scan is %s", got.State)
		}
	})
}

func TestScan_isDeletedDuringTheAnalysis(t *testing.T) {
	t.Parallel()
	for name, engineOf := range map[string]func(func()) scantest.Engine{
		"that succeeds": scantest.During,
		"that refuses the photo": func(do func()) scantest.Engine {
			return func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
				do()
				return scantest.Failing(scantest.NoFace)(r, o)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			e.Finish(t, s, engineOf(func() { e.Remove(t, s) }))
			if _, err := scan.Get(t.Context(), e.Firestore, s.ID); err == nil {
				t.Error("the scan is back")
			}
			wantNothingKept(t, e, s)
		})
	}
}

// A process may die after it has ended a scan at the fence and before it has deleted all: the next
// delivery does.
func TestRefusedScan_isDeletedAtLast(t *testing.T) {
	t.Parallel()
	broken := func(t *testing.T, e *scantest.Env, engine scantest.Engine) *analyze.Consumer {
		t.Helper()
		gcs := e.Client(t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodDelete)))
		a := e.Analyzer(engine)
		a.Uploads, a.Results = gcs.Bucket(scantest.UploadsBucket), gcs.Bucket(scantest.ResultsBucket)
		return a
	}
	tests := map[string]func(t *testing.T, e *scantest.Env, s scan.Scan, generation int64) error{
		"refused at the claim": func(t *testing.T, e *scantest.Env, s scan.Scan, generation int64) error {
			t.Helper()
			e.SetConsent(t, false, 2)
			return broken(t, e, scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, generation))
		},
		"refused at the finish": func(t *testing.T, e *scantest.Env, s scan.Scan, generation int64) error {
			t.Helper()
			a := broken(t, e, scantest.During(func() { e.SetConsent(t, false, 2) }))
			return a.Handle(t.Context(), scantest.Finalized(t, s, generation))
		},
		"deleted during the analysis": func(t *testing.T, e *scantest.Env, s scan.Scan, generation int64) error {
			t.Helper()
			a := broken(t, e, scantest.During(func() { e.Remove(t, s) }))
			return a.Handle(t.Context(), scantest.Finalized(t, s, generation))
		},
	}
	for name, interrupted := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Upload(t, s, []byte("photo"))
			if err := interrupted(t, e, s, generation); err == nil || !fault.Retryable(err) {
				t.Fatalf("with deletion refused: %v, want a retryable error", err)
			}
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			wantNothingKept(t, e, s)
		})
	}
}

// The report of a holder that was killed before its finish goes with the photo, when the fence has
// closed since.
func TestFence_takesTheReportOfAKilledHolder(t *testing.T) {
	t.Parallel()
	for name, closeFence := range closings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Upload(t, s, []byte("photo"))
			a := e.Analyzer(scantest.Measure)
			if _, err := a.Claim(t.Context(), s.UID, s.ID, event.ObjectFinalized{Generation: generation}); err != nil {
				t.Fatal(err)
			}
			e.PutResults(t, s)
			e.Clock.Advance(scantest.LeaseLong)
			closeFence(t, e)
			if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, e, s)
		})
	}
}

func TestFence_goesBeforeTooManyClaims(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	generation := e.Upload(t, s, []byte("photo"))
	a := e.Analyzer(scantest.Measure)
	exhaust(t, e, a, s, generation)
	e.SetConsent(t, false, 2)
	if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
		t.Fatalf("it is parked: %v", err)
	}
	wantRefused(t, e, s)
}

// The database fails at the fence: it is not known whether it is closed, so nothing final is done.
func TestFence_cannotBeRead(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	generation := e.Upload(t, s, []byte("photo"))
	unreadable := []firestore.Update{{Path: "state", Value: 1}}
	if _, err := account.Ref(e.Firestore, scantest.Anna).Update(t.Context(), unreadable); err != nil {
		t.Fatal(err)
	}
	a := e.Analyzer(scantest.Measure)
	if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err == nil || !fault.Retryable(err) {
		t.Errorf("Handle = %v, want a retryable error", err)
	}
	if got := e.Load(t, s.ID); got.State != scan.AwaitingUpload || e.PhotoOf(t, s) != generation {
		t.Errorf("scan is %s, photo %d", got.State, e.PhotoOf(t, s))
	}
}
