package scan

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
)

func wantFailed(t *testing.T, e *env, s Scan, code string) {
	t.Helper()
	got := e.load(t, s.ID)
	if got.State != Failed || got.Failure == nil || got.Failure.Code != code || got.Failure.Detail == "" {
		t.Errorf("scan is %s with %+v, want failed with %s", got.State, got.Failure, code)
	}
	want := []event.ScanFailedV1{{UID: string(s.UID), ScanID: string(s.ID), ConsentEpoch: s.ConsentEpoch, Code: code}}
	if diff := cmp.Diff(want, failures(t, e, s.ID)); diff != "" {
		t.Errorf("scan.failed (-want +got):\n%s", diff)
	}
}

func failures(t *testing.T, e *env, id ID) []event.ScanFailedV1 {
	t.Helper()
	var of []event.ScanFailedV1
	for _, p := range published[event.ScanFailedV1](t, e.bus) {
		if p.ScanID == string(id) {
			of = append(of, p)
		}
	}
	return of
}

func TestEngineThatPanics(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	doomed, neighbour := e.newScan(t), e.newScan(t)
	doomedPhoto, neighbourPhoto := e.upload(t, doomed, []byte("doomed")), e.upload(t, neighbour, []byte("fine"))
	neighbourBegan, crashDone := make(chan struct{}), make(chan struct{})
	a := e.analyzer(func(r io.Reader, _ report.Options) (report.Report, []report.Picture, error) {
		photo, err := io.ReadAll(r)
		if err != nil {
			return report.Report{}, nil, err
		}
		if string(photo) == "doomed" {
			receive(t, neighbourBegan, "the neighbour's beginning")
			panic("index out of range")
		}
		close(neighbourBegan)
		receive(t, crashDone, "the crash")
		return measured, drawn(), nil
	})
	neighbourDone := make(chan error, 1)
	go func() { neighbourDone <- a.Handle(t.Context(), finalized(t, neighbour, neighbourPhoto)) }()

	err := a.Handle(t.Context(), finalized(t, doomed, doomedPhoto))
	close(crashDone)
	if !fault.Is(err, fault.CodeAnalysisCrashed) || fault.Retryable(err) {
		t.Errorf("the crash: %v, want a permanent analysis_crashed", err)
	}
	if err == nil || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("the cause is not told: %v", err)
	}
	wantFailed(t, e, doomed, ReasonCrashed)
	if e.resultsOf(t, doomed) {
		t.Error("the crashed scan has a report")
	}
	if err := receive(t, neighbourDone, "the neighbour's end"); err != nil {
		t.Errorf("the neighbour: %v", err)
	}
	if got := e.load(t, neighbour.ID); got.State != Completed {
		t.Errorf("the neighbour is %s", got.State)
	}
	if err := a.Handle(t.Context(), finalized(t, doomed, doomedPhoto)); err != nil {
		t.Errorf("the redelivery of the crash: %v", err)
	}
	wantNoMore(t, e, 2)
}

func TestHolderThatIsKilled(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	generation := e.upload(t, s, []byte("photo"))
	a := e.analyzer(measure)
	m := finalized(t, s, generation)
	if _, err := a.Claim(t.Context(), s.UID, s.ID, event.ObjectFinalized{Generation: generation}); err != nil {
		t.Fatal(err)
	}
	writeObject(t, e.results.Object(pictureName(s.UID, s.ID, report.PictureOverlay)), []byte("written before it was killed"))
	if err := a.Handle(t.Context(), m); !fault.Is(err, fault.CodeUnavailable) || !fault.Retryable(err) {
		t.Errorf("within the lease: %v, want unavailable", err)
	}
	e.clock.advance(leaseLong)
	if err := a.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := e.load(t, s.ID); got.State != Completed || got.Claims != 2 {
		t.Errorf("scan is %s after %d claims", got.State, got.Claims)
	}
	for _, p := range drawn() {
		if got := contentOf(t, e.results.Object(pictureName(s.UID, s.ID, p.Name))); got != string(p.JPEG) {
			t.Errorf("the %s is %q after the redo", p.Name, got)
		}
	}
	wantNoMore(t, e, 1)
}

