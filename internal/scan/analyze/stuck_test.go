package analyze_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/watchdog"
)

// shortLease is that of processes that are to end; the test's clock stands still meanwhile.
const shortLease = 100 * time.Millisecond

// processes are analyzers one after the other, each of which gets stuck and is ended.
type processes struct {
	engine   scantest.Engine
	released chan struct{}
	running  sync.WaitGroup
}

func newProcesses(t *testing.T) *processes {
	t.Helper()
	p := &processes{released: make(chan struct{})}
	p.engine = func(io.Reader, report.Options) (report.Report, []report.Picture, error) {
		<-p.released
		return report.Report{}, nil, errors.New("its process has ended")
	}
	t.Cleanup(func() { close(p.released); p.running.Wait() })
	return p
}

// run delivers the message to a new process, which has to end.
func (p *processes) run(t *testing.T, e *scantest.Env, m event.Message) {
	t.Helper()
	exited := make(chan int, 1)
	a := e.Analyzer(p.engine)
	a.Lease, a.Exit = shortLease, func(code int) { exited <- code }
	ctx := context.WithoutCancel(t.Context())
	p.running.Go(func() { _ = a.Handle(ctx, m) }) // of a process that is no more
	if code := scantest.Receive(t, exited, "the process's end"); code != watchdog.ExitCode {
		t.Errorf("exit code %d", code)
	}
	e.Clock.Advance(scantest.LeaseLong)
}

func TestMeasurementThatNeverEnds(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	p := newProcesses(t)
	stuck, neighbour := e.NewScan(t), e.NewScan(t)
	m := scantest.Finalized(t, stuck, e.Upload(t, stuck, []byte("poison")))
	for range scan.MaxClaims {
		p.run(t, e, m)
		if got := e.Load(t, stuck.ID); got.State != scan.Processing {
			t.Fatalf("after its process's end the scan is %s", got.State)
		}
	}
	if err := e.Analyzer(scantest.Measure).Handle(
		t.Context(), scantest.Finalized(t, neighbour, e.Upload(t, neighbour, []byte("photo"))),
	); err != nil {
		t.Fatal(err)
	}
	if got := e.Load(t, neighbour.ID); got.State != scan.Completed {
		t.Errorf("the scan beside it is %s", got.State)
	}
	err := e.Analyzer(p.engine).Handle(t.Context(), m)
	if !fault.Is(err, fault.CodeAnalysisCrashed) || fault.Retryable(err) {
		t.Errorf("Handle = %v, want a permanent analysis_crashed", err)
	}
	scantest.WantFailed(t, e, stuck, scan.ReasonCrashed)
}

func TestVerificationThatNeverEnds(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"verify", "rescore"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			p := newProcesses(t)
			s := e.NewScan(t)
			e.Finish(t, s, scantest.Measure)
			done := e.Load(t, s.ID)
			m := e.AskAgain(t, s, action)
			for range scan.MaxClaims {
				p.run(t, e, m)
			}
			if err := e.Analyzer(p.engine).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := e.Load(t, s.ID)
			if got.Verification.Outcome != scan.VerifyRefused || got.Version != done.Version+2 {
				t.Errorf("outcome %+v, version %d after %d", got.Verification, got.Version, done.Version)
			}
			if got.Previous != nil || got.Outcome().Score != done.Outcome().Score {
				t.Errorf("the result changed: %+v", got.Result)
			}
		})
	}
}

func TestVerificationThatFailsIsNotCounted(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	e.Finish(t, s, scantest.Measure)
	m := e.AskAgain(t, s, "verify")
	for range scan.MaxClaims + 2 {
		if err := e.Analyzer(scantest.Failing(errors.New("storage away"))).Handle(t.Context(), m); err == nil {
			t.Fatal("a transient failure is no error")
		}
	}
	if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := e.Load(t, s.ID); got.Verification.Outcome != scan.VerifyMatches || got.Verification.Begun != 0 {
		t.Errorf("verification %+v", got.Verification)
	}
}

// What has no time to end in before the request does is left for the next delivery.
func TestMeasurementWithoutTime(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t)
	m := scantest.Finalized(t, s, e.Upload(t, s, []byte("photo")))
	a := e.Analyzer(scantest.During(func() { t.Error("the photo was measured") }))
	a.Lease = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	if err := a.Handle(ctx, m); !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("Handle = %v, want unavailable", err)
	}
	if got := e.Load(t, s.ID); got.State != scan.Queued || got.Claims != 0 {
		t.Errorf("scan is %s after %d claims", got.State, got.Claims)
	}
	if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := e.Load(t, s.ID); got.State != scan.Completed {
		t.Errorf("scan is %s", got.State)
	}
}
