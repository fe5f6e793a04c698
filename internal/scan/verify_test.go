package scan

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
)

// askAgain posts the action and returns the message that analyze gets for it.
func (e *env) askAgain(t *testing.T, s Scan, action string) event.Message {
	t.Helper()
	w := ask(t, scansAPI(e.service(e.fs)), "anna", http.MethodPost, pathOf(s)+"/"+action)
	if w.Code != http.StatusAccepted || decoded[view](t, w).Verification.Outcome != verifyPending {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	sent := e.bus.on(event.Topic(event.ScanVerifyRequestedV1{}.EventType()))
	last := sent[len(sent)-1]
	return event.Message{ID: rand.Text(), Data: last.data, Attributes: last.attributes}
}

// changed is an engine whose report is another.
func changed(io.Reader, report.Options) (report.Report, []report.Picture, error) {
	report := measured
	report.Version, report.Score.Value = "test-2.0.0", 80
	return report, drawn(), nil
}

func TestVerify(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		engine engineFunc
		before func(*testing.T, *env, Scan, int64)
		want   string
	}{
		"the same report":      {measure, nil, verifyMatches},
		"another report":       {changed, nil, verifyDiffers},
		"a photo now refused":  {engine(noFace), nil, verifyRefused},
		"an engine that falls": {func(io.Reader, report.Options) (report.Report, []report.Picture, error) { panic("x") }, nil, verifyRefused},
		"a photo gone meanwhile": {measure, func(t *testing.T, e *env, s Scan, generation int64) {
			t.Helper()
			if err := deletePhoto(t.Context(), e.uploads, PhotoName(s.UID, s.ID), generation); err != nil {
				t.Fatal(err)
			}
		}, verifyGone},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.finish(t, s, measure)
			done := e.load(t, s.ID)
			m := e.askAgain(t, s, "verify")
			if tt.before != nil {
				tt.before(t, e, s, generation)
			}
			for range 2 { // the second is a duplicate
				if err := e.analyzer(tt.engine).Handle(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			got := e.load(t, s.ID)
			if got.Verification.Outcome != tt.want || got.Version != done.Version+2 {
				t.Errorf("outcome %+v, version %d after %d", got.Verification, got.Version, done.Version)
			}
			if diff := cmp.Diff(done.Result, got.Result); diff != "" || got.Previous != nil {
				t.Errorf("the result changed (-before +after):\n%s", diff)
			}
		})
	}
}

// A verification and a re-score are waited for with one request, like the first analysis.
func TestWaitForTheOutcome(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{"verify": verifyMatches, "rescore": verifyRescored} {
		t.Run("of "+action, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			e.finish(t, s, measure)
			m := e.askAgain(t, s, action)
			pending := e.load(t, s.ID)
			reader := e.service(e.fs)
			answer := poll(t.Context(), scansAPI(reader), fmt.Sprintf("%s?wait=25&since=%d", s.ID, pending.Version))
			eventually(t, "the listener hears", func() bool { return reader.Watcher.hears(s.ID) })
			if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := decoded[view](t, receive(t, answer, "the answer"))
			if got.Version != pending.Version+1 || got.Verification.Outcome != want {
				t.Errorf("version %d after %d, verification %+v", got.Version, pending.Version, got.Verification)
			}
		})
	}
	t.Run("ends when the scan is deleted", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s := e.newScan(t)
		e.finish(t, s, measure)
		e.askAgain(t, s, "verify")
		reader := e.service(e.fs)
		answer := poll(t.Context(), scansAPI(reader), string(s.ID)+"?wait=25")
		eventually(t, "the listener hears", func() bool { return reader.Watcher.hears(s.ID) })
		if w := ask(t, scansAPI(reader), "anna", http.MethodDelete, pathOf(s)); w.Code != http.StatusNoContent {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		wantProblem(t, receive(t, answer, "the answer"), http.StatusNotFound, "not_found")
	})
	t.Run("is none once it is there, whatever since says", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s := e.newScan(t)
		e.finish(t, s, measure)
		if err := e.analyzer(measure).Handle(t.Context(), e.askAgain(t, s, "verify")); err != nil {
			t.Fatal(err)
		}
		answer := poll(t.Context(), scansAPI(e.service(e.fs)), string(s.ID)+"?wait=25&since=99")
		if got := decoded[view](t, receive(t, answer, "the answer")); got.Verification.Outcome != verifyMatches {
			t.Errorf("verification %+v", got.Verification)
		}
	})
}

