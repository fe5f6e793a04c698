package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
)

// analyzed takes a photo of anna's through to its scan's end.
func (e *env) analyzed(t *testing.T, photo string, engine engineFunc, change ...func(*Scan)) Scan {
	t.Helper()
	s := e.newScan(t, change...)
	generation := e.upload(t, s, []byte(photo))
	e.clock.advance(time.Second)
	if err := e.analyzer(engine).Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	return e.load(t, s.ID)
}

// rankableIn tells what the scan's event said.
func (e *env) rankableIn(t *testing.T, s Scan) bool {
	t.Helper()
	for _, told := range published[event.ScanCompletedV1](t, e.bus) {
		if told.ScanID == string(s.ID) {
			return told.Rankable
		}
	}
	t.Errorf("scan %s is told by no event", s.ID)
	return false
}

func wantOriginal(t *testing.T, e *env, s Scan) {
	t.Helper()
	if s.State != Completed || s.DuplicateOf != "" || s.Result["rankable"] != true || !e.rankableIn(t, s) {
		t.Errorf("%s %s: duplicate of %q, rankable %v, want an original", s.State, s.ID, s.DuplicateOf, s.Result["rankable"])
	}
}

func wantDuplicate(t *testing.T, e *env, s, of Scan) {
	t.Helper()
	if s.State != Completed || s.DuplicateOf != of.ID {
		t.Fatalf("%s %s: duplicate of %q, want of %s", s.State, s.ID, s.DuplicateOf, of.ID)
	}
	if s.Result["rankable"] != false || s.Result["notRankableBecause"] != whyDuplicate || e.rankableIn(t, s) {
		t.Errorf("a duplicate is ranked: %v because %v", s.Result["rankable"], s.Result["notRankableBecause"])
	}
	if s.Result["score"] == nil || !e.resultsOf(t, s) {
		t.Error("a duplicate has no result")
	}
}

func TestSamePhotoTwice(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	original := e.analyzed(t, "photo", measure)
	wantOriginal(t, e, original)
	duplicate := e.analyzed(t, "photo", measure)
	wantDuplicate(t, e, duplicate, original)
	wantDuplicate(t, e, e.analyzed(t, "photo", measure), original) // of the first, and not of a duplicate

	t.Run("another photo is an original", func(t *testing.T) {
		wantOriginal(t, e, e.analyzed(t, "another", measure))
	})
	t.Run("another user's is an original", func(t *testing.T) {
		e.putBob(t)
		bobs := e.analyzed(t, "photo", measure, func(s *Scan) { s.UID = "bob" })
		wantOriginal(t, e, bobs)
		if bobs.Content == original.Content {
			t.Error("photos of two users can be compared")
		}
	})
	t.Run("measured by another version it is an original", func(t *testing.T) {
		newer := func() (report.Report, []report.Picture, error) {
			r := measured
			r.Version = "test-2.0.0"
			return r, drawn(), nil
		}
		wantOriginal(t, e, e.analyzed(t, "photo", answering(newer)))
	})
	t.Run("of a scan that failed it is an original", func(t *testing.T) {
		e.analyzed(t, "refused", engine(noFace))
		wantOriginal(t, e, e.analyzed(t, "refused", measure))
	})
	t.Run("after the first is deleted the others stay as they are", func(t *testing.T) {
		if _, err := ref(e.fs, original.ID).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantDuplicate(t, e, e.load(t, duplicate.ID), original)
		wantDuplicate(t, e, e.analyzed(t, "photo", measure), duplicate)
	})
}

// Whichever order the commits come in, and of whichever process, one is the first.
func TestSamePhotoAtOnce(t *testing.T) {
	t.Parallel()
	const photos = 8
	e := newEnv(t)
	began, measuring := make(chan struct{}, photos), make(chan struct{})
	engine := during(func() { began <- struct{}{}; <-measuring })
	processes := []*Analyzer{e.analyzer(engine), e.analyzer(engine)}
	processes[1].Firestore = e.database(t)
	processes[1].Outbox = e.boxOver(processes[1].Firestore)
	scans, done := make([]Scan, photos), make(chan error, photos)
	for i := range scans {
		scans[i] = e.newScan(t)
		m := finalized(t, scans[i], e.upload(t, scans[i], []byte("photo")))
		go func() { done <- processes[i%2].Handle(t.Context(), m) }()
	}
	for range photos {
		receive(t, began, "a measurement's beginning")
	}
	close(measuring)
	for range photos {
		if err := receive(t, done, "an analysis"); err != nil {
			t.Fatal(err)
		}
	}
	var original Scan
	for i, s := range scans {
		scans[i] = e.load(t, s.ID)
		if scans[i].DuplicateOf == "" {
			wantOriginal(t, e, scans[i])
			original = scans[i]
		}
	}
	for _, s := range scans {
		if s.ID != original.ID {
			wantDuplicate(t, e, s, original)
		}
	}
}

// Another process completes a scan of the photo after this one has looked for such, and before it
// commits.
func TestSamePhotoInBetween(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	other, s := e.newScan(t), e.newScan(t)
	between := finalized(t, other, e.upload(t, other, []byte("photo")))
	var once sync.Once
	a := e.analyzer(measure)
	a.Firestore = e.database(t, grpc.WithUnaryInterceptor(func(
		ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		if commit, ok := req.(*firestorepb.CommitRequest); ok && strings.Contains(commit.String(), "/guard/state") {
			once.Do(func() {
				if err := e.analyzer(measure).Handle(t.Context(), between); err != nil {
					t.Error(err)
				}
			})
		}
		return invoke(ctx, method, req, reply, conn, opts...)
	}))
	a.Outbox = e.boxOver(a.Firestore)
	if err := a.Handle(t.Context(), finalized(t, s, e.upload(t, s, []byte("photo")))); err != nil {
		t.Fatal(err)
	}
	original := e.load(t, other.ID)
	wantOriginal(t, e, original)
	wantDuplicate(t, e, e.load(t, s.ID), original)
}

