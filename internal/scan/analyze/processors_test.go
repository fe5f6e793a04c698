package analyze_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/watchdog"
)

// TestMoreAnalysesThanProcessors: no engine returns before the photos of all analyses are read and
// all processors have computed at a time, so that those without a processor have to read theirs
// meanwhile.
func TestMoreAnalysesThanProcessors(t *testing.T) {
	t.Parallel()
	const processors, analyses = 2, 4
	e := scantest.New(t)
	var scans []scan.Scan
	var told []event.Message
	for range analyses {
		s := e.NewScan(t)
		scans = append(scans, s)
		told = append(told, scantest.Finalized(t, s, e.Upload(t, s, []byte("photo of "+s.ID))))
	}
	reads := e.CountReads(t)
	var mu sync.Mutex
	computing, most := 0, 0
	a := e.Analyzer(func(io.Reader, report.Options) (report.Report, []report.Picture, error) {
		mu.Lock()
		computing++
		most = max(most, computing)
		mu.Unlock()
		testkit.Eventually(t, "the photos of all analyses, and all processors", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return reads.Load() == analyses && most >= processors
		})
		mu.Lock()
		defer mu.Unlock()
		computing--
		return scantest.Measure(nil, report.Options{})
	})
	a.Processors = semaphore.NewWeighted(processors)
	var working sync.WaitGroup
	for _, m := range told {
		working.Go(func() {
			if err := a.Handle(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
	if most != processors {
		t.Errorf("%d computed at a time, want %d", most, processors)
	}
	for _, s := range scans {
		if got := e.Load(t, s.ID); got.State != scan.Completed {
			t.Errorf("a scan is %s", got.State)
		}
	}
}

func TestWaitForAProcessor(t *testing.T) {
	t.Parallel()
	// computer returns an analyzer whose one processor is taken.
	computer := func() (*analyze.Consumer, chan int) {
		exits := make(chan int, 1)
		a := &analyze.Consumer{
			Processors: semaphore.NewWeighted(1), Lease: time.Minute, Now: time.Now,
			Exit: func(code int) { exits <- code },
		}
		if !a.Processors.TryAcquire(1) {
			t.Error("no processor at the start")
		}
		return a, exits
	}
	t.Run("is no part of the time to compute", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a, exits := computer()
			begun := make(chan func(), 1)
			go func() {
				done, err := a.Computing(t.Context(), scan.Scan{})
				if err != nil {
					t.Error(err)
				}
				begun <- done
			}()
			time.Sleep(time.Hour) // the bubble's time
			synctest.Wait()
			if len(begun) > 0 || len(exits) > 0 {
				t.Fatal("it did not wait")
			}
			a.Processors.Release(1)
			done := <-begun
			time.Sleep(50 * time.Second)
			if len(exits) > 0 {
				t.Error("the process ended early")
			}
			time.Sleep(10 * time.Second)
			if len(exits) != 1 || <-exits != watchdog.ExitCode {
				t.Error("the process did not end")
			}
			done()
			if !a.Processors.TryAcquire(1) {
				t.Error("the processor is not given back")
			}
		})
	})
	t.Run("ends with the request", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			a, exits := computer()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := a.Computing(ctx, scan.Scan{})
			if !errors.Is(err, context.DeadlineExceeded) || !fault.Retryable(err) {
				t.Errorf("Computing = %v, want the end of the request, to be tried again", err)
			}
			a.Processors.Release(1)
			if !a.Processors.TryAcquire(1) || len(exits) > 0 {
				t.Error("a processor is lost, or the process has ended")
			}
		})
	})
	t.Run("takes none if the time is up", func(t *testing.T) {
		t.Parallel()
		a, _ := computer()
		a.Processors.Release(1)
		late := scan.Scan{State: scan.Processing}
		late.Lease.Until = time.Now()
		if _, err := a.Computing(t.Context(), late); !fault.Is(err, fault.CodeUnavailable) {
			t.Errorf("Computing = %v", err)
		}
		if !a.Processors.TryAcquire(1) {
			t.Error("the processor is not given back")
		}
	})
}
