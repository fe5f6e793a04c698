package analyze_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
)

func wantDuplicate(t *testing.T, e *scantest.Env, s, of scan.Scan) {
	t.Helper()
	if s.State != scan.Completed || s.DuplicateOf != of.ID {
		t.Fatalf("%s %s: duplicate of %q, want of %s", s.State, s.ID, s.DuplicateOf, of.ID)
	}
	if s.Result["rankable"] != false || s.Result["notRankableBecause"] != analyze.WhyDuplicate || e.RankableIn(t, s) {
		t.Errorf("a duplicate is ranked: %v because %v", s.Result["rankable"], s.Result["notRankableBecause"])
	}
	if s.Result["score"] == nil || !e.ResultsOf(t, s) {
		t.Error("a duplicate has no result")
	}
}

func TestSamePhotoTwice(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	original := e.Analyzed(t, "photo", scantest.Measure)
	scantest.WantOriginal(t, e, original)
	duplicate := e.Analyzed(t, "photo", scantest.Measure)
	wantDuplicate(t, e, duplicate, original)
	wantDuplicate(t, e, e.Analyzed(t, "photo", scantest.Measure), original) // of the first, and not of a duplicate

	t.Run("another photo is an original", func(t *testing.T) {
		scantest.WantOriginal(t, e, e.Analyzed(t, "another", scantest.Measure))
	})
	t.Run("another user's is an original", func(t *testing.T) {
		e.PutBob(t)
		bobs := e.Analyzed(t, "photo", scantest.Measure, func(s *scan.Scan) { s.UID = "bob" })
		scantest.WantOriginal(t, e, bobs)
		if bobs.Content == original.Content {
			t.Error("photos of two users can be compared")
		}
	})
	t.Run("measured by another version it is an original", func(t *testing.T) {
		newer := func() (report.Report, []report.Picture, error) {
			r := scantest.Measured
			r.Version = "test-2.0.0"
			return r, scantest.Drawn(), nil
		}
		scantest.WantOriginal(t, e, e.Analyzed(t, "photo", scantest.Answering(newer)))
	})
	t.Run("of a scan that failed it is an original", func(t *testing.T) {
		e.Analyzed(t, "refused", scantest.Failing(scantest.NoFace))
		scantest.WantOriginal(t, e, e.Analyzed(t, "refused", scantest.Measure))
	})
	t.Run("after the first is deleted the others stay as they are", func(t *testing.T) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/v1/scans/"+string(original.ID), nil)
		r.Header.Set("Authorization", "Bearer "+string(scantest.Anna))
		w := httptest.NewRecorder()
		scantest.ScanAPI(e.ScanHandler(e.Firestore)).ServeHTTP(w, r)
		if w.Code != http.StatusNoContent {
			t.Fatalf("delete: %d %s", w.Code, w.Body)
		}
		wantDuplicate(t, e, e.Load(t, duplicate.ID), original)
		wantDuplicate(t, e, e.Analyzed(t, "photo", scantest.Measure), duplicate)
	})
}

// The version before remembered neither a photo's hash nor a duplicate, and its documents stay
// partial until scripts/migrate has filled them in: then the scans are asked.
func TestSamePhotoTwice_whereTheMemoryIsPartial(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	original := e.Analyzed(t, "photo", scantest.Measure)
	memory := account.Ref(e.Firestore, scantest.Anna).Collection("guard").Doc("state")
	entry := map[string]any{
		"scanId": string(original.ID), "consentEpoch": original.ConsentEpoch, "engine": 1, "hash": nil, "ratios": nil,
	}
	before := map[string]any{"schema": 1, "entries": []any{entry}, "places": nil}
	if _, err := memory.Set(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	wantDuplicate(t, e, e.Analyzed(t, "photo", scantest.Measure), original)
	snap, err := memory.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if version, err := snap.DataAt("schema"); version != int64(1) || err != nil {
		t.Errorf("the memory passes for whole: %v, %v", version, err)
	}
}

// Whichever order the commits come in, and of whichever process, one is the first.
func TestSamePhotoAtOnce(t *testing.T) {
	t.Parallel()
	const photos = 8
	e := scantest.New(t)
	began, measuring := make(chan struct{}, photos), make(chan struct{})
	engine := scantest.During(func() { began <- struct{}{}; <-measuring })
	processes := []*analyze.Consumer{e.Analyzer(engine), e.Analyzer(engine)}
	processes[1].Firestore = e.Database(t)
	processes[1].Outbox = e.OutboxOver(processes[1].Firestore)
	scans, done := make([]scan.Scan, photos), make(chan error, photos)
	for i := range scans {
		scans[i] = e.NewScan(t)
		m := scantest.Finalized(t, scans[i], e.Upload(t, scans[i], []byte("photo")))
		go func() { done <- processes[i%2].Handle(t.Context(), m) }()
	}
	for range photos {
		scantest.Receive(t, began, "a measurement's beginning")
	}
	close(measuring)
	for range photos {
		if err := scantest.Receive(t, done, "an analysis"); err != nil {
			t.Fatal(err)
		}
	}
	var original scan.Scan
	for i, s := range scans {
		scans[i] = e.Load(t, s.ID)
		if scans[i].DuplicateOf == "" {
			scantest.WantOriginal(t, e, scans[i])
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
	e := scantest.New(t)
	other, s := e.NewScan(t), e.NewScan(t)
	between := scantest.Finalized(t, other, e.Upload(t, other, []byte("photo")))
	var once sync.Once
	a := e.Analyzer(scantest.Measure)
	a.Firestore = e.Database(t, grpc.WithUnaryInterceptor(func(
		ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker,
		opts ...grpc.CallOption,
	) error {
		if commit, ok := req.(*firestorepb.CommitRequest); ok && strings.Contains(commit.String(), "/guard/state") {
			once.Do(func() {
				if err := e.Analyzer(scantest.Measure).Handle(t.Context(), between); err != nil {
					t.Error(err)
				}
			})
		}
		return invoke(ctx, method, req, reply, conn, opts...)
	}))
	a.Outbox = e.OutboxOver(a.Firestore)
	if err := a.Handle(t.Context(), scantest.Finalized(t, s, e.Upload(t, s, []byte("photo")))); err != nil {
		t.Fatal(err)
	}
	original := e.Load(t, other.ID)
	scantest.WantOriginal(t, e, original)
	wantDuplicate(t, e, e.Load(t, s.ID), original)
}

func TestAnnouncedPhoto(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	open := func(t *testing.T, photo string) scan.Scan {
		t.Helper()
		w := scantest.TicketFor(t, api, scantest.Anna, "", scantest.Announcing(photo))
		return e.Load(t, scantest.WantTicket(t, w, http.StatusCreated).Scan.ID)
	}
	t.Run("that comes is measured", func(t *testing.T) {
		s := open(t, "photo")
		e.Finish(t, s, scantest.Measure)
		scantest.WantOriginal(t, e, e.Load(t, s.ID))
	})
	t.Run("in place of which another comes fails the scan", func(t *testing.T) {
		s := open(t, "announced")
		e.Finish(t, s, scantest.During(func() { t.Error("it was measured") }))
		scantest.WantFailed(t, e, s, scan.ReasonMismatch)
	})
}