func TestHolderThatComesTooLate(t *testing.T) {
	t.Parallel()
	late := map[string]engineFunc{
		"with a result": measure, "with a refusal": engine(noFace), "with a failure": engine(errors.New("failed")),
	}
	for name, end := range late {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.upload(t, s, []byte("photo"))
			m := finalized(t, s, generation)
			var done Scan
			a := e.analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
				e.clock.advance(leaseLong)
				if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
					t.Errorf("the second holder: %v", err)
				}
				done = e.load(t, s.ID)
				return end(r, o)
			})
			if err := a.Handle(t.Context(), m); err != nil && !fault.Retryable(err) {
				t.Errorf("the first holder: %v", err)
			}
			if done.State != Completed {
				t.Fatalf("the second holder left it %s", done.State)
			}
			if diff := cmp.Diff(done, e.load(t, s.ID)); diff != "" {
				t.Errorf("the late holder changed the scan:\n%s", diff)
			}
			if !e.resultsOf(t, s) || e.photoOf(t, s) != generation {
				t.Error("report or photo are gone")
			}
			wantNoMore(t, e, 1)
		})
	}
	t.Run("with a result, after the scan has failed, it leaves no report", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s := e.newScan(t)
		generation := e.upload(t, s, []byte("photo"))
		m := finalized(t, s, generation)
		a := e.analyzer(during(func() {
			e.clock.advance(leaseLong)
			if err := e.analyzer(engine(noFace)).Handle(t.Context(), m); err != nil {
				t.Errorf("the second holder: %v", err)
			}
		}))
		if err := a.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		wantFailed(t, e, s, "no_face")
		if e.resultsOf(t, s) {
			t.Error("the failed scan has a report")
		}
		if e.photoOf(t, s) != generation {
			t.Error("the photo is gone before its time")
		}
		wantNoMore(t, e, 1)
	})
	t.Run("when nobody has claimed the scan since, it is in time", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		s := e.newScan(t)
		e.finish(t, s, during(func() { e.clock.advance(leaseLong) }))
		if got := e.load(t, s.ID); got.State != Completed {
			t.Errorf("scan is %s", got.State)
		}
	})
}

// exhaust begins the analysis as often as is allowed, without an end, and lets the last lease run out.
func exhaust(t *testing.T, e *env, a *Analyzer, s Scan, generation int64) {
	t.Helper()
	for range maxClaims {
		if _, err := a.Claim(t.Context(), s.UID, s.ID, event.ObjectFinalized{Generation: generation}); err != nil {
			t.Fatal(err)
		}
		e.clock.advance(leaseLong)
	}
}

func TestAnalysisBegunTooOften(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	generation := e.upload(t, s, []byte("photo"))
	a := e.analyzer(during(func() { t.Error("it was analysed once more") }))
	exhaust(t, e, a, s, generation)
	err := a.Handle(t.Context(), finalized(t, s, generation))
	if !fault.Is(err, fault.CodeAnalysisCrashed) || fault.Retryable(err) {
		t.Errorf("Handle = %v, want a permanent analysis_crashed", err)
	}
	wantFailed(t, e, s, ReasonCrashed)
	if err := a.Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Errorf("redelivery: %v", err)
	}
	wantNoMore(t, e, 1)
}

