package analyze_test

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
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
)

func TestEngineThatPanics(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	doomed, neighbour := e.NewScan(t), e.NewScan(t)
	doomedPhoto, neighbourPhoto := e.Upload(t, doomed, []byte("doomed")), e.Upload(t, neighbour, []byte("fine"))
	neighbourBegan, crashDone := make(chan struct{}), make(chan struct{})
	a := e.Analyzer(func(r io.Reader, _ report.Options) (report.Report, []report.Picture, error) {
		photo, err := io.ReadAll(r)
		if err != nil {
			return report.Report{}, nil, err
		}
		if string(photo) == "doomed" {
			scantest.Receive(t, neighbourBegan, "the neighbour's beginning")
			panic("index out of range")
		}
		close(neighbourBegan)
		scantest.Receive(t, crashDone, "the crash")
		return scantest.Measured, scantest.Drawn(), nil
	})
	neighbourDone := make(chan error, 1)
	go func() { neighbourDone <- a.Handle(t.Context(), scantest.Finalized(t, neighbour, neighbourPhoto)) }()

	err := a.Handle(t.Context(), scantest.Finalized(t, doomed, doomedPhoto))
	close(crashDone)
	if !fault.Is(err, fault.CodeAnalysisCrashed) || fault.Retryable(err) {
		t.Errorf("the crash: %v, want a permanent analysis_crashed", err)
	}
	if err == nil || !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("the cause is not told: %v", err)
	}
	scantest.WantFailed(t, e, doomed, scan.ReasonCrashed)
	if e.ResultsOf(t, doomed) {
		t.Error("the crashed scan has a report")
	}
	if err := scantest.Receive(t, neighbourDone, "the neighbour's end"); err != nil {
		t.Errorf("the neighbour: %v", err)
	}
	if got := e.Load(t, neighbour.ID); got.State != scan.Completed {
		t.Errorf("the neighbour is %s", got.State)
	}
	if err := a.Handle(t.Context(), scantest.Finalized(t, doomed, doomedPhoto)); err != nil {
		t.Errorf("the redelivery of the crash: %v", err)
	}
	scantest.WantNoMore(t, e, 2)
}

func TestHolderThatIsKilled(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	generation := e.Upload(t, s, []byte("photo"))
	a := e.Analyzer(scantest.Measure)
	m := scantest.Finalized(t, s, generation)
	if _, err := a.Claim(t.Context(), s.UID, s.ID, event.ObjectFinalized{Generation: generation}); err != nil {
		t.Fatal(err)
	}
	scantest.WriteObject(
		t, e.Results.Object(scan.PictureName(s.UID, s.ID, report.PictureOverlay)), []byte("written before it was killed"),
	)
	if err := a.Handle(t.Context(), m); !fault.Is(err, fault.CodeUnavailable) || !fault.Retryable(err) {
		t.Errorf("within the lease: %v, want unavailable", err)
	}
	e.Clock.Advance(scantest.LeaseLong)
	if err := a.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := e.Load(t, s.ID); got.State != scan.Completed || got.Claims != 2 {
		t.Errorf("scan is %s after %d claims", got.State, got.Claims)
	}
	for _, p := range scantest.Drawn() {
		if got := scantest.ContentOf(t, e.Results.Object(scan.PictureName(s.UID, s.ID, p.Name))); got != string(p.JPEG) {
			t.Errorf("the %s is %q after the redo", p.Name, got)
		}
	}
	scantest.WantNoMore(t, e, 1)
}

