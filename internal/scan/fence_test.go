package scan

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
)

// closings are the ways in which a user ceases to admit a scan that was opened under epoch 1.
var closings = map[string]func(*testing.T, *env){
	"the consent is withdrawn": func(t *testing.T, e *env) { t.Helper(); e.setConsent(t, false, 2) },
	"the consent is withdrawn and granted again": func(t *testing.T, e *env) {
		t.Helper()
		e.setConsent(t, false, 2)
		e.setConsent(t, true, 3)
	},
	"the account is being erased": func(t *testing.T, e *env) {
		t.Helper()
		e.putUser(t, account.User{
			UID: anna, State: account.Erasing, ConsentEpoch: 1, Consent: account.Consent{Granted: true},
		})
	},
	"the user is gone": func(t *testing.T, e *env) {
		t.Helper()
		if _, err := account.Ref(e.fs, anna).Delete(t.Context()); err != nil {
			t.Error(err)
		}
	},
}

// wantRefused checks that nothing is left of the scan but the word that it was stopped.
func wantRefused(t *testing.T, e *env, s Scan) {
	t.Helper()
	want := &Failure{Code: "consent_withdrawn", Detail: refused.Detail}
	if got := e.load(t, s.ID); got.State != Failed || got.Result != nil || !cmp.Equal(want, got.Failure) {
		t.Errorf("scan is %s with %+v and result %v, want it refused", got.State, got.Failure, got.Result)
	}
	wantNothingKept(t, e, s)
}

func wantNothingKept(t *testing.T, e *env, s Scan) {
	t.Helper()
	if g := e.photoOf(t, s); g != 0 {
		t.Errorf("the photo is kept, generation %d", g)
	}
	if e.resultsOf(t, s) {
		t.Error("the results are kept")
	}
	wantNoMore(t, e, 0)
}

func TestFenceClosesBeforeTheClaim(t *testing.T) {
	t.Parallel()
	for name, closeFence := range closings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.upload(t, s, []byte("photo"))
			closeFence(t, e)
			unused := func() { t.Error("it was analysed") }
			for range 2 {
				if err := e.analyzer(during(unused)).Handle(t.Context(), finalized(t, s, generation)); err != nil {
					t.Fatal(err)
				}
				wantRefused(t, e, s)
			}
		})
	}
}

func TestFenceClosesDuringTheAnalysis(t *testing.T) {
	t.Parallel()
	for name, closeFence := range closings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			e.finish(t, s, during(func() { closeFence(t, e) }))
			wantRefused(t, e, s)
		})
	}
	t.Run("and the photo is refused by the engine", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s := e.newScan(t)
		e.finish(t, s, func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
			e.setConsent(t, false, 2)
			return engine(noFace)(r, o)
		})
		wantRefused(t, e, s)
	})
	t.Run("the consent of somebody else does not matter", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s := e.newScan(t)
		e.finish(t, s, during(func() { e.putUser(t, account.User{UID: "bob", State: account.Erasing, ConsentEpoch: 9}) }))
		if got := e.load(t, s.ID); got.State != Completed {
			t.Errorf("scan is %s", got.State)
		}
	})
}

func TestScanIsDeletedDuringTheAnalysis(t *testing.T) {
	t.Parallel()
	for name, engineOf := range map[string]func(func()) engineFunc{
		"that succeeds": during,
		"that refuses the photo": func(do func()) engineFunc {
			return func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
				do()
				return engine(noFace)(r, o)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			e.finish(t, s, engineOf(func() { e.remove(t, s) }))
			if _, err := get(t.Context(), e.fs, s.ID); err == nil {
				t.Error("the scan is back")
			}
			wantNothingKept(t, e, s)
		})
	}
}

func (e *env) remove(t *testing.T, s Scan) {
	t.Helper()
	if _, err := ref(e.fs, s.ID).Delete(t.Context()); err != nil {
		t.Error(err)
	}
}

// A process may die after it has ended a scan at the fence and before it has deleted all: the next delivery does.
func TestRefusedScanIsDeletedAtLast(t *testing.T) {
	t.Parallel()
	broken := func(t *testing.T, e *env, engine engineFunc) *Analyzer {
		t.Helper()
		gcs := e.client(t, refusing(http.StatusForbidden, method(http.MethodDelete)))
		a := e.analyzer(engine)
		a.Uploads, a.Results = gcs.Bucket(uploadsBucket), gcs.Bucket(resultsBucket)
		return a
	}
	tests := map[string]func(t *testing.T, e *env, s Scan, generation int64) error{
		"refused at the claim": func(t *testing.T, e *env, s Scan, generation int64) error {
			t.Helper()
			e.setConsent(t, false, 2)
			return broken(t, e, measure).Handle(t.Context(), finalized(t, s, generation))
		},
		"refused at the finish": func(t *testing.T, e *env, s Scan, generation int64) error {
			t.Helper()
			a := broken(t, e, during(func() { e.setConsent(t, false, 2) }))
			return a.Handle(t.Context(), finalized(t, s, generation))
		},
		"deleted during the analysis": func(t *testing.T, e *env, s Scan, generation int64) error {
			t.Helper()
			a := broken(t, e, during(func() { e.remove(t, s) }))
			return a.Handle(t.Context(), finalized(t, s, generation))
		},
	}
	for name, interrupted := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.upload(t, s, []byte("photo"))
			if err := interrupted(t, e, s, generation); err == nil || !fault.Retryable(err) {
				t.Fatalf("with deletion refused: %v, want a retryable error", err)
			}
			if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			wantNothingKept(t, e, s)
		})
	}
}

// The report of a holder that was killed before its finish goes with the photo, when the fence has closed since.
func TestFenceTakesTheReportOfAKilledHolder(t *testing.T) {
	t.Parallel()
	for name, closeFence := range closings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.upload(t, s, []byte("photo"))
			a := e.analyzer(measure)
			if _, err := a.Claim(t.Context(), s.UID, s.ID, event.ObjectFinalized{Generation: generation}); err != nil {
				t.Fatal(err)
			}
			e.putResults(t, s)
			e.clock.advance(leaseLong)
			closeFence(t, e)
			if err := a.Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			wantRefused(t, e, s)
		})
	}
}

func TestFenceGoesBeforeTooManyClaims(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	generation := e.upload(t, s, []byte("photo"))
	a := e.analyzer(measure)
	exhaust(t, e, a, s, generation)
	e.setConsent(t, false, 2)
	if err := a.Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatalf("it is parked: %v", err)
	}
	wantRefused(t, e, s)
}

// The database fails at the fence: nobody knows whether it is closed, so nothing is done for good.
func TestFenceCannotBeRead(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	generation := e.upload(t, s, []byte("photo"))
	unreadable := []firestore.Update{{Path: "state", Value: 1}}
	if _, err := account.Ref(e.fs, anna).Update(t.Context(), unreadable); err != nil {
		t.Fatal(err)
	}
	a := e.analyzer(measure)
	if err := a.Handle(t.Context(), finalized(t, s, generation)); err == nil || !fault.Retryable(err) {
		t.Errorf("Handle = %v, want a retryable error", err)
	}
	if got := e.load(t, s.ID); got.State != AwaitingUpload || e.photoOf(t, s) != generation {
		t.Errorf("scan is %s, photo %d", got.State, e.photoOf(t, s))
	}
}
