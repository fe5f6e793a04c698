package scan

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
	"github.com/facescan/facescan/internal/watchdog"
)

// shortLease is that of processes that are to end; the test's clock stands still meanwhile.
const shortLease = 100 * time.Millisecond

// processes are analyzers one after the other, each of which gets stuck and is ended.
type processes struct {
	engine   engineFunc
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
func (p *processes) run(t *testing.T, e *env, m event.Message) {
	t.Helper()
	exited := make(chan int, 1)
	a := e.analyzer(p.engine)
	a.Lease, a.Exit = shortLease, func(code int) { exited <- code }
	ctx := context.WithoutCancel(t.Context())
	p.running.Go(func() { _ = a.Handle(ctx, m) }) // of a process that is no more
	if code := receive(t, exited, "the process's end"); code != watchdog.ExitCode {
		t.Errorf("exit code %d", code)
	}
	e.clock.advance(leaseLong)
}

func TestMeasurementThatNeverEnds(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	p := newProcesses(t)
	stuck, neighbour := e.newScan(t), e.newScan(t)
	m := finalized(t, stuck, e.upload(t, stuck, []byte("poison")))
	for range maxClaims {
		p.run(t, e, m)
		if got := e.load(t, stuck.ID); got.State != Processing {
			t.Fatalf("after its process's end the scan is %s", got.State)
		}
	}
	if err := e.analyzer(measure).Handle(t.Context(), finalized(t, neighbour, e.upload(t, neighbour, []byte("photo")))); err != nil {
		t.Fatal(err)
	}
	if got := e.load(t, neighbour.ID); got.State != Completed {
		t.Errorf("the scan beside it is %s", got.State)
	}
	err := e.analyzer(p.engine).Handle(t.Context(), m)
	if !fault.Is(err, fault.CodeAnalysisCrashed) || fault.Retryable(err) {
		t.Errorf("Handle = %v, want a permanent analysis_crashed", err)
	}
	wantFailed(t, e, stuck, ReasonCrashed)
}

func TestVerificationThatNeverEnds(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"verify", "rescore"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			p := newProcesses(t)
			s := e.newScan(t)
			e.finish(t, s, measure)
			done := e.load(t, s.ID)
			m := e.askAgain(t, s, action)
			for range maxClaims {
				p.run(t, e, m)
			}
			if err := e.analyzer(p.engine).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := e.load(t, s.ID)
			if got.Verification.Outcome != verifyRefused || got.Version != done.Version+2 {
				t.Errorf("outcome %+v, version %d after %d", got.Verification, got.Version, done.Version)
			}
			if got.Previous != nil || got.result().Score != done.result().Score {
				t.Errorf("the result changed: %+v", got.Result)
			}
		})
	}
}

func TestVerificationThatFailsIsNotCounted(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	e.finish(t, s, measure)
	m := e.askAgain(t, s, "verify")
	for range maxClaims + 2 {
		if err := e.analyzer(engine(errors.New("storage away"))).Handle(t.Context(), m); err == nil {
			t.Fatal("a transient failure is no error")
		}
	}
	if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := e.load(t, s.ID); got.Verification.Outcome != verifyMatches || got.Verification.Begun != 0 {
		t.Errorf("verification %+v", got.Verification)
	}
}

// What has no time to end in before the request does is left for the next delivery.
func TestMeasurementWithoutTime(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t)
	m := finalized(t, s, e.upload(t, s, []byte("photo")))
	a := e.analyzer(during(func() { t.Error("the photo was measured") }))
	a.Lease = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := a.Handle(ctx, m); !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("Handle = %v, want unavailable", err)
	}
	if got := e.load(t, s.ID); got.State != Queued || got.Claims != 0 {
		t.Errorf("scan is %s after %d claims", got.State, got.Claims)
	}
	if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := e.load(t, s.ID); got.State != Completed {
		t.Errorf("scan is %s", got.State)
	}
}