func TestHolderThatComesTooLate(t *testing.T) {
	t.Parallel()
	late := map[string]scantest.Engine{
		"with a result": scantest.Measure, "with a refusal": scantest.Failing(scantest.NoFace),
		"with a failure": scantest.Failing(errors.New("failed")),
	}
	for name, end := range late {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Upload(t, s, []byte("photo"))
			m := scantest.Finalized(t, s, generation)
			var done scan.Scan
			a := e.Analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
				e.Clock.Advance(scantest.LeaseLong)
				if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
					t.Errorf("the second holder: %v", err)
				}
				done = e.Load(t, s.ID)
				return end(r, o)
			})
			if err := a.Handle(t.Context(), m); err != nil && !fault.Retryable(err) {
				t.Errorf("the first holder: %v", err)
			}
			if done.State != scan.Completed {
				t.Fatalf("the second holder left it %s", done.State)
			}
			if diff := cmp.Diff(done, e.Load(t, s.ID)); diff != "" {
				t.Errorf("the late holder changed the scan:\n%s", diff)
			}
			if !e.ResultsOf(t, s) || e.PhotoOf(t, s) != generation {
				t.Error("report or photo are gone")
			}
			scantest.WantNoMore(t, e, 1)
		})
	}
	t.Run("with a result, after the scan has failed, it leaves no report", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s := e.NewScan(t)
		generation := e.Upload(t, s, []byte("photo"))
		m := scantest.Finalized(t, s, generation)
		a := e.Analyzer(scantest.During(func() {
			e.Clock.Advance(scantest.LeaseLong)
			if err := e.Analyzer(scantest.Failing(scantest.NoFace)).Handle(t.Context(), m); err != nil {
				t.Errorf("the second holder: %v", err)
			}
		}))
		if err := a.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		scantest.WantFailed(t, e, s, "no_face")
		if e.ResultsOf(t, s) {
			t.Error("the failed scan has a report")
		}
		if e.PhotoOf(t, s) != generation {
			t.Error("the photo is gone before its time")
		}
		scantest.WantNoMore(t, e, 1)
	})
	t.Run("when nobody has claimed the scan since, it is in time", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		s := e.NewScan(t)
		e.Finish(t, s, scantest.During(func() { e.Clock.Advance(scantest.LeaseLong) }))
		if got := e.Load(t, s.ID); got.State != scan.Completed {
			t.Errorf("scan is %s", got.State)
		}
	})
}

// exhaust begins the analysis as often as is allowed, without an end, and lets the last lease run
// out.
func exhaust(t *testing.T, e *scantest.Env, a *analyze.Consumer, s scan.Scan, generation int64) {
	t.Helper()
	for range scan.MaxClaims {
		if _, err := a.Claim(t.Context(), s.UID, s.ID, event.ObjectFinalized{Generation: generation}); err != nil {
			t.Fatal(err)
		}
		e.Clock.Advance(scantest.LeaseLong)
	}
}

func TestAnalysisBegunTooOften(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	generation := e.Upload(t, s, []byte("photo"))
	a := e.Analyzer(scantest.During(func() { t.Error("it was analysed once more") }))
	exhaust(t, e, a, s, generation)
	err := a.Handle(t.Context(), scantest.Finalized(t, s, generation))
	if !fault.Is(err, fault.CodeAnalysisCrashed) || fault.Retryable(err) {
		t.Errorf("Handle = %v, want a permanent analysis_crashed", err)
	}
	scantest.WantFailed(t, e, s, scan.ReasonCrashed)
	if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
		t.Errorf("redelivery: %v", err)
	}
	scantest.WantNoMore(t, e, 1)
}