func TestTransientFailure(t *testing.T) {
	t.Parallel()
	tests := map[string]func(ctx context.Context, t *testing.T, e *env, a *Analyzer) context.Context{
		"the results bucket is missing": func(ctx context.Context, t *testing.T, e *env, a *Analyzer) context.Context {
			t.Helper()
			a.Results = e.client(t, http.DefaultTransport.RoundTrip).Bucket("nowhere")
			return ctx
		},
		"the results bucket is unavailable": func(ctx context.Context, t *testing.T, e *env, a *Analyzer) context.Context {
			t.Helper()
			a.Results = e.client(t, refusing(http.StatusServiceUnavailable, method(http.MethodPost))).Bucket(resultsBucket)
			return ctx
		},
		"one picture may not be written": func(ctx context.Context, t *testing.T, e *env, a *Analyzer) context.Context {
			t.Helper()
			a.Results = e.client(t, refusing(http.StatusForbidden, func(r *http.Request) bool {
				return r.Method == http.MethodPost && strings.Contains(r.URL.RawQuery, "right-right.jpg")
			})).Bucket(resultsBucket)
			return ctx
		},
		"the photo may not be read": func(ctx context.Context, t *testing.T, e *env, a *Analyzer) context.Context {
			t.Helper()
			a.Uploads = e.client(t, refusing(http.StatusForbidden, method(http.MethodGet))).Bucket(uploadsBucket)
			return ctx
		},
		"the engine fails": func(ctx context.Context, t *testing.T, _ *env, a *Analyzer) context.Context {
			t.Helper()
			a.Scan = engine(errors.New("cascades damaged"))
			return ctx
		},
		"the time is up during the analysis": func(ctx context.Context, t *testing.T, _ *env, a *Analyzer) context.Context {
			t.Helper()
			ctx, cancel := context.WithCancelCause(ctx)
			a.Scan = during(func() { cancel(context.DeadlineExceeded) })
			return ctx
		},
		"the time is up during the analysis of a photo that is refused": func(
			ctx context.Context, t *testing.T, _ *env, a *Analyzer,
		) context.Context {
			t.Helper()
			ctx, cancel := context.WithCancel(ctx)
			a.Scan = func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
				cancel()
				return engine(noFace)(r, o)
			}
			return ctx
		},
		"the commit of the end fails": func(ctx context.Context, t *testing.T, e *env, a *Analyzer) context.Context {
			t.Helper()
			var commits atomic.Int32
			a.Firestore = e.database(t, grpc.WithUnaryInterceptor(func(
				ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
			) error {
				if strings.HasSuffix(method, "/Commit") && commits.Add(1) == 3 { // after the claim and the stage
					return status.Error(codes.Internal, "refused by the test")
				}
				return invoke(ctx, method, req, reply, conn, opts...)
			}))
			a.Outbox = e.boxOver(a.Firestore)
			return ctx
		},
	}
	for name, breakIt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.upload(t, s, []byte("photo"))
			m := finalized(t, s, generation)
			a := e.analyzer(measure)
			ctx := breakIt(t.Context(), t, e, a)
			if err := a.Handle(ctx, m); err == nil || !fault.Retryable(err) || errors.Is(err, event.ErrMalformed) {
				t.Fatalf("Handle = %v, want a retryable error", err)
			}
			got := e.load(t, s.ID)
			want := s
			look := e.clock.Now().Add(nextLook)
			want.State, want.Generation, want.SweepAt = Queued, generation, &look
			want.Version = got.Version // one more where it came to writing
			if got.Version < 3 {
				t.Errorf("version %d, want one more for the claim and one for giving it back", got.Version)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("scan given back (-want +got):\n%s", diff)
			}
			wantNoMore(t, e, 0)

			if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
				t.Fatalf("the next delivery: %v", err)
			}
			if got := e.load(t, s.ID); got.State != Completed || got.Claims != 1 {
				t.Errorf("scan is %s after %d claims", got.State, got.Claims)
			}
			wantNoMore(t, e, 1)
		})
	}
}

func TestTransientFailuresAreNoClaimsWithoutEnd(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	generation := e.upload(t, s, []byte("photo"))
	m := finalized(t, s, generation)
	for range maxClaims + 2 {
		if err := e.analyzer(engine(errors.New("away"))).Handle(t.Context(), m); err == nil || !fault.Retryable(err) {
			t.Fatalf("Handle = %v, want a retryable error", err)
		}
	}
	if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := e.load(t, s.ID); got.State != Completed {
		t.Errorf("scan is %s", got.State)
	}
}

func TestPhotoIsGone(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, *storage.ObjectHandle){
		"deleted": func(t *testing.T, object *storage.ObjectHandle) {
			t.Helper()
			if err := object.Delete(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		"replaced by another": func(t *testing.T, object *storage.ObjectHandle) {
			t.Helper()
			writeObject(t, object, []byte("another"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.upload(t, s, []byte("photo"))
			lose(t, e.uploads.Object(PhotoName(s.UID, s.ID)))
			a := e.analyzer(during(func() { t.Error("it was analysed") }))
			if err := a.Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			wantFailed(t, e, s, ReasonMissing)
			wantNoMore(t, e, 1)
		})
	}
}

// Whoever has waited too long may still come: the photo is there, so the scan goes on.
func TestLatePhotoRevivesAnExpiredScan(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t, func(s *Scan) { s.expire(e.clock.Now()) })
	e.clock.advance(3 * time.Hour)
	e.finish(t, s, measure)
	got := e.load(t, s.ID)
	if got.State != Completed || got.SweepAt == nil {
		t.Errorf("scan is %s, to be swept at %v", got.State, got.SweepAt)
	}
	if n := len(published[event.ScanCompletedV1](t, e.bus)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