func TestAnnouncedPhoto(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	open := func(t *testing.T, photo string) Scan {
		t.Helper()
		w := ticketFor(t, api, anna, "", announcing(photo))
		return e.load(t, wantTicket(t, w, http.StatusCreated).Scan.ID)
	}
	t.Run("that comes is measured", func(t *testing.T) {
		s := open(t, "photo")
		e.finish(t, s, measure)
		wantOriginal(t, e, e.load(t, s.ID))
	})
	t.Run("in place of which another comes fails the scan", func(t *testing.T) {
		s := open(t, "announced")
		e.finish(t, s, during(func() { t.Error("it was measured") }))
		wantFailed(t, e, s, ReasonMismatch)
	})
}

// announcing is a request for a ticket that announces the photo.
func announcing(photo string) string {
	return fmt.Sprintf(`{"contentType":"image/jpeg","sha256":%q}`, hexSum(photo))
}

func hexSum(photo string) string {
	sum := sha256.Sum256([]byte(photo))
	return hex.EncodeToString(sum[:])
}

func TestAnnouncedPhotoThatWasMeasured(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	original := e.analyzed(t, "photo", currently)
	e.analyzed(t, "photo", currently)

	t.Run("needs no upload", func(t *testing.T) {
		for _, key := range []string{"", "key"} {
			w := ticketFor(t, api, anna, key, announcing("photo"))
			got := wantTicket(t, w, http.StatusOK)
			if got.Scan.ID != original.ID || !got.SamePhoto || got.Upload != nil || got.Scan.State != Completed {
				t.Errorf("got %+v, want the first scan, without a ticket", got)
			}
			if want := "/v1/scans/" + string(original.ID); w.Header().Get("Location") != want {
				t.Errorf("Location is %q, want %s", w.Header().Get("Location"), want)
			}
		}
	})
	t.Run("by another version of the engine is to be uploaded", func(t *testing.T) {
		e.analyzed(t, "old", measure)
		got := wantTicket(t, ticketFor(t, api, anna, "", announcing("old")), http.StatusCreated)
		if got.Upload == nil || got.SamePhoto {
			t.Errorf("got %+v, want a ticket", got)
		}
	})
	t.Run("by another user is to be uploaded", func(t *testing.T) {
		e.putBob(t)
		wantTicket(t, ticketFor(t, api, "bob", "", announcing("photo")), http.StatusCreated)
	})
	t.Run("is the same for the key that opened a scan of it before", func(t *testing.T) {
		opened := wantTicket(t, ticketFor(t, api, anna, "mine", announcing("mine")), http.StatusCreated)
		e.analyzed(t, "mine", currently)
		got := wantTicket(t, ticketFor(t, api, anna, "mine", announcing("mine")), http.StatusOK)
		if got.Scan.ID != opened.Scan.ID || got.Upload == nil || got.SamePhoto {
			t.Errorf("got %+v, want the scan that awaits its photo", got)
		}
	})
	t.Run("is not told after the consent is withdrawn", func(t *testing.T) {
		e.setConsent(t, false, 2)
		wantProblem(t, ticketFor(t, api, anna, "", announcing("photo")), 403, "consent_required")
	})
}

// currently is measure by the engine's version.
var currently = answering(func() (report.Report, []report.Picture, error) {
	r := measured
	r.Version = report.Version
	return r, drawn(), nil
})

func TestMalformedChecksum(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for _, sum := range []string{
		"x", strings.Repeat("a", 63), strings.Repeat("a", 65), strings.Repeat("A", 64), strings.Repeat("g", 64), strings.Repeat("a", 63) + `\n`,
	} {
		p := wantProblem(t, ticketFor(t, e.uploadsAPI(), anna, "", `{"contentType":"image/jpeg","sha256":"`+sum+`"}`), 422, "invalid_field")
		if len(p.Fields) != 1 || p.Fields[0].Pointer != "/sha256" {
			t.Errorf("%q: fields %v", sum, p.Fields)
		}
	}
}

// What was measured under a consent that was withdrawn is about to go: it makes nothing a
// duplicate, answers no upload, and hides no scan of the consent given since.
func TestDuplicate_isNoneOfAWithdrawnConsent(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	announced := fmt.Sprintf(`{"contentType":"image/jpeg","sha256":"%x"}`, sha256.Sum256([]byte("photo")))
	measured := func(key string) Scan {
		t.Helper()
		opened := wantTicket(t, ticketFor(t, api, anna, key, announced), http.StatusCreated)
		e.finish(t, e.load(t, opened.Scan.ID), answering(func() (report.Report, []report.Picture, error) {
			r := measured
			r.Version = report.Version
			return r, drawn(), nil
		}))
		return e.load(t, opened.Scan.ID)
	}
	measured("first")
	if w := ticketFor(t, api, anna, "again", announced); w.Code != http.StatusOK {
		t.Fatalf("under the same consent: %d %s", w.Code, w.Body)
	}
	e.setConsent(t, false, 2)
	e.setConsent(t, true, 3)
	second := measured("second")
	if second.DuplicateOf != "" || !second.result().Rankable {
		t.Errorf("after a new consent: %+v", second)
	}
	w := ticketFor(t, api, anna, "third", announced)
	if got := decoded[ticketAnswer](t, w); w.Code != http.StatusOK || !got.SamePhoto || got.Scan.ID != second.ID {
		t.Errorf("%d %s, want the scan %s", w.Code, w.Body, second.ID)
	}
}