func TestTransientFailure(t *testing.T) {
	t.Parallel()
	tests := map[string]func(ctx context.Context, t *testing.T, e *scantest.Env, a *analyze.Consumer) context.Context{
		"the results bucket is missing": func(
			ctx context.Context, t *testing.T, e *scantest.Env, a *analyze.Consumer,
		) context.Context {
			t.Helper()
			a.Results = e.Client(t, http.DefaultTransport.RoundTrip).Bucket("nowhere")
			return ctx
		},
		"the results bucket is unavailable": func(
			ctx context.Context, t *testing.T, e *scantest.Env, a *analyze.Consumer,
		) context.Context {
			t.Helper()
			a.Results = e.Client(
				t, scantest.Refusing(http.StatusServiceUnavailable, scantest.Method(http.MethodPost)),
			).Bucket(scantest.ResultsBucket)
			return ctx
		},
		"one picture may not be written": func(
			ctx context.Context, t *testing.T, e *scantest.Env, a *analyze.Consumer,
		) context.Context {
			t.Helper()
			a.Results = e.Client(t, scantest.Refusing(http.StatusForbidden, func(r *http.Request) bool {
				return r.Method == http.MethodPost && strings.Contains(r.URL.RawQuery, "right-right.jpg")
			})).Bucket(scantest.ResultsBucket)
			return ctx
		},
		"the photo may not be read": func(
			ctx context.Context, t *testing.T, e *scantest.Env, a *analyze.Consumer,
		) context.Context {
			t.Helper()
			a.Uploads = e.Client(
				t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodGet)),
			).Bucket(scantest.UploadsBucket)
			return ctx
		},
		"the engine fails": func(ctx context.Context, t *testing.T, _ *scantest.Env, a *analyze.Consumer) context.Context {
			t.Helper()
			a.Scan = scantest.Failing(errors.New("cascades damaged"))
			return ctx
		},
		"the time is up during the analysis": func(
			ctx context.Context, t *testing.T, _ *scantest.Env, a *analyze.Consumer,
		) context.Context {
			t.Helper()
			ctx, cancel := context.WithCancelCause(ctx)
			a.Scan = scantest.During(func() { cancel(context.DeadlineExceeded) })
			return ctx
		},
		"the time is up during the analysis of a photo that is refused": func(
			ctx context.Context, t *testing.T, _ *scantest.Env, a *analyze.Consumer,
		) context.Context {
			t.Helper()
			ctx, cancel := context.WithCancel(ctx)
			a.Scan = func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
				cancel()
				return scantest.Failing(scantest.NoFace)(r, o)
			}
			return ctx
		},
		"the commit of the end fails": func(
			ctx context.Context, t *testing.T, e *scantest.Env, a *analyze.Consumer,
		) context.Context {
			t.Helper()
			var commits atomic.Int32
			a.Firestore = e.Database(t, grpc.WithUnaryInterceptor(func(
				ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker,
				opts ...grpc.CallOption,
			) error {
				if strings.HasSuffix(method, "/Commit") && commits.Add(1) == 2 { // after the claim
					return status.Error(codes.Internal, "refused by the test")
				}
				return invoke(ctx, method, req, reply, conn, opts...)
			}))
			a.Outbox = e.OutboxOver(a.Firestore)
			return ctx
		},
	}
	for name, breakIt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Upload(t, s, []byte("photo"))
			m := scantest.Finalized(t, s, generation)
			a := e.Analyzer(scantest.Measure)
			ctx := breakIt(t.Context(), t, e, a)
			if err := a.Handle(ctx, m); err == nil || !fault.Retryable(err) || errors.Is(err, event.ErrMalformed) {
				t.Fatalf("Handle = %v, want a retryable error", err)
			}
			got := e.Load(t, s.ID)
			want := s
			look := e.Clock.Now().Add(scan.NextLook)
			want.State, want.Generation, want.SweepAt = scan.Queued, generation, &look
			want.Version = s.Version + 2 // the claim's and that of giving it back
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("scan given back (-want +got):\n%s", diff)
			}
			scantest.WantNoMore(t, e, 0)

			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
				t.Fatalf("the next delivery: %v", err)
			}
			if got := e.Load(t, s.ID); got.State != scan.Completed || got.Claims != 1 {
				t.Errorf("scan is %s after %d claims", got.State, got.Claims)
			}
			scantest.WantNoMore(t, e, 1)
		})
	}
}

func TestTransientFailures_areNoClaimsWithoutEnd(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	generation := e.Upload(t, s, []byte("photo"))
	m := scantest.Finalized(t, s, generation)
	for range scan.MaxClaims + 2 {
		if err := e.Analyzer(
			scantest.Failing(errors.New("away")),
		).Handle(t.Context(), m); err == nil || !fault.Retryable(err) {
			t.Fatalf("Handle = %v, want a retryable error", err)
		}
	}
	if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := e.Load(t, s.ID); got.State != scan.Completed {
		t.Errorf("scan is %s", got.State)
	}
}

func TestPhoto_isGone(t *testing.T) {
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
			scantest.WriteObject(t, object, []byte("another"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Upload(t, s, []byte("photo"))
			lose(t, e.Uploads.Object(scan.PhotoName(s.UID, s.ID)))
			a := e.Analyzer(scantest.During(func() { t.Error("it was analysed") }))
			if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			scantest.WantFailed(t, e, s, scan.ReasonMissing)
			scantest.WantNoMore(t, e, 1)
		})
	}
}

// A photo that comes too late may still count: the photo is there, so the scan goes on.
func TestLatePhotoRevivesAnExpiredScan(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t, func(s *scan.Scan) { s.Expire(e.Clock.Now()) })
	e.Clock.Advance(3 * time.Hour)
	e.Finish(t, s, scantest.Measure)
	got := e.Load(t, s.ID)
	if got.State != scan.Completed || got.SweepAt == nil {
		t.Errorf("scan is %s, to be swept at %v", got.State, got.SweepAt)
	}
	if n := len(scantest.Published[event.ScanCompletedV1](t, e.Bus)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