func TestRescore(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	e.finish(t, s, measure)
	done := e.load(t, s.ID)
	m := e.askAgain(t, s, "rescore")
	e.clock.advance(time.Minute)
	for range 2 {
		if err := e.analyzer(changed).Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := e.load(t, s.ID)
	r := got.result()
	if got.Verification.Outcome != verifyRescored || r.Version != "test-2.0.0" || r.Score.Value != 80 || !got.FinishedAt.Equal(done.FinishedAt) {
		t.Errorf("scan = %+v, score %v of %s", got.Verification, r.Score, r.Version)
	}
	if diff := cmp.Diff(&Previous{Engine: "test-1.0.0", Score: 71.5}, got.Previous); diff != "" {
		t.Errorf("previous (-want +got):\n%s", diff)
	}
	want := []event.ScanRescoredV1{{
		UID: "anna", ScanID: string(s.ID), ConsentEpoch: 1, EngineMajor: 2, Score: 80,
		Interval: event.Around(60, 80), Rankable: true, CompletedAt: done.FinishedAt, Revision: got.Version,
	}}
	if diff := cmp.Diff(want, published[event.ScanRescoredV1](t, e.bus)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAskingAgainIsRefused(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := scansAPI(e.service(e.fs))
	post := func(s Scan, action string) int {
		return ask(t, api, "anna", http.MethodPost, pathOf(s)+"/"+action).Code
	}
	s, generation := e.begunScan(t, Completed)
	wantProblem(t, ask(t, api, "bob", http.MethodPost, pathOf(s)+"/verify"), http.StatusForbidden, "not_registered")
	e.putUser(t, account.User{UID: "bob", State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}})
	wantProblem(t, ask(t, api, "bob", http.MethodPost, pathOf(s)+"/verify"), http.StatusNotFound, "not_found")
	failed, _ := e.begunScan(t, Failed)
	wantProblem(t, ask(t, api, "anna", http.MethodPost, pathOf(failed)+"/verify"), http.StatusConflict, "scan_not_completed")
	current := e.newScan(t, func(s *Scan) { s.complete(map[string]any{"version": report.Version}, e.clock.Now()) })
	wantProblem(t, ask(t, api, "anna", http.MethodPost, pathOf(current)+"/rescore"), http.StatusConflict, "already_current")

	for range 3 {
		if code := post(s, "verify"); code != http.StatusAccepted {
			t.Errorf("status %d", code)
		}
	}
	if n := len(published[event.ScanVerifyRequestedV1](t, e.bus)); n != 1 {
		t.Errorf("%d events for one request under way", n)
	}
	e.clock.advance(pendingLife)
	post(s, "verify")
	if n := len(published[event.ScanVerifyRequestedV1](t, e.bus)); n != 2 {
		t.Errorf("%d events, want another for a request that was lost", n)
	}
	e.setConsent(t, false, 2)
	wantProblem(t, ask(t, api, "anna", http.MethodPost, pathOf(s)+"/verify"), http.StatusForbidden, "consent_required")
	e.setConsent(t, true, 1)
	if err := deletePhoto(t.Context(), e.uploads, PhotoName(s.UID, s.ID), generation); err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"verify", "rescore"} {
		wantProblem(t, ask(t, api, "anna", http.MethodPost, pathOf(s)+"/"+action), http.StatusGone, "original_gone")
	}
}

// A scan that goes while it is measured again leaves nothing.
func TestRescoreOfWhatGoesMeanwhile(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *env, Scan){
		"the scan is deleted":      func(t *testing.T, e *env, s Scan) { t.Helper(); e.remove(t, s) },
		"the consent is withdrawn": func(t *testing.T, e *env, _ Scan) { t.Helper(); e.setConsent(t, false, 2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			e.finish(t, s, measure)
			m := e.askAgain(t, s, "rescore")
			if err := e.analyzer(during(func() { end(t, e, s) })).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if e.photoOf(t, s) != 0 || e.resultsOf(t, s) {
				t.Error("objects are left")
			}
			if n := len(published[event.ScanRescoredV1](t, e.bus)); n != 0 {
				t.Errorf("%d events", n)
			}
		})
	}
}

// A copy, or what the guard kept from the boards, does not get there by way of a later engine.
func TestRescoreRanksNothingThatWasNotRanked(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	e.finish(t, s, measure)
	done := e.load(t, s.ID)
	done.Result = notRanked(done.Result, whyDuplicate)
	e.put(t, done)
	if err := e.analyzer(changed).Handle(t.Context(), e.askAgain(t, s, "rescore")); err != nil {
		t.Fatal(err)
	}
	got := e.load(t, s.ID)
	if r := got.result(); r.Rankable || got.Result["notRankableBecause"] != whyDuplicate || r.Version != "test-2.0.0" {
		t.Errorf("rankable %v because %q", r.Rankable, got.Result["notRankableBecause"])
	}
	if told := published[event.ScanRescoredV1](t, e.bus); len(told) != 1 || told[0].Rankable {
		t.Errorf("told %+v", told)
	}
}
